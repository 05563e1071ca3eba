// Scenarios on the engine and on the reference, and what differs.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "differential/correlation_rules.h"
#include "differential/correlation_run.h"
#include "differential/generate/correlation_scenario.h"

namespace tocsin::differential {

struct CheckOptions {
  reference::Mistake mistake = reference::Mistake::none;
  // Also after each step, not only in the end.
  bool timely = false;
};

// What is wrong, a line each; empty when all is well. What depends on the order of arrival is only
// looked at when that is the order of time.
std::vector<std::string> check(const CorrelationRules& rules, const Scenario& scenario,
                               const CheckOptions& options);

// The documents whose episodes are not the same in each order of arrival: those above a new_value,
// which gives them a hit for each use that was told as the first.
std::set<std::size_t> order_matters_to(const CorrelationRules& rules);

void take_step(CorrelationRun& run, const Scenario& scenario, std::size_t index);
// Runs all steps, then decides everything.
void play(CorrelationRun& run, const Scenario& scenario);

// Lines about episodes that only one of the two has.
std::vector<std::string> compare(const CorrelationRules& rules,
                                 const std::vector<reference::Episode>& expected,
                                 const std::vector<reference::Episode>& actual);
// Of the correlations that the engine has compiled.
std::vector<reference::Episode> expected_episodes(const CorrelationRules& rules,
                                                  const std::vector<reference::PlainHit>& hits,
                                                  reference::Time watermark,
                                                  reference::Mistake mistake);

// The documents and steps that are needed for something to be wrong, as text to try again with.
std::string reproduction(const std::string& yaml, Scenario scenario, const CheckOptions& options);

}  // namespace tocsin::differential
