// Events of rule tests: YAML trees that are merged, cut and changed.
#pragma once

#include <string>
#include <string_view>

#include "sigma/yaml_node.h"

namespace tocsin::sigma {

// Maps merge key by key, anything else replaces.
void merge_event(YamlNode& target, const YamlNode& source);

// Removes what the dotted path names; a key that itself contains dots is found too. False when
// there is nothing.
bool remove_path(YamlNode& node, std::string_view path);

// Puts a text where the dotted path says, making the maps on the way. False when something on the
// way is no map.
bool set_path(YamlNode& node, std::string_view path, std::string_view text);

}  // namespace tocsin::sigma
