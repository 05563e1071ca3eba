#include "support.h"

namespace tocsin::program {
namespace {

TEST_CASE("equal questions are asked once, different ones are not mixed up") {
  const auto predicates = [](const std::vector<const char*>& selections) {
    std::string yaml;
    for (const char* selection : selections)
      yaml += (yaml.empty() ? "" : "---\n") + rule_of(selection);
    return compile(yaml).predicates().size();
  };
  CHECK(predicates({"{a: x}", "{a: x}"}) == 1);
  CHECK(predicates({"{a: x}", "{a: X}"}) == 1);
  CHECK(predicates({"{a: [x, y]}", "{a: [x, y]}"}) == 1);
  CHECK(predicates({"{a|contains: x}", "{a: '*x*'}"}) == 1);
  CHECK(predicates({"{a: x}", "{b: x}"}) == 2);
  CHECK(predicates({"{a: x}", "{a|cased: x}"}) == 2);
  CHECK(predicates({"{a: '1'}", "{a: 1}"}) == 2);
  CHECK(predicates({"{a|re: x}", "{a|re|i: x}", "{a|re|s: x}"}) == 3);
  CHECK(predicates({"{a|hour: 1}", "{a|day: 1}", "{a|hour|gt: 1}", "{a|gt: 1}"}) == 4);
  CHECK(predicates({"{a|fieldref: b}", "{a|fieldref|contains: b}", "{a|fieldref: c}"}) == 3);
  CHECK(predicates({"{a: [x, y]}", "{a: \"x\\x1ey\"}", "{a: \"x\\x1e1:y\"}"}) == 3);
  CHECK(predicates({R"({a: 'x\\\*'})", R"({a: 'x\\*'})", R"({a: 'x\*'})"}) == 3);
}

TEST_CASE("rules that share predicates keep their own verdicts") {
  Runner runner(rule_of(R"({a: 'x\\\*'})", "selection", "Backslash and star") + "---\n" +
                rule_of(R"({a: 'x\\*'})", "selection", "Backslash and anything"));
  CHECK(runner.fired(R"({"a":"x\\*"})").size() == 2);
  CHECK(runner.fired(R"({"a":"x\\y"})") == std::vector<std::string>{"Backslash and anything"});
}

TEST_CASE("what cannot be compiled is left out with a diagnostic") {
  struct Case {
    std::string selection;
    const char* code;
  };
  std::string large;
  for (char c = 'a'; c < 'n'; ++c) large += c + std::string("{1000}");
  const Case kCases[] = {
      {"{a|re: '(?=x)'}", "P701"},
      {"{a|re: '('}", "P701"},
      {"{a|re: '((a{1,100}){1,100}){1,100}'}", "P701"},
      {"{a|re: '" + large + "'}", "P702"},
      {"{a|expand: '%nowhere%'}", "P703"},
      {"{a|windash: ' -a -b -c -d -e -f'}", "P704"},
      {"{t|hour: 1.5}", "P704"},
  };
  for (const Case& c : kCases) {
    INFO(c.selection);
    Diagnostics diagnostics;
    const Program program =
        compile(rule_of(c.selection) + "---\n" + rule_of("{a: x}"), {}, &diagnostics);
    CHECK(program.rules().size() == 1);
    REQUIRE(diagnostics.all().size() == 1);
    CHECK(diagnostics.all()[0].code == c.code);
    CHECK(diagnostics.all()[0].severity == Severity::error);
    CHECK(diagnostics.all()[0].file == "test.yml");
    CHECK(diagnostics.all()[0].at.line == 4);
  }
}

TEST_CASE("a list's value that is no network is left out, the rest works") {
  sigma::Lists lists;
  lists.set("nets", {"not a network", "10.0.0.0/8"});
  Diagnostics diagnostics;
  Runner runner(compile(rule_of("{a|cidr|expand: '%nets%'}"), lists, &diagnostics));
  REQUIRE(diagnostics.all().size() == 1);
  CHECK(diagnostics.all()[0].code == "P705");
  CHECK(diagnostics.all()[0].severity == Severity::warning);
  CHECK(runner.fires(R"({"a":"10.1.1.1"})"));
}

TEST_CASE("a large list is one predicate") {
  std::vector<std::string> values;
  for (int i = 0; i < 50'000; ++i) values.push_back("value" + std::to_string(i));
  sigma::Lists lists;
  lists.set("many", values);
  Runner runner(rule_of("{a|expand: '%many%'}"), lists);
  CHECK(runner.program().predicates().size() == 1);
  CHECK(runner.fires(R"({"a":"VALUE49999"})"));
  CHECK_FALSE(runner.fires(R"({"a":"value50000"})"));
}

TEST_CASE("log sources decide which rules meet CloudTrail") {
  const auto candidates = [](const std::string& logsource) {
    const std::string yaml =
        "title: T\nlogsource: " + logsource + "\ndetection:\n    s: {a: 1}\n    condition: s\n";
    return compile(yaml).cloudtrail_rules().size();
  };
  CHECK(candidates("{product: aws, service: cloudtrail}") == 1);
  CHECK(candidates("{product: aws}") == 1);
  CHECK(candidates("{service: cloudtrail}") == 1);
  CHECK(candidates("{product: windows}") == 0);
  CHECK(candidates("{product: aws, service: guardduty}") == 0);
  CHECK(candidates("{product: aws, service: cloudtrail, category: x}") == 0);
}

const std::string kFilter =
    "---\ntitle: No robots\nlogsource: {product: aws}\nfilter:\n    rules: [Test]\n"
    "    robots: {b: robot}\n    condition: not robots\n";

TEST_CASE("filters narrow the rules that they name") {
  Runner runner(rule_of("{a: 1}") + "---\n" + rule_of("{a: 1}", "selection", "Other") + kFilter);
  CHECK(runner.fired(R"({"a":1})").size() == 2);
  CHECK(runner.fired(R"({"a":1,"b":"robot"})") == std::vector<std::string>{"Other"});
  CHECK(runner.program().rules()[0].filters == std::vector<std::string>{"No robots"});
  CHECK(runner.program().rules()[1].filters.empty());
}

TEST_CASE("a filter that names no rule is reported") {
  Diagnostics diagnostics;
  compile(rule_of("{a: 1}", "selection", "Other") + kFilter, {}, &diagnostics);
  REQUIRE(diagnostics.all().size() == 1);
  CHECK(diagnostics.all()[0].code == "P706");
}

TEST_CASE("a rule that only a correlation asks for is evaluated, and raises no alert of its own") {
  const std::string correlation =
      "---\ntitle: Many\ncorrelation:\n    type: event_count\n    rules: [Test]\n    group-by: "
      "[a]\n"
      "    timespan: 5m\n    condition: {gte: 3}\n";
  const Program silent = compile(rule_of("{a: 1}") + correlation);
  CHECK(silent.rules().at(0).correlation_only);
  CHECK(silent.all_rules().size() == 1);
  CHECK(silent.cloudtrail_rules().size() == 1);
  CHECK_FALSE(silent.raises_alert(0));
  const Program loud = compile(rule_of("{a: 1}") + correlation + "    generate: true\n");
  CHECK(loud.all_rules().size() == 1);
  CHECK(loud.raises_alert(0));
  // Of two rules with one title the reference means the first.
  const Program two = compile(rule_of("{a: 1}") + "---\n" + rule_of("{a: 2}") + correlation);
  CHECK(two.rules().at(0).correlation_only);
  CHECK_FALSE(two.rules().at(1).correlation_only);
}

TEST_CASE("the hash of a rule changes with what it depends on") {
  const auto hash = [](const std::string& yaml, const sigma::Lists& lists = {}) {
    return compile(yaml, lists).rules().at(0).hash;
  };
  const std::string rule = rule_of("{a: 1}");
  CHECK(hash(rule) == hash(rule));
  CHECK(hash(rule) != hash(rule_of("{a: 2}")));
  CHECK(hash(rule) != hash(rule + kFilter));
  const std::string listed = rule_of("{a|expand: '%x%'}");
  sigma::Lists one, two;
  one.set("x", {"a", "b"});
  two.set("x", {"ab"});
  CHECK(hash(listed, one) == hash(listed, one));
  CHECK(hash(listed, one) != hash(listed, two));
  one.set("unused", {"z"});
  two.set("x", {"a", "b"});
  CHECK(hash(listed, one) == hash(listed, two));
}

const std::string kWhole = R"(title: One
id: 6f3e2987-db24-4c78-a860-b4f4095a7091
name: one
status: test
level: low
description: something
author: somebody
date: 2025-01-01
references: [https://example.org/one]
tags: [attack.impact]
falsepositives: [none]
logsource: {product: aws, service: cloudtrail, definition: needs data events}
detection:
    first: {eventName|startswith: [Get, List], eventSource: [1, x]}
    second: [{a: b}, {c: d}]
    third: {user|expand: '%admins%'}
    condition: first and not second or third
)";

// kWhole with one text for another.
std::string edited(const std::string& from, const std::string& to) {
  std::string out = kWhole;
  REQUIRE(out.find(from) != std::string::npos);
  return out.replace(out.find(from), from.size(), to);
}

TEST_CASE("the meaning of a rule stays when only what is told about it changes") {
  sigma::Lists lists;
  lists.set("admins", {"alice", "bob"});
  const auto meaning = [](const std::string& yaml, const sigma::Lists& with) {
    return compile(yaml, with).rules().at(0).meaning;
  };
  const Meaning whole = meaning(kWhole, lists);
  CHECK(whole != Meaning{});
  const std::pair<std::string, std::string> told[] = {
      {"title: One", "title: Another"},
      {"7091", "7092"},
      {"name: one", "name: two"},
      {"status: test", "status: stable"},
      {"level: low", "level: high"},
      {"description: something", "description: something else # and a comment"},
      {"author: somebody", "author: nobody"},
      {"date: 2025-01-01", "date: 2024-01-01\nmodified: 2025-02-02"},
      {"example.org/one", "example.org/two"},
      {"attack.impact", "attack.exfiltration"},
      {"falsepositives: [none]", "falsepositives: [many]\ncustom: {x: y}"},
      {"needs data events", "needs nothing"},
      // Nor does an order that says nothing.
      {"[Get, List]", "[List, Get]"},
      {"[{a: b}, {c: d}]", "[{c: d}, {a: b}]"},
      {"    second: [{a: b}, {c: d}]\n    third: {user|expand: '%admins%'}",
       "    third: {user|expand: '%admins%'}\n    second: [{a: b}, {c: d}]"},
      {"first and not second or third", "third or (not second) and first"},
      {"eventSource: [1, x]", "eventSource: [1.0, x]"},
  };
  for (const auto& [from, to] : told) {
    INFO(from << " -> " << to);
    CHECK(meaning(edited(from, to), lists) == whole);
  }
  const std::pair<std::string, std::string> meant[] = {
      {"service: cloudtrail", "service: s3"},
      {"Get, List", "Get, Lis"},
      {"eventSource: [1, x]", "eventSource: ['1', x]"},
      {"eventSource: [1, x]", "eventSource: [1]"},
      {"eventSource", "eventsource"},
      {"|startswith", "|endswith"},
      {"|startswith", "|startswith|cased"},
      {"[{a: b}, {c: d}]", "{a: b, c: d}"},
      {"[{a: b}, {c: d}]", "[{a: b, c: d}]"},
      {"[{a: b}, {c: d}]", "[{a: d}, {c: b}]"},
      {"first and not second or third", "first and (not second or third)"},
      {"first and not second or third", "[first, not second or third]"},
      {"first and not second or third", "first or not second and third"},
      {"not second or third", "not second and 1 of third*"},
  };
  for (const auto& [from, to] : meant) {
    INFO(from << " -> " << to);
    CHECK(meaning(edited(from, to), lists) != whole);
  }

  sigma::Lists other;
  other.set("admins", {"bob", "alice", "bob"});
  other.set("unused", {"x"});
  CHECK(meaning(kWhole, other) == whole);
  other.set("admins", {"alice", "bob", "carol"});
  CHECK(meaning(kWhole, other) != whole);
  other.set("admins", {"alicebob"});
  CHECK(meaning(kWhole, other) != whole);
}

TEST_CASE("the filters applied are part of a rule's meaning, whatever they are called") {
  const auto meaning = [](const std::string& yaml) { return compile(yaml).rules().at(0).meaning; };
  const auto filter = [](const std::string& title, const std::string& value) {
    return "---\ntitle: " + title +
           "\nlogsource: {product: aws, service: cloudtrail}\nfilter:\n    rules: [Test]\n    f: "
           "{b: " +
           value + "}\n    condition: not f\n";
  };
  const std::string rule = rule_of("{a: 1}");
  const Meaning filtered = meaning(rule + filter("One", "x") + filter("Two", "y"));
  CHECK(filtered == meaning(rule + filter("Three", "y") + filter("Four", "x")));
  CHECK(filtered != meaning(rule));
  CHECK(filtered != meaning(rule + filter("One", "x")));
  CHECK(filtered != meaning(rule + filter("One", "x") + filter("Two", "z")));
  // A filter of another rule is not applied to it.
  std::string elsewhere = filter("One", "x");
  elsewhere.replace(elsewhere.find("[Test]"), 6, "[Tset]");
  CHECK(meaning(rule + elsewhere) == meaning(rule));
}

TEST_CASE("an event of another shape meets every rule, a CloudTrail record only its own") {
  Runner runner(
      "title: W\nlogsource: {product: windows}\ndetection:\n    s: {a: 1}\n    condition: s\n");
  Matching matching(runner.program());
  CHECK(matching.candidates(runner.read(R"({"a":1})")).size() == 1);
  CHECK(matching.candidates(runner.read(R"({"a":1,"eventName":"x","eventSource":"y"})")).empty());
}

}  // namespace
}  // namespace tocsin::program
