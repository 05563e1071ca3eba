#include "base/text.h"

#include <catch2/catch.hpp>

#include "differential/reference/json_dom.h"

namespace tocsin::text {
namespace {

std::u32string decoded(std::string_view text) {
  std::u32string out;
  for (std::size_t pos = 0; pos < text.size();) out.push_back(next_code_point(text, pos));
  return out;
}

// Bytes at the edges of the ranges of Unicode's table 3-7.
const std::string kEdges =
    "\x01\x7F\x80\x8F\x90\x9F\xA0\xBF\xC0\xC1\xC2\xDF\xE0\xE1\xEC\xED\xEE\xEF\xF0\xF1\xF3\xF4\xF5"
    "\xFF";

TEST_CASE("UTF-8 decoding agrees with the table of well-formed sequences, byte by byte") {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string text = {static_cast<char>(first), static_cast<char>(second)};
      REQUIRE(decoded(text) == reference::decode(text));
    }
  }
  for (const char a : kEdges) {
    for (const char b : kEdges) {
      for (const char c : kEdges) {
        for (const char d : kEdges) {
          const std::string text = {a, b, c, d};
          REQUIRE(decoded(text) == reference::decode(text));
          REQUIRE((find_invalid_utf8(text) == std::string_view::npos) ==
                  reference::is_valid_utf8(text));
        }
      }
    }
  }
}

TEST_CASE("every code point survives encoding and decoding") {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    std::string text;
    append_utf8(c, text);
    std::size_t pos = 0;
    REQUIRE(next_code_point(text, pos) == c);
    REQUIRE(pos == text.size());
    REQUIRE(text == reference::encode(std::u32string(1, c)));
  }
}

TEST_CASE("the first ill-formed sequence is found, and a real U+FFFD is none") {
  CHECK(find_invalid_utf8("") == std::string_view::npos);
  CHECK(find_invalid_utf8("a\xC3\xA9") == std::string_view::npos);
  CHECK(find_invalid_utf8("\xEF\xBF\xBD") == std::string_view::npos);
  CHECK(find_invalid_utf8("ab\xFF") == 2);
  CHECK(find_invalid_utf8("\xEF\xBF\xBD\xEF\xBF") == 3);
  CHECK(find_invalid_utf8("\xED\xA0\x80") == 0);  // a surrogate
}

TEST_CASE("simple case folding") {
  struct Case {
    const char* text;
    const char* folded;
  };
  const Case kCases[] = {
      {"", ""},
      {"AZaz[`{@", "azaz[`{@"},
      {"\u00C5\u212B\u00E5", "\u00E5\u00E5\u00E5"},  // Angstrom
      {"\u017F", "s"},
      {"\u212A", "k"},
      {"\u1E9E\u00DF", "\u00DF\u00DF"},
      {"\u0130\u0131", "\u0130\u0131"},  // dotted and dotless i fold to themselves
      {"\u03A3\u03C2\u03C3", "\u03C3\u03C3\u03C3"},
      {"\u023A", "\u2C65"},  // grows from two bytes to three
      {"\u00B5", "\u03BC"},
      {"\U00010400", "\U00010428"},
      {"\u13A0\uAB70", "\u13A0\u13A0"},  // Cherokee folds to capitals
      {"ABC\u00C4DEF", "abc\u00E4def"},
      {"a\xFF"
       "B",
       "a\uFFFD"
       "b"},
  };
  for (const Case& c : kCases) CHECK(folded(c.text) == c.folded);
  std::string out = "something longer that was here before";
  fold_into("Ab", out);
  CHECK(out == "ab");
}

TEST_CASE("folding twice is folding once") {
  std::size_t changed = 0;
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    REQUIRE(fold(fold(c)) == fold(c));
    if (fold(c) != c) ++changed;
  }
  CHECK(changed == 1454);  // CaseFolding.txt of Unicode 14, status C and S
}

TEST_CASE("printable text is safe on a terminal") {
  CHECK(printable("a\u00E9\U0001F600") == "a\u00E9\U0001F600");
  CHECK(printable("\x1B[31m") == "\\x1b[31m");
  CHECK(printable("a\nb\tc") == "a\\nb\\tc");
  CHECK(printable("\u202Eabc\u200F") == "\\u202eabc\\u200f");
  CHECK(printable("\u0085\x7F") == "\\x85\\x7f");
  CHECK(printable("\xFF\xC3") == "\\xff\\xc3");
  CHECK(printable("\uFFFD") == "\uFFFD");
  CHECK(printable("ad\u200Bmin \u00AD\u2060\uFEFF") == "ad\\u200bmin \\xad\\u2060\\ufeff");
}

TEST_CASE("nearest finds misspellings and nothing else") {
  CHECK(nearest("contans", {"contains", "endswith"}) == "contains");
  CHECK(nearest("contians", {"contains", "endswith"}) == "contains");
  CHECK(nearest("CONTAINS", {"contains"}) == "contains");
  CHECK(nearest("xyz", {"contains", "endswith"}).empty());
  CHECK(nearest("", {"a"}).empty());
  CHECK(nearest("same", {"same"}).empty());
  CHECK(nearest(std::string(1000, 'a'), {std::string_view("a")}).empty());
}

TEST_CASE("trim") {
  CHECK(trim(" \t a b\r\n") == "a b");
  CHECK(trim(" \n").empty());
  CHECK(trim("").empty());
}

}  // namespace
}  // namespace tocsin::text
