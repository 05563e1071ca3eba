#include "event/line_check.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "event/json_text.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace tocsin::event {
namespace {

constexpr std::size_t kBlock = 64;

// Bit i says something about byte i of a block.
struct Masks {
  std::uint64_t quotes = 0;
  std::uint64_t backslashes = 0;
  std::uint64_t opening = 0;  // { and [
  std::uint64_t closing = 0;  // } and ]
};

#if defined(__SSE2__)

Masks masks_of(const char* block) {
  Masks masks;
  const auto bits = [](__m128i bytes, char wanted) {
    const int mask = _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(wanted)));
    return std::uint64_t{static_cast<std::uint32_t>(mask)};
  };
  for (unsigned i = 0; i < kBlock; i += 16) {
    __m128i bytes;
    std::memcpy(&bytes, block + i, sizeof bytes);
    const __m128i folded = _mm_or_si128(bytes, _mm_set1_epi8(0x20));  // [ to {, ] to }
    masks.quotes |= bits(bytes, '"') << i;
    masks.backslashes |= bits(bytes, '\\') << i;
    masks.opening |= bits(folded, '{') << i;
    masks.closing |= bits(folded, '}') << i;
  }
  return masks;
}

#else

Masks masks_of(const char* block) {
  Masks masks;
  for (unsigned i = 0; i < kBlock; ++i) {
    const char c = block[i];
    masks.quotes |= std::uint64_t{c == '"'} << i;
    masks.backslashes |= std::uint64_t{c == '\\'} << i;
    masks.opening |= std::uint64_t{c == '{' || c == '['} << i;
    masks.closing |= std::uint64_t{c == '}' || c == ']'} << i;
  }
  return masks;
}

#endif

// Which bytes lie in strings, block after block.
class Strings {
 public:
  // Opening quotes and insides are set, closing quotes are not.
  std::uint64_t inside(const Masks& masks) {
    std::uint64_t mask = masks.quotes & ~escaped(masks.backslashes);
    for (unsigned shift = 1; shift < kBlock; shift *= 2) mask ^= mask << shift;
    mask ^= open_;
    open_ = 0 - (mask >> (kBlock - 1));
    return mask;
  }

 private:
  // Bytes after an odd number of backslashes.
  std::uint64_t escaped(std::uint64_t backslashes) {
    std::uint64_t result = escape_;
    backslashes &= ~escape_;
    escape_ = 0;
    while (backslashes != 0) {
      const int first = std::countr_zero(backslashes);
      if (first == kBlock - 1)
        escape_ = 1;
      else
        result |= std::uint64_t{2} << first;
      backslashes &= ~(std::uint64_t{3} << first);
    }
    return result;
  }

  std::uint64_t open_ = 0;    // all ones: the next block begins in a string
  std::uint64_t escape_ = 0;  // 1: its first byte is escaped
};

}  // namespace

bool is_container_key(std::string_view key) {
  return key == "Records" || key == "records" || key == "logEvents";
}

std::string_view key_before(std::string_view text, std::size_t at) {
  const auto skip_blanks = [&] {
    while (at != 0 && is_space(text[at - 1])) --at;
  };
  skip_blanks();
  if (at == 0 || text[at - 1] != ':') return {};
  --at;
  skip_blanks();
  if (at == 0 || text[at - 1] != '"') return {};
  const std::size_t end = at - 1;
  const std::size_t quote = text.substr(0, end).rfind('"');
  return quote == text.npos ? std::string_view() : text.substr(quote + 1, end - quote - 1);
}

bool is_plain_object(std::string_view line) {
  if (line.size() < 2 || line.front() != '{' || line.back() != '}') return false;
  Strings strings;
  std::size_t depth = 0;
  for (std::size_t begin = 0; begin < line.size(); begin += kBlock) {
    char padded[kBlock];
    const char* block = line.data() + begin;
    if (line.size() - begin < kBlock) {
      std::memset(padded, ' ', kBlock);
      std::memcpy(padded, block, line.size() - begin);
      block = padded;
    }
    const Masks masks = masks_of(block);
    const std::uint64_t inside = strings.inside(masks);
    for (std::uint64_t brackets = (masks.opening | masks.closing) & ~inside; brackets != 0;
         brackets &= brackets - 1) {
      const auto bit = static_cast<unsigned>(std::countr_zero(brackets));
      if ((masks.closing >> bit & 1) != 0) {
        if (--depth == 0) return begin + bit + 1 == line.size();
      } else if (++depth == 2 && block[bit] == '[') {
        const std::string_view key = key_before(line, begin + bit);
        if (is_container_key(key) || key.find('\\') != key.npos) return false;
      }
    }
  }
  return false;
}

}  // namespace tocsin::event
