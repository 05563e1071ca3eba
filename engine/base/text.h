// Text helpers that several layers need: UTF-8, case folding, terminal safety, near misses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::text {

inline bool is_ascii(std::string_view text) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080u;
  std::uint64_t seen = 0;
  std::size_t at = 0;
  for (std::uint64_t word = 0; at + sizeof word <= text.size(); at += sizeof word) {
    std::memcpy(&word, text.data() + at, sizeof word);
    seen |= word;
  }
  for (; at < text.size(); ++at) seen |= static_cast<unsigned char>(text[at]);
  return (seen & kHighBits) == 0;
}

inline constexpr char32_t kReplacement = 0xFFFD;

// Decodes the code point that starts at text[pos] and advances pos past it (pos < text.size()).
// An ill-formed sequence yields U+FFFD and advances by its maximal subpart (Unicode 3.9, D93b).
char32_t next_code_point(std::string_view text, std::size_t& pos);
void append_utf8(char32_t code_point, std::string& out);
// Byte offset of the first ill-formed sequence, or npos.
std::size_t find_invalid_utf8(std::string_view text);

// Simple case folding (Unicode CaseFolding.txt, status C and S): one code point to one code point.
char32_t fold(char32_t code_point);
// Folds all of `text` into `out` (replaced). Ill-formed bytes become U+FFFD. ASCII is a fast path.
void fold_into(std::string_view text, std::string& out);
std::string folded(std::string_view text);

// A copy in which control characters, bidirectional overrides and ill-formed UTF-8 are shown as
// \x1b, \u202e, …: safe to print on a terminal whoever wrote it. Newlines are escaped too.
std::string printable(std::string_view text);

// The candidate nearest to `word` (Damerau-Levenshtein, at most a third of the word's length
// apart), or "" when none is near.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates);

std::string_view trim(std::string_view text);

}  // namespace tocsin::text
