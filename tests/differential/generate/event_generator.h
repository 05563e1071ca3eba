// Random records out of the vocabulary.
#pragma once

#include <string>

#include "differential/generate/random.h"

namespace tocsin::differential {

// One JSON object as text. Escapes and white space vary; keys may be given twice.
std::string make_event(Random& random);

}  // namespace tocsin::differential
