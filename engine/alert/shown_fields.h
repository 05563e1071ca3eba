// ShownFields: reads EventFacts from a record, whatever the rules read of it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alert/event_facts.h"
#include "event/cloudtrail.h"
#include "event/event.h"
#include "event/field_set.h"

namespace tocsin::alert {

// One per thread.
class ShownFields {
 public:
  // Adds to `fields` what it reads.
  explicit ShownFields(event::FieldSet& fields);

  // `event` was read with those fields. Sets all of `out` but its input. The texts are views into
  // the event and into this, valid until the next call.
  void read(const event::Event& event, EventFacts<std::string_view>& out);

 private:
  event::CloudTrailFields cloudtrail_;
  std::vector<std::pair<std::string_view EventFacts<std::string_view>::*, event::FieldRef>> texts_;
  std::string principal_;
};

}  // namespace tocsin::alert
