// EventClock: when an event happened, and in which account, for those who need no more of it. One
// per thread.
#pragma once

#include <string_view>

#include "correlate/event_fields.h"
#include "event/event_reader.h"

namespace tocsin::pipeline {

class EventClock {
 public:
  EventClock()
      : time_(fields_.add("eventTime")),
        recipient_(fields_.add("recipientAccountId")),
        account_(fields_.add("userIdentity.accountId")),
        reader_(fields_) {}

  // `read_with(reader, out)` reads the event with `reader` into `out`. What the others return is
  // valid until the next call.
  template <class ReadWith>
  void read(ReadWith read_with) {
    read_with(reader_, event_);
  }
  // kNoTime: it has none that can be correlated.
  correlate::Time time() const { return correlate::time_of(text()); }
  // Its eventTime as it stands there.
  std::string_view text() const { return event_.text(time_); }
  // As event::Facts::account.
  std::string_view account() const {
    const std::string_view recipient = event_.text(recipient_);
    return recipient.empty() ? event_.text(account_) : recipient;
  }

 private:
  event::FieldSet fields_;
  event::FieldRef time_, recipient_, account_;
  event::EventReader reader_;
  event::Event event_;
};

}  // namespace tocsin::pipeline
