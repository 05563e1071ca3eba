#include <utility>

#include "sigma/attributes.h"
#include "sigma/detection.h"
#include "sigma/parser.h"

namespace tocsin::sigma {

std::optional<Rule> parse_rule(const YamlNode& root, Reporter& report) {
  const std::size_t errors = report.errors();
  Rule rule;
  rule.meta = parse_meta(root, {"logsource", "detection"}, report);
  rule.logsource = parse_logsource(root, rule.meta.at, report);
  if (const YamlEntry* section = root.find("detection")) {
    Detections detections = parse_detections(*section, "", report);
    rule.detections = std::move(detections.named);
    rule.conditions = std::move(detections.conditions);
  } else {
    report.error("S102", rule.meta.at, "the rule has no `detection`");
  }
  if (report.errors() != errors) return std::nullopt;
  if (rule.meta.id.empty()) report.warning("W601", rule.meta.at, "the rule has no `id`");
  if (rule.meta.level.empty()) report.warning("W601", rule.meta.at, "the rule has no `level`");
  return rule;
}

}  // namespace tocsin::sigma
