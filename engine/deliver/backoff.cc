#include "deliver/backoff.h"

#include <algorithm>

namespace tocsin::deliver {

// splitmix64
std::uint64_t Backoff::next() {
  std::uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

std::int64_t Backoff::pause_ms(unsigned failures, std::optional<std::int64_t> retry_after_ms) {
  constexpr unsigned kDoublings = 20;  // far beyond the longest pause, far from an overflow
  const unsigned doublings = std::min(failures == 0 ? 0 : failures - 1, kDoublings);
  const std::int64_t most = std::min((2 * kMeanFirstPauseMs) << doublings, kLongestPauseMs);
  const auto jitter = static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(most + 1));
  const std::int64_t asked =
      std::clamp<std::int64_t>(retry_after_ms.value_or(0), 0, kLongestRetryAfterMs);
  return std::max({jitter, asked, kShortestPauseMs});
}

}  // namespace tocsin::deliver
