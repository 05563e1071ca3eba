#include "aws/credential_cache.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "aws/retry.h"
#include "base/log.h"

namespace tocsin::aws {

CredentialCache::CredentialCache(Fetch fetch, const Clock& clock,
                                 std::function<void(bool)> refreshed)
    : fetch_(std::move(fetch)), clock_(clock), refreshed_(std::move(refreshed)) {}

CredentialCache::Need CredentialCache::need(std::int64_t now) const {
  if (!current_ || is_rejected_) return Need::at_once;
  if (!current_->expires_ms || now < advisory_at_) return Need::none;
  if (now >= *current_->expires_ms) return Need::at_once;
  if (now < retry_at_) return Need::none;
  return now < mandatory_at_ ? Need::advisory : Need::mandatory;
}

void CredentialCache::keep(Outcome<Credentials> fetched) {
  const std::int64_t now = clock_.wall_ms();
  if (!fetched) {
    retry_at_ = now + kRetryMs;
    return;
  }
  current_ = std::move(*fetched);
  is_rejected_ = false;
  retry_at_ = 0;
  if (!current_->expires_ms) return;
  const std::int64_t expires = *current_->expires_ms;
  const std::int64_t lead = std::min(kAdvisoryMs, std::max<std::int64_t>(expires - now, 0) / 2);
  const auto jitter = static_cast<std::int64_t>(random_fraction() * static_cast<double>(lead) / 10);
  advisory_at_ = expires - lead - jitter;
  mandatory_at_ = expires - lead * kMandatoryMs / kAdvisoryMs;
}

Outcome<Credentials> CredentialCache::get(const std::atomic<bool>& stop) {
  MutexLock lock(mutex_);
  for (;;) {
    const Need now_needed = need(clock_.wall_ms());
    if (now_needed == Need::none) return *current_;
    if (!is_fetching_) break;
    if (now_needed == Need::advisory) return *current_;
    changed_.wait_for(mutex_, std::chrono::milliseconds(100));
    if (stop.load(std::memory_order_relaxed)) {
      return tl::unexpected(Failure{Kind::stopped, false, 0, {}, "stopped"});
    }
  }
  is_fetching_ = true;
  lock.unlock();
  Outcome<Credentials> fetched = fetch_(stop);
  if (refreshed_) refreshed_(fetched.has_value());
  lock.lock();
  is_fetching_ = false;
  keep(fetched);
  changed_.notify_all();
  if (fetched) return fetched;
  if (need(clock_.wall_ms()) == Need::at_once) return fetched;  // nothing valid is left
  log::warning("AWS credentials cannot be refreshed; those at hand stay in use",
               {{"problem", fetched.error().message}});
  return *current_;
}

bool CredentialCache::reject(const Credentials& used) {
  const MutexLock lock(mutex_);
  if (current_ && current_->access_key == used.access_key) {
    if (!current_->expires_ms) return false;
    is_rejected_ = true;
  }
  return true;
}

}  // namespace tocsin::aws
