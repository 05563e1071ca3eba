// Resources: what a call was about, as people name it: a bucket and a key, a role, a compute
// environment. Read from the request's parameters by a table (resources.cc), because CloudTrail's
// own member `resources` is there for few calls only.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "event/event.h"
#include "event/field_set.h"

namespace tocsin::alert {

template <class Text>
struct BasicResource {
  Text kind;  // "bucket", "compute environment"
  Text name;

  bool operator==(const BasicResource&) const = default;
};
using Resource = BasicResource<std::string>;
using ResourceView = BasicResource<std::string_view>;

inline constexpr std::size_t kMostResources = 4;

class ResourceFields {
 public:
  // Adds to `fields` what it reads.
  explicit ResourceFields(event::FieldSet& fields);

  // The resources of an event that was read with those fields, at most kMostResources. The names
  // are views into the event.
  void read(const event::Event& event, std::string_view event_source,
            std::vector<ResourceView>& out) const;

 private:
  std::vector<event::FieldRef> fields_;  // by row of the table
  event::FieldRef arn_;
};

}  // namespace tocsin::alert
