#include "base/json_escape.h"

#include <bit>
#include <cstdint>
#include <cstring>

#include "base/text.h"

namespace tocsin {
namespace {

using Word = std::uint64_t;
static_assert(std::endian::native == std::endian::little, "the first byte of a Word is its lowest");

constexpr Word kOnes = 0x0101010101010101u;

// Bit 7 of every byte that needs more than copying: control characters, '"', '\', DEL and all that
// is not ASCII. Exact up to the first such byte; carries and borrows disturb only bytes behind it.
Word not_plain(Word word) {
  const Word control = word - 0x20 * kOnes;
  const Word del = word + kOnes;
  const Word quote = (word ^ '"' * kOnes) - kOnes;
  const Word backslash = (word ^ '\\' * kOnes) - kOnes;
  return (word | control | del | quote | backslash) & kOnes << 7;
}

std::size_t first_of(Word marks) {
  return static_cast<std::size_t>(std::countr_zero(marks)) / 8;
}

Word load(const char* from) {
  Word word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

// `size` bytes, 1 to 7, followed by spaces.
Word load_part(const char* from, std::size_t size) {
  const auto byte = [&](std::size_t at) {
    return Word{static_cast<unsigned char>(from[at])} << 8 * at;
  };
  Word word = 0;
  if (size >= 4) {
    std::uint32_t head, tail;  // they may overlap
    std::memcpy(&head, from, sizeof head);
    std::memcpy(&tail, from + size - sizeof tail, sizeof tail);
    word = head | Word{tail} << 8 * (size - sizeof tail);
  } else {
    word = byte(0) | byte(size / 2) | byte(size - 1);
  }
  return word | (' ' * kOnes) << 8 * size;
}

char short_escape(char32_t c) {
  switch (c) {
    case U'"':
      return '"';
    case U'\\':
      return '\\';
    case U'\n':
      return 'n';
    case U'\r':
      return 'r';
    case U'\t':
      return 't';
    default:
      return '\0';
  }
}

}  // namespace

std::size_t plain_prefix(std::string_view text) {
  std::size_t at = 0;
  for (; at + sizeof(Word) <= text.size(); at += sizeof(Word)) {
    if (const Word marks = not_plain(load(text.data() + at)); marks != 0) {
      return at + first_of(marks);
    }
  }
  if (at == text.size()) return at;
  const Word marks = not_plain(load_part(text.data() + at, text.size() - at));
  return marks == 0 ? text.size() : at + first_of(marks);
}

char* json_escape(std::string_view text, char* out) {
  while (!text.empty()) {
    const bool whole = text.size() >= sizeof(Word);
    const std::size_t size = whole ? sizeof(Word) : text.size();
    const Word word = whole ? load(text.data()) : load_part(text.data(), size);
    std::memcpy(out, &word, sizeof word);
    const Word marks = not_plain(word);
    const std::size_t plain = marks == 0 ? size : first_of(marks);
    text.remove_prefix(plain);
    out += plain;
    if (marks != 0) out = json_escape_one(text, out);
  }
  return out;
}

char* json_escape_one(std::string_view& text, char* out) {
  constexpr char kHex[] = "0123456789abcdef";
  std::size_t size = 0;
  const char32_t c = text::next_code_point(text, size);
  text.remove_prefix(size);
  if (const char escape = short_escape(c); escape != '\0') {
    *out++ = '\\';
    *out++ = escape;
    return out;
  }
  // U+2028 and U+2029 are line breaks to some readers of JSON lines.
  if (c < 0x20 || c == 0x7F || c == 0x2028 || c == 0x2029) {
    *out++ = '\\';
    *out++ = 'u';
    for (int shift = 12; shift >= 0; shift -= 4) *out++ = kHex[c >> shift & 0xF];
    return out;
  }
  std::string bytes;  // at most four: stays in the string's own buffer
  text::append_utf8(c, bytes);
  std::memcpy(out, bytes.data(), bytes.size());
  return out + bytes.size();
}

}  // namespace tocsin
