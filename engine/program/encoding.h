// Encodings of the modifiers base64, base64offset, utf16le, utf16be, utf16, wide and windash.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::program {

std::string base64(std::string_view bytes);

// How `bytes` looks inside a longer base64 text when it starts at offset 0, 1 or 2 of a group of
// three: the characters that do not depend on the neighbours.
std::array<std::string, 3> base64_offsets(std::string_view bytes);

enum class Utf16 { little_endian, big_endian, with_mark };
// The UTF-16 bytes of a UTF-8 text, as a string of bytes.
std::string utf16(std::string_view text, Utf16 form);

// Positions in `text` of `-` and `/` that begin a command-line option: not preceded by a word
// character and followed by one.
std::vector<std::size_t> option_dashes(std::string_view text);

// The characters that Windows accepts in their place.
inline constexpr std::array<std::string_view, 5> kDashes = {"-", "/", "\u2013", "\u2014", "\u2015"};

}  // namespace tocsin::program
