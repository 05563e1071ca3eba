// Random rules and correlations over them, as YAML text.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "differential/generate/random.h"

namespace tocsin::differential {

struct CorrelationDocuments {
  std::vector<std::string> rules;  // titles
  std::size_t correlations = 0;
  std::vector<std::int64_t> timespans;  // nanoseconds; of all correlations
  std::string yaml;
};

// Two to four rules and several correlations, some of them over others. Nearly all can be compiled.
CorrelationDocuments make_correlations(Random& random);

}  // namespace tocsin::differential
