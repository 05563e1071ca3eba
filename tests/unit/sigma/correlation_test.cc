#include <catch2/catch.hpp>
#include <string>

#include "sigma/linker.h"
#include "support.h"

namespace tocsin::sigma {
namespace {

// A correlation whose section starts in line 2; its first attribute is in line 3, column 3.
std::string correlation(std::string_view attributes) {
  return "title: Many\ncorrelation:\n" + std::string(attributes);
}

TEST_CASE("a correlation with everything in it") {
  const Parsed parsed = parse(correlation(R"(  type: value_count
  rules:
    - base
    - df0841c0-9846-4e9f-ad8a-7df91571771b
  group-by:
    - account
    - ip
  timespan: 1h
  aliases:
    ip:
      base: sourceIPAddress
      df0841c0-9846-4e9f-ad8a-7df91571771b: src.ip
  condition:
    field: [user, role]
    gt: 100
    lte: 200.5
  generate: true
level: high
logsource: {product: aws}
)"));
  CHECK(summary(parsed.diagnostics).empty());
  REQUIRE(parsed.set.correlations.size() == 1);
  const Correlation& c = parsed.set.correlations[0];
  CHECK(c.type == Correlation::Type::value_count);
  REQUIRE(c.rules.size() == 2);
  CHECK(c.rules[0].text == "base");
  CHECK(c.rules[0].at.line == 5);
  CHECK(c.group_by == std::vector<std::string>{"account", "ip"});
  CHECK(c.timespan_seconds == 3600);
  REQUIRE(c.aliases.size() == 1);
  CHECK(c.aliases[0].name == "ip");
  CHECK(c.aliases[0].fields[1].second == "src.ip");
  CHECK(c.fields == std::vector<std::string>{"user", "role"});
  REQUIRE(c.bounds.size() == 2);
  CHECK(c.bounds[0].op == Correlation::Operator::gt);
  CHECK(c.bounds[1].value == 200.5);
  CHECK(c.generate);
  CHECK(c.meta.level == "high");
}

TEST_CASE("all types, time spans and operators") {
  for (const char* type : {"event_count", "value_count", "value_sum", "value_avg",
                           "value_percentile", "value_median"}) {
    INFO(type);
    const Parsed parsed = parse(correlation(fmt::format(
        "  type: {}\n  rules: base\n  timespan: 1m\n  condition: {{{}, gte: 2}}\n", type,
        type == std::string_view("event_count")        ? "lt: 9"
        : type == std::string_view("value_percentile") ? "field: f, percentile: 95"
                                                       : "field: f")));
    CHECK(summary(parsed.diagnostics).empty());
    REQUIRE(parsed.set.correlations.size() == 1);
    CHECK(to_string(parsed.set.correlations[0].type) == type);
  }
  struct Case {
    const char* text;
    std::uint64_t seconds;
  };
  for (const Case& c : {Case{"30s", 30}, Case{"15m", 900}, Case{"2h", 7200}, Case{"1d", 86'400},
                        Case{"1w", 604'800}, Case{"1M", 2'629'746}, Case{"1y", 31'556'952}}) {
    const Parsed parsed = parse(
        correlation(fmt::format("  type: temporal\n  rules: [a, b]\n  timespan: {}\n", c.text)));
    REQUIRE(parsed.set.correlations.size() == 1);
    CHECK(parsed.set.correlations[0].timespan_seconds == c.seconds);
    REQUIRE(parsed.set.correlations[0].bounds.size() == 1);
    CHECK(parsed.set.correlations[0].bounds[0].value == 2);
  }
}

TEST_CASE("boolean conditions of temporal correlations") {
  const Parsed parsed = parse(
      correlation("  type: temporal\n  rules: [a, b]\n  timespan: 1m\n  condition: a and not b\n"));
  CHECK(summary(parsed.diagnostics).empty());
  REQUIRE(parsed.set.correlations.size() == 1);
  REQUIRE(parsed.set.correlations[0].expression);
  CHECK(parsed.set.correlations[0].expression->kind == Condition::Kind::conjunction);
  CHECK(parsed.set.correlations[0].bounds.empty());

  const Parsed unlisted =
      parse(correlation("  type: temporal_ordered\n  timespan: 1m\n  condition: a and (b or c)\n"));
  CHECK(summary(unlisted.diagnostics).empty());
  REQUIRE(unlisted.set.correlations.size() == 1);
  CHECK(unlisted.set.correlations[0].rules.size() == 3);
}

TEST_CASE("what is wrong with a correlation") {
  struct Case {
    const char* attributes;
    const char* summary;
  };
  const Case kCases[] = {
      {"  rules: [a]\n", "S102 2:1+11"},
      {"  type: evnt_count\n", "S402 3:9+10 event_count"},
      {"  type: event_count\n", "S102 2:1+11; S102 2:1+11; S102 2:1+11"},
      {"  type: event_count\n  rules: [a]\n  timespan: 5\n  condition: {gte: 2}\n", "S403 5:13+1"},
      {"  type: event_count\n  rules: [a]\n  timespan: 0m\n  condition: {gte: 2}\n", "S403 5:13+2"},
      {"  type: event_count\n  rules: [a]\n  timespan: 99999999999y\n  condition: {gte: 2}\n",
       "S403 5:13+12"},
      {"  type: event_count\n  rules: [a]\n  timespan: 5m\n  condition: {gte: x}\n",
       "S404 6:20+1; S404 6:3+9"},
      {"  type: event_count\n  rules: [a]\n  timespan: 5m\n  condition: {get: 1}\n",
       "S409 6:15+3 gt; S404 6:3+9"},
      {"  type: event_count\n  rules: [a]\n  timespan: 5m\n  condition: a and b\n", "S404 6:14+7"},
      {"  type: value_count\n  rules: [a]\n  timespan: 5m\n  condition: {gte: 1}\n", "S405 6:3+9"},
      {"  type: temporal\n  rules: [failed, success]\n  timespan: 5m\n"
       "  condition: failed and succes\n",
       "S302 6:25+6 success"},
      {"  type: temporal\n  rules: [a, b]\n  timespan: 5m\n  condition: a\n", "S406 4:14+1"},
      {"  type: temporal\n  rules: [a]\n  timespan: 5m\n  condition: 1 of a\n", "S301 6:14+1"},
      {"  type: temporal\n  rules: {a: b}\n  timespan: 5m\n", "S103 4:3+5; S102 2:1+11"},
      {"  type: temporal\n  rules: [a]\n  timespan: 5m\n  groupby: u\n", "S409 6:3+7 group-by"},
      {"  type: temporal\n  rules: [a]\n  timespan: 5m\n  aliases: {u: x}\n", "S410 6:13+1"},
      {"  type: temporal\n  rules: [a]\n  timespan: 5m\n  generate: 1\n", "S103 6:3+8"},
  };
  for (const Case& c : kCases) {
    INFO(c.attributes);
    const Parsed parsed = parse(correlation(c.attributes));
    CHECK(summary(parsed.diagnostics) == c.summary);
    CHECK(parsed.set.correlations.empty());
  }
}

// Links the text and returns what is reported; the set is left in `parsed`.
std::string linked(Parsed& parsed, std::size_t& removed) {
  Diagnostics diagnostics;
  removed = link(
      parsed.set, [](const std::string&, std::uint32_t) { return std::string(); }, diagnostics);
  return summary(diagnostics);
}

std::string base_rule(std::string_view head) {
  return std::string(head) +
         "logsource: {product: aws}\nlevel: low\ndetection: {a: {b: c}, condition: a}\n---\n";
}

TEST_CASE("references are ids, names and titles") {
  for (const char* reference : {"6f3e2987-db24-4c78-a860-b4f4095a7095", "base", "Base rule"}) {
    INFO(reference);
    Parsed parsed = parse(
        base_rule("title: Base rule\nname: base\nid: 6f3e2987-db24-4c78-a860-b4f4095a7095\n") +
        correlation(fmt::format("  type: temporal\n  rules: ['{}']\n  timespan: 1m\n", reference)));
    std::size_t removed = 0;
    CHECK(linked(parsed, removed).empty());
    CHECK(removed == 0);
    const ReferenceIndex index(parsed.set);
    CHECK(index.find(reference).kind == ReferenceIndex::Target::Kind::rule);
    CHECK(index.find("Many").kind == ReferenceIndex::Target::Kind::correlation);
    CHECK(index.find("none").kind == ReferenceIndex::Target::Kind::none);
  }
}

TEST_CASE("a correlation without its rules is removed, and those that need it") {
  Parsed parsed = parse(
      base_rule("title: Base rule\nname: base_rule\n") +
      "title: One\nname: one\ncorrelation: {type: temporal, rules: [base_rlue], timespan: 1m}\n"
      "---\n"
      "title: Two\nname: two\ncorrelation: {type: temporal, rules: [one], timespan: 1m}\n"
      "---\n"
      "title: Three\ncorrelation: {type: temporal, rules: [base_rule], timespan: 1m}\n");
  std::size_t removed = 0;
  CHECK(linked(parsed, removed) == "S407 9:39+9 base_rule; S407 13:39+3");
  CHECK(removed == 2);
  REQUIRE(parsed.set.correlations.size() == 1);
  CHECK(parsed.set.correlations[0].meta.title == "Three");
}

TEST_CASE("correlations in a circle are removed") {
  Parsed parsed = parse(
      "title: A\nname: a\ncorrelation: {type: temporal, rules: [b], timespan: 1m}\n---\n"
      "title: B\nname: b\ncorrelation: {type: temporal, rules: [a], timespan: 1m}\n---\n"
      "title: C\nname: c\ncorrelation: {type: temporal, rules: [a], timespan: 1m}\n");
  std::size_t removed = 0;
  CHECK(linked(parsed, removed) == "S408 1:8+1; S408 5:8+1; S408 9:8+1");
  CHECK(removed == 3);
}

TEST_CASE("ids, names and titles used twice are told, except by one global document") {
  Parsed parsed = parse(base_rule("title: Same\nname: a\n") + base_rule("title: Same\nname: a\n"));
  std::size_t removed = 0;
  CHECK(linked(parsed, removed) == "W608 7:8+4; W608 7:8+4");
  CHECK(parsed.set.rules.size() == 2);

  Parsed global = parse("action: global\ntitle: Same\n---\n" + base_rule("") + base_rule(""));
  CHECK(global.set.rules.size() == 2);
  CHECK(linked(global, removed).empty());
}

}  // namespace
}  // namespace tocsin::sigma
