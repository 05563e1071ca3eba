// Hand-computed edges of every type: what the engine and the reference make of
// correlation_edges.txt.
#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "differential/correlation_cases.h"
#include "differential/correlation_check.h"
#include "differential/correlation_rules.h"
#include "differential/correlation_run.h"
#include "source_dir.h"

namespace {

using namespace tocsin;
using namespace tocsin::differential;
using reference::PlainHit;

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += line + "\n";
  return out;
}

std::vector<CorrelationCase> cases() {
  return read_correlation_cases(std::string(TOCSIN_SOURCE_DIR) +
                                "/tests/differential/correlation_edges.txt");
}

CorrelationRules load(const CorrelationCase& one) {
  CorrelationRules rules = load_correlations(one.yaml);
  for (const Diagnostic& d : rules.diagnostics.all()) {
    if (d.severity == Severity::error) FAIL_CHECK(one.name << ": " << d.message);
  }
  return rules;
}

bool only_adds(const Scenario& scenario) {
  return std::all_of(scenario.steps.begin(), scenario.steps.end(),
                     [](const Step& step) { return step.kind == Step::Kind::add; });
}

}  // namespace

TEST_CASE("edges of windows, step by step") {
  for (const CorrelationCase& one : cases()) {
    INFO(one.name);
    const CorrelationRules rules = load(one);
    CorrelationRun run(rules);
    for (std::size_t i = 0; i <= one.scenario.steps.size(); ++i) {
      const auto count = one.counts.find(i);
      INFO("before step " << i << ":\n" << joined(describe(rules, run.episodes())));
      if (count != one.counts.end()) CHECK(run.episodes().size() == count->second);
      if (i < one.scenario.steps.size()) take_step(run, one.scenario, i);
    }
    run.finish();
    CHECK(joined(describe(rules, run.episodes())) == joined(one.expected));
    CHECK(joined(run.complaints()) == "");
    const auto reference = expected_episodes(rules, run.taken(), reference::kEverythingDecided,
                                             reference::Mistake::none);
    CHECK(joined(describe(rules, reference)) == joined(one.expected));
  }
}

TEST_CASE("edges of windows, in other orders") {
  for (const CorrelationCase& one : cases()) {
    if (!only_adds(one.scenario)) continue;
    INFO(one.name);
    const CorrelationRules rules = load(one);
    std::vector<const PlainHit*> hits;
    for (const PlainHit& hit : one.scenario.hits) hits.push_back(&hit);
    for (const bool backwards : {false, true}) {
      if (backwards) std::reverse(hits.begin(), hits.end());
      CorrelationRun at_once(rules), one_by_one(rules), restarted(rules);
      at_once.add(hits);
      for (const PlainHit* hit : hits) {
        one_by_one.add({hit});
        restarted.add({hit});
        restarted.restart(1);
      }
      for (CorrelationRun* run : {&at_once, &one_by_one, &restarted}) {
        run->finish();
        CHECK(joined(describe(rules, run->episodes())) == joined(one.expected));
        CHECK(joined(run->complaints()) == "");
      }
    }
  }
}
