// JsonWalk: steps over JSON values along a StructuralIndex, as strictly as RFC 8259 asks. A record
// must not be good or bad depending on which of its fields the rules name, so what nobody wants to
// read is stepped over with the same care.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/limits.h"
#include "event/json_text.h"

namespace tocsin::event {

// A place in a StructuralIndex. Sentinels stand behind the last token: at them every rule of the
// grammar fails within limits::kRecordDepth steps.
using Token = const std::uint32_t*;

class JsonWalk {
 public:
  // `data` is the text that was indexed.
  explicit JsonWalk(const char* data) : data_(data) {}

  char byte(Token token) const { return data_[*token]; }
  const char* at(Token token) const { return data_ + *token; }

  // The inside of a string, as spelled. Precondition: byte(token) == '"'.
  std::string_view string(Token token) const {
    const char* begin = data_ + token[0] + 1;
    const char* end = data_ + token[1] - 1;
    while (*end != '"') --end;  // white space before the next token
    return {begin, static_cast<std::size_t>(end - begin)};
  }

  // The bytes up to the next token, without white space.
  std::string_view text(Token token) const {
    const char* begin = data_ + token[0];
    const char* end = data_ + token[1];
    while (end > begin + 1 && is_space(end[-1])) --end;
    return {begin, static_cast<std::size_t>(end - begin)};
  }

  static bool is_literal(std::string_view text) {
    return text == "true" || text == "false" || text == "null";
  }

  bool is_key(Token token) const { return byte(token) == '"' && byte(token + 1) == ':'; }
  // A key with no white space between its closing quote and the colon: nearly all are.
  bool is_tight_key(Token token) const {
    constexpr char kEnd[] = {'"', ':'};
    return byte(token) == '"' && std::memcmp(data_ + token[1] - 1, kEnd, sizeof kEnd) == 0;
  }
  std::size_t tight_size(Token token) const { return token[1] - token[0] - 2; }

  // The token after the value that begins at `token`, inside `depth` objects and arrays; nullptr
  // when it is broken.
  Token skip(Token token, std::size_t depth) {
    const char first = byte(token);
    if (first == '"') return token + 1;
    if (first == '{' || first == '[') return skip_nested(token, depth);
    return is_tight_literal(token) ? token + 1 : skip_scalar(token);
  }

  // A literal that the next token follows at once. Looks at five bytes, which there always are.
  bool is_tight_literal(Token token) const {
    static_assert(std::endian::native == std::endian::little);
    constexpr std::uint32_t kTrue = 0x65757274, kNull = 0x6C6C756E, kFals = 0x736C6166;
    const char* const begin = data_ + token[0];
    std::uint32_t word;
    std::memcpy(&word, begin, sizeof word);
    const std::uint32_t size = token[1] - token[0];
    const bool four = (word == kTrue) | (word == kNull);
    const bool five = (word == kFals) & (begin[4] == 'e');
    return (four & (size == 4)) | (five & (size == 5));
  }

  Token skip_scalar(Token token) {
    const std::string_view scalar = text(token);
    return is_literal(scalar) || is_number(scalar) ? token + 1
                                                   : broken(token, "expected a JSON value");
  }

  bool is_number(std::string_view scalar) {
    constexpr std::size_t kInt64Digits = 19;
    if (!is_json_number(scalar)) return false;
    if (scalar.size() > kInt64Digits && is_json_integer(scalar)) long_number_ = true;
    return true;
  }

  // Remembers what is wrong where; nullptr, for the caller to return.
  Token broken(Token token, const char* what) {
    where_ = token;
    what_ = what;
    return nullptr;
  }
  Token too_deep(Token token) { return broken(token, nullptr); }

  // After a failure.
  Token where() const { return where_; }
  const char* what() const { return what_; }
  bool is_too_deep() const { return what_ == nullptr; }

  // An integer beyond 64 bits was seen.
  bool long_number() const { return long_number_; }

 private:
  // The object or array at `token`, and all that is in it.
  Token skip_nested(Token token, std::size_t depth) {
    static_assert(limits::kRecordDepth <= 64);
    const std::size_t outside = depth;
    std::uint64_t arrays =
        0;              // a bit for each that is open, 1 for an array; bit 0 is the innermost
    bool opens = true;  // `token` is an opening bracket; or what it opened has just ended
    for (;;) {
      if (opens) {
        if (++depth > limits::kRecordDepth) return too_deep(token);
        const bool in_array = byte(token) == '[';
        arrays = arrays << 1 | (in_array ? 1 : 0);
        opens = false;
        if (byte(++token) == (in_array ? ']' : '}')) {
          ++token;
        } else {
          token = in_array ? skip_items<true>(token, opens) : skip_items<false>(token, opens);
          if (token == nullptr) return nullptr;
        }
        continue;
      }
      if (--depth == outside) return token;
      arrays >>= 1;
      const bool in_array = (arrays & 1) != 0;
      const char after = byte(token++);
      if (after == ',') {
        token = in_array ? skip_items<true>(token, opens) : skip_items<false>(token, opens);
        if (token == nullptr) return nullptr;
      } else if (after != (in_array ? ']' : '}')) {
        return broken(token - 1, in_array ? "expected ',' or ']'" : "expected ',' or '}'");
      }
    }
  }

  // The elements or members from `token` on, up to an opening bracket (`opens`) or past the end of
  // the array or object that they are in.
  template <bool kArray>
  Token skip_items(Token token, bool& opens) {
    for (;;) {
      if constexpr (!kArray) {
        if (!is_key(token)) return broken(token, "expected a key in quotes and ':'");
        token += 2;
      }
      const char first = byte(token);
      if (first == '"' || ((first != '{' && first != '[') && is_tight_literal(token))) {
        ++token;
      } else if (first == '{' || first == '[') {
        opens = true;
        return token;
      } else if ((token = skip_scalar(token)) == nullptr) {
        return nullptr;
      }
      const char after = byte(token++);
      if (after == ',') continue;
      if (after == (kArray ? ']' : '}')) return token;
      return broken(token - 1, kArray ? "expected ',' or ']'" : "expected ',' or '}'");
    }
  }

  const char* data_;
  Token where_ = nullptr;
  const char* what_ = nullptr;
  bool long_number_ = false;
};

}  // namespace tocsin::event
