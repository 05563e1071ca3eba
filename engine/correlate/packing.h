// Packing: numbers and texts as bytes, as hits are kept in memory and on disk. Whatever is unpacked
// may be damaged: a Unpacker never reads past its end, and says when something was wrong.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace tocsin::correlate {

// Seven bits a byte, the lowest first; the high bit says that there is more.
inline void pack_number(std::uint64_t number, std::string& out) {
  for (; number >= 0x80; number >>= 7) out += static_cast<char>(number | 0x80);
  out += static_cast<char>(number);
}

inline void pack_text(std::string_view text, std::string& out) {
  pack_number(text.size(), out);
  out += text;
}

class Unpacker {
 public:
  explicit Unpacker(std::string_view packed) : at_(packed.data()), end_(at_ + packed.size()) {}

  bool done() const { return at_ == end_; }
  // False once something could not be read; from then on there is nothing left.
  bool good() const { return good_; }

  std::uint64_t number() {
    std::uint64_t number = 0;
    for (unsigned shift = 0; at_ != end_ && shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(*at_++);
      number |= std::uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80) return number;
    }
    return give_up();
  }

  // A number that must be less than `bound`.
  std::uint64_t number_below(std::uint64_t bound) {
    const std::uint64_t found = number();
    return found < bound ? found : give_up();
  }

  std::string_view bytes(std::uint64_t size) {
    if (size > static_cast<std::uint64_t>(end_ - at_)) {
      give_up();
      return {};
    }
    const std::string_view out(at_, static_cast<std::size_t>(size));
    at_ += size;
    return out;
  }

  std::string_view text() { return bytes(number()); }

 private:
  std::uint64_t give_up() {
    good_ = false;
    at_ = end_;
    return 0;
  }

  const char* at_;
  const char* end_;
  bool good_ = true;
};

}  // namespace tocsin::correlate
