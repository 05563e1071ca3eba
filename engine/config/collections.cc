// Settings that are lists of texts or maps of them.
#include <fmt/format.h>

#include "base/text.h"
#include "config/settings.h"

namespace tocsin::config {

std::vector<PlacedText> Settings::placed_texts(std::string_view key) {
  std::vector<PlacedText> out;
  const sigma::YamlNode* value = find(key);
  if (value == nullptr) return out;
  const auto add = [&](const sigma::YamlNode& node) {
    std::optional<PlacedText> text =
        node.is_null() ? PlacedText{{}, node.at()} : expanded(node, name_of(key));
    if (!text) return;
    if (text::trim(text->text).empty()) {
      report(Severity::error, "C904", text->at, fmt::format("{} has an empty entry", name_of(key)));
      return;
    }
    out.push_back(*std::move(text));
  };
  if (value->is_sequence()) {
    for (const sigma::YamlNode& item : value->items) add(item);
  } else if (value->is_scalar()) {
    add(*value);
  } else {
    report(Severity::error, "C902", value->at(),
           fmt::format("{} is a list of texts, not a map", name_of(key)));
  }
  return out;
}

std::vector<std::string> Settings::texts(std::string_view key) {
  std::vector<std::string> out;
  for (PlacedText& found : placed_texts(key)) out.push_back(std::move(found.text));
  return out;
}

std::vector<std::string> Settings::paths(std::string_view key) {
  std::vector<std::string> out;
  for (const PlacedText& found : placed_texts(key)) {
    std::string path = absolute(found, name_of(key));
    if (!path.empty()) out.push_back(std::move(path));
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> Settings::text_map(std::string_view key) {
  std::vector<std::pair<std::string, std::string>> out;
  const sigma::YamlNode* value = find(key);
  if (value == nullptr) return out;
  if (!value->is_map()) {
    report(Severity::error, "C902", value->at(),
           fmt::format("{} is a map from names to texts, not {}", name_of(key), kind_of(*value)));
    return out;
  }
  for (const sigma::YamlEntry& entry : value->entries) {
    auto text = expanded(entry.value, fmt::format("{}.{}", name_of(key), entry.key.text));
    if (text) out.emplace_back(entry.key.text, std::move(text->text));
  }
  return out;
}

}  // namespace tocsin::config
