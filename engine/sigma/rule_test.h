// Rule tests: the file `<name>.test.yml` beside a rule `<name>.yml`, as data.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "sigma/lists.h"

namespace tocsin::sigma {

struct RuleTestCase {
  std::string name;
  bool fires = true;
  std::string event_json;  // compact JSON of base ⊕ event ⊖ without; "" with event_file
  std::string event_file;  // path relative to the test file; "" with an inline event
  std::vector<std::string> matched;  // fields that must be among the matched ones
  Span at;
};

struct RuleTestFile {
  std::string file;
  std::string rule;  // id, name or title when the rule file holds several; "" = all its rules
  Lists lists;       // overrides for this file
  std::vector<RuleTestCase> tests;
};

// Parses the text of a test file. Keys: `rule`, `base`, `lists`, `tests` (each test: `name`,
// `fires`, `event` or `event_file`, `without`, `matched`). `event` is merged over `base`: maps
// merge key by key, anything else replaces. nullopt when there was an error (all reported).
std::optional<RuleTestFile> parse_rule_tests(std::string_view text, const std::string& file,
                                             Diagnostics& diagnostics);

}  // namespace tocsin::sigma
