// A value of a detection item after its modifiers: alternatives, each a sequence of symbols.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sigma/ast.h"
#include "sigma/lists.h"

namespace tocsin::reference {

struct Symbol {
  enum class Kind { literal, any_char, any_string };
  Kind kind = Kind::literal;
  char32_t character = 0;
};
using Symbols = std::vector<Symbol>;

// Specification, "String Wildcard" and "Escape Character".
Symbols read_pattern(std::string_view text);
Symbols literals(std::u32string_view text);

// Does all of `text` match?
bool glob(const Symbols& pattern, std::u32string_view text);

// The patterns that `value` of `item` stands for, linked by OR. The item's chain asks for text.
std::vector<Symbols> patterns_of(const sigma::DetectionItem& item, const std::string& value,
                                 const sigma::Lists& lists);

// `text` with each %name% replaced in all ways; the values of lists are taken as they are.
std::vector<std::string> expanded_text(const std::string& text, const sigma::Lists& lists);

}  // namespace tocsin::reference
