// What the mutation tests damage.
#pragma once

#include <string>
#include <vector>

namespace tocsin::differential {

// Records of CloudTrail's shape.
const std::vector<std::string>& sample_records();
// Rule files: detections with every modifier, filters, correlations, several documents.
const std::vector<std::string>& sample_rules();

}  // namespace tocsin::differential
