#include "aws/profile.h"

#include <fmt/format.h>

#include <optional>

#include "base/text.h"

namespace tocsin::aws {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

std::string_view unquoted(std::string_view text) {
  text = text::trim(text);
  if (text.size() >= 2 && (text.front() == '"' || text.front() == '\'') &&
      text.back() == text.front()) {
    return text.substr(1, text.size() - 2);
  }
  return text;
}

// "profile NAME", with the word in front: NAME.
std::optional<std::string_view> after_word(std::string_view title, std::string_view word) {
  if (!title.starts_with(word) || title.size() == word.size() || !is_blank(title[word.size()])) {
    return std::nullopt;
  }
  return unquoted(title.substr(word.size()));
}

// Where the settings of a section go; nullptr: nowhere, it is about something else.
Section* section_for(ProfileFile kind, std::string_view title, Profiles& profiles) {
  if (kind == ProfileFile::credentials) return &profiles.profiles[std::string(title)];
  if (title == "default") return &profiles.profiles["default"];
  if (const auto name = after_word(title, "profile")) {
    return &profiles.profiles[std::string(*name)];
  }
  if (const auto name = after_word(title, "services")) {
    return &profiles.services[std::string(*name)];
  }
  return nullptr;
}

struct Setting {
  std::string key;
  std::string value;
};

std::optional<Setting> read_setting(std::string_view line) {
  const std::size_t sign = line.find_first_of("=:");
  if (sign == line.npos || text::trim(line.substr(0, sign)).empty()) return std::nullopt;
  return Setting{lower(text::trim(line.substr(0, sign))),
                 std::string(text::trim(line.substr(sign + 1)))};
}

}  // namespace

std::string_view value_of(const Section& section, std::string_view key) {
  const auto found = section.find(key);
  return found == section.end() ? std::string_view() : std::string_view(found->second);
}

const Section* Profiles::find(std::string_view name) const {
  const auto found = profiles.find(name);
  return found == profiles.end() ? nullptr : &found->second;
}

Status add_profiles(ProfileFile kind, std::string_view text, const std::string& path,
                    Profiles& profiles) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  Section* section = nullptr;
  bool in_section = false;
  std::string outer;  // the setting whose block of indented lines this is
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view raw = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string_view line = text::trim(raw);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    const auto refuse = [&](std::string_view why) {
      return fail(Code::invalid_input,
                  fmt::format("{}, line {}: {}", text::printable(path), number, why));
    };
    const bool is_indented = is_blank(raw.front());
    if (!is_indented && line.front() == '[') {
      if (line.back() != ']') return refuse("a section's name ends with ]");
      section = section_for(kind, text::trim(line.substr(1, line.size() - 2)), profiles);
      in_section = true;
      outer.clear();
      continue;
    }
    if (!in_section) return refuse("a setting stands before the first [section]");
    const std::optional<Setting> setting = read_setting(line);
    if (is_indented && !outer.empty()) {
      // A block below "name =", or a value that goes on, of which there is none that we need.
      if (setting && section != nullptr) (*section)[outer + '.' + setting->key] = setting->value;
      continue;
    }
    if (!setting) return refuse("this is neither `name = value` nor a [section]");
    outer = setting->key;
    if (section != nullptr) (*section)[setting->key] = setting->value;
  }
  return {};
}

}  // namespace tocsin::aws
