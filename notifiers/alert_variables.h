// The names that a template may use, and what they stand for.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "deliver/notifier.h"

namespace tocsin::notifiers {

struct Variable {
  std::string_view name;
  std::string (*value)(const deliver::Item&);
};

// One round of a section: values by the names of Section::inside.
using Round = std::vector<std::string>;
struct Section {
  std::string_view name;
  std::array<std::string_view, 4> inside;
  std::vector<Round> (*rounds)(const deliver::Item&);
};

std::span<const Variable> text_variables();
// JSON as it is.
std::span<const Variable> json_variables();
std::span<const Section> sections();
// nullptr when there is none of that name.
const Section* find_section(std::string_view name);

}  // namespace tocsin::notifiers
