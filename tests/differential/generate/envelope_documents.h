// Texts of JSON values in which events are wrapped in every way: lines, arrays, containers,
// envelopes and their payloads, in one another, with odd elements, members that occur twice, keys
// and texts that are escaped, and blanks anywhere. They are good JSON, and hold no bare scalar.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "differential/generate/random.h"

namespace tocsin::differential {

// No object: what may stand among the elements of an array, or in place of a payload.
const std::vector<std::string>& odd_elements();

// A JSON string that reads as `text`; with `escapes`, some characters are written as \u.
std::string json_string(std::string_view text, bool escapes, Random& random);

// `depth`: how often one thing may be in another.
std::string envelope_document(Random& random, std::size_t depth);
// Several of them.
std::string envelope_stream(Random& random, std::size_t depth);

// Ways to wrap a list of elements: each gives a document with `elements` in it, some as JSON, some
// as text. What cannot wrap an element that is no object leaves it as it is.
using Wrap = std::string (*)(const std::vector<std::string>& elements);
const std::vector<Wrap>& container_shapes();

}  // namespace tocsin::differential
