// Random rules out of the vocabulary, as YAML text.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "differential/generate/random.h"
#include "differential/generate/value_generator.h"

namespace tocsin::differential {

// One rule document. `number` makes its title and id unique.
std::string make_rule(Random& random, std::size_t number);
// One filter document for the rule of that number.
std::string make_filter(Random& random, std::size_t number);

// Every legal chain of at most three modifiers that can match text at all, by length.
using ChainsByLength = std::array<std::vector<Chain>, 4>;
const ChainsByLength& legal_chains();

}  // namespace tocsin::differential
