// YamlNode: a YAML document as a tree of our own, with the place of every key and value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"

namespace tocsin::sigma {

struct YamlScalar {
  enum class Style : std::uint8_t { plain, quoted, block };

  std::string text;
  // As written, quotes included; the first line of it when there are several.
  Span at;
  Style style = Style::plain;

  // The place of text[offset, offset + length). Exact for a scalar that stands on one line and
  // has no escapes; otherwise the scalar's own place.
  Span within(std::size_t offset, std::size_t length) const;
};

struct YamlEntry;

struct YamlNode {
  enum class Kind : std::uint8_t { scalar, sequence, map };

  Kind kind = Kind::scalar;
  YamlScalar scalar;               // of a scalar; a collection uses only `at`, its first character
  std::vector<YamlNode> items;     // of a sequence
  std::vector<YamlEntry> entries;  // of a map: in order, keys unique

  const Span& at() const { return scalar.at; }
  bool is_scalar() const { return kind == Kind::scalar; }
  bool is_sequence() const { return kind == Kind::sequence; }
  bool is_map() const { return kind == Kind::map; }
  // A plain `null`, `~` or nothing at all.
  bool is_null() const;
  // A scalar that resolves to text (not to a number, boolean or null).
  bool is_text() const;

  // The entry with this key, nullptr when there is none. Linear: for the fixed keys of a document.
  const YamlEntry* find(std::string_view key) const;
};

struct YamlEntry {
  YamlScalar key;
  YamlNode value;
};

struct YamlDocument {
  YamlNode root;
  std::string_view text;  // its part of the file
  bool valid = true;      // false: an error was reported, `root` may be incomplete
};

// Two trees are equal when they say the same, wherever it stands in the file.
bool operator==(const YamlNode& a, const YamlNode& b);

}  // namespace tocsin::sigma
