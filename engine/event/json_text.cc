#include "event/json_text.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <cstdint>
#include <cstring>

#include "base/text.h"
#include "event/batch.h"

namespace tocsin::event {
namespace {

// The value of four hexadecimal digits at the start of `text`, or -1.
std::int32_t hex4(std::string_view text) {
  if (text.size() < 4) return -1;
  std::int32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const char c = text[i];
    std::int32_t digit;
    if (c >= '0' && c <= '9') {
      digit = c - '0';
    } else if (c >= 'a' && c <= 'f') {
      digit = c - 'a' + 10;
    } else if (c >= 'A' && c <= 'F') {
      digit = c - 'A' + 10;
    } else {
      return -1;
    }
    value = value * 16 + digit;
  }
  return value;
}

constexpr bool is_high_surrogate(std::int32_t c) {
  return c >= 0xD800 && c <= 0xDBFF;
}
constexpr bool is_low_surrogate(std::int32_t c) {
  return c >= 0xDC00 && c <= 0xDFFF;
}

// Reads what follows "\u" at text[pos]; advances pos past the digits (of both halves of a pair).
bool read_unicode_escape(std::string_view text, std::size_t& pos, char32_t& out, bool& lone) {
  const std::int32_t unit = hex4(text.substr(pos));
  if (unit < 0) return false;
  pos += 4;
  out = static_cast<char32_t>(unit);
  if (is_high_surrogate(unit) && text.substr(pos, 2) == "\\u") {
    const std::int32_t low = hex4(text.substr(pos + 2));
    if (is_low_surrogate(low)) {
      pos += 6;
      out = 0x10000 + ((static_cast<char32_t>(unit) - 0xD800) << 10) +
            (static_cast<char32_t>(low) - 0xDC00);
      return true;
    }
  }
  if (is_high_surrogate(unit) || is_low_surrogate(unit)) {
    lone = true;
    out = text::kReplacement;
  }
  return true;
}

// What stands beyond the size stays readable: the capacity is not given back.
void pad(std::string& out) {
  const std::size_t size = out.size();
  out.append(kPadding, '\0');
  out.resize(size);
}

void copy_padded(std::string_view json, std::string& out) {
  out.assign(json);
  pad(out);
}

std::size_t write_utf8(char32_t c, char* out) {
  std::string bytes;  // at most four bytes: stays in the string's own buffer
  text::append_utf8(c, bytes);
  std::memcpy(out, bytes.data(), bytes.size());
  return bytes.size();
}

char simple_escape(char c) {
  switch (c) {
    case '"':
      return '"';
    case '\\':
      return '\\';
    case '/':
      return '/';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return '\0';
  }
}

}  // namespace

Unescaped unescape(std::string_view text, char* out) {
  Unescaped result;
  char* write = out;
  for (std::size_t pos = 0; pos < text.size();) {
    const char c = text[pos++];
    if (c != '\\') {
      *write++ = c;
      continue;
    }
    if (pos == text.size()) return {false, false, 0};
    const char kind = text[pos++];
    if (kind == 'u') {
      char32_t code_point = 0;
      if (!read_unicode_escape(text, pos, code_point, result.lone_surrogate))
        return {false, false, 0};
      write += write_utf8(code_point, write);
    } else {
      const char plain = simple_escape(kind);
      if (plain == '\0') return {false, false, 0};
      *write++ = plain;
    }
  }
  result.size = static_cast<std::size_t>(write - out);
  return result;
}

Escapes check_escapes(std::string_view json) {
  Escapes result;
  std::size_t pos = 0;
  while (pos < json.size()) {
    const void* found = std::memchr(json.data() + pos, '\\', json.size() - pos);
    if (found == nullptr) break;
    result.any = true;
    const auto start = static_cast<std::size_t>(static_cast<const char*>(found) - json.data());
    pos = start + 1;
    const char kind = pos < json.size() ? json[pos++] : '\0';
    result.needless = result.needless || kind == 'u' || kind == '/';
    char32_t ignored = 0;
    const bool known = kind == 'u' ? read_unicode_escape(json, pos, ignored, result.lone_surrogate)
                                   : simple_escape(kind) != '\0';
    if (!known) return {true, false, result.lone_surrogate, result.needless, start};
  }
  return result;
}

void replace_lone_surrogates(std::string_view json, std::string& out) {
  if (json.data() != out.data()) copy_padded(json, out);
  for (std::size_t pos = out.find('\\'); pos != std::string::npos; pos = out.find('\\', pos)) {
    const std::size_t start = pos + 2;
    const bool unicode = out[pos + 1] == 'u';
    pos = start;
    char32_t ignored = 0;
    bool lone = false;
    if (unicode && read_unicode_escape(out, pos, ignored, lone) && lone) {
      out.replace(start, 4, "fffd");
    }
  }
}

namespace {

// Moves `pos` behind the digits; false when there is none.
bool skip_digits(std::string_view text, std::size_t& pos) {
  const std::size_t start = pos;
  while (pos < text.size() && text[pos] >= '0' && text[pos] <= '9') ++pos;
  return pos != start;
}

// Moves `pos` behind the integer part of a number at the start of `text`.
bool skip_integer(std::string_view text, std::size_t& pos) {
  if (pos < text.size() && text[pos] == '-') ++pos;
  const std::size_t start = pos;
  return skip_digits(text, pos) && (text[start] != '0' || pos == start + 1);
}

}  // namespace

bool is_json_integer(std::string_view token) {
  std::size_t pos = 0;
  return skip_integer(token, pos) && pos == token.size();
}

bool is_json_number(std::string_view token) {
  std::size_t pos = 0;
  if (!skip_integer(token, pos)) return false;
  if (pos < token.size() && token[pos] == '.' && !skip_digits(token, ++pos)) return false;
  if (pos < token.size() && (token[pos] == 'e' || token[pos] == 'E')) {
    ++pos;
    if (pos < token.size() && (token[pos] == '+' || token[pos] == '-')) ++pos;
    if (!skip_digits(token, pos)) return false;
  }
  return pos == token.size();
}

std::string compact_json(std::string_view json) {
  std::string out(json.size() + kPadding, '\0');
  out.resize(compact_json(json, out.data()));
  return out;
}

std::size_t compact_json(std::string_view json, char* out) {
  static_assert(kPadding >= simdjson::SIMDJSON_PADDING);
  std::size_t size = 0;
  if (simdjson::minify(json.data(), json.size(), out, size)) {  // a string does not end
    std::memcpy(out, json.data(), json.size());
    size = json.size();
  }
  return size;
}

Repaired repair(std::string_view json, std::string& out) {
  Repaired result;
  out.clear();
  out.reserve(json.size() + json.size() / 8 + kPadding);
  bool in_string = false;
  bool escaped = false;
  for (std::size_t pos = 0; pos < json.size();) {
    const std::size_t start = pos;
    const char32_t c = text::next_code_point(json, pos);
    if (c == text::kReplacement && json.substr(start, 3) != "\xEF\xBF\xBD") {
      result.invalid_utf8 = true;
      text::append_utf8(text::kReplacement, out);
      escaped = false;
      continue;
    }
    if (in_string && c < 0x20) {
      result.control_byte = true;
      if (escaped) out.push_back('\\');  // "\<control>" is no escape: keep the backslash as text
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
      escaped = false;
      continue;
    }
    out.append(json, start, pos - start);
    if (escaped) {
      escaped = false;
    } else if (in_string && c == U'\\') {
      escaped = true;
    } else if (c == U'"') {
      in_string = !in_string;
    }
  }
  pad(out);
  return result;
}

}  // namespace tocsin::event
