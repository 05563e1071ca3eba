#include "alert/alert.h"

#include <array>
#include <utility>

#include "alert/rule_json.h"
#include "base/json_writer.h"
#include "base/time.h"
#include "event/json_text.h"

namespace tocsin::alert {
namespace {

constexpr std::array<std::string_view, 5> kLevels = {"informational", "low", "medium", "high",
                                                     "critical"};

void strings(JsonWriter& json, std::string_view name, const std::vector<std::string>& values) {
  json.key(name).begin_array();
  for (const std::string& value : values) json.string(value);
  json.end_array();
}

std::string_view written(const KeyHash& key, char (&out)[KeyHash::kDigits]) {
  key.write(out);
  return {out, sizeof out};
}

program::MatchDetails copy_of(const program::MatchView& view) {
  program::MatchDetails copy;
  copy.selections.assign(view.selections.begin(), view.selections.end());
  for (const auto& field : view.fields) {
    copy.fields.push_back({std::string(field.name), std::string(field.value),
                           std::string(field.operation), std::string(field.pattern)});
  }
  return copy;
}

}  // namespace

RuleFacts facts_of(const sigma::Meta& meta, std::string hash) {
  RuleFacts facts;
  facts.id = meta.id;
  facts.title = meta.title;
  facts.level = meta.level.empty() ? "medium" : meta.level;
  facts.status = meta.status;
  facts.author = meta.author;
  facts.file = meta.file;
  facts.hash = std::move(hash);
  facts.tags = meta.tags;
  facts.references = meta.references;
  facts.falsepositives = meta.falsepositives;
  facts.json = rule_json(facts);
  return facts;
}

std::string rule_json(const RuleFacts& facts) {
  std::string out;
  JsonWriter json(out);
  json.key("rule").begin_object();
  json.member("id", facts.id).member("title", facts.title).member("level", facts.level);
  if (!facts.status.empty()) json.member("status", facts.status);
  if (!facts.author.empty()) json.member("author", facts.author);
  strings(json, "tags", facts.tags);
  strings(json, "references", facts.references);
  strings(json, "falsepositives", facts.falsepositives);
  json.member("file", facts.file).member("hash", facts.hash);
  json.end_object();
  return out;
}

Alert copy_of(const AlertView& view) {
  Alert copy;
  copy.id = view.id;
  copy.fingerprint = view.fingerprint;
  copy.status = view.status;
  copy.rule = view.rule;
  copy.matched = copy_of(view.matched);
  copy.principal = view.principal;
  copy.identity_kind = view.identity_kind;
  copy.mfa = view.mfa;
  copy.access_key = view.access_key;
  copy.source_ip = view.source_ip;
  copy.source_ip_kind = view.source_ip_kind;
  copy.user_agent = view.user_agent;
  copy.account = view.account;
  copy.region = view.region;
  copy.event_name = view.event_name;
  copy.event_source = view.event_source;
  copy.error_code = view.error_code;
  copy.error_message = view.error_message;
  copy.event_id = view.event_id;
  copy.event_time = view.event_time;
  copy.detected_at = view.detected_at;
  copy.event = event::compact_json(view.event);
  copy.correlation = view.correlation;
  copy.input_path = view.input_path;
  copy.input_record = view.input_record;
  return copy;
}

struct AlertMaker::Shown {
  Shown()
      : cloudtrail(fields),
        event_id(fields.add("eventID")),
        event_time(fields.add("eventTime")),
        event_name(fields.add("eventName")),
        event_source(fields.add("eventSource")),
        region(fields.add("awsRegion")),
        user_agent(fields.add("userAgent")),
        error_message(fields.add("errorMessage")),
        access_key(fields.add("userIdentity.accessKeyId")),
        reader(fields) {}

  event::FieldSet fields;
  event::CloudTrailFields cloudtrail;
  event::FieldRef event_id, event_time, event_name, event_source, region, user_agent, error_message,
      access_key;
  event::EventReader reader;
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
  const Shown& shown = *shown_;
  const event::Facts facts = shown.cloudtrail.facts(shown.event, principal_);
  const auto text = [&](event::FieldRef field) { return shown.event.text(field); };
  view_.principal = facts.principal;
  view_.identity_kind = facts.identity_kind;
  view_.mfa = facts.mfa;
  view_.source_ip_kind = facts.source_ip_kind;
  view_.account = facts.account;
  view_.access_key = text(shown.access_key);
  view_.source_ip = text(shown.cloudtrail.source_ip);
  view_.user_agent = text(shown.user_agent);
  view_.region = text(shown.region);
  view_.event_name = text(shown.event_name);
  view_.event_source = text(shown.event_source);
  view_.error_code = text(shown.cloudtrail.error_code);
  view_.error_message = text(shown.error_message);
  view_.event_id = text(shown.event_id);
  view_.event_time = text(shown.event_time);
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
  return {KeyHash(rule.key).add_field(identity).add_field(view_.account),
          KeyHash(rule.key).add_field(view_.principal).add_field(view_.account)};
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

int severity_rank(std::string_view level) {
  for (std::size_t i = 0; i < kLevels.size(); ++i) {
    if (kLevels[i] == level) return static_cast<int>(i);
  }
  return 2;
}

std::string_view severity_name(int rank) {
  return kLevels[static_cast<std::size_t>(rank < 0 ? 0 : rank > 4 ? 4 : rank)];
}

}  // namespace tocsin::alert
