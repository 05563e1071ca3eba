// JsonWalk: steps over JSON values along a StructuralIndex, as strictly as RFC 8259 asks. A record
// must not be good or bad depending on which of its fields the rules name, so what nobody wants to
// read is stepped over with the same care.
#pragma once

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
  char byte_after(Token token) const { return data_[*token + 1]; }

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
    return skip_other(token, first, depth);
  }
  // The same for a value that is no string.
  Token skip_other(Token token, char first, std::size_t depth) {
    if (first == '{') return skip_object(token, depth + 1);
    if (first == '[') return skip_array(token, depth + 1);
    return skip_scalar(token);
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
  Token skip_object(Token token, std::size_t depth) {
    if (depth > limits::kRecordDepth) return too_deep(token);
    if (byte(++token) == '}') return token + 1;
    for (;;) {
      if (!is_key(token)) return broken(token, "expected a key in quotes and ':'");
      token = skip(token + 2, depth);
      if (token == nullptr) return nullptr;
      const char after = byte(token++);
      if (after == '}') return token;
      if (after != ',') return broken(token - 1, "expected ',' or '}'");
    }
  }

  Token skip_array(Token token, std::size_t depth) {
    if (depth > limits::kRecordDepth) return too_deep(token);
    if (byte(++token) == ']') return token + 1;
    for (;;) {
      token = skip(token, depth);
      if (token == nullptr) return nullptr;
      const char after = byte(token++);
      if (after == ']') return token;
      if (after != ',') return broken(token - 1, "expected ',' or ']'");
    }
  }

  const char* data_;
  Token where_ = nullptr;
  const char* what_ = nullptr;
  bool long_number_ = false;
};

}  // namespace tocsin::event
