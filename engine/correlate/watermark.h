// Watermark: the event time before which nothing is waited for any more. The rules are in
// README.md, "Clocks". Pure: the caller supplies the present time, in nanoseconds of a steady
// clock. Not thread-safe.
//
// Invariants: the watermark never falls; no clock is ahead of the newest time that was passed to
// received() for it plus the time since then. Memory and the cost of advance(): kClocksOfSource
// clocks for each source.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "correlate/types.h"

namespace tocsin::correlate {

// An event whose time is ahead of its receipt by more than kClockSkew moves no clock; one that is
// ahead by more than kFuture is not correlated.
inline constexpr Time kClockSkew = 10 * kSecond;
inline constexpr Time kFuture = 15LL * 60 * kSecond;
inline constexpr Time kSilentAfter = 10 * kSecond;
// Accounts of a source that have clocks of their own. Further ones share the clock of account "".
inline constexpr std::size_t kClocksOfSource = 1000;

// The time to which an event dated `time`, received at `received` by the wall clock, moves the
// clock of its account; kNoTime when it moves none, because it is dated too far ahead or not at
// all.
inline Time clock_time(Time time, Time received) {
  if (time == kNoTime || time > received + kClockSkew) return kNoTime;
  return time < received ? time : received;
}

class Watermark {
 public:
  explicit Watermark(Time lateness) : lateness_(lateness) {}

  // Events of an account were received, the newest of them dated `newest`, which is not later than
  // their receipt. kNoTime: they were received and not taken; the account is not silent.
  void received(std::string_view source, std::string_view account, Time newest, Time now);
  // Nothing could be received since the last call: that was no silence.
  void excuse(Time now);
  // kNoTime as long as no event has said what time it is.
  Time advance(Time now);
  Time value() const { return value_; }

  // How far each source is, as restore() takes it.
  std::map<std::string, Time> sources() const;
  // After a restart: goes on at `value`.
  void restore(Time value, const std::map<std::string, Time>& sources, Time now);

 private:
  struct Clock {
    Time newest = kNoTime;
    Time received_at = 0;
    Time silence(Time now) const;
    // With the time that it went on by itself.
    Time reached(Time now) const;
  };
  using Clocks = std::map<std::string, Clock, std::less<>>;  // of a source, by account
  // How far a source is.
  struct Progress {
    Time reached = kNoTime;
    Time newest = kNoTime;   // the event that it is measured by
    bool is_silent = false;  // for so long that it holds back no other source
  };

  bool is_silent(const Clock& clock, Time now) const;
  Progress progress_of(const Clocks& clocks, Time now) const;
  void drop_silent(Clocks& clocks, Time now) const;

  const Time lateness_;
  Time value_ = kNoTime;
  Time now_ = kNoTime;  // of the last call
  std::map<std::string, Clocks, std::less<>> sources_;
};

}  // namespace tocsin::correlate
