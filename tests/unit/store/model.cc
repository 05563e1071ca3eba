#include "model.h"

#include <algorithm>

namespace tocsin::store::model {
namespace {

DeliveryWithAlert with_alert(const State& state, const Delivery& delivery, bool with_json) {
  DeliveryWithAlert row{delivery, state.alerts.at(delivery.alert)};
  if (!with_json) row.alert.json.clear();
  return row;
}

bool has(const std::vector<std::int64_t>& ids, std::int64_t id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

void rotate(State& state, const StoreOptions& options, Milliseconds now) {
  if (state.seen[0].empty() && state.seen[1].empty()) return;
  state.began = std::min(state.began, now);
  const bool old = now - state.began >= options.seen_for;
  const bool full =
      state.seen[state.current].size() >= std::max<std::uint64_t>(1, options.max_seen / 2);
  if (!old && !full) return;
  state.current = 1 - state.current;
  state.seen[state.current].clear();
  state.began = now;
}

template <class Rows>
void keep_first(Rows& rows, std::size_t limit) {
  if (rows.size() > limit)
    rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(limit), rows.end());
}

}  // namespace

bool remember(State& state, const StoreOptions& options, const Key& firing, Milliseconds event_time,
              Milliseconds now) {
  rotate(state, options, now);
  const std::pair entry{event_time, firing};
  if (state.seen[0].contains(entry) || state.seen[1].contains(entry)) return false;
  if (state.seen[0].empty() && state.seen[1].empty()) state.began = now;
  state.seen[state.current].insert(entry);
  return true;
}

std::vector<Group> due_groups(const State& state, Milliseconds now, std::size_t limit) {
  std::vector<Group> groups;
  for (const auto& [fingerprint, group] : state.groups) {
    if (group.closes <= now) groups.push_back(group);
  }
  std::stable_sort(groups.begin(), groups.end(),
                   [](const Group& a, const Group& b) { return a.closes < b.closes; });
  keep_first(groups, limit);
  return groups;
}

std::int64_t add_alert(State& state, AlertRow alert) {
  alert.id = ++state.last_alert;
  state.alerts[alert.id] = alert;
  return alert.id;
}

bool enqueue(State& state, const StoreOptions& options, Delivery delivery) {
  for (const auto& [id, row] : state.outbox) {
    if (row.key != delivery.key) continue;
    ++state.last_delivery;  // SQLite has used it up before it looks at the key
    return true;
  }
  if (state.outbox.size() >= options.max_rows) return false;
  delivery.id = ++state.last_delivery;
  state.outbox[delivery.id] = delivery;
  return true;
}

void prune(State& state, const StoreOptions& options, Milliseconds now) {
  rotate(state, options, now);
  std::erase_if(state.outbox, [&](const auto& entry) {
    return entry.second.dead && entry.second.expires < now - options.keep_dead;
  });
  std::set<std::int64_t> needed;
  for (const auto& [id, row] : state.outbox) needed.insert(row.alert);
  for (const auto& [fingerprint, group] : state.groups) needed.insert(group.alert);
  for (const auto& [key, episode] : state.episodes) needed.insert(episode.alert);
  const Milliseconds old = now - options.keep_alerts;
  std::erase_if(state.alerts, [&](const auto& entry) {
    const AlertRow& alert = entry.second;
    return !needed.contains(alert.id) && alert.created < old &&
           (alert.last_seen < old || alert.last_seen > now);
  });
  std::erase_if(state.merged,
                [&](const auto& entry) { return !state.alerts.contains(entry.first); });
}

DroppedHits prune_hits(State& state, Milliseconds watermark, std::uint64_t max_bytes) {
  std::erase_if(state.hits, [&](const auto& entry) { return entry.second.first < watermark; });
  std::uint64_t bytes = 0;
  for (const auto& [seq, row] : state.hits) bytes += row.second.size();
  DroppedHits dropped;
  while (bytes - dropped.bytes > max_bytes) {
    ++dropped.rows;
    dropped.bytes += state.hits.begin()->second.second.size();
    state.hits.erase(state.hits.begin());
  }
  return dropped;
}

std::optional<Hits> hits_at(const State& state, std::int64_t seq) {
  std::optional<Hits> found;
  for (const auto& [number, row] : state.hits) {
    if (number <= seq) found = Hits{number, row.second};
  }
  return found;
}

void save_known(State& state, const StoreOptions& options, const Key& key, const Known& known) {
  const bool is_new = state.known.insert_or_assign(key, known).second;
  if (!is_new || state.known.size() <= options.max_known) return;
  std::vector<std::pair<std::int64_t, Key>> others;
  for (auto at = state.known.upper_bound(key); at != state.known.end(); ++at) {
    others.emplace_back(at->second.last, at->first);
  }
  for (auto at = state.known.begin(); at->first != key; ++at) {
    others.emplace_back(at->second.last, at->first);
  }
  keep_first(others, 64);
  std::sort(others.begin(), others.end());
  keep_first(others, 8);
  for (const auto& [last, other] : others) state.known.erase(other);
}

void forget_rule(State& state, const Key& key) {
  state.rules.erase(key);
  std::erase_if(state.episodes, [&](const auto& entry) { return entry.second.correlation == key; });
}

std::vector<DeliveryWithAlert> due(const State& state, const std::string& receiver,
                                   Milliseconds now, std::size_t limit,
                                   const std::vector<std::int64_t>& taken) {
  std::vector<DeliveryWithAlert> rows;
  for (const auto& [id, row] : state.outbox) {
    if (row.receiver == receiver && !row.dead && row.due <= now && !has(taken, id)) {
      rows.push_back(with_alert(state, row, true));
    }
  }
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    if (a.delivery.severity != b.delivery.severity) {
      return a.delivery.severity > b.delivery.severity;
    }
    return a.delivery.due < b.delivery.due;
  });
  keep_first(rows, limit);
  return rows;
}

