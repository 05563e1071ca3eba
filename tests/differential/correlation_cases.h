// Hand-written cases for correlations: documents, steps, and the episodes that must come of them.
//
// A file of them is a list of
//   == name
//   what stands under `correlation:` of the document c1, then of c2 … behind `---`
//   -- steps
//   RULE[+RULE] TIME [event=NAME] [source=NAME] [FIELD=VALUE[|VALUE]]    an event; `-`: of no rule
//   RULE FROM..TO                                                        one each second
//   > TIME                                                               the watermark
//   restart
//   ? NUMBER                                                             so many episodes by now
//   -- episodes
//   what describe() says of each, in any order
// Times are seconds. The rules A to D are there; each event has a name of its own by default.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "differential/correlation_rules.h"
#include "differential/generate/correlation_scenario.h"
#include "differential/reference/correlator.h"

namespace tocsin::differential {

struct CorrelationCase {
  std::string name, yaml;
  Scenario scenario;
  std::map<std::size_t, std::size_t> counts;  // episodes there are before the step of that index
  std::vector<std::string> expected;          // sorted
};

// Fails the test case when the file cannot be read.
std::vector<CorrelationCase> read_correlation_cases(const std::string& path);

// "c1 [alice] firings=2 first=110 last=120 window=110..120 hits=2 measure=2"
std::string describe(const CorrelationRules& rules, const reference::Episode& episode);
// Sorted.
std::vector<std::string> describe(const CorrelationRules& rules,
                                  const std::vector<reference::Episode>& episodes);
// Seconds, without zeros at the end.
std::string time_text(reference::Time time);

}  // namespace tocsin::differential
