// Event: the fields of one record that a FieldSet asked for, ready to be compared.
//
// A field may have several values: arrays are walked at every level, so that any element can match.
// When a path ends at an object, the scalars below it are its values, marked `nested`. A key that
// occurs twice gives both values: no reader can be fooled by the one it does not see.
//
// One Event per thread, reused for every record; a warm one allocates nothing. Views stay valid
// until the next read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/limits.h"
#include "event/field_set.h"

namespace tocsin::event {

struct Value {
  enum class Kind : std::uint8_t { null, boolean, number, string };
  Kind kind = Kind::null;
  bool nested = false;      // a scalar somewhere below an object at which the path ended
  std::uint32_t next = 0;   // private to Event
  std::string_view text;    // unescaped string, canonical number, "true"/"false", "" for null
  std::string_view folded;  // case-folded text; empty data() until Event::folded() made it
};

// What had to be read differently from what the bytes say. Bits, or-ed together.
enum ReadNote : std::uint8_t {
  kNoNote = 0,
  kInvalidUtf8 = 1,    // ill-formed bytes became U+FFFD
  kControlByte = 2,    // a raw control byte inside a string was escaped
  kLoneSurrogate = 4,  // half a \u pair became U+FFFD
  kLongNumber = 8,     // an integer beyond 64 bits, compared as text
  kManyValues = 16,    // values beyond limits::kEventValues were left out
  kLongSubject = 32,   // a regex saw the beginning of a value only (program/regex.h)
  kUnevaluated = 64,   // a rule was not evaluated: its budget ended (program/work.h)
};

class Event {
 public:
  // Presence: the path exists, with whatever value (null counts).
  bool present(FieldRef field) const { return slots_[field].epoch == epoch_; }

  // The fields that are present, in no order.
  const std::vector<FieldRef>& filled() const { return filled_; }

  // The values of a field in document order: for (v = first(f); v; v = next(*v)).
  Value* first(FieldRef field) {
    return present(field) && slots_[field].head != 0 ? &values_[slots_[field].head] : nullptr;
  }
  const Value* first(FieldRef field) const { return const_cast<Event*>(this)->first(field); }
  Value* next(const Value& value) { return value.next != 0 ? &values_[value.next] : nullptr; }
  const Value* next(const Value& value) const { return const_cast<Event*>(this)->next(value); }

  // The first string value of a field, "" when there is none.
  std::string_view text(FieldRef field) const;

  // The case-folded text of a value, computed once.
  std::string_view folded(Value& value);

  // The record as read; differs from the input only where notes() says so.
  std::string_view json() const { return json_; }
  std::uint8_t notes() const { return notes_; }
  // Every text of the record is spelled in json() byte for byte, but for the escapes of quotes,
  // backslashes and control characters: it is all ASCII, without \u and \/.
  bool is_spelled_out() const {
    if (spelling_ == Spelling::unknown) find_spelling();
    return spelling_ == Spelling::plain;
  }
  // The record has the top-level keys that every CloudTrail record has.
  bool is_cloudtrail() const { return is_cloudtrail_; }

 private:
  friend class EventReader;
  struct Slot {
    std::uint32_t epoch = 0;
    std::uint32_t head = 0;  // 0 = present without a scalar value
    std::uint32_t tail = 0;
  };

  void find_spelling() const;
  void begin(std::string_view json, std::size_t fields);
  void mark_present(FieldRef field) {
    Slot& slot = slots_.data()[field];
    if (slot.epoch == epoch_) return;
    slot = Slot{epoch_, 0, 0};
    filled_.push_back(field);
  }
  // A value of the record; left out, with a note, when there are too many.
  void append(FieldRef field, Value::Kind kind, bool nested, std::string_view text) {
    if (values_.size() <= limits::kEventValues) return add(field, kind, nested, text);
    mark_present(field);
    notes_ |= kManyValues;
  }
  // The same for what Tocsin itself finds out, which nobody can crowd out.
  void add(FieldRef field, Value::Kind kind, bool nested, std::string_view text) {
    mark_present(field);
    const auto index = static_cast<std::uint32_t>(values_.size());
    Value& value = values_.emplace_back();
    value.kind = kind;
    value.nested = nested;
    value.text = text;
    Slot& slot = slots_.data()[field];
    (slot.head == 0 ? slot.head : values_.data()[slot.tail].next) = index;
    slot.tail = index;
  }

  std::uint32_t epoch_ = 0;
  std::vector<Slot> slots_;
  std::vector<FieldRef> filled_;
  std::vector<Value> values_;  // [0] is unused
  Arena arena_;
  std::string_view json_;
  std::string repaired_;
  std::string folding_;  // scratch of folded()
  std::uint8_t notes_ = kNoNote;
  bool is_cloudtrail_ = false;
  enum class Spelling : std::uint8_t { unknown, plain, hidden };
  mutable Spelling spelling_ = Spelling::unknown;
};

}  // namespace tocsin::event
