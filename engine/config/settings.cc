#include "config/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/text.h"

namespace tocsin::config {
namespace {

const sigma::YamlNode kNothing{};  // a scalar null

// "receivers[3]" and "receivers[0]" have the same keys.
std::string without_indexes(std::string_view what) {
  std::string out;
  bool inside = false;
  for (const char c : what) {
    if (c == ']') inside = false;
    if (!inside) out += c;
    if (c == '[') inside = true;
  }
  return out;
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7F;
  });
}

}  // namespace

std::string_view kind_of(const sigma::YamlNode& node) {
  return node.is_map() ? "a map" : node.is_sequence() ? "a list" : "a single value";
}

Settings::Settings(const sigma::YamlNode& map, std::string what, Context& context)
    : map_(&map), place_(map.at()), what_(std::move(what)), context_(&context) {
  if (map.is_map() || map.is_null()) return;
  report(Severity::error, "C902", map.at(),
         fmt::format("{} is a map of keys and values, not {}", own_name(), kind_of(map)));
  map_ = &kNothing;
}

void Settings::ask(std::string_view key) {
  if (std::find(asked_.begin(), asked_.end(), key) == asked_.end()) asked_.emplace_back(key);
  if (context_->asked != nullptr) context_->asked->insert(without_indexes(name_of(key)));
}

const sigma::YamlNode* Settings::find(std::string_view key) {
  ask(key);
  const sigma::YamlEntry* entry = map_->find(key);
  return entry == nullptr || entry->value.is_null() ? nullptr : &entry->value;
}

std::string Settings::name_of(std::string_view key) const {
  return what_.empty() ? std::string(key) : fmt::format("{}.{}", what_, key);
}

bool Settings::has(std::string_view key) const {
  const sigma::YamlEntry* entry = map_->find(key);
  return entry != nullptr && !entry->value.is_null();
}

Span Settings::at(std::string_view key) const {
  const sigma::YamlEntry* entry = map_->find(key);
  if (entry == nullptr) return place_;
  return entry->value.is_null() ? entry->key.at : entry->value.at();
}

Span Settings::place_of_key(std::string_view key) const {
  const sigma::YamlEntry* entry = map_->find(key);
  return entry == nullptr ? place_ : entry->key.at;
}

std::optional<PlacedText> Settings::expanded(const sigma::YamlNode& value,
                                             const std::string& what) {
  if (!value.is_scalar()) {
    report(Severity::error, "C902", value.at(),
           fmt::format("{} is a single value, not {}", what, kind_of(value)));
    return std::nullopt;
  }
  auto text = replace_variables(value.scalar.text, context_->environment);
  if (!text) {
    report(Severity::error, "C908", value.scalar.within(text.error().offset, text.error().length),
           fmt::format("{}: {}", what, text.error().message));
    return std::nullopt;
  }
  if (has_control(*text)) {
    report(Severity::error, "C906", value.at(),
           fmt::format("{} has a control character in it", what));
    return std::nullopt;
  }
  return PlacedText{*std::move(text), value.at()};
}

std::optional<PlacedText> Settings::scalar(std::string_view key) {
  const sigma::YamlNode* value = find(key);
  return value == nullptr ? std::nullopt : expanded(*value, name_of(key));
}

void Settings::error(std::string_view key, std::string message, std::string suggestion) {
  report(Severity::error, "C906", at(key), std::move(message), std::move(suggestion));
}

void Settings::warning(std::string_view key, std::string message) {
  report(Severity::warning, "C906", at(key), std::move(message));
}

void Settings::report(Severity severity, sigma::DiagnosticCode code, Span at, std::string message,
                      std::string suggestion) {
  if (severity == Severity::error) {
    context_->report.error(code, at, std::move(message), std::move(suggestion));
  } else {
    context_->report.warning(code, at, std::move(message), std::move(suggestion));
  }
}

std::string Settings::text(std::string_view key, std::string_view otherwise) {
  std::optional<PlacedText> found = scalar(key);
  return found ? std::move(found->text) : std::string(otherwise);
}

