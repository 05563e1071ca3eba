// Model: what the store must do, on plain data, written anew and without regard to speed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "state.h"

namespace tocsin::store::model {

bool remember(State& state, const StoreOptions& options, const Key& firing, Milliseconds event_time,
              Milliseconds now);
std::vector<Group> due_groups(const State& state, Milliseconds now, std::size_t limit);
std::int64_t add_alert(State& state, AlertRow alert);
// False: max_rows is exceeded.
bool enqueue(State& state, const StoreOptions& options, Delivery delivery);
void prune(State& state, const StoreOptions& options, Milliseconds now);

DroppedHits prune_hits(State& state, Milliseconds watermark, std::uint64_t max_bytes);
std::optional<Hits> hits_at(const State& state, std::int64_t seq);
void save_known(State& state, const StoreOptions& options, const Key& key, const Known& known);
void forget_rule(State& state, const Key& key);

std::vector<DeliveryWithAlert> due(const State& state, const std::string& receiver,
                                   Milliseconds now, std::size_t limit,
                                   const std::vector<std::int64_t>& taken);
std::optional<Milliseconds> next_due(const State& state, const std::string& receiver,
                                     const std::vector<std::int64_t>& taken);
void delivered(State& state, const std::vector<std::int64_t>& ids);
void postpone(State& state, const std::vector<std::int64_t>& ids, Milliseconds due,
              const std::string& error);
void bury(State& state, const std::vector<std::int64_t>& ids, const std::string& reason);
std::vector<DeliveryWithAlert> expire(State& state, Milliseconds now, std::size_t limit);

std::vector<DeliveryWithAlert> list(const State& state, const std::string& receiver, bool dead_only,
                                    std::size_t limit);
std::uint64_t retry(State& state, std::vector<std::int64_t> ids, Milliseconds now,
                    Milliseconds expires);
std::uint64_t drop(State& state, const std::vector<std::int64_t>& ids);
std::vector<OutboxCount> counts(const State& state);
std::vector<AlertRow> alerts(const State& state, const AlertFilter& filter);

}  // namespace tocsin::store::model
