#include "alert/correlation.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "base/json_writer.h"
#include "base/text.h"
#include "base/time.h"

namespace tocsin::alert {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

void pairs(JsonWriter& json, std::string_view name, const Pairs& pairs) {
  json.key(name).begin_object();
  for (const auto& [field, value] : pairs) json.member(field, value);
  json.end_object();
}

void optional(JsonWriter& json, std::string_view name, std::string_view value) {
  if (!value.empty()) json.member(name, value);
}

void write_event(JsonWriter& json, const CorrelatedEvent& event) {
  json.begin_object();
  optional(json, "rule", event.rule);
  for (const EventFact<std::string>& fact : kEventFacts<std::string>) {
    optional(json, fact.key, event.*fact.text);
  }
  if (!event.input_path.empty()) {
    json.key("input").begin_object().member("path", event.input_path);
    json.key("record").number(event.input_record).end_object();
  }
  json.end_object();
}

void write_window(JsonWriter& json, const CorrelationFacts& facts) {
  json.key("window").begin_object();
  json.member("start", nanosecond_text(facts.window_begin));
  json.member("end", nanosecond_text(facts.window_end));
  json.key("timespan_seconds").number(facts.timespan / kSecond).end_object();
}

std::string_view sign_of(sigma::Correlation::Operator op) {
  using Operator = sigma::Correlation::Operator;
  switch (op) {
    case Operator::lt:
      return "<";
    case Operator::lte:
      return "≤";
    case Operator::gt:
      return ">";
    case Operator::gte:
      return "≥";
    case Operator::eq:
      return "=";
    case Operator::neq:
      break;
  }
  return "≠";
}

// `within`: an operand of a stronger operator needs parentheses.
std::string expression_text(const sigma::Condition& condition, bool within) {
  using Kind = sigma::Condition::Kind;
  if (condition.kind == Kind::negation) {
    return "not " + expression_text(condition.args.at(0), true);
  }
  if (condition.kind != Kind::conjunction && condition.kind != Kind::disjunction) {
    return condition.name;
  }
  std::string out;
  for (const sigma::Condition& arg : condition.args) {
    if (!out.empty()) out += condition.kind == Kind::conjunction ? " and " : " or ";
    out += expression_text(arg, true);
  }
  return within ? "(" + out + ")" : out;
}

std::string_view or_else(const std::string& text, std::string_view otherwise) {
  return text.empty() ? otherwise : std::string_view(text);
}

}  // namespace

std::string nanosecond_text(std::int64_t nanoseconds) {
  std::int64_t seconds = nanoseconds / kSecond, rest = nanoseconds % kSecond;
  if (rest < 0) {
    rest += kSecond;
    --seconds;
  }
  if (rest == 0) return format_time(seconds);
  if (rest % kMillisecond == 0) return format_time(seconds, static_cast<int>(rest / kMillisecond));
  std::string text = format_time(seconds);
  text.pop_back();
  return text + fmt::format(".{:09}Z", rest);
}

std::string condition_text(const sigma::Correlation& document) {
  if (document.expression) return expression_text(*document.expression, false);
  std::string out;
  for (const sigma::Correlation::Bound& bound : document.bounds) {
    if (!out.empty()) out += ", ";
    out += fmt::format("{} {}", sign_of(bound.op), bound.value);
  }
  return out;
}

std::string facts_json(const CorrelationFacts& facts) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("type", facts.type);
  optional(json, "condition", facts.condition);
  if (!facts.field.empty()) {
    json.key("field").begin_array();
    for (const std::string& field : facts.field) json.string(field);
    json.end_array();
  }
  pairs(json, "group_by", facts.group_by);
  if (!facts.values.empty()) pairs(json, "values", facts.values);
  write_window(json, facts);
  json.key("measure").raw(fmt::format("{}", std::isfinite(facts.measure) ? facts.measure : 0.0));
  json.key("hits").number(facts.hits).key("firings").number(facts.firings);
  json.member("first", nanosecond_text(facts.first)).member("last", nanosecond_text(facts.last));
  json.key("events").begin_array();
  for (const CorrelatedEvent& event : facts.events) write_event(json, event);
  json.end_array();
  json.key("events_total").number(facts.hits);
  json.end_object();
  return out;
}

Alert alert_of(const CorrelationAlert& correlated) {
  const CorrelatedEvent& closing = correlated.closing;
  Alert alert;
  alert.id = correlated.id;
  alert.fingerprint = correlated.fingerprint;
  alert.rule = correlated.rule;
  copy_facts(closing, alert);
  alert.identity_kind = or_else(closing.identity_kind, "unknown");
  alert.mfa = or_else(closing.mfa, "unknown");
  alert.source_ip_kind = or_else(closing.source_ip_kind, "none");
  alert.event_time = nanosecond_text(correlated.correlation.last);
  alert.detected_at =
      format_time(correlated.detected_at / 1000, static_cast<int>(correlated.detected_at % 1000));
  alert.event = "{}";
  alert.correlation = std::make_shared<const CorrelationFacts>(correlated.correlation);
  return alert;
}

std::string correlation_json(const CorrelationAlert& alert) {
  TextBuffer out;
  append_json(alert_of(alert), out);
  return std::string(out.text());
}

}  // namespace tocsin::alert
