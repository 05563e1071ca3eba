#include "correlate/hit_maker.h"

#include <algorithm>
#include <vector>

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
      : cloudtrail(fields),
        event_id(fields.add("eventID")),
        event_time(fields.add("eventTime")),
        event_name(fields.add("eventName")),
        event_source(fields.add("eventSource")),
        region(fields.add("awsRegion")),
        user_agent(fields.add("userAgent")),
        slots(correlations, slots_of_rules(correlations), fields) {
    event::FactFields::complete(fields);
    reader = std::make_unique<event::EventReader>(fields);
  }

  event::FieldSet fields;
  event::CloudTrailFields cloudtrail;
  event::FieldRef event_id, event_time, event_name, event_source, region, user_agent;
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
  const Shown& shown = *shown_;
  const event::Facts facts = shown.cloudtrail.facts(shown.event, principal_);
  const auto text = [&](event::FieldRef field) { return shown.event.text(field); };
  evidence_.event_id = text(shown.event_id);
  evidence_.event_time = text(shown.event_time);
  evidence_.event_name = text(shown.event_name);
  evidence_.event_source = text(shown.event_source);
  evidence_.principal = facts.principal;
  evidence_.identity_kind = facts.identity_kind;
  evidence_.mfa = facts.mfa;
  evidence_.source_ip = text(shown.cloudtrail.source_ip);
  evidence_.source_ip_kind = facts.source_ip_kind;
  evidence_.user_agent = text(shown.user_agent);
  evidence_.account = facts.account;
  evidence_.region = text(shown.region);
  evidence_.error_code = text(shown.cloudtrail.error_code);
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
