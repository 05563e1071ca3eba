// Breaker: stops sending to a receiver that fails, and finds out when it works again. Pure; time is
// steady and in milliseconds.
//
//   closed ── kBreakAfter failures in a row ──► open ── pause over, one attempt ──► half open
//      ▲                                          ▲                                   │  │
//      │                                          └────── it failed, pause × 2 ───────┘  │
//      └──────────────────────────────── it did not fail ────────────────────────────────┘
#pragma once

#include <cstdint>
#include <optional>

namespace tocsin::deliver {

inline constexpr unsigned kBreakAfter = 5;
inline constexpr std::int64_t kFirstBreakMs = 1'000;
inline constexpr std::int64_t kLongestBreakMs = 60'000;

class Breaker {
 public:
  enum class State : std::uint8_t { closed, open, half_open };

  State state() const { return state_; }
  unsigned failures() const { return failures_; }  // in a row
  // When the next attempt may start: a time that may have passed already; nullopt: not before the
  // attempt that is under way has ended.
  std::optional<std::int64_t> ready_at() const;

  // An attempt starts; only when ready_at() has passed.
  void started();
  // How an attempt ended. Attempts that were under way when the breaker opened end later: their
  // failures change nothing, their success closes it.
  void succeeded();
  void failed(std::int64_t now);
  // Nothing was learned from it.
  void abandoned(std::int64_t now);

 private:
  State state_ = State::closed;
  unsigned failures_ = 0;
  std::int64_t pause_ms_ = kFirstBreakMs;
  std::int64_t open_until_ = 0;
};

}  // namespace tocsin::deliver
