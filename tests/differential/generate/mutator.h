// Damage: texts that are almost what they should be.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "differential/generate/random.h"
#include "differential/reference/json_dom.h"

namespace tocsin::differential {

// Flips, cuts, insertions, repetitions and exchanged pieces, one to four of them. `words` are
// inserted now and then.
std::string damaged(Random& random, std::string text, const std::vector<std::string>& words);

// Every record that comes of `record` when one value in it, at whatever depth, becomes null, a
// boolean, a number, a long number, text, an array, an object, or is missing.
std::vector<std::string> type_swaps(const reference::Json& record);

}  // namespace tocsin::differential