std::string Settings::required_text(std::string_view key) {
  const sigma::YamlNode* value = find(key);
  if (value == nullptr) {
    report(Severity::error, "C904", at(key),
           fmt::format("{} is missing its `{}`", own_name(), key));
    return {};
  }
  std::optional<PlacedText> found = expanded(*value, name_of(key));
  if (!found) return {};
  if (text::trim(found->text).empty()) {
    report(Severity::error, "C904", found->at, fmt::format("{} must not be empty", name_of(key)));
  }
  return std::move(found->text);
}

std::string Settings::absolute(const PlacedText& path, const std::string& what) {
  if (path.text.empty()) {
    report(Severity::error, "C904", path.at, fmt::format("{} must not be empty", what));
    return {};
  }
  if (path.text.starts_with('~')) {
    report(Severity::error, "C906", path.at,
           fmt::format("{}: `~` is not replaced; write ${{HOME}}, or ./~ for a file of that name",
                       what));
    return {};
  }
  std::filesystem::path full = std::filesystem::path(context_->folder) / path.text;
  return full.lexically_normal().string();
}

std::string Settings::path(std::string_view key, std::string_view otherwise) {
  if (find(key) == nullptr) {
    return otherwise.empty() ? std::string()
                             : absolute({std::string(otherwise), place_}, name_of(key));
  }
  const std::optional<PlacedText> found = scalar(key);
  return found ? absolute(*found, name_of(key)) : std::string();
}

Result<std::string> Settings::read_file(const std::string& path, std::size_t limit) {
  context_->files_read.push_back(path);
  Result<Files::Content> content = context_->files->read(path, limit);
  if (!content) return tl::unexpected(std::move(content.error()));
  return std::move(content->text);
}

Settings Settings::map(std::string_view key) {
  const sigma::YamlNode* value = find(key);
  Settings out(value == nullptr ? kNothing : *value, name_of(key), *context_);
  if (value == nullptr) out.place_ = place_of_key(key);
  return out;
}

std::vector<std::pair<PlacedText, Settings>> Settings::named_maps(std::string_view key) {
  std::vector<std::pair<PlacedText, Settings>> out;
  const sigma::YamlNode* value = find(key);
  if (value == nullptr) return out;
  if (!value->is_map()) {
    report(Severity::error, "C902", value->at(),
           fmt::format("{} is a map, not {}", name_of(key), kind_of(*value)));
    return out;
  }
  for (const sigma::YamlEntry& entry : value->entries) {
    const std::string name = fmt::format("{}.{}", name_of(key), entry.key.text);
    if (context_->asked != nullptr) context_->asked->insert(without_indexes(name));
    out.emplace_back(PlacedText{entry.key.text, entry.key.at},
                     Settings(entry.value, name, *context_));
  }
  return out;
}

std::vector<Settings> Settings::maps(std::string_view key, bool may_be_empty) {
  std::vector<Settings> out;
  const sigma::YamlNode* value = find(key);
  if (value == nullptr) return out;
  if (!value->is_sequence()) {
    report(Severity::error, "C902", value->at(),
           fmt::format("{} is a list, whose entries begin with `- `, not {}", name_of(key),
                       kind_of(*value)));
    return out;
  }
  if (value->items.empty() && !may_be_empty) {
    report(Severity::error, "C904", value->at(),
           fmt::format("{} has no entry; without the key there is a default", name_of(key)));
  }
  for (std::size_t i = 0; i < value->items.size(); ++i) {
    out.emplace_back(value->items[i], fmt::format("{}[{}]", name_of(key), i), *context_);
  }
  return out;
}

void Settings::finish() {
  if (finished_) return;
  finished_ = true;
  const std::vector<std::string_view> known(asked_.begin(), asked_.end());
  for (const sigma::YamlEntry& entry : map_->entries) {
    if (std::find(known.begin(), known.end(), entry.key.text) != known.end()) continue;
    const std::string_view near = text::nearest(entry.key.text, known);
    std::string message = fmt::format("unknown key `{}`{}", entry.key.text,
                                      what_.empty() ? "" : fmt::format(" in {}", what_));
    if (near.empty() && !known.empty()) {
      message += fmt::format("; there are {}", fmt::join(known, ", "));
    }
    report(Severity::error, "C903", entry.key.at, std::move(message), std::string(near));
  }
}

}  // namespace tocsin::config
