// A rule that an event was too costly for is reported, and the others fire.
#include "pipeline/unevaluated_alert.h"

#include "support.h"

namespace tocsin::pipeline {
namespace {

// A rule with many literals that begin alike, and a text that makes each place of it cost as many
// comparisons.
std::string costly_rule() {
  std::string rule =
      "---\ntitle: Costly\nid: 22222222-2222-4222-8222-222222222222\n"
      "logsource: {product: aws, service: cloudtrail}\n"
      "detection:\n    selection:\n        requestParameters.note|contains:\n";
  for (int i = 0; i < 4000; ++i) {
    rule += "            - 'https://a.example/" + std::to_string(10'000 + i) + "'\n";
  }
  return rule + "    condition: selection\n";
}

std::string costly_record(const std::string& id) {
  std::string text;
  while (text.size() < 400'000) text += "https://a.example/100";
  std::string out = record(id, "arn:aws:iam::1:user/a");
  out.insert(out.rfind('}'), R"(,"requestParameters":{"note":")" + text + R"("})");
  return out;
}

TEST_CASE("a rule that was not evaluated is an alert of its own, once for a submission") {
  Bench bench(kRule + costly_rule());
  const Findings findings = bench.evaluate(costly_record("1") + costly_record("2") +
                                           record("3", "arn:aws:iam::1:user/a"));
  CHECK(findings.receipt.accepted == 3);
  REQUIRE(findings.limits.unevaluated.size() == 1);
  const auto& [rule, limit] = *findings.limits.unevaluated.begin();
  CHECK(bench.live().program().rules()[rule].source.meta.title == "Costly");
  CHECK(limit.events == 2);
  CHECK(limit.record == 1);
  CHECK(findings.firings.size() == 4);  // three of the other rule
  REQUIRE(!findings.alerts.empty());
  const FoundAlert& alert = findings.alerts.back();
  CHECK(alert.rule->id == "tocsin.rule_not_evaluated");
  CHECK(alert.json.find("the rule `Costly` was not evaluated") != std::string::npos);
  CHECK(alert.json.find("record 1, line 1 and 1 more") != std::string::npos);

  const Findings other = bench.evaluate(record("3", "arn:aws:iam::1:user/a"));
  CHECK(other.limits.unevaluated.empty());
  CHECK(other.firings.size() == 1);
}

}  // namespace
}  // namespace tocsin::pipeline
