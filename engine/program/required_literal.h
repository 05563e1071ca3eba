// Required literals: texts that must occur, case aside, in whatever a pattern matches. They let a
// LiteralSet decide which patterns are worth trying.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "program/pattern.h"

namespace re2 {
class RE2;
}

namespace tocsin::program {

// In which text a literal is looked for.
enum class Haystack {
  value,   // the folded text of one value
  record,  // the bytes of a record that spells out its texts (Event::is_spelled_out)
};

// The part of a folded literal that can be looked for there: of a record, the rarest stretch of
// plain ASCII that no JSON escape touches and that no number could be written without. "" for none.
std::string usable_part(std::string_view folded, Haystack haystack);

// The rarest literal that every match of the glob contains, folded; "" for none. `cased`: the glob
// is compared with texts that are not folded.
std::string required_literal(const Glob& glob, bool cased, Haystack haystack);

// Folded literals of which every match of the regex contains at least one; empty for none. They may
// be looked for in the whole text when the regex sees only its beginning.
std::vector<std::string> required_literals(const re2::RE2& regex, Haystack haystack);

}  // namespace tocsin::program
