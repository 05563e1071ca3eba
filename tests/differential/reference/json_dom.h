// A JSON text as a tree, read the obvious way: every member in document order, keys given twice
// included, numbers as they are written. The grammar is RFC 8259 with the tolerances that
// event/event_reader.h promises: ill-formed UTF-8 and lone surrogates read as U+FFFD, control bytes
// in strings stand for themselves.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "differential/reference/utf8.h"

namespace tocsin::reference {

struct Member;

struct Json {
  enum class Kind { null, boolean, number, string, array, object };
  Kind kind = Kind::null;
  std::string text;  // the unescaped string, the number's token, "true" or "false"
  std::vector<Json> elements;
  std::vector<Member> members;

  // The first member of that name, nullptr when there is none.
  const Json* find(std::string_view key) const;
  // The text of a member, "" when there is none.
  std::string_view text_of(std::string_view key) const;
};

struct Member {
  std::string key;
  Json value;
};

// nullopt when `text` is not one JSON value, or when it is nested deeper than `depth`.
std::optional<Json> parse_json(std::string_view text, std::size_t depth = 64);

// The same without tolerance: what any JSON parser accepts.
std::optional<Json> parse_strict_json(std::string_view text, std::size_t depth = 64);

// The value that begins at text[at], blanks before it aside; `at` moves behind it. nullopt when
// there is none.
std::optional<Json> parse_json_at(std::string_view text, std::size_t& at, std::size_t depth = 64);

// Compact JSON.
std::string to_text(const Json& json);

}  // namespace tocsin::reference
