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

bool is_correlation(const reference::Target& target) {
  return target.kind == reference::Target::Kind::correlation;
}

// The documents above those that `is_one` says yes to, and these as well if asked for.
template <class IsOne>
std::set<std::size_t> above(const CorrelationRules& rules, bool these_too, IsOne is_one) {
  std::set<std::size_t> those, out;
  for (const reference::Description& one : reference::describe(*rules.set)) {
    const bool is_above =
        std::any_of(one.targets.begin(), one.targets.end(), [&](const reference::Target& target) {
          return is_correlation(target) && those.count(target.index) != 0;
        });
    const bool is_that = is_one(one);
    if (is_above || is_that) those.insert(one.document);
    if (is_above || (is_that && these_too)) out.insert(one.document);
  }
  return out;
}

bool is_new_value(const reference::Description& one) {
  return one.type == sigma::Correlation::Type::new_value;
}

// Its hits come late, some of them, however the events come.
bool is_new_value_of_firings(const reference::Description& one) {
  return is_new_value(one) && std::any_of(one.targets.begin(), one.targets.end(), is_correlation);
}

std::vector<Episode> without_documents(std::vector<Episode> episodes,
                                       const std::set<std::size_t>& documents) {
  std::erase_if(episodes,
                [&](const Episode& one) { return documents.count(one.correlation) != 0; });
  return episodes;
}

// Hits come in the order of time, and of events at one time.
bool is_in_order(const Scenario& scenario) {
  std::pair<Time, std::string> newest;
  std::set<std::size_t> seen;
  for (const Step& step : scenario.steps) {
    for (const std::size_t index : step.hits) {
      const PlainHit& hit = scenario.hits[index];
      if (!seen.insert(index).second) continue;
      std::pair<Time, std::string> next(hit.time, hit.event);
      if (next < newest) return false;
      newest = std::move(next);
    }
  }
  return true;
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

std::set<std::size_t> order_matters_to(const CorrelationRules& rules) {
  return above(rules, false, is_new_value);
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
  const auto difference = [&](Time watermark, const std::set<std::size_t>& left_out) {
    const auto expected = expected_episodes(rules, run.taken(), watermark, options.mistake);
    return compare(rules, without_documents(expected, left_out),
                   without_documents(run.episodes(), left_out));
  };
  if (options.timely) {
    // A new value is told as soon as it is certain, which is when it is.
    const std::set<std::size_t> left_out = above(rules, true, is_new_value);
    for (std::size_t i = 0; i < scenario.steps.size(); ++i) {
      take_step(run, scenario, i);
      auto wrong = difference(run.correlator().watermark(), left_out);
      if (wrong.empty()) continue;
      wrong.insert(wrong.begin(), fmt::format("after step {}:", i));
      return wrong;
    }
    run.finish();
  } else {
    play(run, scenario);
  }
  auto wrong = difference(reference::kEverythingDecided,
                          is_in_order(scenario) ? above(rules, false, is_new_value_of_firings)
                                                : order_matters_to(rules));
  wrong.insert(wrong.end(), run.complaints().begin(), run.complaints().end());
  return wrong;
}

}  // namespace tocsin::differential
