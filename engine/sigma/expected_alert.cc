#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "sigma/attributes.h"
#include "sigma/rule_timeline.h"
#include "sigma/test_values.h"
#include "sigma/yaml_scalar.h"

namespace tocsin::sigma {
namespace {

void parse_group(const YamlEntry& entry, ExpectedAlert& alert, Reporter& report) {
  if (!entry.value.is_map()) {
    report.error("S510", entry.key.at, "`group` must be a map from fields to their values");
    return;
  }
  for (const YamlEntry& field : entry.value.entries) {
    if (!field.value.is_scalar() || field.value.is_null()) {
      report.error("S510", field.value.at(), "a field of a group has one plain value");
      continue;
    }
    const YamlScalar& scalar = field.value.scalar;
    alert.group.emplace_back(field.key.text, canonical_text(scalar, type_of(scalar)));
  }
}

ExpectedAlert parse_alert(const YamlNode& node, std::int64_t start, Reporter& report) {
  constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
  ExpectedAlert alert;
  alert.at = node.at();
  if (!node.is_map()) {
    report.error("S510", node.at(), "an expected alert is a map with `at`");
    return alert;
  }
  check_test_keys(node, {"rule", "at", "raised", "group", "hits", "firings"}, "expected alerts",
                  report);
  if (const YamlEntry* rule = node.find("rule")) alert.rule = read_text(*rule, report);
  if (const YamlEntry* at = node.find("at")) {
    alert.at_ns = read_moment(*at, start, report);
  } else {
    report.error("S510", node.at(), "an expected alert needs `at`, the time of its first firing");
  }
  if (const YamlEntry* raised = node.find("raised")) {
    alert.raised_ns = read_moment(*raised, start, report);
  }
  if (const YamlEntry* group = node.find("group")) parse_group(*group, alert, report);
  if (const YamlEntry* hits = node.find("hits")) alert.hits = read_count(*hits, 0, kMost, report);
  if (const YamlEntry* firings = node.find("firings")) {
    alert.firings = read_count(*firings, 1, kMost, report);
  }
  return alert;
}

}  // namespace

std::vector<ExpectedAlert> parse_expected_alerts(const YamlEntry& alerts, std::int64_t start_ns,
                                                 Reporter& report) {
  std::vector<ExpectedAlert> expected;
  if (!alerts.value.is_sequence()) {
    report.error("S510", alerts.key.at,
                 "`alerts` must be a list of all that is raised; write [] when nothing is");
    return expected;
  }
  for (const YamlNode& node : alerts.value.items) {
    expected.push_back(parse_alert(node, start_ns, report));
  }
  std::stable_sort(
      expected.begin(), expected.end(),
      [](const ExpectedAlert& a, const ExpectedAlert& b) { return a.at_ns < b.at_ns; });
  return expected;
}

}  // namespace tocsin::sigma
