#include "sigma/test_event.h"

#include <algorithm>
#include <utility>

namespace tocsin::sigma {
namespace {

YamlEntry* find_entry(YamlNode& map, std::string_view key) {
  const auto found = std::find_if(map.entries.begin(), map.entries.end(),
                                  [&](const YamlEntry& entry) { return entry.key.text == key; });
  return found == map.entries.end() ? nullptr : &*found;
}

// What is left of `path` behind `key` and a dot; "" when the path does not begin so.
std::string_view rest_of(std::string_view path, std::string_view key) {
  const bool begins = path.size() > key.size() + 1 && path.starts_with(key);
  return begins && path[key.size()] == '.' ? path.substr(key.size() + 1) : std::string_view();
}

}  // namespace

void merge_event(YamlNode& target, const YamlNode& source) {
  if (!target.is_map() || !source.is_map()) {
    target = source;
    return;
  }
  for (const YamlEntry& entry : source.entries) {
    if (YamlEntry* known = find_entry(target, entry.key.text)) {
      merge_event(known->value, entry.value);
    } else {
      target.entries.push_back(entry);
    }
  }
}

bool remove_path(YamlNode& node, std::string_view path) {
  for (auto entry = node.entries.begin(); entry != node.entries.end(); ++entry) {
    if (entry->key.text == path) {
      node.entries.erase(entry);
      return true;
    }
    const std::string_view rest = rest_of(path, entry->key.text);
    if (!rest.empty() && remove_path(entry->value, rest)) return true;
  }
  return false;
}

bool set_path(YamlNode& node, std::string_view path, std::string_view text) {
  if (!node.is_map()) return false;
  YamlEntry* entry = find_entry(node, path);
  if (entry == nullptr) {
    for (YamlEntry& known : node.entries) {
      const std::string_view rest = rest_of(path, known.key.text);
      if (!rest.empty()) return set_path(known.value, rest, text);
    }
    const std::size_t dot = path.find('.');
    entry = &node.entries.emplace_back();
    entry->key.text = path.substr(0, dot);
    if (dot != std::string_view::npos) {
      entry->value.kind = YamlNode::Kind::map;
      return set_path(entry->value, path.substr(dot + 1), text);
    }
  }
  YamlNode value;
  value.scalar.text = text;
  value.scalar.style = YamlScalar::Style::quoted;
  entry->value = std::move(value);
  return true;
}

}  // namespace tocsin::sigma
