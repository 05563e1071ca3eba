// FNV-1a, 64 bit: stable over processes and releases, so it may be stored. Not for secrets.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>

namespace tocsin {

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
  friend class KeyHash;
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

// 128 bits for identifiers: two Fnv64 with different seeds.
class KeyHash {
 public:
  static constexpr std::size_t kDigits = 32;

  KeyHash() { b_.add("tocsin"); }

  KeyHash& add_field(std::string_view text) {
    a_.add_size(text.size());
    b_.add_size(text.size());
    for (const char c : text) {  // together: each waits for its own multiplications only
      a_.add_byte(static_cast<unsigned char>(c));
      b_.add_byte(static_cast<unsigned char>(c));
    }
    return *this;
  }

  // The bits, in the order in which write() writes them.
  std::array<std::uint8_t, 16> bytes() const {
    std::array<std::uint8_t, 16> out{};
    const std::uint64_t halves[] = {a_.value(), b_.value()};
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] = static_cast<std::uint8_t>(halves[i / 8] >> (56 - i % 8 * 8));
    }
    return out;
  }
  // Writes kDigits lower-case hexadecimal digits.
  void write(char* out) const {
    for (const std::uint64_t half : {a_.value(), b_.value()}) {
      for (const std::uint64_t quarter : {half >> 32, half & 0xFFFFFFFFu}) {
        const std::uint64_t digits = hex(quarter);
        std::memcpy(out, &digits, sizeof digits);
        out += sizeof digits;
      }
    }
  }

 private:
  // The eight digits of 32 bits, the first in the lowest byte.
  static std::uint64_t hex(std::uint64_t bits) {
    constexpr std::uint64_t kOnes = 0x0101010101010101u;
    bits = (bits << 16 | bits) & 0x0000FFFF0000FFFFu;
    bits = (bits << 8 | bits) & 0x00FF00FF00FF00FFu;
    bits = (bits << 4 | bits) & 0x0F0F0F0F0F0F0F0Fu;  // a nibble in each byte, the last one lowest
    const std::uint64_t is_letter = (bits + 6 * kOnes) >> 4 & kOnes;
    return __builtin_bswap64(bits + '0' * kOnes + is_letter * ('a' - '0' - 10));
  }

  Fnv64 a_, b_;
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
