#include <boost/json.hpp>
#include <exception>
#include <memory>
#include <utility>

#include "alert/correlation.h"
#include "alert/json_members.h"
#include "alert/occurrences.h"
#include "base/limits.h"
#include "event/json_scanner.h"
#include "event/json_text.h"
#include "event/raw_json.h"

namespace tocsin::alert {
namespace {

// Everything but the record: rule, matched fields, a correlation's events and a few members.
constexpr std::size_t kDepth = 8;
// A record, and as much again for the fields that are shown of it, each byte escaped.
constexpr std::size_t kAlertBytes = 8 * limits::kRecordBytes;

// Texts that append_json() writes as they are.
bool is_word(std::string_view word) {
  constexpr std::string_view kOthers = "_.:+-";
  for (const char c : word) {
    const bool ok = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                    kOthers.find(c) != std::string_view::npos;
    if (!ok) return false;
  }
  return true;
}

RuleFacts facts_of(const bj::object& rule, std::string_view raw) {
  RuleFacts facts;
  facts.id = text(rule, "id");
  facts.title = text(rule, "title");
  facts.level = text(rule, "level");
  facts.status = text(rule, "status");
  facts.author = text(rule, "author");
  facts.file = text(rule, "file");
  facts.hash = text(rule, "hash");
  facts.tags = texts(rule, "tags");
  facts.references = texts(rule, "references");
  facts.falsepositives = texts(rule, "falsepositives");
  facts.description = text(rule, "description");
  facts.runbook = text(rule, "runbook");
  facts.json = "\"rule\":" + (raw.empty() ? std::string("{}") : event::compact_json(raw));
  return facts;
}

program::MatchDetails matched_of(const bj::object& matched) {
  program::MatchDetails out;
  out.selections = texts(matched, "selections");
  const bj::value* fields = matched.if_contains("fields");
  if (fields == nullptr || !fields->is_array()) return out;
  for (const bj::value& item : fields->get_array()) {
    const bj::object* field = item.if_object();
    if (field == nullptr) continue;
    out.fields.push_back({text(*field, "name"), text(*field, "value"), text(*field, "matcher"),
                          text(*field, "pattern")});
  }
  return out;
}

// The text with its record taken out, the record, and the rule as it is spelled.
struct Parts {
  std::string rest;
  std::string_view record, rule;
};

Parts split(std::string_view json) {
  Parts parts;
  event::Members members(json);
  while (const auto member = members.next()) {
    if (member->key == "event" && parts.record.empty()) parts.record = member->value;
    if (member->key == "rule" && parts.rule.empty()) parts.rule = member->value;
  }
  if (parts.record.empty()) {
    parts.rest = json;
    return parts;
  }
  const auto at = static_cast<std::size_t>(parts.record.data() - json.data());
  parts.rest.append(json, 0, at).append("null").append(json, at + parts.record.size());
  return parts;
}

// One whole JSON object of a depth that records have.
bool is_record(std::string_view json) {
  event::JsonScanner scanner;
  scanner.start();
  std::size_t at = 0;
  const auto status = scanner.scan_through(json, at);
  return status == event::JsonScanner::Status::complete && at == json.size() && json[0] == '{';
}

Alert alert_of(const bj::object& json, const Parts& parts) {
  Alert alert;
  read_facts(json, alert);
  alert.id = text(json, "id");
  alert.fingerprint = text(json, "fingerprint");
  if (json.contains("status")) alert.status = text(json, "status");
  alert.rule = std::make_shared<const RuleFacts>(facts_of(object_in(json, "rule"), parts.rule));
  alert.matched = matched_of(object_in(json, "matched"));
  for (const bj::value& item : array_in(json, "resources")) {
    const bj::object* resource = item.if_object();
    if (resource == nullptr || alert.resources.size() == kMostResources) continue;
    alert.resources.push_back({text(*resource, "kind"), text(*resource, "name")});
  }
  alert.detected_at = text(json, "detected_at");
  alert.event = parts.record.empty() ? std::string("{}") : event::compact_json(parts.record);
  const bj::object& correlation = object_in(json, "correlation");
  if (!correlation.empty()) {
    alert.correlation = std::make_shared<const CorrelationFacts>(correlation_of(correlation));
  }
  alert.source = text(json, "source");
  alert.count = number(json, "count", 1);
  alert.first_seen = text(json, "first_seen");
  alert.last_seen = text(json, "last_seen");
  return alert;
}

Result<Alert> checked(Alert alert) {
  bool is_good = is_word(alert.id) && is_word(alert.fingerprint) && is_word(alert.status) &&
                 is_word(alert.detected_at);
  for (const EventFact<std::string>& fact : kEventFacts<std::string>) {
    is_good = is_good && (!fact.is_word || is_word(alert.*fact.text));
  }
  if (!is_good) {
    return fail(Code::invalid_input,
                "The alert has a text where one word of letters and digits belongs; was it "
                "written by Tocsin?");
  }
  return alert;
}

}  // namespace

Result<Alert> parse(std::string_view json) try {
  const std::size_t begin = json.find_first_not_of(" \t\r\n");
  json.remove_prefix(begin == std::string_view::npos ? json.size() : begin);
  if (!json.starts_with('{')) {
    return fail(Code::invalid_input, "An alert is one JSON object; this does not begin with '{'");
  }
  if (json.size() > kAlertBytes) {
    return fail(Code::limit, "The alert is larger than any that Tocsin writes");
  }
  const Parts parts = split(json);
  if (!parts.record.empty() && !is_record(parts.record)) {
    return fail(Code::invalid_input, "The member \"event\" of the alert is not a JSON object");
  }
  bj::parse_options options;
  options.max_depth = kDepth;
  bj::error_code error;
  const bj::value value = bj::parse(parts.rest, error, {}, options);
  if (error || !value.is_object()) {
    return fail(Code::invalid_input,
                "The alert is not valid JSON" + (error ? ": " + error.message() : std::string()));
  }
  return checked(alert_of(value.get_object(), parts));
} catch (const std::exception&) {  // memory
  return fail(Code::limit, "There is not enough memory to read the alert");
}

}  // namespace tocsin::alert
