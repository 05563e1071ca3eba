// EventReader: one record's bytes → Event, in one pass over the structure that simdjson's first
// stage found. Only the fields of the FieldSet are looked at; everything else is stepped over.
//
// What is tolerated and noted (event.h, ReadNote): ill-formed UTF-8, raw control bytes in strings,
// lone surrogates, integers of any length. What is an error: anything whose structure cannot be
// followed, and nesting beyond limits::kRecordDepth.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "event/event.h"
#include "event/field_set.h"

namespace tocsin::event {

class FactFields;

// One per thread. The FieldSet must outlive it and not change any more.
class EventReader {
 public:
  explicit EventReader(const FieldSet& fields);
  ~EventReader();
  EventReader(const EventReader&) = delete;
  EventReader& operator=(const EventReader&) = delete;

  // Precondition: 64 bytes after the end of `json` are readable. The Event refers to `json`'s
  // bytes. On error the Event is empty.
  Status read(std::string_view json, Event& event);

 private:
  class Index;
  class Walk;

  const FieldSet& fields_;
  std::unique_ptr<Index> index_;
  std::unique_ptr<FactFields> facts_;  // null when no fact is among the fields
};

}  // namespace tocsin::event
