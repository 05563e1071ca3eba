// Literal sets and Hyperscan against a plain search for every literal.
#include "program/literal_set.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "base/text.h"
#include "differential/generate/random.h"
#include "program/literal_scanner.h"

namespace tocsin::program {
namespace {

using Texts = std::vector<std::string>;

std::set<std::string> found_slowly(const Texts& literals, const std::string& text) {
  std::set<std::string> found;
  const std::string folded = text::folded(text);
  for (const std::string& literal : literals) {
    if (folded.find(literal) != std::string::npos) found.insert(literal);
  }
  return found;
}

std::set<std::string> found_by_set(const LiteralSet& set, const std::string& text) {
  std::set<std::string> found;
  Work work = Work::unlimited();
  set.scan(text, work, [&](std::uint32_t number) {
    found.insert(set.literal(number));
    return false;
  });
  return found;
}

class Scanner {
 public:
  Scanner(const Texts& literals, std::size_t hyperscan_literals) {
    for (const std::string& literal : literals) {
      if (scanner_.insert(literal) == literals_.size()) literals_.push_back(literal);
    }
    scanner_.build(hyperscan_literals);
    scanner_.prepare(scratch_);
  }
  std::set<std::string> found(const std::string& text) {
    std::set<std::string> found;
    Work work = Work::unlimited();
    scanner_.scan(text, scratch_, work,
                  [&](std::uint32_t number) { found.insert(literals_[number]); });
    return found;
  }

 private:
  Texts literals_;
  LiteralScanner scanner_;
  ScanScratch scratch_;
};

LiteralSet set_of(const Texts& literals) {
  LiteralSet set;
  for (const std::string& literal : literals) set.insert(literal);
  set.build();
  return set;
}

// A text over few letters, so that literals overlap and nearly occur.
std::string make_text(differential::Random& random, std::size_t most) {
  static const std::string kLetters = "abcABk.:/-_\\\"[{@`~";
  std::string text;
  for (std::size_t n = random.below(most + 1); n > 0; --n) {
    text += kLetters[random.below(random.percent(70) ? 3 : kLetters.size())];
  }
  return text;
}

}  // namespace

TEST_CASE("literals of every length are found wherever they stand") {
  for (std::size_t length = 1; length <= 40; ++length) {
    std::string literal;
    for (std::size_t i = 0; i < length; ++i) literal += static_cast<char>('a' + i % 26);
    const LiteralSet set = set_of({literal});
    for (std::size_t before = 0; before < 20; ++before) {
      for (const std::size_t after : {0u, 1u, 7u}) {
        const std::string text = std::string(before, '#') + literal + std::string(after, '#');
        CHECK(found_by_set(set, text).size() == 1);
        CHECK(found_by_set(set, text.substr(0, text.size() - after - 1)).empty());
      }
    }
  }
}

TEST_CASE("all ways to search find what a plain search finds") {
  differential::Random random(differential::seed());
  for (int round = 0; round < 300; ++round) {
    Texts literals;
    for (std::size_t n = random.below(60); n > 0; --n) {
      const std::string literal = text::folded(make_text(random, 16));
      if (!literal.empty()) literals.push_back(literal);
    }
    const LiteralSet set = set_of(literals);
    Scanner with(literals, 1), without(literals, SIZE_MAX);
    for (int i = 0; i < 30; ++i) {
      const std::string text = make_text(random, 120);
      INFO(text);
      const auto wanted = found_slowly(literals, text);
      CHECK(found_by_set(set, text) == wanted);
      CHECK(with.found(text) == wanted);
      CHECK(without.found(text) == wanted);
    }
  }
}

TEST_CASE("bytes beyond ASCII are compared as they are") {
  const LiteralSet set = set_of({"stra\u00dfe", "\u00e9", "k"});
  CHECK(found_by_set(set, "STRA\u00dfE") == std::set<std::string>{"stra\u00dfe"});
  CHECK(found_by_set(set, "caf\u00c9").empty());
  CHECK(found_by_set(set, "caf\u00e9") == std::set<std::string>{"\u00e9"});
}

TEST_CASE("a search can be ended, and an empty set finds nothing") {
  int calls = 0;
  Work work;
  const auto stop = [&](std::uint32_t) { return ++calls > 0; };
  CHECK(set_of({"a", "b"}).scan("abab", work, stop) == Truth::yes);
  CHECK(calls == 1);
  CHECK(set_of({}).scan("abab", work, stop) == Truth::no);
}

// All literals begin alike for longer than a LiteralSet looks: each place that does costs as much
// as there are literals.
TEST_CASE("a search that costs too much is given up, which is no answer") {
  const std::string alike(60, 'x');
  LiteralSet set;
  for (int i = 0; i < 10'000; ++i) set.insert(alike + std::to_string(100'000 + i));
  set.build();
  std::string text;
  while (text.size() < 1'000'000) text += alike + "-";
  const auto none = [](std::uint32_t) { return false; };
  Work work;
  CHECK(set.scan(text, work, none) == Truth::unknown);
  work.begin_event();
  CHECK(set.scan(std::string(100'000, '-'), work, none) == Truth::no);
}

}  // namespace tocsin::program
