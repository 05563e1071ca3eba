// What a scalar means: YAML 1.1 core resolution, as the loaders that Sigma rules are written for
// apply it, and the tree as JSON.
//
// Deliberate differences from YAML 1.1: timestamps, base-60 integers (`1:30`), `.inf` and `.nan`
// are text; so is a hexadecimal, octal or binary integer of more than 64 bits.
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

// "true"/"false", the canonical number, "" for null, else the text itself.
std::string canonical_text(const YamlScalar& scalar, ScalarType type);

// Appends the value of `node`.
void write_json(const YamlNode& node, JsonWriter& out);
std::string to_json(const YamlNode& node);

}  // namespace tocsin::sigma
