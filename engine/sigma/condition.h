// Conditions: `selection and not 1 of filter_*` → a tree.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "sigma/ast.h"
#include "sigma/reporter.h"
#include "sigma/yaml_node.h"

namespace tocsin::sigma {

// What a condition may speak about.
struct ConditionNames {
  std::vector<std::string_view> names;
  // false: `1 of` and `all of` are not allowed (the condition of a correlation).
  bool quantifiers = true;
};

// Parses the condition in `scalar`. Operators bind in the order not, and, or. Every name in the
// result is one of `names`, and every pattern matches at least one of them: a pattern that matches
// nothing is dropped from its and/or with a warning. nullopt when there was an error.
std::optional<Condition> parse_condition(const YamlScalar& scalar, const ConditionNames& names,
                                         Reporter& report);

// Does `pattern` of `1 of pattern` mean the search identifier `name`? `them` and patterns that do
// not begin with `_` leave out names that do.
bool selects(std::string_view pattern, std::string_view name);

}  // namespace tocsin::sigma
