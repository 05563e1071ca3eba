// EventClock: the time of an event, for those who only want to know how far time has come.
#pragma once

#include <optional>

#include "base/time.h"
#include "correlate/types.h"
#include "event/event_reader.h"

namespace tocsin::pipeline {

// One per thread.
class EventClock {
 public:
  EventClock() : time_(fields_.add("eventTime")), reader_(fields_) {}

  // `read_with(reader, out)` reads the event with `reader` into `out`. kNoTime: it has none that
  // can be correlated.
  template <class ReadWith>
  correlate::Time read(ReadWith read_with) {
    read_with(reader_, event_);
    const std::optional<CivilTime> time = parse_time(event_.text(time_));
    if (!time) return correlate::kNoTime;
    const std::int64_t seconds = time->unix_seconds();
    if (seconds < correlate::kEarliest || seconds >= correlate::kLatest / correlate::kSecond) {
      return correlate::kNoTime;
    }
    return seconds * correlate::kSecond + time->nanosecond;
  }

 private:
  event::FieldSet fields_;
  event::FieldRef time_;
  event::EventReader reader_;
  event::Event event_;
};

}  // namespace tocsin::pipeline
