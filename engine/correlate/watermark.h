// Watermark: how far event time has come: nothing before it is waited for any more. Pure: whoever
// runs it says what time it is, in nanoseconds of a clock that never goes back.
//
// Each source has come as far as its newest event; one that has been silent for kSilentAfter goes
// on with the clock. The slowest source counts that has not been silent for as long as the allowed
// lateness; when all have been, the furthest. The watermark is that minus the lateness, and never
// falls.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "correlate/types.h"

namespace tocsin::correlate {

// How far the time of an event may be ahead of the wall clock; one that is further is not believed.
inline constexpr Time kFuture = 15 * 60 * kSecond;
inline constexpr Time kSilentAfter = 10 * kSecond;

class Watermark {
 public:
  explicit Watermark(Time lateness) : lateness_(lateness) {}

  // Something came from `source`. `newest` of its event times; kNoTime: they say nothing.
  void heard(std::string_view source, Time newest, Time now);
  // Nothing could be heard since the last call: silence says nothing then.
  void excuse(Time now);
  // kNoTime as long as no event has told the time.
  Time advance(Time now);
  Time value() const { return value_; }

  // The newest event of each source.
  std::map<std::string, Time> newest() const;
  // After a restart. Goes on where it was.
  void restore(Time value, const std::map<std::string, Time>& newest, Time now);

 private:
  struct Source {
    Time newest = kNoTime;
    Time heard_at = 0;
  };

  const Time lateness_;
  Time value_ = kNoTime;
  Time now_ = kNoTime;  // of the last call
  std::map<std::string, Source, std::less<>> sources_;
};

}  // namespace tocsin::correlate
