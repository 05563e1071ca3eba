// All that reading a YAML text gives, as text that can be compared.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "sigma/yaml_reader.h"

namespace tocsin::sigma {

inline void show(const Span& at, std::string& out) {
  out += fmt::format("@{}:{}+{} ", at.line, at.column, at.length);
}

inline void show(const YamlScalar& scalar, std::string& out) {
  out += fmt::format("{}:{}<{}>", static_cast<int>(scalar.style), scalar.text.size(), scalar.text);
  show(scalar.at, out);
}

inline void show(const YamlNode& node, std::string& out) {
  out += static_cast<char>('0' + static_cast<int>(node.kind));
  show(node.scalar, out);
  for (const YamlNode& item : node.items) show(item, out);
  for (const YamlEntry& entry : node.entries) {
    show(entry.key, out);
    show(entry.value, out);
  }
  out += '.';
}

// Everything that a reading gives.
inline std::string reading(std::string_view text, YamlReading how) {
  const std::string file = "test.yml";
  Diagnostics diagnostics;
  Reporter report(text, file, diagnostics);
  std::string out;
  for (const YamlDocument& document : read_yaml(report, how)) {
    out += fmt::format("\n{} {}+{} ", document.valid, document.text.data() - text.data(),
                       document.text.size());
    show(document.root, out);
  }
  for (const Diagnostic& d : diagnostics.all()) {
    out += fmt::format("\n{} {} {}", d.code, d.message, d.snippet);
    show(d.at, out);
  }
  return out;
}

}  // namespace tocsin::sigma
