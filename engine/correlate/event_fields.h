// What correlations read of an event: its time, and the fields that slots stand for.
#pragma once

#include <string_view>
#include <vector>

#include "correlate/correlations.h"
#include "correlate/hit.h"
#include "event/event.h"
#include "event/field_set.h"

namespace tocsin::correlate {

// kNoTime when it is not a time that can be correlated.
Time time_of(std::string_view event_time);

// The fields of some slots as they are read of events.
class SlotFields {
 public:
  // Adds them to `fields`. Those that no event has, kSourceField among them, are not read.
  SlotFields(const Correlations& correlations, const std::vector<Slot>& slots,
             event::FieldSet& fields);

  // Packs the values of `slots`, which are among those it was made for; of kSourceField: `source`.
  // Absent fields are left out, as are null and what is the same again, and values beyond
  // kFieldValues.
  void pack(const std::vector<Slot>& slots, const event::Event& event, std::string_view source,
            FieldPacker& out);

 private:
  static constexpr event::FieldRef kSource = event::kNoField - 1;

  std::vector<event::FieldRef> refs_;  // by slot; kNoField when it is not read
  std::vector<std::string_view> values_;
};

}  // namespace tocsin::correlate
