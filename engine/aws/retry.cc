#include "aws/retry.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>

namespace tocsin::aws {

std::int64_t backoff_ms(int next, Kind kind, double fraction) {
  constexpr std::int64_t kFirstMs = 200, kThrottledMs = 1000, kLongestMs = 20'000;
  const std::int64_t first = kind == Kind::throttled ? kThrottledMs : kFirstMs;
  const int doublings = std::clamp(next - 2, 0, 10);
  const std::int64_t most = std::min(first << doublings, kLongestMs);
  return static_cast<std::int64_t>(static_cast<double>(most) * fraction);
}

double random_fraction() {
  thread_local std::minstd_rand generator{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(generator);
}

bool RetryBudget::take(Kind kind) {
  const int cost = kind == Kind::transport ? kTransportCost : kCost;
  const MutexLock lock(mutex_);
  if (left_ < cost) return false;
  left_ -= cost;
  return true;
}

void RetryBudget::succeeded(int attempts) {
  const MutexLock lock(mutex_);
  left_ = std::min(kFull, left_ + (attempts > 1 ? kCost : 1));
}

bool wait_ms(std::int64_t milliseconds, const std::atomic<bool>& stop) {
  constexpr std::int64_t kStepMs = 50;
  while (milliseconds > 0 && !stop.load(std::memory_order_relaxed)) {
    const std::int64_t step = std::min(milliseconds, kStepMs);
    std::this_thread::sleep_for(std::chrono::milliseconds(step));
    milliseconds -= step;
  }
  return !stop.load(std::memory_order_relaxed);
}

}  // namespace tocsin::aws
