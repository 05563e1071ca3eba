#include "pipeline/episode_alert.h"

#include <catch2/catch.hpp>
#include <memory>

#include "program/program.h"
#include "sigma/loader.h"

namespace tocsin::pipeline {
namespace {

using Named = std::vector<std::pair<std::string, std::string>>;

constexpr char kRules[] = R"(title: Rule a
logsource: {product: aws}
detection: {s: {eventName: A}, condition: s}
---
title: Rule b
id: 6f3e2987-db24-4c78-a860-b4f4095a7091
logsource: {product: aws}
detection: {s: {eventName: B}, condition: s}
---
title: New
level: low
correlation:
    type: new_value
    rules: [Rule a, 6f3e2987-db24-4c78-a860-b4f4095a7091]
    group-by: [who]
    field: [agent, eventName]
    aliases:
        who: {Rule a: userIdentity.arn, Rule b: requestParameters.user}
        agent: {Rule a: userAgent, Rule b: sourceIPAddress}
)";

alert::CorrelationFacts facts_of(const correlate::KeptHit& hit) {
  auto rules = std::make_shared<sigma::RuleSet>();
  Diagnostics diagnostics;
  sigma::load_text(kRules, "rules.yml", *rules, diagnostics);
  const auto program = program::Program::compile(rules, {}, diagnostics);
  const auto correlations = correlate::Correlations::compile(rules, program, diagnostics);
  for (const Diagnostic& diagnostic : diagnostics.all()) UNSCOPED_INFO(diagnostic.message);
  REQUIRE(correlations.all().size() == 1);
  correlate::Change change;
  change.group = correlate::group_key({"alice"});
  change.closing = 7;
  const FindHit find = [&](correlate::HitRef ref) -> Result<std::optional<correlate::KeptHit>> {
    if (ref != 7) return std::nullopt;
    return hit;
  };
  const auto alert = make_episode_alert(correlations, change, find, 0);
  REQUIRE(alert);
  return alert->correlation;
}

TEST_CASE("an alert names what is new as the correlation does, each rule's event under its own") {
  correlate::KeptHit hit;
  hit.finder_title = "Rule a";
  hit.fields = {{"userIdentity.arn", {"alice"}},
                {"userAgent", {"curl"}},
                {"sourceIPAddress", {"192.0.2.1"}},  // which some other correlation reads
                {"eventName", {"A"}}};
  CHECK(facts_of(hit).values == Named{{"agent", "curl"}, {"eventName", "A"}});
  CHECK(facts_of(hit).group_by == Named{{"who", "alice"}});

  hit.finder_title = "Rule b, as it was called";
  hit.finder_id = "6f3e2987-db24-4c78-a860-b4f4095a7091";
  hit.fields = {{"requestParameters.user", {"alice"}},
                {"userAgent", {"curl"}},
                {"sourceIPAddress", {"192.0.2.1"}},
                {"eventName", {"B"}}};
  CHECK(facts_of(hit).values == Named{{"agent", "192.0.2.1"}, {"eventName", "B"}});
  CHECK(facts_of(hit).group_by == Named{{"who", "alice"}});

  // A rule that is called otherwise by now: what it has tells.
  hit.finder_title = "Rule a, as it was called";
  hit.finder_id = "";
  hit.fields = {{"requestParameters.user", {"alice"}},
                {"sourceIPAddress", {"192.0.2.1"}},
                {"eventName", {"B"}}};
  CHECK(facts_of(hit).values == Named{{"agent", "192.0.2.1"}, {"eventName", "B"}});
  hit.fields.pop_back();
  CHECK(facts_of(hit).values.empty());
}

}  // namespace
}  // namespace tocsin::pipeline
