#include "program/encoding.h"

#include "base/text.h"

namespace tocsin::program {
namespace {

bool is_word(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         byte >= 0x80;
}

}  // namespace

std::string base64(std::string_view bytes) {
  static constexpr char kAlphabet[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t j) -> unsigned {
      return j < bytes.size() ? static_cast<unsigned char>(bytes[j]) : 0u;
    };
    const unsigned group = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    out.push_back(kAlphabet[group >> 18 & 63]);
    out.push_back(kAlphabet[group >> 12 & 63]);
    out.push_back(i + 1 < bytes.size() ? kAlphabet[group >> 6 & 63] : '=');
    out.push_back(i + 2 < bytes.size() ? kAlphabet[group & 63] : '=');
  }
  return out;
}

std::array<std::string, 3> base64_offsets(std::string_view bytes) {
  // Characters at the start that mix in bits of what stands before, and at the end of what follows.
  constexpr std::size_t kSkipStart[] = {0, 2, 3};
  constexpr std::size_t kSkipEnd[] = {0, 3, 2};
  std::array<std::string, 3> out;
  for (std::size_t offset = 0; offset < 3; ++offset) {
    const std::string shifted = std::string(offset, ' ') + std::string(bytes);
    std::string encoded = base64(shifted);
    encoded.resize(encoded.size() - kSkipEnd[shifted.size() % 3]);
    out[offset] = encoded.substr(std::min(kSkipStart[offset], encoded.size()));
  }
  return out;
}

std::string utf16(std::string_view text, Utf16 form) {
  std::string out;
  const auto unit = [&](char32_t value) {
    const char high = static_cast<char>(value >> 8 & 0xFF);
    const char low = static_cast<char>(value & 0xFF);
    out.push_back(form == Utf16::big_endian ? high : low);
    out.push_back(form == Utf16::big_endian ? low : high);
  };
  if (form == Utf16::with_mark) unit(0xFEFF);
  for (std::size_t pos = 0; pos < text.size();) {
    const char32_t c = text::next_code_point(text, pos);
    if (c < 0x10000) {
      unit(c);
    } else {
      unit(0xD800 + ((c - 0x10000) >> 10));
      unit(0xDC00 + ((c - 0x10000) & 0x3FF));
    }
  }
  return out;
}

std::vector<std::size_t> option_dashes(std::string_view text) {
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] != '-' && text[i] != '/') continue;
    if ((i == 0 || !is_word(text[i - 1])) && is_word(text[i + 1])) positions.push_back(i);
  }
  return positions;
}

}  // namespace tocsin::program
