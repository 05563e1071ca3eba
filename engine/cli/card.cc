#include <fmt/format.h>

#include "base/text.h"
#include "cli/scan_output.h"
#include "cli/terminal.h"

namespace tocsin::cli {
namespace {

constexpr std::size_t kIndent = 8;

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  }
  return out;
}

std::string or_unknown(std::string_view text) {
  return text.empty() ? "unknown" : text::printable(text);
}

std::string who(const alert::Alert& alert) {
  std::string out =
      fmt::format("{} ({}, MFA {}", or_unknown(alert.principal), alert.identity_kind, alert.mfa);
  if (!alert.access_key.empty()) out += ", key " + text::printable(alert.access_key);
  return out + ")";
}

std::string what(const alert::Alert& alert) {
  std::string service = text::printable(alert.event_source);
  constexpr std::string_view kSuffix = ".amazonaws.com";
  if (service.ends_with(kSuffix)) service.resize(service.size() - kSuffix.size());
  std::string out = fmt::format("{}:{} in {}, account {}", service, or_unknown(alert.event_name),
                                or_unknown(alert.region), or_unknown(alert.account));
  if (!alert.error_code.empty()) out += "; failed: " + text::printable(alert.error_code);
  return out;
}

std::string where_from(const alert::Alert& alert) {
  std::string out = fmt::format("{} ({})", or_unknown(alert.source_ip), alert.source_ip_kind);
  if (!alert.user_agent.empty()) out += " with " + text::printable(alert.user_agent);
  return out;
}

std::string why(const alert::Alert& alert) {
  std::string out;
  for (const program::FieldMatch& field : alert.matched.fields) {
    if (!out.empty()) out += ", ";
    out += field.name.empty() ? "keyword" : text::printable(field.name);
    out += field.value.empty() ? " " + text::printable(field.operation)
                               : " = " + text::printable(field.value);
  }
  return out;
}

}  // namespace

std::string render_card(const alert::Alert& alert, bool color, std::size_t width) {
  std::string out;
  const std::string_view level = alert.rule->level;
  out += fmt::format("{}{}{}  {}\n", level_style(level, color), upper(level), reset_style(color),
                     text::printable(alert.rule->title));
  const auto row = [&](std::string_view name, const std::string& text) {
    if (text.empty()) return;
    const std::size_t room = width > kIndent + 20 ? width - kIndent : 20;
    out += fmt::format("  {:<{}}{}\n", name, kIndent - 2, cut(text, room));
  };
  row("who", who(alert));
  row("what", what(alert));
  row("from", where_from(alert));
  row("when", or_unknown(alert.event_time));
  row("match", why(alert));
  std::string source = text::printable(alert.event_id);
  if (!alert.input_path.empty()) {
    source += fmt::format("{}{}, record {}", source.empty() ? "" : " in ",
                          text::printable(alert.input_path), alert.input_record);
  }
  row("event", source);
  out += '\n';
  return out;
}

}  // namespace tocsin::cli
