#include "differential/reference/utf8.h"

namespace tocsin::reference {
namespace {

// Unicode, table 3-7: well-formed UTF-8 byte sequences.
struct Form {
  unsigned lead_low, lead_high, second_low, second_high;
  std::size_t size;
};
constexpr Form kForms[] = {
    {0x00, 0x7F, 0, 0, 1},       {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
    {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
    {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
};

struct Decoded {
  char32_t code_point = 0xFFFD;
  std::size_t size = 1;
  bool well_formed = false;
};

Decoded decode_one(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  for (const Form& form : kForms) {
    if (byte(0) < form.lead_low || byte(0) > form.lead_high) continue;
    std::size_t size = 1;
    while (size < form.size && size < text.size()) {
      const unsigned low = size == 1 ? form.second_low : 0x80;
      const unsigned high = size == 1 ? form.second_high : 0xBF;
      if (byte(size) < low || byte(size) > high) break;
      ++size;
    }
    if (size < form.size) return {0xFFFD, size, false};
    if (size == 1) return {byte(0), 1, true};
    char32_t code_point = byte(0) & (0x7Fu >> size);
    for (std::size_t i = 1; i < size; ++i) code_point = code_point * 64 + (byte(i) & 0x3F);
    return {code_point, size, true};
  }
  return {};
}

}  // namespace

std::u32string decode(std::string_view text) {
  std::u32string out;
  while (!text.empty()) {
    const Decoded one = decode_one(text);
    out.push_back(one.code_point);
    text.remove_prefix(one.size);
  }
  return out;
}

bool is_valid_utf8(std::string_view text) {
  while (!text.empty()) {
    const Decoded one = decode_one(text);
    if (!one.well_formed) return false;
    text.remove_prefix(one.size);
  }
  return true;
}

std::string encode(std::u32string_view code_points) {
  std::string out;
  for (const char32_t c : code_points) {
    const auto tail = [&](unsigned shift) {
      out.push_back(static_cast<char>(0x80 | ((c >> shift) & 0x3F)));
    };
    if (c < 0x80) {
      out.push_back(static_cast<char>(c));
    } else if (c < 0x800) {
      out.push_back(static_cast<char>(0xC0 | (c >> 6)));
      tail(0);
    } else if (c < 0x10000) {
      out.push_back(static_cast<char>(0xE0 | (c >> 12)));
      tail(6), tail(0);
    } else {
      out.push_back(static_cast<char>(0xF0 | (c >> 18)));
      tail(12), tail(6), tail(0);
    }
  }
  return out;
}

}  // namespace tocsin::reference
