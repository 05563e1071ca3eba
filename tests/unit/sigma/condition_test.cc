#include "sigma/condition.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "base/limits.h"
#include "support.h"

namespace tocsin::sigma {
namespace {

std::string show(const Condition& condition) {
  const auto join = [&](const char* name) {
    std::string out = fmt::format("({}", name);
    for (const Condition& arg : condition.args) out += " " + show(arg);
    return out + ")";
  };
  switch (condition.kind) {
    case Condition::Kind::identifier:
      return condition.name;
    case Condition::Kind::one_of:
      return "1:" + condition.name;
    case Condition::Kind::all_of:
      return "all:" + condition.name;
    case Condition::Kind::conjunction:
      return join("and");
    case Condition::Kind::disjunction:
      return join("or");
    case Condition::Kind::negation:
      break;
  }
  return join("not");
}

struct Outcome {
  std::string tree;
  std::string problems;
};

Outcome parse_one(std::string_view text, bool quantifiers = true) {
  const std::string file = "test.yml";
  Diagnostics diagnostics;
  Reporter report(text, file, diagnostics);
  const YamlScalar scalar{
      std::string(text), {1, 1, static_cast<std::uint32_t>(text.size())}, YamlScalar::Style::plain};
  const ConditionNames names{{"a", "b", "c-1", "sel_x", "sel_y", "_hidden", "all"}, quantifiers};
  const auto condition = parse_condition(scalar, names, report);
  return {condition ? show(*condition) : "", summary(diagnostics)};
}

TEST_CASE("conditions parse with the precedence not, and, or") {
  struct Case {
    const char* text;
    const char* tree;
  };
  const Case kCases[] = {
      {"a", "a"},
      {"  ( a )  ", "a"},
      {"a or b and c-1", "(or a (and b c-1))"},
      {"a and b or c-1", "(or (and a b) c-1)"},
      {"a and b and c-1", "(and a b c-1)"},
      {"not a and b", "(and (not a) b)"},
      {"not (a and b)", "(not (and a b))"},
      {"not not a", "(not (not a))"},
      {"(a or b) and not c-1", "(and (or a b) (not c-1))"},
      {"1 of sel_*", "1:sel_*"},
      {"any of sel_*", "1:sel_*"},
      {"all of sel_*", "all:sel_*"},
      {"1 of them", "1:them"},
      {"not 1 of sel_* and a", "(and (not 1:sel_*) a)"},
      {"1 of _*", "1:_*"},
      {"_hidden", "_hidden"},
      {"all and a", "(and all a)"},
      {"a\n  and\tb", "(and a b)"},
      {"a and(b)", "(and a b)"},
  };
  for (const Case& c : kCases) {
    INFO(c.text);
    const Outcome outcome = parse_one(c.text);
    CHECK(outcome.tree == c.tree);
    CHECK(outcome.problems.empty());
  }
}

TEST_CASE("capitals and empty patterns are accepted with a warning") {
  CHECK(parse_one("a AND NOT b").tree == "(and a (not b))");
  CHECK(parse_one("a AND NOT b").problems == "W616 1:3+3 and; W616 1:7+3 not");
  CHECK(parse_one("a and not 1 of filter_*").tree == "a");
  CHECK(parse_one("a and not 1 of filter_*").problems == "W615 1:16+8");
}

TEST_CASE("a broken condition is refused with its place") {
  struct Case {
    const char* text;
    const char* problems;
  };
  const Case kCases[] = {
      {"", "S301 1:1+1"},
      {"a b", "S301 1:3+1"},
      {"a and", "S301 1:6+1"},
      {"and a", "S301 1:1+3"},
      {"a and or b", "S301 1:7+2"},
      {"(a", "S301 1:1+1"},
      {"a)", "S301 1:2+1"},
      {"a & b", "S301 1:3+1"},
      {"2 of sel_*", "S301 1:1+1"},
      {"1 of", "S301 1:5+1"},
      {"a and sel_z", "S302 1:7+5 sel_x"},
      {"unknown", "S302 1:1+7"},
      {"a | count() > 5", "S303 1:3+1"},
      {"1 of nothing_*", "W615 1:6+9; S305 1:1+14"},
  };
  for (const Case& c : kCases) {
    INFO(c.text);
    const Outcome outcome = parse_one(c.text);
    CHECK(outcome.tree.empty());
    CHECK(outcome.problems == c.problems);
  }
  CHECK(parse_one("1 of sel_*", false).problems == "S301 1:1+1");
}

TEST_CASE("nesting is bounded") {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '(') + "a" + std::string(depth, ')');
  };
  CHECK(parse_one(nested(limits::kConditionDepth)).tree == "a");
  CHECK(parse_one(nested(limits::kConditionDepth + 1)).problems.starts_with("S304"));
  std::string nots;
  for (int i = 0; i < 100'000; ++i) nots += "not ";
  CHECK(parse_one(nots + "a").problems.starts_with("S304"));
}

TEST_CASE("patterns select names, hidden ones only on purpose") {
  CHECK(selects("them", "a"));
  CHECK_FALSE(selects("them", "_a"));
  CHECK(selects("*", "a"));
  CHECK_FALSE(selects("*", "_a"));
  CHECK(selects("_*", "_a"));
  CHECK(selects("a*c*e", "abcde"));
  CHECK(selects("a*c*e", "aceace"));
  CHECK_FALSE(selects("a*c*e", "abcd"));
  CHECK(selects("a", "a"));
  CHECK_FALSE(selects("a", "ab"));
  CHECK(selects("*_x", "sel_x"));
}

TEST_CASE("conditions in YAML know their column") {
  const auto problems = [](std::string_view condition) {
    return summary(
        parse(rule_with(fmt::format("  sel: {{f: x}}\n  condition: {}\n", condition))).diagnostics);
  };
  CHECK(problems("sel and nope") == "S302 7:22+4");
  CHECK(problems("'sel and nope'") == "S302 7:23+4");
  CHECK(problems("|\n    sel and nope") == "S302 7:14+1");
  CHECK(problems("[sel, nope]") == "S302 7:20+4");
}

}  // namespace
}  // namespace tocsin::sigma
