// The alert of an episode, out of what the correlator says and the hits that are kept.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "alert/correlation.h"
#include "correlate/correlator.h"
#include "correlate/hit_blob.h"

namespace tocsin::pipeline {

// nullopt: the hit is gone. Then the alert tells less, but its numbers are right.
using FindHit = std::function<Result<std::optional<correlate::KeptHit>>(correlate::HitRef ref)>;

// The values of a correlation's group-by, by name, out of one of the group's hits. Empty when the
// hit does not tell them.
std::vector<std::pair<std::string, std::string>> group_values(
    const correlate::Correlations& correlations, correlate::CorrelationIndex correlation,
    const correlate::KeptHit& hit, const correlate::Key& group);

// `detected_at` is Unix time in milliseconds.
Result<alert::CorrelationAlert> make_episode_alert(const correlate::Correlations& correlations,
                                                   const correlate::Change& change,
                                                   const FindHit& find, std::int64_t detected_at);

}  // namespace tocsin::pipeline