std::optional<Milliseconds> next_due(const State& state, const std::string& receiver,
                                     const std::vector<std::int64_t>& taken) {
  std::optional<Milliseconds> next;
  for (const auto& [id, row] : state.outbox) {
    if (row.receiver != receiver || row.dead || has(taken, id)) continue;
    next = std::min(next.value_or(row.due), row.due);
  }
  return next;
}

void delivered(State& state, const std::vector<std::int64_t>& ids) {
  for (const std::int64_t id : ids) state.outbox.erase(id);
}

void postpone(State& state, const std::vector<std::int64_t>& ids, Milliseconds due,
              const std::string& error) {
  for (const std::int64_t id : ids) {
    const auto at = state.outbox.find(id);
    if (at == state.outbox.end() || at->second.dead) continue;
    ++at->second.attempts;
    at->second.due = due;
    at->second.error = error;
  }
}

void bury(State& state, const std::vector<std::int64_t>& ids, const std::string& reason) {
  for (const std::int64_t id : ids) {
    const auto at = state.outbox.find(id);
    if (at == state.outbox.end() || at->second.dead) continue;
    at->second.dead = true;
    at->second.error = reason;
  }
}

std::vector<DeliveryWithAlert> expire(State& state, Milliseconds now, std::size_t limit) {
  std::vector<std::pair<Milliseconds, std::int64_t>> order;
  for (const auto& [id, row] : state.outbox) {
    if (!row.dead && row.expires <= now) order.emplace_back(row.expires, id);
  }
  std::sort(order.begin(), order.end());
  keep_first(order, limit);
  std::vector<DeliveryWithAlert> rows;
  for (const auto& [expires, id] : order) {
    Delivery& row = state.outbox[id];
    const std::string last = row.error.empty() ? "" : "; last error: " + row.error;
    row.error = "expired: not delivered in time" + last;
    row.dead = true;
    rows.push_back(with_alert(state, row, false));
  }
  return rows;
}

std::vector<DeliveryWithAlert> list(const State& state, const std::string& receiver, bool dead_only,
                                    std::size_t limit) {
  std::vector<DeliveryWithAlert> rows;
  for (const auto& [id, row] : state.outbox) {
    if ((receiver.empty() || row.receiver == receiver) && (row.dead || !dead_only)) {
      rows.push_back(with_alert(state, row, false));
    }
  }
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    return std::tuple(a.delivery.receiver, !a.delivery.dead, a.delivery.created) <
           std::tuple(b.delivery.receiver, !b.delivery.dead, b.delivery.created);
  });
  keep_first(rows, limit);
  return rows;
}

std::uint64_t retry(State& state, std::vector<std::int64_t> ids, Milliseconds now,
                    Milliseconds expires) {
  if (ids.empty()) {
    for (const auto& [id, row] : state.outbox) {
      if (row.dead) ids.push_back(id);
    }
  }
  std::uint64_t count = 0;
  for (const std::int64_t id : ids) {
    const auto at = state.outbox.find(id);
    if (at == state.outbox.end()) continue;
    Delivery& row = at->second;
    row.dead = false;
    row.attempts = 0;
    row.due = now;
    row.expires = expires;
    row.error.clear();
    ++count;
  }
  return count;
}

std::uint64_t drop(State& state, const std::vector<std::int64_t>& ids) {
  std::uint64_t count = 0;
  for (const std::int64_t id : ids) count += state.outbox.erase(id);
  return count;
}

std::vector<OutboxCount> counts(const State& state) {
  std::map<std::string, OutboxCount> counts;
  for (const auto& [id, row] : state.outbox) {
    OutboxCount& count = counts[row.receiver];
    count.receiver = row.receiver;
    if (row.dead) {
      ++count.dead;
      continue;
    }
    count.oldest_pending =
        count.pending == 0 ? row.created : std::min(count.oldest_pending, row.created);
    ++count.pending;
  }
  std::vector<OutboxCount> out;
  for (const auto& [receiver, count] : counts) out.push_back(count);
  return out;
}

std::vector<AlertRow> alerts(const State& state, const AlertFilter& filter) {
  std::vector<AlertRow> rows;
  const auto fits = [](const std::string& wanted, const std::string& value) {
    return wanted.empty() || wanted == value;
  };
  for (auto at = state.alerts.rbegin(); at != state.alerts.rend(); ++at) {
    const AlertRow& alert = at->second;
    if (filter.before > 0 && alert.id >= filter.before) continue;
    if (state.merged.contains(alert.id)) continue;
    if (fits(filter.rule_id, alert.rule_id) && fits(filter.level, alert.level) &&
        fits(filter.account, alert.account) && fits(filter.principal, alert.principal)) {
      rows.push_back(alert);
    }
  }
  keep_first(rows, filter.limit);
  return rows;
}

}  // namespace tocsin::store::model
