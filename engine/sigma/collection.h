// Collections: the documents of one file and what `action: global`, `repeat` and `reset` make of
// them.
#pragma once

#include <string>
#include <vector>

#include "sigma/reporter.h"
#include "sigma/yaml_node.h"

namespace tocsin::sigma {

struct CollectionItem {
  YamlNode root;      // a map, without `action`
  std::string hash;   // of the texts it comes from
  bool valid = true;  // false: an error was reported
};

// The rules, filters and correlations among `documents`, in order.
//
// What `global` gives is merged over each following rule, maps key by key; where both give a
// value, the global one counts. `repeat` merges its document over the rule before and is a rule
// of its own. Filters and correlations are not merged.
std::vector<CollectionItem> merge_collection(std::vector<YamlDocument> documents, Reporter& report);

}  // namespace tocsin::sigma
