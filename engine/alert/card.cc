#include "alert/card.h"

#include <fmt/format.h>

#include "alert/correlation_words.h"
#include "alert/occurrences.h"
#include "alert/wording.h"

namespace tocsin::alert {
namespace {

constexpr std::size_t kIndent = 8;
constexpr std::size_t kValue = 1000;  // code points; lines are cut to the width anyway

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  }
  return out;
}

std::string or_unknown(std::string_view text) {
  return text.empty() ? "unknown" : shown(text, kValue);
}

std::string who(const Alert& alert) {
  std::string out;
  if (!alert.person.empty()) out += shown(alert.person, kValue) + " as ";
  out += fmt::format("{} ({}, MFA {}", or_unknown(alert.principal), alert.identity_kind, alert.mfa);
  if (!alert.session_name.empty() && alert.session_name != alert.person) {
    out += ", session " + shown(alert.session_name, kValue);
  }
  if (!alert.invoked_by.empty()) out += ", through " + shown(alert.invoked_by, kValue);
  if (!alert.access_key.empty()) out += ", key " + shown(alert.access_key, kValue);
  return out + ")";
}

std::string what(const Alert& alert) {
  std::string service = shown(alert.event_source, kValue);
  constexpr std::string_view kSuffix = ".amazonaws.com";
  if (service.ends_with(kSuffix)) service.resize(service.size() - kSuffix.size());
  std::string out = fmt::format("{}:{} in {}, account {}", service, or_unknown(alert.event_name),
                                or_unknown(alert.region), or_unknown(alert.account));
  if (!alert.error_code.empty()) out += "; failed: " + shown(alert.error_code, kValue);
  return out;
}

std::string where_from(const Alert& alert) {
  std::string out = fmt::format("{} ({})", or_unknown(alert.source_ip), alert.source_ip_kind);
  if (!alert.user_agent.empty()) out += " with " + shown(alert.user_agent, kValue);
  return out;
}

std::string when(const Alert& alert) {
  std::string out = or_unknown(alert.event_time);
  if (alert.count > 1) {
    out += fmt::format("; {} times, last {}", alert.count, or_unknown(alert.last_seen));
  }
  return out;
}

std::string why(const Alert& alert) {
  std::string out;
  for (const program::FieldMatch& field : alert.matched.fields) {
    if (!out.empty()) out += ", ";
    out += field.name.empty() ? "keyword" : shown(field.name, kValue);
    out += field.value.empty() ? " " + shown(field.operation, kValue)
                               : " = " + shown(field.value, kValue);
  }
  return out;
}

// "12:00:01 – 12:04:59", and how often.
std::string window(const CorrelationFacts& facts) {
  std::string out =
      fmt::format("{} – {} ({})", nanosecond_text(facts.window_begin),
                  nanosecond_text(facts.window_end), span_words(facts.timespan / 1'000'000));
  if (facts.firings > 1) {
    out += fmt::format("; {} times since {}", facts.firings, nanosecond_text(facts.first));
  }
  return out;
}

std::string measured(const CorrelationFacts& facts) {
  std::string out = measure_words(facts);
  if (!facts.condition.empty()) out += fmt::format(" ({})", shown(facts.condition, kValue));
  return out;
}

std::string line_of(const CorrelatedEvent& event) {
  std::string out = fmt::format("{}  {}", or_unknown(event.event_time), event_words(event));
  if (!event.input_path.empty()) {
    out += fmt::format("  ({}, record {})", shown(event.input_path, kValue), event.input_record);
  }
  return out;
}

template <class Row>
void correlation_rows(const Alert& alert, Row row) {
  const CorrelationFacts& facts = *alert.correlation;
  row("group", pairs_words(facts.group_by, kValue));
  row("what", summary(alert));
  if (!facts.values.empty()) row("new", pairs_words(facts.values, kValue));
  row("count", measured(facts));
  row("when", window(facts));
  for (const CorrelatedEvent* event : shown_events(facts, 3, 2)) {
    row("event", event == nullptr ? std::string("…") : line_of(*event));
  }
}

}  // namespace

std::string_view level_style(std::string_view level, bool color) {
  if (!color) return "";
  if (level == "critical") return "\x1b[1;97;41m";
  if (level == "high") return "\x1b[1;31m";
  if (level == "medium") return "\x1b[1;33m";
  if (level == "low") return "\x1b[1;36m";
  return "\x1b[1;37m";
}

std::string render_card(const Alert& alert, bool color, std::size_t width) {
  std::string out;
  const std::string_view level = alert.rule->level;
  out += fmt::format("{}{}{}  {}\n", level_style(level, color), upper(shown(level, 20)),
                     (color ? "\x1b[0m" : ""), shown(alert.rule->title, kValue));
  const auto row = [&](std::string_view name, const std::string& text) {
    if (text.empty()) return;
    const std::size_t room = width > kIndent + 20 ? width - kIndent : 20;
    out += fmt::format("  {:<{}}{}\n", name, kIndent - 2, shown(text, room));
  };
  if (alert.correlation != nullptr) {
    correlation_rows(alert, row);
    out += '\n';
    return out;
  }
  if (is_own(alert)) {  // nobody called anything
    row("what", shown(alert.error_message, kValue));
    row("when", when(alert));
    out += '\n';
    return out;
  }
  row("who", who(alert));
  row("what", what(alert));
  row("on", resource_words(alert.resources, kValue));
  row("from", where_from(alert));
  row("when", when(alert));
  row("match", why(alert));
  if (!alert.rule->runbook.empty()) row("do", shown(alert.rule->runbook, kValue));
  std::string source = shown(alert.event_id, kValue);
  if (!alert.input_path.empty()) {
    source += fmt::format("{}{}, record {}", source.empty() ? "" : " in ",
                          shown(alert.input_path, kValue), alert.input_record);
  }
  row("event", source);
  out += '\n';
  return out;
}

}  // namespace tocsin::alert
