#include "sigma/modifier.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "sigma/value_text.h"
#include "support.h"

namespace tocsin::sigma {
namespace {

std::string problems(std::string_view item) {
  return codes(parse(rule_with_item(item)).diagnostics);
}

TEST_CASE("modifier names round-trip") {
  for (int i = 0; i <= static_cast<int>(Modifier::fieldref); ++i) {
    const auto modifier = static_cast<Modifier>(i);
    CHECK(find_modifier(to_string(modifier)) == modifier);
  }
  CHECK(find_modifier("ignorecase") == Modifier::i);
  CHECK(find_modifier("multiline") == Modifier::m);
  CHECK(find_modifier("dotall") == Modifier::s);
  CHECK_FALSE(find_modifier("Contains"));
  CHECK_FALSE(find_modifier(""));
}

TEST_CASE("legal chains and values") {
  const char* kItems[] = {
      "f: x",
      "f: 1",
      "f: true",
      "f: null",
      "f: [a, 1, true]",
      "f: []",
      "f: ''",
      "f|contains: x",
      "f|startswith: x",
      "f|endswith: x",
      "f|contains: '*x?'",
      "f|startswith|endswith: x",
      "f|cased: x",
      "f|contains|cased: x",
      "f|cased|contains: x",
      "f|contains|all: [a, b]",
      "f|all|contains: [a, b]",
      "f|neq: x",
      "f|contains|neq: x",
      "f|neq|contains: x",
      "f|all|neq: [a, b]",
      "f|re: ^a.*$",
      "f|re: 5",
      "f|re|i: a",
      "f|re|i|m|s: a",
      "f|re|ignorecase: a",
      "f|re|contains: a",
      "f|re|startswith: a",
      "f|re|endswith|i: a",
      "f|re|neq: a",
      "f|neq|re: a",
      "f|re|all: [a, b]",
      "f|re|expand: '%l%'",
      "f|cidr: 10.0.0.0/8",
      "f|cidr: 10.0.0.1",
      "f|cidr: '2001:db8::/32'",
      "f|cidr: '::1'",
      "f|cidr|expand: '%nets%'",
      "f|expand|cidr: '%nets%'",
      "f|cidr|neq: 10.0.0.0/8",
      "f|cidr|all: [10.0.0.0/8, 10.1.0.0/16]",
      "f|base64: x",
      "f|base64offset: x",
      "f|base64offset|contains: x",
      "f|base64|base64: x",
      "f|wide|base64offset|contains: x",
      "f|utf16|base64: x",
      "f|utf16be|base64: x",
      "f|utf16le|base64offset: x",
      "f|wide: x",
      "f|wide|contains: x",
      "f|contains|wide: x",
      "f|wide|base64: '\xC3\xA9'",
      "f|expand|base64: '%l%'",
      "f|windash: ' -x'",
      "f|contains|windash: ' -x'",
      "f|windash|contains: ' -x'",
      "f|windash|contains|all: [' -x', ' -y']",
      "f|windash|base64offset|contains: ' -x'",
      "f|exists: true",
      "f|exists: false",
      "f|exists: true",
      "f|lt: 1",
      "f|lte: 1.5",
      "f|gt: -3",
      "f|gte: 0x10",
      "f|gt: [1, 2]",
      "f|gt|neq: 1",
      "f|minute: 59",
      "f|hour: 22",
      "f|day: 31",
      "f|week: 53",
      "f|month: 12",
      "f|year: 2024",
      "f|hour|gte: 22",
      "f|hour|lt: 6",
      "f|hour: [1, 2]",
      "f|fieldref: g",
      "f|fieldref|neq: g",
      "f|fieldref|contains: g",
      "f|fieldref|endswith: g",
      "f|cased|fieldref: g",
      "f|fieldref|cased: g",
      "f|neq|fieldref: g",
      "f|expand: '%l%'",
      "f|contains|expand: '%l%'",
      "f|expand|contains: 'a%l%b'",
      "f|expand: '\\%plain%l%'",
      "'|all': [a, b]",
      "'|contains': a",
      "'|re': a.b",
      "'|contains|all': [a, b]",
      "'|cased': a",
      "'': a",
  };
  for (const char* item : kItems) {
    INFO(item);
    const std::string found = problems(item);
    CHECK((found.empty() || found == "W617"));
  }
}

TEST_CASE("illegal chains") {
  const char* kItems[] = {
      "f|contains|re: x",
      "f|re|re: x",
      "f|i: x",
      "f|contains|i: x",
      "f|expand|re: '%l%'",
      "f|re|cased: x",
      "f|re|base64: x",
      "f|re|cidr: x",
      "f|re|windash: x",
      "f|cased|re: x",
      "f|contains|cidr: 10.0.0.0/8",
      "f|cidr|contains: 10.0.0.0/8",
      "f|cased|cidr: 10.0.0.0/8",
      "f|contains|base64: x",
      "f|contains|base64offset: x",
      "f|wide|contains|base64: x",
      "f|base64|wide: x",
      "f|base64|windash: x",
      "f|base64|expand: x",
      "f|wide|utf16: x",
      "f|wide|windash: x",
      "f|wide|expand: x",
      "f|exists|all: true",
      "f|all|exists: true",
      "f|exists|contains: true",
      "f|contains|exists: true",
      "f|exists|exists: true",
      "f|gt|lt: 1",
      "f|gt|contains: 1",
      "f|contains|gt: 1",
      "f|gt|hour: 1",
      "f|hour|minute: 1",
      "f|hour|contains: 1",
      "f|gt|expand: 1",
      "f|contains|fieldref: g",
      "f|fieldref|re: g",
      "f|fieldref|base64: g",
      "f|fieldref|expand: g",
      "f|base64|fieldref: g",
      "f|expand|fieldref: '%l%'",
      "f|windash|fieldref: g",
  };
  for (const char* item : kItems) {
    INFO(item);
    CHECK(problems(item) == "S202");
  }
}

TEST_CASE("values that a chain does not take") {
  struct Case {
    const char* item;
    const char* codes;
  };
  const Case kCases[] = {
      {"f|contains: 1", "S204"},
      {"f|contains: true", "S204"},
      {"f|contains: null", "S204"},
      {"f|cidr: 10", "S204"},
      {"f|re: true", "S204"},
      {"f|re: null", "S204"},
      {"f|gt: '5'", "S204"},
      {"f|gt: x", "S204"},
      {"f|hour: x", "S204"},
      {"f|base64: 1", "S204"},
      {"f|exists: 1", "S210"},
      {"f|exists: 'true'", "S210"},
      {"f|exists: [true, false]", "S210"},
      {"f|exists: []", "S210"},
      {"'|exists': true", "S205"},
      {"'|gt': 1", "S205"},
      {"'|fieldref': g", "S205"},
      {"'|hour': 1", "S205"},
      {"'|contains': [a, null]", "S211"},
      {"f|cidr: 10.0.0.0/33", "S206"},
      {"f|cidr: 10.0.0.1/8", "S206"},
      {"f|cidr: 10.0.0/8", "S206"},
      {"f|cidr: 010.0.0.0/8", "S206"},
      {"f|cidr: '2001:db8::1/32'", "S206"},
      {"f|cidr: 'fe80::1%eth0'", "S206"},
      {"f|cidr|expand: 10.0.0.1/8", "W613 S206"},
      {"f|base64: 'a*'", "S207"},
      {"f|wide|base64offset: 'a?'", "S207"},
      {"f|fieldref: 'g*'", "S207"},
      {"f|base64: 'a\\*'", ""},
      {"f|wide: '\xC3\xA9'", "S208"},
      {"f|hour: 24", "S209"},
      {"f|minute: -1", "S209"},
      {"f|month: 0", "S209"},
      {"f|hour|gte: 24", "S209"},
      {"f|cotnains: x", "S201"},
      {"f|contains|all: x", "S212"},
      {"f|contains|all: [x]", "S212"},
      {"f|exists: yes", "W617 S210"},
      {"f|: x", "S201"},
      {"f|contains|: x", "S201"},
      {"f|a|b|c: x", "S201 S201 S201"},
      {"f: {g: x}", "S109"},
      {"f: [[x]]", "S109"},
      {"f: [x, {g: y}]", "S109"},
  };
  for (const Case& c : kCases) {
    INFO(c.item);
    CHECK(problems(c.item) == c.codes);
  }
}

TEST_CASE("lints of items") {
  struct Case {
    const char* item;
    const char* codes;
  };
  const Case kCases[] = {
      {"f: [a, null]", "W611"},
      {"f|contains: ''", "W612"},
      {"f|endswith: '*'", "W612"},
      {"f: '*'", ""},
      {"f|expand: x", "W613"},
      {"f|contains|contains: x", "W614"},
      {"f: 0123", "W617"},
      {"f: 0x17", "W617"},
      {"f: NO", "W617"},
      {"f: 'NO'", ""},
      {"f|contains|all|expand: '%names%'", ""},
      {"f: 1.10", "W617"},
      {"f: True", ""},
      {"f|gt: 1.0", ""},
      {"f: 'C:\\Users\\*\\x'", "W620"},
      {"f: 'C:\\Users\\\\*\\x'", ""},
      {"f|re: 'a\\*\\x'", ""},
  };
  for (const Case& c : kCases) {
    INFO(c.item);
    CHECK(problems(c.item) == c.codes);
  }
}

TEST_CASE("diagnostics of items point at the right characters and suggest") {
  struct Case {
    const char* item;  // in line 7, from column 5
    const char* summary;
  };
  const Case kCases[] = {
      {"CommandLine|contians: x", "S201 7:17+8 contains"},
      {"'CommandLine|all|contians': x", "S201 7:22+8 contains"},
      {"f|qwertz: x", "S201 7:7+6"},
      {"f|contains|re: x", "S202 7:16+2"},
      {"f|cidr: 10.0.0.1/8", "S206 7:13+10 10.0.0.0/8"},
      {"f|gt: '5'", "S204 7:11+3 5"},
      {"f|contains: 5", "S204 7:17+1 '5'"},
      {"f: [a, 0123]", "W617 7:12+4 '0123'"},
  };
  for (const Case& c : kCases) {
    INFO(c.item);
    CHECK(summary(parse(rule_with_item(c.item)).diagnostics) == c.summary);
  }
  const Parsed parsed = parse(rule_with_item("CommandLine|contians: x"));
  CHECK(render_text(parsed.diagnostics.all()[0], false) ==
        "test.yml:7:17: error S201: unknown modifier `contians`\n"
        "      CommandLine|contians: x\n"
        "                  ^~~~~~~~\n"
        "  did you mean `contains`?\n");
}

TEST_CASE("wildcards and placeholders are found as they are escaped") {
  CHECK(has_wildcard("a*"));
  CHECK(has_wildcard("a\\\\*"));
  CHECK_FALSE(has_wildcard("a\\*\\?"));
  CHECK_FALSE(has_wildcard("C:\\x\\"));
  using Names = std::vector<std::string_view>;
  CHECK(placeholder_names("%a%") == Names{"a"});
  CHECK(placeholder_names("x%a%y%b c%z") == Names{"a", "b c"});
  CHECK(placeholder_names("\\%plain%name%") == Names{"name"});
  CHECK(placeholder_names("100%") == Names{});
  CHECK(placeholder_names("%%") == Names{});
  CHECK(placeholder_names("%a*b%") == Names{});
}

}  // namespace
}  // namespace tocsin::sigma
