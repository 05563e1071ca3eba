#include "correlate/hit_maker.h"

#include <algorithm>
#include <vector>

#include "alert/shown_fields.h"
#include "base/hash.h"
#include "correlate/event_fields.h"
#include "event/cloudtrail.h"
#include "event/json_text.h"

namespace tocsin::correlate {
namespace {

std::vector<Slot> slots_of_rules(const Correlations& correlations) {
  std::vector<Slot> slots;
  for (const CorrelatedRule& rule : correlations.rules()) {
    slots.insert(slots.end(), rule.slots.begin(), rule.slots.end());
  }
  std::sort(slots.begin(), slots.end());
  slots.erase(std::unique(slots.begin(), slots.end()), slots.end());
  return slots;
}

}  // namespace

struct HitMaker::Shown {
  explicit Shown(const Correlations& correlations)
      : facts(fields), slots(correlations, slots_of_rules(correlations), fields) {
    event::FactFields::complete(fields);
    reader = std::make_unique<event::EventReader>(fields);
  }

  event::FieldSet fields;
  alert::ShownFields facts;
  SlotFields slots;
  std::unique_ptr<event::EventReader> reader;
  event::Event event;
};

HitMaker::HitMaker(const Correlations& correlations)
    : correlations_(correlations), shown_(std::make_unique<Shown>(correlations)) {}

HitMaker::~HitMaker() = default;

event::EventReader& HitMaker::reader() {
  return *shown_->reader;
}

event::Event& HitMaker::read() {
  return shown_->event;
}

void HitMaker::begin(const event::Event& event, const event::Origin& origin,
                     std::string_view source) {
  shown_->facts.read(shown_->event, evidence_);
  evidence_.input_path = origin.path != nullptr ? std::string_view(*origin.path) : "";
  evidence_.input_record = origin.record;
  source_ = source;
  time_ = time_of(evidence_.event_time);
  if (time_ == kNoTime) {
    ++untimed_;
    return;
  }
  // The same event has the same key however it is spelled, as far as it says so itself.
  KeyHash key;
  if (evidence_.event_id.empty()) {
    key.add_field(event::compact_json(event.json()));
  } else {
    key.add_field(evidence_.event_id);
  }
  key_ = key.add_field(evidence_.account).bytes();
}

void HitMaker::add(program::RuleIndex rule, HitBatch& out) {
  const std::uint32_t index = correlations_.of_rule(rule);
  if (index == Correlations::kNotCorrelated || time_ == kNoTime) return;
  if (out.full()) {
    ++overflowed_;
    return;
  }
  out.begin_hit(index, time_, key_);
  FieldPacker fields = out.fields();
  shown_->slots.pack(correlations_.rules()[index].slots, shown_->event, source_, fields);
  out.end_hit(evidence_);
}

}  // namespace tocsin::correlate
