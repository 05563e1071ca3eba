#include "differential/correlation_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "differential/correlation_cases.h"

namespace tocsin::differential {

using correlate::CorrelationIndex;
using reference::Episode;
using reference::PlainHit;
using reference::Time;

namespace {

bool is_same(const Episode& a, const Episode& b) {
  Episode c = b;
  c.measure = a.measure;
  return a == c && std::abs(a.measure - b.measure) <= 1e-9 * std::max(1.0, std::abs(a.measure));
}

// Those of `from` that are not in `others`.
std::vector<Episode> without(const std::vector<Episode>& from, std::vector<Episode> others) {
  std::vector<Episode> out;
  for (const Episode& one : from) {
    const auto same = std::find_if(others.begin(), others.end(),
                                   [&](const Episode& other) { return is_same(one, other); });
    if (same == others.end()) {
      out.push_back(one);
    } else {
      others.erase(same);
    }
  }
  return out;
}

// Leaves out the episodes of correlations that tell something as soon as they can, whenever that
// is, and of those that are above them.
std::vector<Episode> with_a_moment(const CorrelationRules& rules, std::vector<Episode> episodes) {
  std::set<std::size_t> untimed;
  for (const reference::Description& one : reference::describe(*rules.set)) {
    const bool below =
        std::any_of(one.targets.begin(), one.targets.end(), [&](const reference::Target& target) {
          return target.kind == reference::Target::Kind::correlation &&
                 untimed.count(target.index) != 0;
        });
    if (below || one.type == sigma::Correlation::Type::new_value) untimed.insert(one.document);
  }
  std::erase_if(episodes, [&](const Episode& one) { return untimed.count(one.correlation) != 0; });
  return episodes;
}

}  // namespace

std::vector<std::string> compare(const CorrelationRules& rules,
                                 const std::vector<Episode>& expected,
                                 const std::vector<Episode>& actual) {
  std::vector<std::string> out;
  for (const Episode& one : without(expected, actual)) {
    out.push_back("missing: " + describe(rules, one));
  }
  for (const Episode& one : without(actual, expected)) {
    out.push_back("not expected: " + describe(rules, one));
  }
  return out;
}

std::vector<Episode> expected_episodes(const CorrelationRules& rules,
                                       const std::vector<PlainHit>& hits, Time watermark,
                                       reference::Mistake mistake) {
  std::set<std::size_t> compiled;
  for (CorrelationIndex i = 0; i < rules.correlations->all().size(); ++i) {
    compiled.insert(rules.document_of(i));
  }
  std::vector<Episode> out = reference::Correlator(*rules.set, mistake).run(hits, watermark);
  std::erase_if(out, [&](const Episode& one) { return compiled.count(one.correlation) == 0; });
  return out;
}

void take_step(CorrelationRun& run, const Scenario& scenario, std::size_t index) {
  const Step& step = scenario.steps[index];
  switch (step.kind) {
    case Step::Kind::add: {
      std::vector<const PlainHit*> hits;
      for (const std::size_t hit : step.hits) hits.push_back(&scenario.hits[hit]);
      return run.add(hits);
    }
    case Step::Kind::advance:
      // Of a scenario from which steps were taken away, some go back.
      if (step.watermark > run.correlator().watermark()) run.advance(step.watermark);
      return;
    case Step::Kind::restart:
      return run.restart(index);
  }
}

void play(CorrelationRun& run, const Scenario& scenario) {
  for (std::size_t i = 0; i < scenario.steps.size(); ++i) take_step(run, scenario, i);
  run.finish();
}

std::vector<std::string> check(const CorrelationRules& rules, const Scenario& scenario,
                               const CheckOptions& options) {
  CorrelationRun run(rules);
  std::vector<std::string> out;
  for (std::size_t i = 0; i < scenario.steps.size() && options.timely; ++i) {
    take_step(run, scenario, i);
    const auto expected =
        expected_episodes(rules, run.taken(), run.correlator().watermark(), options.mistake);
    out = compare(rules, with_a_moment(rules, expected), with_a_moment(rules, run.episodes()));
    if (out.empty()) continue;
    out.insert(out.begin(), fmt::format("after step {}:", i));
    return out;
  }
  if (options.timely) {
    run.finish();
  } else {
    play(run, scenario);
  }
  const auto expected =
      expected_episodes(rules, run.taken(), reference::kEverythingDecided, options.mistake);
  out = compare(rules, expected, run.episodes());
  out.insert(out.end(), run.complaints().begin(), run.complaints().end());
  return out;
}

}  // namespace tocsin::differential
