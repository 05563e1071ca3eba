// Evidence: which of the hits in a window people are shown (README.md, "Evidence").
#pragma once

#include <vector>

#include "correlate/correlations.h"
#include "correlate/group.h"

namespace tocsin::correlate {

// The evidence of hits[begin, end), which a firing of `correlation` was found in: at most kEvidence
// hits, in their order. Cost: the number of hits times the number of inputs.
std::vector<HitRef> evidence_of(const CompiledCorrelation& correlation,
                                const std::vector<Entry>& hits, std::size_t begin, std::size_t end);

}  // namespace tocsin::correlate
