// Hashes that are stable over processes and releases, so that they may be stored. Fnv64 is for
// checksums and for what operators write: whoever chooses the text can find another one with the
// same hash in seconds. Tables in memory: base/siphash.h.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/blake2b.h"

namespace tocsin {

// FNV-1a, 64 bits.
class Fnv64 {
 public:
  Fnv64& add(std::string_view text) {
    for (const char c : text) add_byte(static_cast<unsigned char>(c));
    return *this;
  }
  // Adds `text` with its length as eight bytes, so that ("ab","c") and ("a","bc") differ.
  Fnv64& add_field(std::string_view text) { return add_size(text.size()).add(text); }
  std::uint64_t value() const { return state_; }

 private:
  static constexpr std::uint64_t kPrime = 0x100000001B3u;

  void add_byte(unsigned char byte) { state_ = (state_ ^ byte) * kPrime; }
  Fnv64& add_size(std::uint64_t size) {
    int zeros = 8;  // a byte that is zero only multiplies
    for (; size != 0; size >>= 8, --zeros) add_byte(static_cast<unsigned char>(size));
    for (; zeros > 0; --zeros) state_ *= kPrime;
    return *this;
  }

  std::uint64_t state_ = 0xCBF29CE484222325u;
};

// 128 bits for identifiers, stable over processes and releases. Where two hashes are equal, what
// they are of is taken to be the same; events choose much of it, so the hash is a cryptographic
// one.
class KeyHash {
 public:
  static constexpr std::size_t kDigits = 32;

  // Adds `text` with its length, as Fnv64::add_field() does.
  KeyHash& add_field(std::string_view text) {
    char size[8];
    for (std::size_t i = 0; i < sizeof size; ++i) {
      size[i] = static_cast<char>(static_cast<std::uint64_t>(text.size()) >> (8 * i));
    }
    hash_.add({size, sizeof size});
    hash_.add(text);
    return *this;
  }

  // The bits, in the order in which write() writes them.
  std::array<std::uint8_t, 16> bytes() const { return hash_.digest(); }
  // Writes kDigits lower-case hexadecimal digits.
  void write(char* out) const {
    constexpr char kHex[] = "0123456789abcdef";
    for (const std::uint8_t byte : bytes()) {
      *out++ = kHex[byte >> 4];
      *out++ = kHex[byte & 15];
    }
  }

 private:
  Blake2b hash_;
};

// As KeyHash::write() writes it.
inline std::string hex_of(const KeyHash& key) {
  std::string out(KeyHash::kDigits, '\0');
  key.write(out.data());
  return out;
}
inline std::string hex_of(const std::array<std::uint8_t, 16>& bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(2 * bytes.size());
  for (const std::uint8_t byte : bytes) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

}  // namespace tocsin
