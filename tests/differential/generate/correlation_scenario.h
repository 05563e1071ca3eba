// Random events for correlations, and the ways in which they arrive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "differential/generate/correlation_documents.h"
#include "differential/generate/random.h"
#include "differential/reference/correlator.h"

namespace tocsin::differential {

// What happens to a correlator, one after the other.
struct Step {
  enum class Kind { add, advance, restart };
  Kind kind = Kind::add;
  std::vector<std::size_t> hits;  // of add: indices into Scenario::hits
  reference::Time watermark = 0;  // of advance
};

// Any order of any steps is a scenario: what comes below the watermark is late.
struct Scenario {
  std::vector<reference::PlainHit> hits;
  std::vector<Step> steps;
};

// Hits at and around the edges of the documents' time spans.
std::vector<reference::PlainHit> make_hits(Random& random, const CorrelationDocuments& documents);

// How many hits arrive at once: at most `largest`.
struct Arrival {
  std::size_t largest_batch = 8;
  std::size_t restarts = 0;
  bool duplicates = true;
  bool late = true;  // now and then something comes too late
};
Arrival make_arrival(Random& random, std::size_t hits);

// Out of order, but (except for what is late) each hit before the watermark has passed it.
Scenario make_scenario(Random& random, std::vector<reference::PlainHit> hits,
                       const Arrival& arrival);

}  // namespace tocsin::differential
