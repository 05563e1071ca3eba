// What the tests of this folder share.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "sigma/loader.h"

namespace tocsin::sigma {

struct Parsed {
  RuleSet set;
  Diagnostics diagnostics;
  LoadStats stats;
};

inline Parsed parse(std::string_view text) {
  Parsed parsed;
  load_text(text, "test.yml", parsed.set, parsed.diagnostics, &parsed.stats);
  return parsed;
}

// "S201 5:17+8 contains; W609 …": code, line, column, length and, where there is one, suggestion.
inline std::string summary(const Diagnostics& diagnostics) {
  std::string out;
  for (const Diagnostic& d : diagnostics.all()) {
    if (!out.empty()) out += "; ";
    out += fmt::format("{} {}:{}+{}", d.code, d.at.line, d.at.column, d.at.length);
    if (!d.suggestion.empty()) out += " " + d.suggestion;
  }
  return out;
}

// The codes alone, separated by spaces.
inline std::string codes(const Diagnostics& diagnostics) {
  std::string out;
  for (const Diagnostic& d : diagnostics.all()) out += (out.empty() ? "" : " ") + d.code;
  return out;
}

inline std::string meaning(const Condition& condition) {
  std::string out = fmt::format("({}{}", static_cast<int>(condition.kind), condition.name);
  for (const Condition& arg : condition.args) out += meaning(arg);
  return out + ")";
}

inline std::string meaning(const Detection& detection) {
  std::string out = "{";
  for (const DetectionItem& item : detection.items) {
    out += item.field;
    for (const ModifierUse& use : item.modifiers) out += fmt::format("|{}", to_string(use.kind));
    for (const Value& value : item.values) {
      out += fmt::format(" {}:{}", static_cast<int>(value.kind), value.text);
    }
    out += ';';
  }
  for (const Detection& group : detection.groups) out += meaning(group);
  return out + "}";
}

// What the rule detects.
inline std::string meaning(const Rule& rule) {
  std::string out;
  for (const NamedDetection& named : rule.detections) out += named.name + meaning(named.detection);
  for (const Condition& condition : rule.conditions) out += meaning(condition);
  return out;
}

inline constexpr std::string_view kHead =
    "title: Test\n"
    "id: 6f3e2987-db24-4c78-a860-b4f4095a7095\n"
    "level: low\n"
    "logsource: {product: aws}\n";

// A rule with the given detection section, whose first line is line 6.
inline std::string rule_with(std::string_view detection) {
  return std::string(kHead) + "detection:\n" + std::string(detection);
}

// A rule with one item, in line 7, column 5.
inline std::string rule_with_item(std::string_view item) {
  return rule_with(fmt::format("  sel:\n    {}\n  condition: sel\n", item));
}

}  // namespace tocsin::sigma
