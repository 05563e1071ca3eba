// What a receiver is told next, and when.
#include <algorithm>

#include "base/log.h"
#include "deliver/lane.h"

namespace tocsin::deliver {
namespace {

constexpr std::int64_t kFirstStorePauseMs = 1'000, kLongestStorePauseMs = 30'000;
// However soon a row is due: who looks without end finds nothing else to do.
constexpr std::int64_t kShortestLookMs = 10;
// No row waits longer than this for its next attempt; one that seems to was postponed under a clock
// that was ahead, and its time has come.
constexpr std::int64_t kLongestWaitMs = kLongestRetryAfterMs + 60'000;
constexpr int kCritical = 4;  // store::Delivery::severity
constexpr std::size_t kCriticalsAlone = 3;

}  // namespace

// When the receiver may be sent the next message; nullopt: not before something happens.
std::optional<std::int64_t> Lane::ready_at(std::int64_t now) {
  if (gone_) return std::nullopt;
  const std::optional<std::int64_t> breaker = breaker_.ready_at();
  if (!breaker) return std::nullopt;
  std::int64_t at = std::max({*breaker, bucket_.ready_at(now), hold_until_, store_ready_at_});
  if (!look_) at = std::max(at, look_at_);
  return at;
}

// False: the lane is ending.
bool Lane::wait_until_ready() {
  while (!ending()) {
    const std::int64_t now = world_.clock.steady_ms();
    const std::optional<std::int64_t> at = ready_at(now);
    if (at && *at <= now) return true;
    if (!at) {
      changed_.wait(mutex_);
    } else {
      changed_.wait_for(mutex_, std::chrono::milliseconds(std::min(*at - now, kPollMs)));
    }
  }
  return false;
}

// Takes what is to be told next. Empty: nothing now. The mutex is free while the store is asked.
Batch Lane::pick() {
  const std::int64_t now = world_.clock.steady_ms();
  const std::size_t tokens = bucket_.available(now);
  const std::vector<std::int64_t> taken(taken_.begin(), taken_.end());
  look_ = false;
  mutex_.unlock();
  std::int64_t look_at = now;
  Result<Batch> batch = choose(taken, tokens, look_at);
  if (!batch) {
    log::error("the outbox cannot be read; trying again",
               {{"receiver", receiver_.name}, {"error", batch.error().message}});
  }
  mutex_.lock();

  look_at_ = look_at;
  if (!batch) {
    store_pause_ms_ = std::clamp(store_pause_ms_ * 2, kFirstStorePauseMs, kLongestStorePauseMs);
    store_ready_at_ = now + store_pause_ms_;
    look_ = true;
    return {};
  }
  store_pause_ms_ = 0;
  if (batch->rows.empty()) return {};
  for (const auto& row : batch->rows) taken_.insert(row.delivery.id);
  bucket_.take(now);
  breaker_.started();
  return std::move(*batch);
}

Result<Batch> Lane::choose(const std::vector<std::int64_t>& taken, std::size_t tokens,
                           std::int64_t& look_at) {
  const std::size_t most =
      tokens == TokenBucket::kUnlimited ? 1 : std::max<std::size_t>(receiver_.traits.digest, 1);
  auto rows = due_rows(taken, most, look_at);
  if (!rows) return tl::unexpected(std::move(rows.error()));
  if (rows->empty()) return Batch{};

  std::shared_ptr<const Digests::Rows> digest;
  std::vector<bool> others(rows->size(), false);  // belong to digests
  {
    const Lock lock(mutex_);
    digest = digests_.find(rows->front().delivery.id);
    for (std::size_t i = 0; i < rows->size(); ++i) {
      others[i] = digests_.find((*rows)[i].delivery.id) != nullptr;
    }
  }
  if (digest != nullptr) return together(*digest, std::move(*rows));

  // A critical alert never shares a message with lesser ones, nor with others while they are few.
  std::size_t alone = tokens;
  if (rows->front().delivery.severity == kCritical) {
    std::erase_if(*rows, [](const auto& row) { return row.delivery.severity != kCritical; });
    alone = std::max(tokens, kCriticalsAlone);
  }

  Batch batch;
  const std::size_t size = rows->size() > alone ? rows->size() : 1;
  for (std::size_t i = 0; i < size; ++i) {
    if (!others[i]) batch.rows.push_back(std::move((*rows)[i]));
  }
  return batch;
}

// Rows that are due. When there are none, `look_at` is set to when there may be.
Result<std::vector<store::DeliveryWithAlert>> Lane::due_rows(const std::vector<std::int64_t>& taken,
                                                             std::size_t limit,
                                                             std::int64_t& look_at) {
  const std::string& name = receiver_.name;
  const std::int64_t now = world_.clock.wall_ms();
  auto rows = world_.store.due(name, now, limit, taken);
  if (!rows || !rows->empty()) return rows;

  const auto next = world_.store.next_due(name, taken);
  if (!next) return tl::unexpected(next.error());
  if (*next && **next - now > kLongestWaitMs) return world_.store.due(name, **next, limit, taken);
  const std::int64_t wait = *next ? **next - now : kPollMs;
  look_at += std::clamp<std::int64_t>(wait, kShortestLookMs, kPollMs);
  return rows;
}

// The rows `ids`, which have been told together before: of `rows`, or from the store. Those that
// are not there any more, because somebody dropped or buried them, are left out.
Result<Batch> Lane::together(const Digests::Rows& ids, std::vector<store::DeliveryWithAlert> rows) {
  Batch batch;
  for (const std::int64_t id : ids) {
    const auto found = std::find_if(rows.begin(), rows.end(),
                                    [&](const auto& row) { return row.delivery.id == id; });
    if (found != rows.end()) {
      batch.rows.push_back(std::move(*found));
      found->delivery.id = 0;
      continue;
    }
    auto shown = world_.store.show(id);
    if (!shown) return tl::unexpected(std::move(shown.error()));
    if (*shown && !(*shown)->delivery.dead && (*shown)->delivery.receiver == receiver_.name) {
      batch.rows.push_back(std::move(**shown));
    }
  }
  return batch;
}

}  // namespace tocsin::deliver
