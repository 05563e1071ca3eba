#include "alert/alert_maker.h"

#include <utility>

#include "alert/shown_fields.h"
#include "base/time.h"
#include "event/json_text.h"

namespace tocsin::alert {
namespace {

std::string_view written(const KeyHash& key, char (&out)[KeyHash::kDigits]) {
  key.write(out);
  return {out, sizeof out};
}

}  // namespace

struct AlertMaker::Shown {
  event::FieldSet fields;
  ShownFields facts{fields};
  ResourceFields resources{fields};
  event::EventReader reader{fields};
  event::Event event;
};

AlertMaker::AlertMaker(const program::Program& program, program::Work::Clock clock)
    : program_(program),
      shown_(std::make_unique<Shown>()),
      rules_(program.rules().size()),
      evidence_(program, clock) {}

AlertMaker::~AlertMaker() = default;

event::EventReader& AlertMaker::shown_reader() {
  return shown_->reader;
}

event::Event& AlertMaker::shown() {
  return shown_->event;
}

void AlertMaker::begin(event::Event& event, const event::Origin& origin, std::int64_t detected_at) {
  event_ = &event;
  view_.input_path = origin.path != nullptr ? std::string_view(*origin.path) : std::string_view();
  view_.input_record = origin.record;
  if (detected_at != detected_at_) {
    detected_at_ = detected_at;
    detected_text_ = format_time(detected_at / 1000, static_cast<int>(detected_at % 1000));
  }
  view_.detected_at = detected_text_;
  begin_record(event);
}

void AlertMaker::begin_record(event::Event& event) {
  evidence_.begin_event();
  shown_->facts.read(shown_->event, view_);
  shown_->resources.read(shown_->event, view_.event_source, view_.resources);
  view_.event = event.json();
  if (view_.event_id.empty()) view_.event = compact_event_ = event::compact_json(event.json());
}

const AlertMaker::Rule& AlertMaker::rule_of(program::RuleIndex index) {
  Rule& rule = rules_[index];
  if (rule.facts == nullptr) {
    const program::CompiledRule& compiled = program_.rules()[index];
    rule.facts = std::make_shared<const RuleFacts>(facts_of(compiled.source.meta, compiled.hash));
    // A rule without an id is known by its title.
    rule.key.add_field(rule.facts->id.empty() ? rule.facts->title : rule.facts->id);
  }
  return rule;
}

AlertMaker::Keys AlertMaker::keys(program::RuleIndex index) {
  const Rule& rule = rule_of(index);
  // An event without an id of its own is identified by its bytes.
  const std::string_view identity = view_.event_id.empty() ? view_.event : view_.event_id;
  KeyHash fingerprint = KeyHash(rule.key).add_field(view_.principal).add_field(view_.account);
  if (!view_.person.empty()) fingerprint.add_field(view_.person);
  return {KeyHash(rule.key).add_field(identity).add_field(view_.account), fingerprint};
}

const AlertView& AlertMaker::view(program::RuleIndex index) {
  const Rule& rule = rule_of(index);
  if (view_.rule != rule.facts) view_.rule = rule.facts;
  evidence_.find(index, *event_, view_.matched);
  const Keys found = keys(index);
  view_.id = written(found.id, id_);
  view_.fingerprint = written(found.fingerprint, fingerprint_);
  return view_;
}

Alert AlertMaker::make(program::RuleIndex rule, event::Event& event, const event::Origin& origin,
                       std::int64_t detected_at) {
  begin(event, origin, detected_at, [&](event::EventReader& reader, event::Event& out) {
    reader.read(event.json(), out);  // was read once already, so it reads again
  });
  return copy_of(view(rule));
}

}  // namespace tocsin::alert
