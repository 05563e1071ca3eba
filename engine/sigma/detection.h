// Detections: the search identifiers of a rule or filter, and the conditions over them.
#pragma once

#include <vector>

#include "sigma/ast.h"
#include "sigma/reporter.h"
#include "sigma/yaml_node.h"

namespace tocsin::sigma {

struct Detections {
  std::vector<NamedDetection> named;
  std::vector<Condition> conditions;
};

// Parses `section`, a map of search identifiers and `condition`; `other` names a key that is
// neither ("" for none). Everything wrong is reported.
Detections parse_detections(const YamlEntry& section, std::string_view other, Reporter& report);

}  // namespace tocsin::sigma
