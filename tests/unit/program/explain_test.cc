#include <fmt/format.h>

#include "program/evidence.h"
#include "support.h"

namespace tocsin::program {
namespace {

std::string sentence(const std::string& rule, const char* event) {
  Runner runner(rule);
  return closing_sentence(explain(runner.program(), 0, runner.read(event)));
}

TEST_CASE("the closing sentence says what decided") {
  struct Case {
    const char* selection;
    const char* condition;
    const char* event;
    const char* sentence;
  };
  const Case kCases[] = {
      {"{a: x}", "selection", R"({"a":"X"})",
       "The rule fires: `selection` is true, because `a` is `X`."},
      {"{a: x}", "selection", R"({"a":"y"})",
       "The rule does not fire: `selection` is false, because `a` equals `x` is wanted, but the "
       "event has `y`."},
      {"{a: [x, z]}", "selection", R"({})",
       "The rule does not fire: `selection` is false, because `a` equals `x` or `z` is wanted, but "
       "the event "
       "has no such field."},
      {"{a|contains: x}", "selection", R"({"a":[]})",
       "The rule does not fire: `selection` is false, because `a` contains `x` is wanted, but the "
       "field holds "
       "no scalar."},
      {"{a: x}", "not selection", R"({"a":"x"})",
       "The rule does not fire: `selection` is true, because `a` is `x`."},
      {"[evil]", "selection", R"({"a":"good"})",
       "The rule does not fire: `selection` is false, because any value of the event equals `evil` "
       "is wanted, "
       "but no value does."},
      {"{a|exists: true}", "selection", R"({"a":1})",
       "The rule fires: `selection` is true, because `a` is `1`."},
      {"{a: 1, b: 2}", "selection", R"({"a":1,"b":2})",
       "The rule fires: `selection` is true, because `a` is `1`, and `b` is `2`."},
      {"{a: 1, b: 2}", "selection", R"({"a":1,"b":3})",
       "The rule does not fire: `selection` is false, because `b` equals `2` is wanted, but the "
       "event has `3`."},
  };
  for (const Case& c : kCases) {
    INFO(c.selection << " on " << c.event);
    CHECK(sentence(rule_of(c.selection, c.condition), c.event) == c.sentence);
  }
}

TEST_CASE("the tree keeps the shape of the rule and every leaf's answer") {
  Runner runner(rule_of("{a|contains: [x, y], b: null}"));
  const Explained root = explain(runner.program(), 0, runner.read(R"({"a":["1","ay"],"b":7})"));
  CHECK_FALSE(root.holds);
  REQUIRE(root.kind == Node::Kind::selection);
  CHECK(root.selection == "selection");
  const Explained& all = root.children.at(0);
  REQUIRE(all.kind == Node::Kind::all);
  const Explained& a = all.children.at(0);
  CHECK(a.holds);
  CHECK(a.field == "a");
  CHECK(a.operation == "contains");
  CHECK(a.patterns == std::vector<std::string>{"x", "y"});
  CHECK(a.values == std::vector<std::string>{"1", "ay"});
  CHECK(a.met_value == "ay");
  const Explained& b = all.children.at(1);
  CHECK_FALSE(b.holds);
  CHECK(b.present);
  CHECK(b.values == std::vector<std::string>{"7"});
}

TEST_CASE("a field with many values shows a few") {
  Runner runner(rule_of("{a: x}"));
  const Explained root =
      explain(runner.program(), 0, runner.read(R"({"a":[1,2,3,4,5,6,7,8,9,10]})"));
  CHECK(root.children.at(0).values.size() == kShownValues);
  CHECK(root.children.at(0).more_values == 2);
}

std::string details(const std::string& rule, const char* event) {
  Runner runner(rule);
  Evidence evidence(runner.program());
  MatchView found;
  evidence.find(0, runner.read(event), found);
  std::string out;
  for (const std::string_view selection : found.selections) out += fmt::format("{} ", selection);
  for (const auto& f : found.fields) {
    out += fmt::format("| {} {} {} = {} ", f.name, f.operation, f.pattern, f.value);
  }
  return out;
}

TEST_CASE("match details name what was met, and only what was asked for") {
  CHECK(details(rule_of("{a: [y, x]}"), R"({"a":"X"})") == "selection | a equals x = X ");
  CHECK(details(rule_of("{a|contains: [Pacu, Kali]}"), R"({"a":"is-kali"})") ==
        "selection | a contains Kali = is-kali ");
  CHECK(details(rule_of("{a: [1, 2]}"), R"({"a":"2"})") == "selection | a equals 2 = 2 ");
  CHECK(details(rule_of("{a: 'x\\*'}"), R"({"a":"X*"})") == "selection | a equals x\\* = X* ");
  CHECK(details(rule_of("{a|hour: [1, 2]}"), R"({"a":"2024-01-31T02:00:00Z"})") ==
        "selection | a hour 2 = 2024-01-31T02:00:00Z ");
  CHECK(details(rule_of("{a|re: 'x+'}"), R"({"a":"axx"})") == "selection | a re x+ = axx ");
  CHECK(details(rule_of("{a|cidr: [10.0.0.0/8, 192.168.0.0/16]}"), R"({"a":"192.168.0.1"})") ==
        "selection | a cidr 192.168.0.0/16 = 192.168.0.1 ");
  CHECK(details(rule_of("{a|gte: 3}"), R"({"a":5})") == "selection | a gte 3 = 5 ");
  CHECK(details(rule_of("{a: null}"), R"({})") == "selection | a equals null =  ");
  CHECK(details(rule_of("{a: x}", "not selection"), R"({"a":"y"})").empty());
  CHECK(details(rule_of("{a: x, b: y}"), R"({"a":"x","b":"y"})") ==
        "selection | a equals x = x | b equals y = y ");
}

}  // namespace
}  // namespace tocsin::program
