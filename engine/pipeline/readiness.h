// Readiness: whether the service takes events at the moment, and why not: what /readyz and the
// metrics tocsin_ready and tocsin_not_ready say. Thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

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
};

}  // namespace tocsin::pipeline
