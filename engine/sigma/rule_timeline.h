// Timelines of rule tests: steps in the order of arrival, and the alerts that they must raise.
#pragma once

#include <cstdint>
#include <vector>

#include "sigma/reporter.h"
#include "sigma/rule_test.h"
#include "sigma/yaml_node.h"

namespace tocsin::sigma {

// What the timelines of one file share.
struct TimelineFile {
  const YamlEntry* base = nullptr;  // of every event; a map
  std::int64_t start_ns = 0;
  std::size_t events = 0, bytes = 0;  // unrolled so far
};

// `test` counts the tests of the file: the event ids follow from it and the place in the timeline.
std::vector<TimelineStep> parse_timeline(const YamlEntry& timeline, std::size_t test,
                                         TimelineFile& file, Reporter& report);
std::vector<ExpectedAlert> parse_expected_alerts(const YamlEntry& alerts, std::int64_t start_ns,
                                                 Reporter& report);

}  // namespace tocsin::sigma
