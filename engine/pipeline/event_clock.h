// EventClock: the time of an event, for those who only want to know how far time has come.
#pragma once

#include <string_view>

#include "correlate/event_fields.h"
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
    return correlate::time_of(text(read_with));
  }
  // Its eventTime as it stands there, until the next call.
  template <class ReadWith>
  std::string_view text(ReadWith read_with) {
    read_with(reader_, event_);
    return event_.text(time_);
  }

 private:
  event::FieldSet fields_;
  event::FieldRef time_;
  event::EventReader reader_;
  event::Event event_;
};

}  // namespace tocsin::pipeline
