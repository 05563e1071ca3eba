// The parts of parse_correlation.cc: each reads some keys of the section `correlation`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sigma/ast.h"
#include "sigma/reporter.h"
#include "sigma/yaml_node.h"

namespace tocsin::sigma {

struct CorrelationSection {
  const YamlEntry& section;
  Correlation& out;  // `type` is known
  Reporter& report;

  const YamlEntry* find(std::string_view key) const { return section.value.find(key); }
};

bool is_temporal(Correlation::Type type);
std::optional<double> to_number(const YamlNode& node);
// One field, or a list of them.
std::vector<std::string> read_fields(const YamlEntry& entry, Reporter& report);
// Seconds; nullopt after an error.
std::optional<std::uint64_t> read_timespan(const YamlEntry& entry, Reporter& report);

// `condition` of the types that have bounds or a boolean expression. `rules` are known.
void parse_correlation_condition(CorrelationSection& in);
// The 2.2 draft: a boolean expression over the rules. Without `rules` it also names them.
void parse_correlation_expression(CorrelationSection& in, const YamlScalar& scalar);
// Bounds that nothing fulfils, that are beyond what is kept, or that everything fulfils.
void check_bounds(const Correlation& correlation, Reporter& report);
// What `new_value` has for itself.
void parse_new_value(CorrelationSection& in);

}  // namespace tocsin::sigma
