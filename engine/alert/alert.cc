#include "alert/alert.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/hash.h"
#include "base/json_writer.h"
#include "base/text.h"
#include "base/time.h"
#include "event/json_text.h"

namespace tocsin::alert {
namespace {

constexpr std::array<std::string_view, 5> kLevels = {"informational", "low", "medium", "high",
                                                     "critical"};

RuleFacts facts_of(const program::CompiledRule& rule) {
  const sigma::Meta& meta = rule.source.meta;
  RuleFacts facts;
  facts.id = meta.id;
  facts.title = meta.title;
  facts.level = meta.level.empty() ? "medium" : meta.level;
  facts.status = meta.status;
  facts.author = meta.author;
  facts.file = meta.file;
  facts.hash = rule.hash;
  facts.tags = meta.tags;
  facts.references = meta.references;
  facts.falsepositives = meta.falsepositives;
  return facts;
}

// Two 64-bit hashes with different seeds: 128 bits, written as 32 hexadecimal digits.
std::string key_of(std::initializer_list<std::string_view> parts) {
  Fnv64 a, b;
  b.add("tocsin");
  for (const std::string_view part : parts) {
    a.add_field(part);
    b.add_field(part);
  }
  return fmt::format("{:016x}{:016x}", a.value(), b.value());
}

// What stands for the rule in keys: its id, or its title when it has none.
const std::string& rule_key(const RuleFacts& rule) {
  return rule.id.empty() ? rule.title : rule.id;
}

}  // namespace

struct AlertMaker::Context {
  Context()
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

AlertMaker::AlertMaker(const program::Program& program)
    : program_(program), context_(std::make_unique<Context>()) {}

AlertMaker::~AlertMaker() = default;

Alert AlertMaker::make(program::RuleIndex rule, event::Event& event, const event::Origin& origin,
                       std::int64_t detected_at) {
  Alert alert;
  alert.rule = facts_of(program_.rules()[rule]);
  alert.matched = program::match_details(program_, rule, event);
  alert.event = event::compact_json(event.json());
  alert.detected_at = format_time(detected_at / 1000, static_cast<int>(detected_at % 1000));
  if (origin.path != nullptr) alert.input_path = *origin.path;
  alert.input_record = origin.record;

  Context& c = *context_;
  // The record was read once already, so it reads again.
  if (c.reader.read(event.json(), c.event)) {
    event::Facts facts = c.cloudtrail.facts(c.event);
    const auto text = [&](event::FieldRef field) { return std::string(c.event.text(field)); };
    alert.principal = std::move(facts.principal);
    alert.identity_kind = facts.identity_kind;
    alert.mfa = facts.mfa;
    alert.source_ip_kind = facts.source_ip_kind;
    alert.account = std::move(facts.account);
    alert.access_key = text(c.access_key);
    alert.source_ip = text(c.cloudtrail.source_ip);
    alert.user_agent = text(c.user_agent);
    alert.region = text(c.region);
    alert.event_name = text(c.event_name);
    alert.event_source = text(c.event_source);
    alert.error_code = text(c.cloudtrail.error_code);
    alert.error_message = text(c.error_message);
    alert.event_id = text(c.event_id);
    alert.event_time = text(c.event_time);
  }
  // An event without an id of its own is identified by its bytes.
  const std::string& identity = alert.event_id.empty() ? alert.event : alert.event_id;
  alert.id = key_of({rule_key(alert.rule), identity, alert.account});
  alert.fingerprint = key_of({rule_key(alert.rule), alert.principal, alert.account});
  return alert;
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
