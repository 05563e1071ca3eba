// One attempt: what is sent, and what becomes of the rows.
#include <algorithm>

#include "base/log.h"
#include "base/sabotage.h"
#include "deliver/lane.h"

namespace tocsin::deliver {
namespace {

constexpr std::int64_t kFirstPersistPauseMs = 250, kLongestPersistPauseMs = 10'000;

}  // namespace

// What is sent for a batch. Rows that cannot be read are buried and leave the batch.
Notification Lane::notification(Batch& batch) {
  Notification notification;
  std::vector<store::DeliveryWithAlert> readable;
  for (auto& row : batch.rows) {
    if (sabotage::on("new_key_each_retry")) {
      row.delivery.key += std::to_string(row.delivery.attempts);
    }
    Result<Item> item = make_item(row);
    if (!item) {
      bury({row}, "the stored alert cannot be read: " + item.error().message,
           metrics_.dead_unreadable);
      continue;
    }
    notification.items.push_back(std::move(*item));
    std::string().swap(row.alert.json);  // said once is enough
    readable.push_back(std::move(row));
  }
  batch.rows = std::move(readable);
  if (batch.rows.empty()) return notification;
  notification.attempt = batch.attempts() + 1;
  notification.key = batch.key();
  notification.now_ms = world_.clock.wall_ms();
  return notification;
}

bool Lane::tell(Batch& batch, std::unique_ptr<net::HttpClient>& http) {
  const Notification message = notification(batch);
  if (batch.rows.empty()) {
    const Lock lock(mutex_);
    breaker_.abandoned(world_.clock.steady_ms());
    return false;
  }
  if (http == nullptr) http = std::make_unique<net::HttpClient>(receiver_.client);
  Channel channel{*http, stop_};
  const std::int64_t started = world_.clock.steady_ms();
  const Outcome outcome = receiver_.notifier->send(message, channel);
  // Interrupted by us: it says nothing about the receiver.
  if (outcome.kind == Outcome::Kind::retry && stop_.load(std::memory_order_relaxed)) return false;

  metrics_.seconds.observe(static_cast<double>(world_.clock.steady_ms() - started) / 1000);
  metrics_.of(outcome.kind).add();
  learn(outcome);
  return settle(batch, outcome);
}

// What an outcome says about the receiver.
void Lane::learn(const Outcome& outcome) {
  bool was_closed = true, is_closed = true, went = false;
  {
    const Lock lock(mutex_);
    const std::int64_t now = world_.clock.steady_ms();
    was_closed = breaker_.state() == Breaker::State::closed;
    last_error_ = outcome.reason;
    if (outcome.kind == Outcome::Kind::retry) {
      breaker_.failed(now);
      const auto asked = outcome.retry_after_ms.value_or(0);
      hold_until_ = std::max(hold_until_, now + std::clamp<std::int64_t>(asked, 0, kLongestHoldMs));
    } else {
      breaker_.succeeded();
    }
    if (outcome.kind == Outcome::Kind::delivered) {
      last_delivered_ms_ = world_.clock.wall_ms();
      last_error_.clear();
    }
    went = outcome.kind == Outcome::Kind::gone && !gone_;
    gone_ = gone_ || went;
    is_closed = breaker_.state() == Breaker::State::closed;
    if (!finish_) metrics_.up.set(is_closed && !gone_ ? 1 : 0);
  }
  // The log may block: not under the lock that wake() needs.
  if (was_closed && !is_closed) {
    log::warning("a receiver fails again and again; it is only probed until it works",
                 {{"receiver", receiver_.name}, {"error", outcome.reason}});
  } else if (!was_closed && is_closed) {
    log::info("a receiver works again", {{"receiver", receiver_.name}});
  }
  if (went) {
    log::error("a receiver says that it is gone; nothing is sent to it until it is configured anew",
               {{"receiver", receiver_.name}, {"error", outcome.reason}});
  }
}

// What an outcome means for the rows.
bool Lane::settle(const Batch& batch, const Outcome& outcome) {
  switch (outcome.kind) {
    case Outcome::Kind::delivered:
      settle_delivered(batch);
      return false;
    case Outcome::Kind::retry:
      settle_retry(batch, outcome);
      return true;
    case Outcome::Kind::rejected:
      if (batch.rows.size() > 1) {
        tell_one_by_one(batch, outcome);
        return true;
      }
      bury(batch.rows, outcome.reason, metrics_.dead_rejected);
      return false;
    case Outcome::Kind::gone:
      bury(batch.rows, outcome.reason, metrics_.dead_gone);
      return false;
  }
  return false;
}

void Lane::settle_delivered(const Batch& batch) {
  const std::int64_t now = world_.clock.wall_ms();
  for (const auto& row : batch.rows) {
    if (row.delivery.received <= 0) continue;
    const std::int64_t latency = std::max<std::int64_t>(now - row.delivery.received, 0);
    metrics_.latency.observe(static_cast<double>(latency) / 1000);
  }
  const std::vector<std::int64_t> ids = batch.ids();
  if (!persist([&] { return delivered_.write(ids); })) return;
  const Lock lock(mutex_);
  digests_.forget(ids);
}

void Lane::settle_retry(const Batch& batch, const Outcome& outcome) {
  const std::vector<std::int64_t> ids = batch.ids();
  const unsigned failures = batch.attempts() + 1;
  std::int64_t pause = 0;
  {
    const Lock lock(mutex_);
    pause = backoff_.pause_ms(failures, outcome.retry_after_ms);
    if (ids.size() > 1) digests_.keep(ids);
  }
  log::warning("a notification was not taken; it will be tried again",
               {{"receiver", receiver_.name},
                {"error", outcome.reason},
                {"attempt", failures},
                {"alerts", ids.size()},
                {"pause_ms", pause}});
  metrics_.retries.add(static_cast<double>(ids.size()));
  const std::int64_t due = world_.clock.wall_ms() + pause;
  persist([&] { return world_.store.postpone(ids, due, outcome.reason); });
}

// The receiver does not want the message. Whether that is because of one of its alerts or because
// of them all shows when each is told by itself; none is lost for another's sake.
void Lane::tell_one_by_one(const Batch& batch, const Outcome& outcome) {
  const std::vector<std::int64_t> ids = batch.ids();
  log::warning("a message of several alerts was rejected; each is told by itself",
               {{"receiver", receiver_.name}, {"error", outcome.reason}, {"alerts", ids.size()}});
  {
    const Lock lock(mutex_);
    for (const std::int64_t id : ids) digests_.keep({id});
  }
  metrics_.retries.add(static_cast<double>(ids.size()));
  const std::int64_t due = world_.clock.wall_ms();
  persist([&] { return world_.store.postpone(ids, due, outcome.reason); });
}

void Lane::bury(const std::vector<store::DeliveryWithAlert>& rows, const std::string& reason,
                const metrics::Counter& counter) {
  std::vector<std::int64_t> ids;
  ids.reserve(rows.size());
  for (const auto& row : rows) ids.push_back(row.delivery.id);
  if (!persist([&] { return world_.store.bury(ids, reason); })) return;
  {
    const Lock lock(mutex_);
    digests_.forget(ids);
  }
  counter.add(static_cast<double>(ids.size()));
  for (const auto& row : rows) {
    log::error("a notification is a dead letter", {{"receiver", receiver_.name},
                                                   {"row", row.delivery.id},
                                                   {"rule", row.alert.rule_id},
                                                   {"reason", reason}});
    if (world_.on_dead) world_.on_dead(row, reason);
  }
}

// Writes until the store takes it. False: the lane was told to stop first, or the store has failed
// for good; the rows are then as they were, and the next run tries them again.
bool Lane::persist(const std::function<Status()>& write) {
  for (std::int64_t pause = kFirstPersistPauseMs;;
       pause = std::min(pause * 2, kLongestPersistPauseMs)) {
    const Status status = write();
    if (status) return true;
    log::error("what became of a notification cannot be written down; trying again",
               {{"receiver", receiver_.name}, {"error", status.error().message}});
    const Lock lock(mutex_);
    changed_.wait_for(mutex_, std::chrono::milliseconds(pause), [this] { return stop_.load(); });
    if (stop_) return false;
  }
}

}  // namespace tocsin::deliver
