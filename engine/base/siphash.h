// SipHash-2-4, 64 bits: a keyed hash for tables. Whoever does not know the key cannot choose texts
// that fall into one bucket. Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace tocsin {

struct SipKey {
  std::uint64_t k0 = 0, k1 = 0;
};

inline std::uint64_t siphash(const SipKey& key, std::string_view text) {
  std::uint64_t v0 = key.k0 ^ 0x736F6D6570736575u, v1 = key.k1 ^ 0x646F72616E646F6Du;
  std::uint64_t v2 = key.k0 ^ 0x6C7967656E657261u, v3 = key.k1 ^ 0x7465646279746573u;
  const auto mix = [&](int rounds) {
    for (int i = 0; i < rounds; ++i) {
      v0 += v1, v2 += v3;
      v1 = std::rotl(v1, 13) ^ v0, v3 = std::rotl(v3, 16) ^ v2;
      v0 = std::rotl(v0, 32) + v3, v2 += v1;
      v3 = std::rotl(v3, 21) ^ v0, v1 = std::rotl(v1, 17) ^ v2;
      v2 = std::rotl(v2, 32);
    }
  };
  const auto take = [&](std::uint64_t word) {
    v3 ^= word;
    mix(2);
    v0 ^= word;
  };
  static_assert(std::endian::native == std::endian::little);
  const std::size_t size = text.size();
  std::uint64_t word = 0;
  for (; text.size() >= sizeof word; text.remove_prefix(sizeof word)) {
    std::memcpy(&word, text.data(), sizeof word);
    take(word);
  }
  word = std::uint64_t{size} << 56;
  for (std::size_t i = 0; i < text.size(); ++i) {
    word |= std::uint64_t{static_cast<unsigned char>(text[i])} << (8 * i);
  }
  take(word);
  v2 ^= 0xFF;
  mix(4);
  return v0 ^ v1 ^ v2 ^ v3;
}

// For tables in memory whose keys events choose: siphash() with a key that this process has chosen
// at random. It differs from run to run: nothing that is written or shown may depend on it.
std::uint64_t table_hash(std::string_view text);

}  // namespace tocsin
