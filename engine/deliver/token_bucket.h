// TokenBucket: how many messages a receiver may be sent. Pure; time is steady and in milliseconds.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace tocsin::deliver {

class TokenBucket {
 public:
  static constexpr std::size_t kUnlimited = std::numeric_limits<std::size_t>::max();

  // `rate` tokens a second, at most `burst` of them at once; rate 0: no limit.
  TokenBucket(double rate, unsigned burst)
      : rate_(rate), burst_(std::max(burst, 1u)), tokens_(burst_) {}

  // Whole tokens that are there.
  std::size_t available(std::int64_t now) {
    if (rate_ <= 0) return kUnlimited;
    refill(now);
    return static_cast<std::size_t>(tokens_);
  }
  // When there will be one: a time that may have passed already.
  std::int64_t ready_at(std::int64_t now) {
    if (rate_ <= 0) return now;
    refill(now);
    if (tokens_ >= 1) return now;
    // Rounded up: who waits so long finds a whole token.
    return now + static_cast<std::int64_t>(std::ceil((1 - tokens_) / rate_ * 1000));
  }
  void take(std::int64_t now) {
    if (rate_ <= 0) return;
    refill(now);
    tokens_ -= 1;
  }

 private:
  void refill(std::int64_t now) {
    constexpr double kAlmost = 1e-9;  // what sums of tenths lack to a whole
    if (now > at_) {
      const double added = static_cast<double>(now - at_) / 1000 * rate_;
      tokens_ = std::min<double>(burst_, tokens_ + added + kAlmost);
      at_ = now;
    }
  }

  double rate_;
  unsigned burst_;
  double tokens_;
  std::int64_t at_ = std::numeric_limits<std::int64_t>::min() / 2;
};

}  // namespace tocsin::deliver
