#include "deliver/breaker.h"

#include <algorithm>

namespace tocsin::deliver {

std::optional<std::int64_t> Breaker::ready_at() const {
  switch (state_) {
    case State::closed:
      return 0;
    case State::open:
      return open_until_;
    case State::half_open:
      break;
  }
  return std::nullopt;
}

void Breaker::started() {
  if (state_ == State::open) state_ = State::half_open;
}

void Breaker::succeeded() {
  *this = Breaker{};
}

void Breaker::failed(std::int64_t now) {
  ++failures_;
  if (state_ == State::open || (state_ == State::closed && failures_ < kBreakAfter)) return;
  if (state_ == State::half_open) pause_ms_ = std::min(pause_ms_ * 2, kLongestBreakMs);
  state_ = State::open;
  open_until_ = now + pause_ms_;
}

void Breaker::abandoned(std::int64_t now) {
  if (state_ != State::half_open) return;
  state_ = State::open;
  open_until_ = now;
}

}  // namespace tocsin::deliver
