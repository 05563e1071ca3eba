// Expansion: one pattern that stands for several (modifiers windash and expand).
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "program/pattern.h"
#include "sigma/lists.h"

namespace tocsin::program {

// Every dash that begins a command-line option, in each of its five spellings, in all combinations.
// Error: more than limits::kExpandedValues of them.
Result<std::vector<Pattern>> expand_dashes(const Pattern& source);

// Every %name% replaced by each value of that list, in all combinations. Values are read as Sigma
// strings (wildcards count) unless `raw`. One placeholder may stand for a list of any length.
// Errors: an unknown list (Code::not_found), too many combinations (Code::limit).
Result<std::vector<Pattern>> expand_lists(const Pattern& source, const sigma::Lists& lists,
                                          bool raw, std::vector<std::string>& lists_used);

}  // namespace tocsin::program
