#include <utility>

#include "base/text.h"
#include "sigma/attributes.h"
#include "sigma/detection.h"
#include "sigma/parser.h"

namespace tocsin::sigma {
namespace {

// `rules: any`, one reference, or a list of them. An empty list means any, as in pySigma; it may
// also be what is left of a list.
void parse_rules(const YamlEntry& entry, Filter& filter, Reporter& report) {
  const auto add = [&](const YamlNode& node) {
    if (node.is_text() && !node.scalar.text.empty()) {
      filter.rules.push_back({node.scalar.text, node.at()});
    } else {
      report.error("S401", node.at(), "a rule is referred to by its id, name or title");
    }
  };
  const YamlNode& rules = entry.value;
  if (rules.is_map() || rules.is_null()) {
    report.error("S401", entry.key.at, "`rules` must be `any` or a list of rules");
  } else if (rules.is_sequence()) {
    for (const YamlNode& node : rules.items) add(node);
    filter.any_rule = rules.items.empty();
    if (filter.any_rule) {
      report.warning("W625", entry.key.at,
                     "an empty list means all rules of the log source, as `rules: any` does",
                     "any");
    }
  } else if (text::folded(rules.scalar.text) == "any") {
    filter.any_rule = true;
  } else {
    add(rules);
  }
}

}  // namespace

std::optional<Filter> parse_filter(const YamlNode& root, Reporter& report) {
  const std::size_t errors = report.errors();
  Filter filter;
  filter.meta = parse_meta(root, {"logsource", "filter"}, report);
  filter.logsource = parse_logsource(root, filter.meta.at, report);

  const YamlEntry& section = *root.find("filter");
  Detections detections = parse_detections(section, "rules", report);
  filter.detections = std::move(detections.named);
  filter.conditions = std::move(detections.conditions);
  if (section.value.is_map()) {
    if (const YamlEntry* rules = section.value.find("rules")) {
      parse_rules(*rules, filter, report);
    } else {
      report.error("S401", section.key.at,
                   "the filter has no `rules`; write `rules: any` for all rules of the log source");
    }
    const YamlEntry* condition = section.value.find("condition");
    if (condition != nullptr && condition->value.is_sequence()) {
      report.error("S103", condition->key.at, "a filter has one condition, not a list");
    }
  }
  if (report.errors() != errors) return std::nullopt;
  return filter;
}

}  // namespace tocsin::sigma
