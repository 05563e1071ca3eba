// Readiness: whether the service takes events at the moment, and why not: what /readyz and the
// metrics tocsin_ready and tocsin_not_ready say; and whether its threads still go on (Pulse), which
// /healthz and the supervisor's watchdog ask. Thread-safe.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "metrics/registry.h"

namespace tocsin::pipeline {

class Readiness {
 public:
  enum class Cause : std::uint8_t {
    lifecycle,  // it is starting, or shutting down
    commits,    // the last commit failed
    disk,       // less than store.reserve is free, or the database is at its limit
    stalled,    // submissions were tried, and none got through for kStalledMs
  };
  static constexpr std::int64_t kStalledMs = 60'000;
  // No step of a thread takes so long, on the slowest disk either: a thread that is at one step for
  // longer does not come back, and only a restart helps.
  static constexpr std::int64_t kStuckMs = 120'000;

  // One thread's sign of life. Its work is cut into steps, between which it may rest for any time.
  class Pulse {
   public:
    // Resting. `readiness` must outlive it; `name` is a literal.
    Pulse(const Readiness& readiness, std::string_view name);
    ~Pulse();
    Pulse(const Pulse&) = delete;
    Pulse& operator=(const Pulse&) = delete;

    // A step begins, and the one before it, if any, has ended.
    void step() { since_ = readiness_.clock_.steady_ms(); }
    void rest() { since_ = kResting; }

   private:
    friend class Readiness;
    static constexpr std::int64_t kResting = -1;

    const Readiness& readiness_;
    const std::string_view name_;
    std::atomic<std::int64_t> since_ = kResting;  // steady, ms
  };

  // Not ready: starting. Both must outlive it.
  Readiness(metrics::Registry& registry, const Clock& clock);
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;

  // `why` "": the cause does not hold. Not for Cause::stalled, which is found here.
  void set(Cause cause, std::string why);
  void submission_tried();
  void submission_got_through();

  // "": ready. Otherwise every cause that holds, in words.
  std::string why_not() const;
  // The same without Cause::lifecycle: what is wrong.
  std::string problem() const;
  // "": every thread with a pulse rests or goes on. Otherwise which one is stuck, in words.
  std::string stuck() const;
  // Sets the metrics.
  void publish() const;

 private:
  static constexpr std::size_t kCauses = 4;

  std::string why(std::size_t cause) const REQUIRES(mutex_);
  std::string join(std::size_t first) const;

  metrics::Registry& registry_;
  const Clock& clock_;
  mutable Mutex mutex_;
  std::array<std::string, kCauses> why_ GUARDED_BY(mutex_);
  // Steady, ms: the first try since one got through, and the last one.
  std::optional<std::int64_t> waiting_since_ GUARDED_BY(mutex_);
  std::int64_t tried_at_ GUARDED_BY(mutex_) = 0;
  mutable Mutex pulses_mutex_;
  mutable std::vector<const Pulse*> pulses_ GUARDED_BY(pulses_mutex_);
};

}  // namespace tocsin::pipeline
