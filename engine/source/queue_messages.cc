#include "source/queue_messages.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace tocsin::source {

bool QueueMessages::add(const std::string& id, std::string handle, std::size_t parts, int receives,
                        std::int64_t sent_ms, std::int64_t now) {
  const MutexLock lock(mutex_);
  const auto [at, is_new] = messages_.try_emplace(id);
  Message& message = at->second;
  message.handle = std::move(handle);
  message.receives = receives;
  message.received = now;
  message.extend_at = now + options_.visibility_ms / 2;
  message.is_lost = false;
  if (!is_new) return false;
  message.parts = parts;
  message.sent_ms = sent_ms;
  if (parts == 0) decide(id, message);
  return true;
}

QueueMessages::Decision QueueMessages::ended(const std::string& id, End end) {
  const MutexLock lock(mutex_);
  const auto at = messages_.find(id);
  if (at == messages_.end()) return Decision::none;
  Message& message = at->second;
  message.worst = std::max(message.worst, end);
  if (--message.parts > 0) return Decision::none;
  return decide(id, message);
}

// `message` is gone afterwards, unless it is to be kept.
QueueMessages::Decision QueueMessages::decide(const std::string& id, const Message& message) {
  Decision decision = Decision::let_go;
  if (message.worst == End::committed) {
    decision = options_.removes ? Decision::remove : Decision::let_go;
  } else if (message.worst == End::never) {
    decision = options_.keeps ? Decision::keep : Decision::reject;
  }
  if (decision == Decision::keep) return decision;
  if (decision == Decision::remove) removals_.push_back({id, message.handle});
  // After its last receive it only has to time out: the queue then moves it by itself.
  if (decision == Decision::reject && message.receives < options_.max_receives) {
    rejections_.push_back({id, message.handle});
  }
  messages_.erase(id);
  return decision;
}

void QueueMessages::kept(const std::string& id, bool is_kept) {
  const MutexLock lock(mutex_);
  const auto at = messages_.find(id);
  if (at == messages_.end()) return;
  if (is_kept && options_.removes) removals_.push_back({id, at->second.handle});
  messages_.erase(at);
}

std::vector<QueueMessages::Handle> QueueMessages::to_extend(std::int64_t now) {
  const MutexLock lock(mutex_);
  std::vector<Handle> out;
  for (const auto& [id, message] : messages_) {
    const bool is_due = !message.is_lost && message.extend_at <= now;
    if (is_due && now + options_.visibility_ms - message.received <= kLongestMs) {
      out.push_back({id, message.handle});
    }
  }
  return out;
}

void QueueMessages::extended(const std::string& id, std::int64_t now) {
  const MutexLock lock(mutex_);
  const auto at = messages_.find(id);
  if (at != messages_.end()) at->second.extend_at = now + options_.visibility_ms / 2;
}

bool QueueMessages::not_extended(const std::string& id, bool is_in_flight, std::int64_t now) {
  const MutexLock lock(mutex_);
  const auto at = messages_.find(id);
  if (at == messages_.end()) return false;
  at->second.is_lost = !is_in_flight;
  at->second.extend_at = now + std::min(kRetryMs, options_.visibility_ms / 8);
  return true;
}

std::optional<std::int64_t> QueueMessages::next_extension() const {
  const MutexLock lock(mutex_);
  std::optional<std::int64_t> next;
  for (const auto& [id, message] : messages_) {
    const bool may_extend =
        !message.is_lost &&
        message.extend_at + options_.visibility_ms - message.received <= kLongestMs;
    if (may_extend) next = std::min(next.value_or(message.extend_at), message.extend_at);
  }
  return next;
}

std::vector<QueueMessages::Handle> QueueMessages::take_removals(std::size_t most) {
  const MutexLock lock(mutex_);
  const auto end =
      removals_.begin() + static_cast<std::ptrdiff_t>(std::min(most, removals_.size()));
  std::vector<Handle> out(std::make_move_iterator(removals_.begin()), std::make_move_iterator(end));
  removals_.erase(removals_.begin(), end);
  return out;
}

std::vector<QueueMessages::Handle> QueueMessages::take_rejections() {
  const MutexLock lock(mutex_);
  return std::exchange(rejections_, {});
}

std::vector<QueueMessages::Handle> QueueMessages::take_rest() {
  const MutexLock lock(mutex_);
  std::vector<Handle> out;
  for (auto& [id, message] : messages_) {
    if (!message.is_lost) out.push_back({id, std::move(message.handle)});
  }
  messages_.clear();
  return out;
}

std::size_t QueueMessages::size() const {
  const MutexLock lock(mutex_);
  return messages_.size() + removals_.size();
}

std::size_t QueueMessages::removals() const {
  const MutexLock lock(mutex_);
  return removals_.size();
}

std::size_t QueueMessages::rejections() const {
  const MutexLock lock(mutex_);
  return rejections_.size();
}

std::int64_t QueueMessages::oldest_sent_ms() const {
  const MutexLock lock(mutex_);
  std::int64_t oldest = 0;
  for (const auto& [id, message] : messages_) {
    if (message.sent_ms != 0 && (oldest == 0 || message.sent_ms < oldest)) oldest = message.sent_ms;
  }
  return oldest;
}

}  // namespace tocsin::source
