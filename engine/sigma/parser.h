// Parsing: one YAML document → Rule, Filter or Correlation. Every problem is reported with its
// place; nullopt when there was an error.
#pragma once

#include <optional>

#include "sigma/ast.h"
#include "sigma/reporter.h"
#include "sigma/yaml_node.h"

namespace tocsin::sigma {

std::optional<Rule> parse_rule(const YamlNode& root, Reporter& report);
std::optional<Filter> parse_filter(const YamlNode& root, Reporter& report);
std::optional<Correlation> parse_correlation(const YamlNode& root, Reporter& report);

}  // namespace tocsin::sigma
