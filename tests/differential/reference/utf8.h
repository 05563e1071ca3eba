// UTF-8 by the table of the Unicode standard.
#pragma once

#include <string>
#include <string_view>

namespace tocsin::reference {

// Code points of UTF-8 and back. A maximal subpart of an ill-formed sequence is one U+FFFD.
std::u32string decode(std::string_view text);
std::string encode(std::u32string_view code_points);
bool is_valid_utf8(std::string_view text);

}  // namespace tocsin::reference
