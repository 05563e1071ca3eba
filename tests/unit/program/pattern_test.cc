#include "program/pattern.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "base/text.h"

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

bool matches(const std::string& pattern, std::string_view text) {
  Work work = Work::unlimited();
  return Glob(Pattern::parse(pattern)).matches(text, work) == Truth::yes;
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
    for (const std::string& text : texts) {
      if (matches(pattern, text) != naive(pattern, text)) FAIL(pattern << " on " << text);
    }
  });
}

// The definition for long texts of characters: by dynamic programming.
bool slow(const std::u32string& pattern, const std::u32string& text) {
  std::vector<bool> reached(text.size() + 1, false);
  reached[0] = true;
  for (const char32_t c : pattern) {
    std::vector<bool> next(text.size() + 1, false);
    for (std::size_t i = 0; i <= text.size(); ++i) {
      if (c == '*') next[i] = reached[i] || (i > 0 && next[i - 1]);
      if (c != '*' && i > 0) next[i] = reached[i - 1] && (c == '?' || c == text[i - 1]);
    }
    reached = std::move(next);
  }
  return reached.back();
}

std::string utf8(const std::u32string& text) {
  std::string out;
  for (const char32_t c : text) text::append_utf8(c, out);
  return out;
}

// Long segments, `?` at their ends and at the 64th byte, characters of one to four bytes, and texts
// that nearly match at many places.
TEST_CASE("globs match as the definition says: long patterns on long texts") {
  const std::u32string letters = U"aab\u00E9\u20AC\U0001F600";
  std::mt19937 random(1);
  const auto below = [&](std::size_t n) { return random() % n; };
  std::size_t matched = 0;
  for (int round = 0; round < 20'000; ++round) {
    const std::size_t kinds = 1 + below(letters.size());
    std::u32string text;
    for (std::size_t left = below(300); left > 0; --left) text += letters[below(kinds)];
    // A piece of the text, some of its characters replaced.
    const std::size_t from = below(text.size() + 1);
    std::u32string pattern = text.substr(from, below(150));
    const std::size_t change_one_in = 1 + below(40);
    for (char32_t& c : pattern) {
      if (below(change_one_in) > 0) continue;
      c = below(8) > 0 ? U'?' : below(4) > 0 ? U'*' : letters[below(kinds)];
    }
    if (below(4) > 0) pattern.insert(0, 1, U'*');
    if (below(4) > 0) pattern += U'*';
    const bool wanted = slow(pattern, text);
    matched += wanted ? 1 : 0;
    if (matches(utf8(pattern), utf8(text)) != wanted) FAIL(utf8(pattern) << " on " << utf8(text));
  }
  CHECK(matched > 5'000);
  CHECK(matched < 17'000);
}

TEST_CASE("a question mark is one character, not one byte") {
  CHECK(matches("?", "\u00E9"));
  CHECK(matches("?", "\U0001F600"));
  CHECK_FALSE(matches("??", "\u00E9"));
  CHECK(matches("a?b", "a\u20ACb"));
  CHECK(matches("*?b", "\U0001F600\U0001F600b"));
  CHECK(matches("?*?", "\u00E9\u00E9"));
  CHECK_FALSE(matches("?*?", "\u00E9"));
  CHECK(matches("*\u00E9?", "x\u00E9y"));
}

// So many units of work for each byte of the text; the answer is no.
double units_per_byte(const std::string& pattern, const std::string& text) {
  Work work;
  CHECK(Glob(Pattern::parse(pattern)).matches(text, work) == Truth::no);
  return static_cast<double>(work.spent()) / static_cast<double>(text.size());
}

TEST_CASE("a hostile pattern on a hostile text costs no more for each byte than another") {
  const std::string text(500'000, 'a');
  std::string stars;
  for (int i = 0; i < 50; ++i) stars += "a*";
  const std::string kPatterns[] = {
      stars + "b",
      "*" + std::string(40, 'a') + "b*",
      "*" + std::string(4000, 'a') + "b*",
      "*" + std::string(50, '?') + "b*",
      "*a?" + std::string(50, 'a') + "?b*",
      "*?" + std::string(5000, 'a') + "b",
  };
  for (const std::string& pattern : kPatterns) {
    INFO(pattern.substr(0, 60));
    CHECK(units_per_byte(pattern, text) < 10);
  }
}

TEST_CASE("a glob whose rest must be compared everywhere is given up when its budget ends") {
  const std::string pattern = "*" + std::string(60, 'a') + "?" + std::string(4000, 'a') + "b*";
  Work work;
  const std::string text(500'000, 'a');
  CHECK(Glob(Pattern::parse(pattern)).matches(text, work) == Truth::unknown);
  CHECK(work.spent() <= limits::kRuleWork + 10 * text.size());
}

}  // namespace
}  // namespace tocsin::program
