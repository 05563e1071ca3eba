// A hash over all bytes of a text, fast for short ones. Differs from release to release: for tables
// in memory only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace tocsin {

namespace detail {

// The word with the ASCII capitals among its eight bytes made small; other bytes stay.
inline std::uint64_t lower_word(std::uint64_t word) {
  constexpr std::uint64_t kOnes = 0x0101010101010101u;
  constexpr std::uint64_t kHigh = 0x80 * kOnes;
  const std::uint64_t low = word & ~kHigh;
  const std::uint64_t from_a = low + (0x80 - 'A') * kOnes;      // high bit: at least 'A'
  const std::uint64_t past_z = low + (0x80 - 'Z' - 1) * kOnes;  // high bit: beyond 'Z'
  return word | ((from_a & ~past_z & ~word & kHigh) >> 2);
}

// Both factors are added again, so that neither is lost when the other is zero.
inline std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64) ^ a ^
         (b << 32 | b >> 32);
}

template <bool kLower>
std::uint64_t word_at(const char* from, std::size_t size) {
  std::uint64_t word = 0;
  std::memcpy(&word, from, size);
  return kLower ? lower_word(word) : word;
}

template <bool kLower>
std::uint64_t hash_bytes(std::string_view text) {
  constexpr std::uint64_t kA = 0xA0761D6478BD642Fu, kB = 0xE7037ED1A0B428DBu;
  const char* at = text.data();
  std::size_t left = text.size();
  std::uint64_t hash = left * kB;
  for (; left > 16; left -= 16, at += 16) {
    hash = mix(word_at<kLower>(at, 8) ^ kA, word_at<kLower>(at + 8, 8) ^ hash);
  }
  if (left >= 8) {  // the last two words may overlap
    return mix(word_at<kLower>(at, 8) ^ kA, word_at<kLower>(at + left - 8, 8) ^ hash ^ kB);
  }
  std::uint64_t tail = 0;
  if (left >= 4) {
    tail = word_at<kLower>(at, 4) << 32 | word_at<kLower>(at + left - 4, 4);
  } else if (left > 0) {
    tail = word_at<kLower>(at, 1) << 16 | word_at<kLower>(at + left / 2, 1) << 8 |
           word_at<kLower>(at + left - 1, 1);
  }
  return mix(tail ^ kA, hash ^ kB);
}

}  // namespace detail

inline std::uint64_t text_hash(std::string_view text) {
  return detail::hash_bytes<false>(text);
}

// text_hash() of the text with its ASCII capitals made small.
inline std::uint64_t caseless_hash(std::string_view text) {
  return detail::hash_bytes<true>(text);
}

// True when `text` with its ASCII capitals made small is `lower`.
inline bool equals_caseless(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    if (detail::word_at<true>(text.data() + i, 8) != detail::word_at<false>(lower.data() + i, 8)) {
      return false;
    }
  }
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) != lower[i]) return false;
  }
  return true;
}

}  // namespace tocsin
