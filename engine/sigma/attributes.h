// The attributes that all kinds of documents share, and helpers to read attributes.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "sigma/ast.h"
#include "sigma/reporter.h"
#include "sigma/yaml_node.h"

namespace tocsin::sigma {

// Text; "" with an error for anything else, "" without one for null.
std::string read_text(const YamlEntry& entry, Reporter& report);
// A list of plain values as text; a single value is accepted with a warning.
std::vector<std::string> read_texts(const YamlEntry& entry, Reporter& report);

// Reads everything but `sections`, the keys that the kind of document has for itself.
Meta parse_meta(const YamlNode& root, std::initializer_list<std::string_view> sections,
                Reporter& report);
// `required`: a missing log source is an error.
Logsource parse_logsource(const YamlNode& root, const Span& document, Reporter& report);

// The place to blame for what a document lacks: its title, or its first line.
Span place_of(const YamlNode& root);

}  // namespace tocsin::sigma
