// The small alphabet from which rules and events are drawn, so that they meet.
#pragma once

#include <string>
#include <vector>

#include "differential/generate/random.h"

namespace tocsin::differential {

// Field paths that rules ask for, and keys that objects of events have.
const std::vector<std::string>& field_paths();
const std::vector<std::string>& keys();

// A plain text: a word, or several, or an encoding of one.
std::string plain_text(Random& random);
// A word that has no encoding and no neighbours.
const std::string& word(Random& random);

}  // namespace tocsin::differential
