#include "event/event.h"

#include "base/text.h"

namespace tocsin::event {

void Event::begin(std::string_view json, std::size_t fields) {
  if (slots_.size() != fields) slots_.assign(fields, Slot{});
  if (++epoch_ == 0) {  // wrapped around: no stale slot may look current
    slots_.assign(fields, Slot{});
    epoch_ = 1;
  }
  values_.resize(1);
  arena_.reset();
  json_ = json;
  notes_ = kNoNote;
  is_cloudtrail_ = false;
  is_spelled_out_ = false;
}

void Event::mark_present(FieldRef field) {
  Slot& slot = slots_[field];
  if (slot.epoch != epoch_) slot = Slot{epoch_, 0, 0};
}

void Event::append(FieldRef field, const Value& value) {
  mark_present(field);
  const auto index = static_cast<std::uint32_t>(values_.size());
  values_.push_back(value);
  Slot& slot = slots_[field];
  if (slot.head == 0) {
    slot.head = index;
  } else {
    values_[slot.tail].next = index;
  }
  slot.tail = index;
}

std::string_view Event::text(FieldRef field) const {
  for (const Value* value = first(field); value != nullptr; value = next(*value)) {
    if (value->kind == Value::Kind::string && !value->nested) return value->text;
  }
  return {};
}

std::string_view Event::folded(Value& value) {
  if (value.folded.data() != nullptr || value.text.empty()) return value.folded;
  const std::string_view source = value.text;
  char* out = arena_.allocate(source.size());
  std::size_t i = 0;
  for (; i < source.size() && static_cast<unsigned char>(source[i]) < 0x80; ++i) {
    const char c = source[i];
    out[i] = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  }
  if (i == source.size()) {
    value.folded = {out, source.size()};
  } else {
    text::fold_into(source, folding_);
    value.folded = arena_.copy(folding_);
  }
  return value.folded;
}

}  // namespace tocsin::event
