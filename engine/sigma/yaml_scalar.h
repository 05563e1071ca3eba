// The type and value of a scalar, and the tree as JSON.
//
// `true` and `false` are the only booleans, as in YAML 1.2.2: `yes`, `no`, `on` and `off` are text.
// Numbers are read as the loaders of YAML 1.1 do that Sigma rules are written for, with the
// exception of timestamps, base-60 integers (`1:30`), `.inf` and `.nan`, which are text; so is a
// hexadecimal, octal or binary integer of more than 64 bits.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sigma/yaml_node.h"

namespace tocsin {
class JsonWriter;
}

namespace tocsin::sigma {

enum class ScalarType : std::uint8_t { null, boolean, integer, floating, text };

ScalarType type_of(const YamlScalar& scalar);

// `yes`, `no`, `on` or `off` without quotes: booleans of YAML 1.1.
bool is_old_boolean(const YamlScalar& scalar);

// "true"/"false", the canonical number, "" for null, else the text itself.
std::string canonical_text(const YamlScalar& scalar, ScalarType type);

// Appends the value of `node`.
void write_json(const YamlNode& node, JsonWriter& out);
std::string to_json(const YamlNode& node);

}  // namespace tocsin::sigma
