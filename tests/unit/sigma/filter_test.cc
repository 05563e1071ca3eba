#include <catch2/catch.hpp>
#include <string>

#include "sigma/linker.h"
#include "support.h"

namespace tocsin::sigma {
namespace {

// A filter whose section starts in line 3.
std::string filter(std::string_view attributes) {
  return "title: Admins\nlogsource: {product: aws}\nfilter:\n" + std::string(attributes);
}

TEST_CASE("filters") {
  const Parsed parsed =
      parse(filter("  rules:\n    - 6f3e2987-db24-4c78-a860-b4f4095a7095\n    - a_name\n"
                   "  selection: {user|startswith: adm_}\n  condition: not selection\n"));
  CHECK(summary(parsed.diagnostics).empty());
  REQUIRE(parsed.set.filters.size() == 1);
  const Filter& f = parsed.set.filters[0];
  CHECK_FALSE(f.any_rule);
  REQUIRE(f.rules.size() == 2);
  CHECK(f.rules[1].text == "a_name");
  CHECK(f.rules[1].at.line == 6);
  CHECK(f.detections.size() == 1);
  REQUIRE(f.conditions.size() == 1);
  CHECK(f.conditions[0].kind == Condition::Kind::negation);
  CHECK(f.logsource.product == "aws");

  for (const char* rules : {"any", "Any", "[]"}) {
    const Parsed any =
        parse(filter(fmt::format("  rules: {}\n  s: {{u: x}}\n  condition: s\n", rules)));
    REQUIRE(any.set.filters.size() == 1);
    CHECK(any.set.filters[0].any_rule);
    CHECK(summary(any.diagnostics) == (rules == std::string_view("[]") ? "W625 4:3+5 any" : ""));
  }
}

TEST_CASE("what is wrong with a filter") {
  struct Case {
    const char* attributes;
    const char* summary;
  };
  const Case kCases[] = {
      {"  s: {u: x}\n  condition: s\n", "S401 3:1+6"},
      {"  rules:\n  s: {u: x}\n  condition: s\n", "S401 4:3+5"},
      {"  rules: {a: b}\n  s: {u: x}\n  condition: s\n", "S401 4:3+5"},
      {"  rules: [[a]]\n  s: {u: x}\n  condition: s\n", "S401 4:11+1"},
      {"  rules: any\n  s: {u: x}\n  condition: [s]\n", "S103 6:3+9"},
      {"  rules: any\n  s: {u: x}\n", "S102 3:1+6"},
      {"  rules: any\n  condition: s\n", "S108 3:1+6"},
      {"  []\n", "S103 3:1+6"},
  };
  for (const Case& c : kCases) {
    INFO(c.attributes);
    const Parsed parsed = parse(filter(c.attributes));
    CHECK(summary(parsed.diagnostics) == c.summary);
    CHECK(parsed.set.filters.empty());
  }
}

TEST_CASE("a filter for a rule that is not loaded stays, with a warning") {
  Parsed parsed = parse(filter("  rules: [nobody]\n  s: {u: x}\n  condition: s\n"));
  Diagnostics diagnostics;
  const LineSource lines = [](const std::string& file, std::uint32_t line) {
    return fmt::format("{}#{}", file, line);
  };
  CHECK(link(parsed.set, lines, diagnostics) == 0);
  CHECK(summary(diagnostics) == "W619 4:11+6");
  CHECK(diagnostics.all()[0].snippet == "test.yml#4");
  CHECK(parsed.set.filters.size() == 1);
}

}  // namespace
}  // namespace tocsin::sigma
