#include "program/pattern.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace tocsin::program {
namespace {

// Literals as they are, `*` `?` in angle brackets, parts divided by spaces.
std::string parts_of(const Pattern& pattern) {
  std::string out;
  for (const Pattern::Part& part : pattern.parts) {
    if (!out.empty()) out += ' ';
    switch (part.kind) {
      case Pattern::Part::Kind::literal:
        out += part.text;
        break;
      case Pattern::Part::Kind::any_string:
        out += "<*>";
        break;
      case Pattern::Part::Kind::any_char:
        out += "<?>";
        break;
      case Pattern::Part::Kind::placeholder:
        out += "<%>";
        break;
    }
  }
  return out;
}

TEST_CASE("wildcards and escapes read as the specification says") {
  struct Case {
    const char* text;
    const char* parts;
  };
  const Case kCases[] = {
      {"", ""},
      {"abc", "abc"},
      {"a*b?c", "a <*> b <?> c"},
      {"**", "<*> <*>"},
      {R"(\*)", "*"},
      {R"(\?)", "?"},
      {R"(\\)", R"(\)"},
      {R"(\)", R"(\)"},
      {R"(a\b)", R"(a\b)"},
      {R"(a\\b)", R"(a\b)"},
      {R"(\\*)", R"(\ <*>)"},
      {R"(\\\*)", R"(\*)"},
      {R"(\\\\)", R"(\\)"},
      {R"(\\\)", R"(\\)"},
      {R"(C:\Windows\*\x.exe)", R"(C:\Windows*\x.exe)"},
      {R"(C:\Windows\\*\x.exe)", R"(C:\Windows\ <*> \x.exe)"},
  };
  for (const Case& c : kCases) {
    INFO(c.text);
    CHECK(parts_of(Pattern::parse(c.text)) == c.parts);
  }
}

template <class Use>
void for_all_texts(std::string_view alphabet, std::size_t most, Use use) {
  std::vector<std::string> shorter = {""};
  for (std::size_t size = 0; size <= most; ++size) {
    std::vector<std::string> longer;
    for (const std::string& text : shorter) {
      use(text);
      for (const char c : alphabet) longer.push_back(text + c);
    }
    shorter = std::move(longer);
  }
}

TEST_CASE("a pattern written for people reads back as itself") {
  for_all_texts("a*?\\", 6, [](const std::string& text) {
    const Pattern pattern = Pattern::parse(text);
    REQUIRE(parts_of(Pattern::parse(pattern.to_string())) == parts_of(pattern));
  });
}

// The definition: a star is any number of characters.
bool naive(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') {
    return naive(pattern.substr(1), text) || (!text.empty() && naive(pattern, text.substr(1)));
  }
  return !text.empty() && (pattern[0] == '?' || pattern[0] == text[0]) &&
         naive(pattern.substr(1), text.substr(1));
}

TEST_CASE("globs match as the definition says: all short patterns on all short texts") {
  std::vector<std::string> texts;
  for_all_texts("ab", 6, [&](const std::string& text) { texts.push_back(text); });
  for_all_texts("ab*?", 5, [&](const std::string& pattern) {
    const Glob glob(Pattern::parse(pattern));
    for (const std::string& text : texts) {
      if (glob.matches(text) != naive(pattern, text)) FAIL(pattern << " on " << text);
    }
  });
}

TEST_CASE("a question mark is one character, not one byte") {
  const auto matches = [](const char* pattern, const char* text) {
    return Glob(Pattern::parse(pattern)).matches(text);
  };
  CHECK(matches("?", "\u00E9"));
  CHECK(matches("?", "\U0001F600"));
  CHECK_FALSE(matches("??", "\u00E9"));
  CHECK(matches("a?b", "a\u20ACb"));
  CHECK(matches("*?b", "\U0001F600\U0001F600b"));
  CHECK(matches("?*?", "\u00E9\u00E9"));
  CHECK_FALSE(matches("?*?", "\u00E9"));
  CHECK(matches("*\u00E9?", "x\u00E9y"));
}

TEST_CASE("a hostile pattern on a hostile text is quick") {
  std::string pattern;
  for (int i = 0; i < 50; ++i) pattern += "a*";
  CHECK_FALSE(Glob(Pattern::parse(pattern + "b")).matches(std::string(20'000, 'a')));
  CHECK_FALSE(
      Glob(Pattern::parse("*" + std::string(50, '?') + "b*")).matches(std::string(20'000, 'a')));
}

}  // namespace
}  // namespace tocsin::program
