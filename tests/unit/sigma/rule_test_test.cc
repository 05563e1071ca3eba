#include "sigma/rule_test.h"

#include <catch2/catch.hpp>
#include <string>

#include "support.h"

namespace tocsin::sigma {
namespace {

struct Outcome {
  std::optional<RuleTestFile> file;
  std::string problems;
};

Outcome parse_tests(std::string_view text) {
  Diagnostics diagnostics;
  Outcome outcome;
  outcome.file = parse_rule_tests(text, "a.test.yml", diagnostics);
  outcome.problems = summary(diagnostics);
  return outcome;
}

TEST_CASE("rule tests merge their events over the base") {
  const Outcome outcome = parse_tests(R"(rule: login_without_mfa
base:
  eventName: ConsoleLogin
  userIdentity: {type: IAMUser, accountId: '123456789012'}
  tags: [a, b]
lists:
  trusted: [10.0.0.0/8, 192.0.2.1]
tests:
  - name: fires on root
    fires: true
    event:
      userIdentity: {type: Root}
      tags: [c]
    matched: [userIdentity.type]
  - name: without an account
    fires: false
    event: {n: 1, f: 1.5, t: true, z: null, s: '1'}
    without: [userIdentity.accountId, tags]
  - fires: false
    without: [eventName]
  - event_file: events/a.json
)");
  CHECK(outcome.problems.empty());
  REQUIRE(outcome.file);
  const RuleTestFile& file = *outcome.file;
  CHECK(file.file == "a.test.yml");
  CHECK(file.rule == "login_without_mfa");
  REQUIRE(file.lists.find("trusted"));
  CHECK(file.lists.find("trusted")->size() == 2);
  REQUIRE(file.tests.size() == 4);
  CHECK(file.tests[0].name == "fires on root");
  CHECK(file.tests[0].fires);
  CHECK(file.tests[0].at.line == 9);
  CHECK(file.tests[0].event_json ==
        R"({"eventName":"ConsoleLogin","userIdentity":{"type":"Root","accountId":"123456789012"},)"
        R"("tags":["c"]})");
  CHECK(file.tests[0].matched == std::vector<std::string>{"userIdentity.type"});
  CHECK_FALSE(file.tests[1].fires);
  CHECK(file.tests[1].event_json ==
        R"({"eventName":"ConsoleLogin","userIdentity":{"type":"IAMUser"},"n":1,"f":1.5,)"
        R"("t":true,"z":null,"s":"1"})");
  CHECK(file.tests[2].name == "test 3");
  CHECK(file.tests[2].event_json ==
        R"({"userIdentity":{"type":"IAMUser","accountId":"123456789012"},"tags":["a","b"]})");
  CHECK(file.tests[3].event_file == "events/a.json");
  CHECK(file.tests[3].fires);
}

TEST_CASE("`without` finds keys that contain dots") {
  const Outcome outcome =
      parse_tests("tests:\n  - event: {a.b: {c: 1, d: 2}, a: {b: 3}}\n    without: [a.b.c]\n");
  REQUIRE(outcome.file);
  CHECK(outcome.file->tests[0].event_json == R"({"a.b":{"d":2},"a":{"b":3}})");
}

TEST_CASE("what is wrong with a test file") {
  struct Case {
    const char* text;
    const char* problems;
  };
  const Case kCases[] = {
      {"", "S501 1:1+1"},
      {"- a\n", "S501 1:1+1"},
      {"a: 1\n---\nb: 1\n", "S501 1:1+1"},
      {"rule: x\n", "S501 1:1+1"},
      {"tests: []\n", "S501 1:1+5"},
      {"test: [x]\n", "S502 1:1+4 tests; S501 1:1+1"},
      {"tests:\n  - x\n", "S501 2:5+1"},
      {"tests:\n  - name: a\n", "S503 2:11+1"},
      {"tests:\n  - event: {}\n    event_file: x\n", "S503 3:5+10"},
      {"tests:\n  - event: x\n", "S103 2:5+5"},
      {"tests:\n  - event: {}\n    fires: maybe\n", "S103 3:5+5"},
      {"tests:\n  - event: {}\n    evnt: {}\n", "S502 3:5+4 event"},
      {"tests:\n  - event: {a: 1}\n    without: [b]\n", "S504 3:14+1"},
      {"base: x\ntests:\n  - event: {}\n", "S103 1:1+4"},
      {"lists: [x]\ntests:\n  - event: {}\n", "S103 1:1+5"},
      {"tests:\n  - event_file: x\n    without: [y]\n", "S503 3:5+7"},
  };
  for (const Case& c : kCases) {
    INFO(c.text);
    const Outcome outcome = parse_tests(c.text);
    CHECK(outcome.problems == c.problems);
    CHECK_FALSE(outcome.file);
  }
}

}  // namespace
}  // namespace tocsin::sigma
