// When a call to AWS is tried again. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>

#include "aws/failure.h"
#include "base/mutex.h"

namespace tocsin::aws {

// Of one call, the first included.
inline constexpr int kAttempts = 5;

// How long to wait before attempt `next` (2, 3, …): up to 0.2 s, doubling, at most 20 s, five times
// as long when throttled. Full jitter: `fraction` of it, which is random in [0, 1).
std::int64_t backoff_ms(int next, Kind kind, double fraction);
double random_fraction();

// Keeps retries from multiplying the load on a service that is in trouble: they are paid for from a
// budget that successes fill. When it is spent, failures are returned at once.
class RetryBudget {
 public:
  static constexpr int kFull = 500;
  static constexpr int kCost = 5;
  static constexpr int kTransportCost = 10;

  // False: there is not enough left.
  bool take(Kind kind) EXCLUDES(mutex_);
  void succeeded(int attempts) EXCLUDES(mutex_);

 private:
  Mutex mutex_;
  int left_ GUARDED_BY(mutex_) = kFull;
};

// Waits; false: `stop` became true.
bool wait_ms(std::int64_t milliseconds, const std::atomic<bool>& stop);

}  // namespace tocsin::aws
