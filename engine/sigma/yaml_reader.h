// Reading YAML: text → documents. Stricter than YAML, because these files decide what is alerted
// on: no anchors, aliases, tags, merge keys or duplicate keys, no quote left open, bounded depth
// and size (base/limits.h).
#pragma once

#include <vector>

#include "sigma/reporter.h"
#include "sigma/yaml_node.h"

namespace tocsin::sigma {

// The two ways read the same. Plain files (plain_yaml.h) are read in a seventh of the time.
enum class YamlReading { plain_first, library_only };

// The documents of report.text(), which must outlive them. Every problem is reported. A problem
// inside one document makes that one invalid; a problem that leaves the rest of the file without
// meaning ends it with an invalid document. Empty documents are left out.
std::vector<YamlDocument> read_yaml(Reporter& report,
                                    YamlReading reading = YamlReading::plain_first);

}  // namespace tocsin::sigma
