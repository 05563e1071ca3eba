#include "correlate/event_fields.h"

#include <algorithm>

#include "base/time.h"

namespace tocsin::correlate {

Time time_of(std::string_view event_time) {
  const std::optional<CivilTime> civil = parse_time(event_time);
  if (!civil) return kNoTime;
  const std::int64_t seconds = civil->unix_seconds();
  if (seconds < kEarliest / kSecond || seconds > kLatest / kSecond) return kNoTime;
  const Time time = seconds * kSecond + civil->nanosecond;
  return time <= kLatest ? time : kNoTime;
}

SlotFields::SlotFields(const Correlations& correlations, const std::vector<Slot>& slots,
                       event::FieldSet& fields)
    : refs_(correlations.fields().size(), event::kNoField) {
  for (const Slot slot : slots) {
    const std::string& path = correlations.fields()[slot];
    if (path == kSourceField) {
      refs_[slot] = kSource;
    } else if (path != event::kWholeEvent) {
      refs_[slot] = fields.add(path);
    }
  }
}

void SlotFields::pack(const std::vector<Slot>& slots, const event::Event& event,
                      std::string_view source, FieldPacker& out) {
  for (const Slot slot : slots) {
    const event::FieldRef ref = refs_[slot];
    values_.clear();
    if (ref == kSource) {
      values_.push_back(source);
    } else if (ref != event::kNoField) {
      for (const event::Value* value = event.first(ref);
           value != nullptr && values_.size() < kFieldValues; value = event.next(*value)) {
        if (value->kind == event::Value::Kind::null) continue;
        if (std::find(values_.begin(), values_.end(), value->text) == values_.end()) {
          values_.push_back(value->text);
        }
      }
    }
    if (values_.empty()) continue;
    out.begin_field(slot, values_.size());
    for (const std::string_view value : values_) out.value(value);
  }
}

}  // namespace tocsin::correlate
