// Pattern: a Sigma string with its wildcards resolved, and Glob: its compiled form.
// Source: Sigma specification, "String Wildcard" and "Escape Character".
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "program/work.h"

namespace tocsin::program {

// A sequence of literals, wildcards and placeholders.
struct Pattern {
  struct Part {
    enum class Kind : std::uint8_t { literal, any_string, any_char, placeholder };
    Kind kind = Kind::literal;
    std::string text;  // the literal, or the placeholder's name
  };
  std::vector<Part> parts;

  // Reads `*`, `?` and backslash escapes: a backslash escapes only `*`, `?` and itself, anywhere
  // else it is an ordinary character.
  static Pattern parse(std::string_view text);
  static Pattern literal(std::string text);

  bool has_wildcards() const;
  bool has_placeholders() const;
  // The text when there are neither wildcards nor placeholders.
  std::string plain() const;
  // Back to Sigma notation, for people.
  std::string to_string() const;

  void append(Part part);  // merges neighbouring literals
  void append(const Pattern& other);
};

// A compiled pattern without placeholders. Matching looks at every byte of the text once, for each
// 64 bytes of its longest stretch between two `*` when there is a `?` in it; it never backtracks.
class Glob {
 public:
  // `pattern` must be folded already for case-insensitive use; texts then must be folded too.
  explicit Glob(const Pattern& pattern);

  // `text` is well-formed UTF-8. Unknown when `work` has nothing left; charges what it did.
  Truth matches(std::string_view text, Work& work) const;

  // Calls visit(literal) for every stretch of literal characters; each occurs in whatever matches.
  template <class Visit>
  void for_each_literal(Visit visit) const {
    for (const Segment& segment : segments_) {
      for (std::size_t from = 0; from < segment.text.size();) {
        const std::size_t end = std::min(segment.text.find(kAnyChar, from), segment.text.size());
        if (end > from) visit(std::string_view(segment.text).substr(from, end - from));
        from = end + 1;
      }
    }
  }

 private:
  // 0xFF occurs in no UTF-8 text, so it can stand for `?` inside a segment.
  static constexpr char kAnyChar = static_cast<char>(0xFF);

  // A piece between two `*`: literals and single-character wildcards, one code point each.
  struct Segment {
    std::string text;   // kAnyChar stands for `?`
    bool plain = true;  // no `?` inside
  };
  class Bits;
  class Search;

  std::vector<Segment> segments_;
  bool open_start_ = false;  // begins with `*`
  bool open_end_ = false;    // ends with `*`
};

}  // namespace tocsin::program
