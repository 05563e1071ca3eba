// Random values for the items of rules, as YAML text.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>
#include <vector>

#include "differential/generate/random.h"
#include "sigma/ast.h"
#include "sigma/lists.h"

namespace tocsin::differential {

using Chain = std::vector<sigma::ModifierUse>;

inline bool has_any(const Chain& chain, std::initializer_list<sigma::Modifier> modifiers) {
  return std::any_of(chain.begin(), chain.end(), [&](const sigma::ModifierUse& use) {
    return std::find(modifiers.begin(), modifiers.end(), use.kind) != modifiers.end();
  });
}
inline bool has(const Chain& chain, sigma::Modifier modifier) {
  return has_any(chain, {modifier});
}

// A value that the chain accepts.
std::string make_value(Random& random, const Chain& chain);
std::string make_keyword(Random& random);
std::string make_number(Random& random);
std::string make_network(Random& random);

// YAML in single quotes, or in double quotes where control characters need escapes.
std::string quoted(const std::string& text);

// The lists that values with `expand` name.
sigma::Lists make_lists();

}  // namespace tocsin::differential
