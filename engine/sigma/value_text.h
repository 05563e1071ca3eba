// How a Sigma string reads: wildcards, escapes and placeholders.
//
// `*` and `?` are wildcards, `\*` `\?` `\\` the characters themselves, any other backslash is a
// plain one. With `expand`, `%name%` is a placeholder and `\%` a percent sign.
#pragma once

#include <string_view>
#include <vector>

namespace tocsin::sigma {

bool has_wildcard(std::string_view value);

// The names of the placeholders in order of appearance, views into `value`. A name is not empty
// and contains no percent sign or wildcard.
std::vector<std::string_view> placeholder_names(std::string_view value);

// Nothing but `*`: such a value matches every text.
bool matches_everything(std::string_view value);

}  // namespace tocsin::sigma
