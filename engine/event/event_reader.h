// EventReader: one record's bytes → Event, in one pass over the structure that simdjson's first
// stage found. Only the fields of the FieldSet are looked at; everything else is stepped over.
//
// What is tolerated and noted (event.h, ReadNote): ill-formed UTF-8, raw control bytes in strings,
// lone surrogates, integers of any length. What is an error: anything whose structure cannot be
// followed, and nesting beyond limits::kRecordDepth.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "event/event.h"
#include "event/field_set.h"
#include "event/json_walk.h"
#include "event/structural_index.h"

namespace tocsin::event {

class FactFields;

// A record inside a text that was indexed as a whole.
struct IndexedRecord {
  std::string_view json;
  const char* text = nullptr;     // what was indexed
  Token token = nullptr;          // of the record's '{'
  bool has_escapes = false;       // there are backslashes in `json`, all of them good
  bool hides_characters = false;  // some of them are \u or \/
};

// One per thread. The FieldSet must outlive it and not change any more.
class EventReader {
 public:
  explicit EventReader(const FieldSet& fields);
  ~EventReader();
  EventReader(EventReader&&) noexcept;
  EventReader(const EventReader&) = delete;
  EventReader& operator=(const EventReader&) = delete;

  // Precondition: 64 bytes after the end of `json` are readable. The Event refers to `json`'s
  // bytes. On error the Event is empty.
  Status read(std::string_view json, Event& event);

  // The same for a record that needs no repair; `next` becomes the token after it. False when it
  // is broken or has members of an envelope (field_set.h, kEnvelopeMarks): then read() explains, or
  // the record must be unwrapped, and the Event is undefined.
  bool read(const IndexedRecord& record, Event& event, Token& next);

 private:
  class Walk;

  void add_facts(Event& event);

  const FieldSet& fields_;
  StructuralIndex index_;
  std::unique_ptr<FactFields> facts_;  // null when no fact is among the fields
};

}  // namespace tocsin::event
