#include "walk.h"

#include <functional>

#include "model.h"
#include "support.h"

namespace tocsin::store {
namespace {

const char* const kReceivers[] = {"slack", "pager", "hook", "mail"};

}  // namespace

StoreOptions Walk::limits(StoreOptions options) {
  options.reserve_bytes = 0;
  options.max_rows = 120;
  options.max_seen = 600;
  options.seen_for = 60'000;
  options.keep_alerts = 120'000;
  options.keep_dead = 90'000;
  options.max_known = 150;
  return options;
}

bool Walk::step(Store& store) {
  maybe.reset();
  error.clear();
  now_ += static_cast<Milliseconds>(below(1000));
  if (chance(1)) now_ += around_now(100'000) - now_;  // the clock is set
  const std::uint64_t kind = below(100);
  if (kind < 50) return transaction(store);
  if (kind < 75) return deliver(store);
  if (kind < 85) return operate(store);
  return look(store);
}

bool Walk::good(const Status& status) {
  ++operations;
  if (!status) error = status.error().message;
  return status.has_value();
}

bool Walk::transaction(Store& store) {
  Result<Transaction> begun = store.begin();
  if (!begun) {
    error = begun.error().message;
    return false;
  }
  State next = state;
  expected_ = false;
  for (std::uint64_t calls = 1 + below(8); calls > 0; --calls) {
    if (!call(*begun, next)) return expected_;
  }
  if (chance(10)) return true;  // rolled back
  maybe = next;
  if (!good(begun->commit())) return false;
  ++commits;
  state = std::move(next);
  maybe.reset();
  return true;
}

void Walk::abandon(Store& store, const std::function<void()>& then) {
  Result<Transaction> begun = store.begin();
  State next = state;
  for (std::uint64_t calls = 1 + below(8); calls > 0; --calls) {
    if (!begun || !call(*begun, next)) break;
  }
  then();
}

bool Walk::call(Transaction& transaction, State& next) {
  const StoreOptions options = limits({});
  switch (below(16)) {
    case 0:
    case 1:
    case 2:
    case 3: {
      // Of the last hundreds, so that repetitions happen; now and then of long ago.
      const std::uint64_t number = names_ + below(3) - std::min(names_, below(300));
      names_ += below(2);
      const Milliseconds time = static_cast<Milliseconds>(number * 7);
      return same("remember", transaction.remember(key_of(number), time, now_),
                  model::remember(next, options, key_of(number), time, now_));
    }
    case 4:
    case 5:
      return call_group(transaction, next);
    case 6: {
      const std::string rule = "rule " + std::to_string(below(5));
      Budget expected{rule, 0, 0};
      if (next.budgets.contains(rule)) expected = next.budgets[rule];
      if (!same("find_budget", transaction.find_budget(rule), expected)) return false;
      expected.began = now_;
      ++expected.used;
      next.budgets[rule] = expected;
      return good(transaction.save_budget(expected));
    }
    case 7: {
      const std::string from = source();
      std::string position(below(20), '\0');
      for (char& c : position) c = static_cast<char>(below(256));
      next.checkpoints[from] = position;
      return good(transaction.save_checkpoint(from, position));
    }
    case 8:
      if (!chance(20)) return true;
      model::prune(next, options, now_);
      return good(transaction.prune(now_));
    case 9:
      return call_hits(transaction, next);
    case 10:
      for (std::uint64_t values = 1 + below(6); values > 0; --values) {
        if (!call_known(transaction, next)) return false;
      }
      return true;
    case 11:
      return call_episode(transaction, next);
    case 12:
      return call_rule(transaction, next);
    default:
      return call_alert(transaction, next);
  }
}

bool Walk::call_group(Transaction& transaction, State& next) {
  const Key fingerprint = key_of(below(40));
  const auto at = next.groups.find(fingerprint);
  switch (below(4)) {
    case 0:
      return same("find_group", transaction.find_group(fingerprint),
                  at == next.groups.end() ? std::nullopt : std::optional(at->second));
    case 1:
      next.groups.erase(fingerprint);
      return good(transaction.close_group(fingerprint));
    case 2: {
      const std::size_t limit = below(10);
      return same("due_groups", transaction.due_groups(now_, limit),
                  model::due_groups(next, now_, limit));
    }
    default: {
      Group group;
      group.fingerprint = fingerprint;
      group.alert = some_alert(next);
      group.count = below(1000);
      group.told = below(1000);
      group.first_seen = around_now(1000);
      group.last_seen = around_now(1000);
      group.closes = around_now(10'000);
      next.groups[fingerprint] = group;
      return good(transaction.save_group(group));
    }
  }
}

bool Walk::call_alert(Transaction& transaction, State& next) {
  const std::int64_t known = some_alert(next);
  if (known != 0 && chance(20)) {
    AlertRow expected = next.alerts[known];
    expected.json.clear();
    return same("find_alert", transaction.find_alert(known), std::optional(expected));
  }
  if (known != 0 && chance(10)) {
    AlertRow& alert = next.alerts[known];
    alert.json = std::string(below(2000), 'k');
    return good(transaction.update_json(known, alert.json));
  }
  if (known != 0 && chance(5)) {
    next.merged[known] = known + 1;
    return good(transaction.merge_alert(known, known + 1));
  }
  if (known != 0 && chance(20)) {
    AlertRow& alert = next.alerts[known];
    ++alert.count;
    alert.first_seen = around_now(1000);
    alert.last_seen = around_now(200'000);
    return good(transaction.update_alert(known, alert.count, alert.first_seen, alert.last_seen));
  }
  AlertRow alert = alert_row("alert " + std::to_string(++names_), around_now(1000));
  alert.rule_id = "rule " + std::to_string(below(5));
  alert.level = chance(50) ? "high" : "low";
  alert.account = std::string(below(3), 'a');
  alert.json = std::string(below(100) < 5 ? below(30'000) : below(1500), 'j');
  const std::int64_t id = model::add_alert(next, alert);
  if (!same("add_alert", transaction.add_alert(alert), id)) return false;
  for (std::uint64_t rows = below(4); rows > 0; --rows) {
    // Few keys, so that some are there already.
    Delivery delivery = delivery_row(id, receiver(), "key " + std::to_string(below(400)), now_);
    delivery.severity = static_cast<int>(below(5));
    delivery.due = around_now(5000);
    delivery.created = around_now(100);
    delivery.expires = now_ + static_cast<Milliseconds>(below(30'000));
    delivery.count = below(10);
    const bool fits = model::enqueue(next, limits({}), delivery);
    const Status queued = transaction.enqueue(delivery);
    expected_ = !fits && !queued && queued.error().code == Code::busy;
    if (queued && !fits) divergences.push_back("enqueue beyond max_rows");
    if (!good(queued)) return false;
  }
  return true;
}

bool Walk::deliver(Store& store) {
  const std::string name = receiver();
  const std::vector<std::int64_t> taken = some_rows(5);
  const std::size_t limit = 1 + below(6);
  const auto rows = store.due(name, now_, limit, taken);
  if (!same("due", rows, model::due(state, name, now_, limit, taken))) return false;
  std::vector<std::int64_t> ids;
  for (const DeliveryWithAlert& row : *rows) ids.push_back(row.delivery.id);
  if (chance(10)) ids = some_rows(3);  // also such as are gone, or dead
  State next = state;
  Status status;
  switch (below(4)) {
    case 0:
    case 1:
      model::delivered(next, ids);
      maybe = next;
      status = store.delivered(ids);
      break;
    case 2: {
      const Milliseconds due = now_ + static_cast<Milliseconds>(below(5000));
      model::postpone(next, ids, due, "not now");
      maybe = next;
      status = store.postpone(ids, due, "not now");
      break;
    }
    default:
      model::bury(next, ids, "410 Gone");
      maybe = next;
      status = store.bury(ids, "410 Gone");
  }
  if (!good(status)) return false;
  state = std::move(next);
  maybe.reset();
  return true;
}

bool Walk::operate(Store& store) {
  State next = state;
  bool done = false;
  switch (below(4)) {
    case 0: {
      const std::size_t limit = below(8);
      const auto expected = model::expire(next, now_, limit);
      maybe = next;
      done = same("expire", store.expire(now_, limit), expected);
      break;
    }
    case 1: {
      const auto ids = chance(50) ? some_rows(4) : std::vector<std::int64_t>();
      const Milliseconds expires = now_ + 20'000;
      const std::uint64_t expected = model::retry(next, ids, now_, expires);
      maybe = next;
      done = same("retry", store.retry(ids, now_, expires), expected);
      break;
    }
    case 2: {
      const auto ids = some_rows(4);
      const std::uint64_t expected = model::drop(next, ids);
      maybe = next;
      done = same("drop", store.drop(ids), expected);
      break;
    }
    default:
      model::prune(next, limits({}), now_);
      maybe = next;
      done = good(store.prune(now_));
  }
  if (!done) return false;
  state = std::move(next);
  maybe.reset();
  return true;
}

bool Walk::look(Store& store) {
  const std::string name = chance(30) ? "" : receiver();
  const std::size_t limit = below(30);
  switch (below(9)) {
    case 0: {
      const auto taken = some_rows(5);
      return same("next_due", store.next_due(name, taken), model::next_due(state, name, taken));
    }
    case 1: {
      const bool dead = chance(50);
      return same("list", store.list(name, dead, limit), model::list(state, name, dead, limit));
    }
    case 2: {
      const auto ids = some_rows(1);
      const std::int64_t id = ids.empty() ? 1 : ids.front();
      std::optional<DeliveryWithAlert> expected;
      if (const auto at = state.outbox.find(id); at != state.outbox.end()) {
        expected = {at->second, state.alerts.at(at->second.alert)};
      }
      return same("show", store.show(id), expected);
    }
    case 3:
      return same("counts", store.counts(), model::counts(state));
    case 4: {
      AlertFilter filter;
      if (chance(30)) filter.rule_id = "rule " + std::to_string(below(5));
      if (chance(30)) filter.level = "low";
      if (chance(30)) filter.account = "a";
      if (chance(30)) filter.before = static_cast<std::int64_t>(below(1 + names_));
      filter.limit = limit;
      return same("alerts", store.alerts(filter), model::alerts(state, filter));
    }
    case 5: {
      const std::string from = source();
      const auto at = state.checkpoints.find(from);
      return same("checkpoint", store.checkpoint(from),
                  at == state.checkpoints.end() ? std::nullopt : std::optional(at->second));
    }
    case 6:
    case 7:
      return look_at_correlations(store);
    default: {
      const Result<StoreStats> stats = store.stats();
      ++operations;
      if (!stats) {
        error = stats.error().message;
        return false;
      }
      if (stats->outbox_rows != state.outbox.size() || stats->alerts != state.alerts.size() ||
          stats->groups != state.groups.size() || stats->known != state.known.size() ||
          stats->seen != state.seen[0].size() + state.seen[1].size()) {
        divergences.push_back("stats");
      }
      return true;
    }
  }
}

std::string Walk::source() {
  static const char* const kSources[] = {"http", "sqs", "/var/log/trail.json"};
  return kSources[below(3)];
}

std::string Walk::receiver() {
  return kReceivers[below(4)];
}

std::int64_t Walk::some_alert(const State& from) {
  if (from.alerts.empty()) return 0;
  const auto at =
      from.alerts.lower_bound(from.alerts.begin()->first +
                              static_cast<std::int64_t>(below(static_cast<std::uint64_t>(
                                  from.alerts.rbegin()->first - from.alerts.begin()->first + 1))));
  return at == from.alerts.end() ? 0 : at->first;
}

std::vector<std::int64_t> Walk::some_rows(std::size_t most) {
  std::vector<std::int64_t> ids;
  for (std::uint64_t count = below(most + 1); count > 0; --count) {
    // Ids of rows that are there, or were.
    const std::int64_t first = state.outbox.empty() ? 1 : state.outbox.begin()->first;
    const auto span = static_cast<std::uint64_t>(state.last_delivery - first + 2);
    ids.push_back(first + static_cast<std::int64_t>(below(span)));
  }
  return ids;
}

Milliseconds Walk::around_now(Milliseconds span) {
  return now_ - span + static_cast<Milliseconds>(below(static_cast<std::uint64_t>(2 * span)));
}

}  // namespace tocsin::store
