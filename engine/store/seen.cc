#include "store/seen.h"

#include <algorithm>

namespace tocsin::store {
namespace {

constexpr const char* kFind[2] = {"SELECT 1 FROM seen_0 WHERE event_time = ? AND firing = ?",
                                  "SELECT 1 FROM seen_1 WHERE event_time = ? AND firing = ?"};
constexpr const char* kAdd[2] = {"INSERT INTO seen_0 VALUES (?, ?) ON CONFLICT DO NOTHING",
                                 "INSERT INTO seen_1 VALUES (?, ?) ON CONFLICT DO NOTHING"};
// Without a condition SQLite frees the pages without looking at the rows.
constexpr const char* kEmpty[2] = {"DELETE FROM seen_0", "DELETE FROM seen_1"};
constexpr const char* kNewest[2] = {"SELECT max(event_time) FROM seen_0",
                                    "SELECT max(event_time) FROM seen_1"};

}  // namespace

Status Seen::load(Database& database) {
  {
    Query query(database, "SELECT current, began, count_0, count_1 FROM seen_state");
    if (query.next()) {
      state_.current = query.integer(0) == 0 ? 0 : 1;
      state_.began = query.integer(1);
      state_.count[0] = query.natural(2);
      state_.count[1] = query.natural(3);
    }
    if (Status status = query.status(); !status) return status;
  }
  for (const unsigned generation : {0u, 1u}) {
    if (state_.count[generation] == 0) continue;
    const Result<std::int64_t> newest = database.number(kNewest[generation]);
    if (!newest) return tl::unexpected(newest.error());
    state_.newest[generation] = *newest;
  }
  committed();
  return {};
}

Result<bool> Seen::remember(Database& database, const Key& firing, Milliseconds event_time,
                            Milliseconds now) {
  if (Status status = rotate_if_due(database, now); !status) {
    return tl::unexpected(std::move(status.error()));
  }
  if (event_time <= state_.newest[1 - state_.current]) {
    Query query(database, kFind[1 - state_.current]);
    query.bind(event_time, firing);
    if (query.next()) return false;
    if (Status status = query.status(); !status) return tl::unexpected(std::move(status.error()));
  }
  if (Status status = run(database, kAdd[state_.current], event_time, firing); !status) {
    return tl::unexpected(std::move(status.error()));
  }
  if (database.changes() == 0) return false;
  if (total_held() == 0) state_.began = now;
  ++state_.count[state_.current];
  state_.newest[state_.current] = std::max(state_.newest[state_.current], event_time);
  return true;
}

Status Seen::rotate_if_due(Database& database, Milliseconds now) {
  const unsigned previous = 1 - state_.current;
  const std::uint64_t held = state_.count[state_.current];
  if (total_held() == 0) return {};
  // Begun in the future: the clock was set back. What is there is then kept for longer.
  if (state_.began > now) state_.began = now;
  const bool is_old = now - state_.began >= options_.for_at_least;
  const bool is_full = held >= std::max<std::uint64_t>(1, options_.most / 2);
  if (!is_old && !is_full) return {};
  if (state_.count[previous] > 0) {
    if (Status status = run(database, kEmpty[previous]); !status) return status;
    if (!is_old) state_.evicted += state_.count[previous];
  }
  state_.current = previous;
  state_.began = now;
  state_.count[previous] = 0;
  state_.newest[previous] = kNone;
  return {};
}

Status Seen::save(Database& database) {
  if (state_ == saved_) return {};
  return run(database,
             "UPDATE seen_state SET current = ?, began = ?, count_0 = ?, count_1 = ? WHERE id = 1",
             state_.current, state_.began, state_.count[0], state_.count[1]);
}

void Seen::committed() {
  saved_ = state_;
  total_.store(total_held(), std::memory_order_relaxed);
  evicted_.store(state_.evicted, std::memory_order_relaxed);
}

}  // namespace tocsin::store
