#include "pipeline/unevaluated_alert.h"

#include <fmt/format.h>

#include "alert/occurrences.h"
#include "base/hash.h"
#include "base/text.h"
#include "net/crypto.h"

namespace tocsin::pipeline {

void add_unevaluated_alerts(const source::Submission& submission, Findings& findings) {
  if (findings.limits.unevaluated.empty()) return;
  static const auto facts = alert::facts_of(alert::kRuleUnevaluated);
  const auto digest = net::sha256(submission.bytes);
  const bool is_grouped = findings.live->grouping.interval != 0;
  for (const auto& [index, rule] : findings.limits.unevaluated) {
    const sigma::Meta& meta = findings.live->program().rules()[index].source.meta;
    const std::string& name = meta.id.empty() ? meta.title : meta.id;
    const KeyHash group = KeyHash().add_field(facts->id).add_field(findings.source).add_field(name);
    const KeyHash id = KeyHash(group).add_field(net::as_text(digest));
    const std::string detail = fmt::format(
        "source {}, record {}, line {}{}: the rule `{}` was not evaluated, because the event would "
        "take it longer than any event may; whoever sent it may hide in it from this rule",
        text::printable(findings.source), rule.record, rule.line,
        rule.events > 1 ? fmt::format(" and {} more", rule.events - 1) : "", meta.title);
    Firing firing;
    firing.id = id.bytes();
    firing.fingerprint = is_grouped ? group.bytes() : firing.id;
    firing.event_time = findings.received;
    firing.alert = static_cast<std::uint32_t>(findings.alerts.size());
    findings.firings.push_back(firing);
    findings.alerts.push_back(
        {facts,
         hex_of(id),
         alert::self_alert_json(alert::kRuleUnevaluated, findings.source + " " + name, detail,
                                findings.received),
         {},
         {},
         {}});
  }
}

}  // namespace tocsin::pipeline
