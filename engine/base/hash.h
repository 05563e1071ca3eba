// FNV-1a, 64 bit: stable over processes and releases, so it may be stored. Not for secrets.
#pragma once

#include <cstdint>
#include <string_view>

namespace tocsin {

class Fnv64 {
 public:
  Fnv64& add(std::string_view text) {
    for (const char c : text) {
      state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
    }
    return *this;
  }
  // Adds `text` with its length, so that ("ab","c") and ("a","bc") differ.
  Fnv64& add_field(std::string_view text) {
    for (std::uint64_t n = text.size(), i = 0; i < 8; ++i, n >>= 8) {
      state_ = (state_ ^ (n & 0xFF)) * 0x100000001B3u;
    }
    return add(text);
  }
  std::uint64_t value() const { return state_; }

 private:
  std::uint64_t state_ = 0xCBF29CE484222325u;
};

}  // namespace tocsin
