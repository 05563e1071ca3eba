// Backoff: how long a notification waits before it is tried again. Pure: the same seed gives the
// same pauses.
#pragma once

#include <cstdint>
#include <optional>

namespace tocsin::deliver {

inline constexpr std::int64_t kShortestPauseMs = 250;
inline constexpr std::int64_t kMeanFirstPauseMs = 5'000;
inline constexpr std::int64_t kLongestPauseMs = 30LL * 60'000;
inline constexpr std::int64_t kLongestRetryAfterMs = 60LL * 60'000;

class Backoff {
 public:
  explicit Backoff(std::uint64_t seed) : state_(seed) {}

  // After `failures` attempts that failed (≥ 1): full jitter, so that what failed together does not
  // come back together. Evenly between nothing and twice the mean, which is 5 s after the first
  // failure and doubles with each, but never more than 30 min. What the receiver asked for, within
  // an hour, if that is longer.
  std::int64_t pause_ms(unsigned failures, std::optional<std::int64_t> retry_after_ms);

 private:
  std::uint64_t next();

  std::uint64_t state_;
};

}  // namespace tocsin::deliver
