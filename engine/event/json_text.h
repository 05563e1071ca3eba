// JSON string text: unescaping, and repair of records whose bytes are not legal JSON text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tocsin::event {

inline bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

struct Unescaped {
  bool ok = true;               // false: an escape that JSON does not know
  bool lone_surrogate = false;  // replaced by U+FFFD
  std::size_t size = 0;         // bytes written
};

// Unescapes the inside of a JSON string into `out`, which must have room for text.size() bytes
// (unescaping never grows the text).
Unescaped unescape(std::string_view text, char* out);

struct Escapes {
  bool any = false;             // there is a backslash
  bool ok = true;               // false: an escape that JSON does not know, at `offset`
  bool lone_surrogate = false;  // half a \u pair without its other half
  bool needless = false;        // \u or \/: a character that could stand for itself may be hidden
  std::size_t offset = 0;
};

// Checks every backslash escape of a record. Precondition: backslashes occur in strings only.
Escapes check_escapes(std::string_view json);

// A copy of `json` in which every lone surrogate is \ufffd: as long as `json`, followed by 64 bytes
// of padding beyond out.size(). Precondition: check_escapes(json).ok. `json` may be all of `out`.
void replace_lone_surrogates(std::string_view json, std::string& out);

// RFC 8259 grammar of number and of its integer form.
bool is_json_number(std::string_view token);
bool is_json_integer(std::string_view token);

// `json` without white space between its tokens. Precondition: it is one valid JSON value.
std::string compact_json(std::string_view json);
// The same into `out`, which has room for json.size() + kPadding bytes; returns the size.
std::size_t compact_json(std::string_view json, char* out);

struct Repaired {
  bool invalid_utf8 = false;
  bool control_byte = false;
};

// A copy of `json` in which ill-formed UTF-8 is U+FFFD and control bytes inside strings are
// escaped, followed by 64 bytes of padding beyond out.size().
Repaired repair(std::string_view json, std::string& out);

}  // namespace tocsin::event
