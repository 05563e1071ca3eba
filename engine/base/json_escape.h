// The inside of JSON strings. Escaped text is one line of valid UTF-8 whatever bytes come in:
// ill-formed sequences become U+FFFD.
#pragma once

#include <cstddef>
#include <string_view>

namespace tocsin {

// The number of bytes at the start of `text` that stand for themselves.
std::size_t plain_prefix(std::string_view text);

// Room that json_escape() needs for `size` bytes: each may become \u00XX, and whole words are
// written.
constexpr std::size_t escaped_room(std::size_t size) {
  return 6 * size + 8;
}

// Writes `text` with what needs it escaped; returns the end of what was written.
char* json_escape(std::string_view text, char* out);

// Takes one code point off the front of `text` and writes it in at most 6 bytes, escaped if need
// be.
char* json_escape_one(std::string_view& text, char* out);

}  // namespace tocsin
