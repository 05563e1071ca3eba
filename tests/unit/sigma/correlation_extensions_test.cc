// Correlations beyond Sigma 2.1: new_value, silent_source, windows, and the checks of conditions.
#include <catch2/catch.hpp>
#include <string>

#include "sigma/linker.h"
#include "support.h"

namespace tocsin::sigma {
namespace {

// A correlation whose section starts in line 2; its first attribute is in line 3, column 3.
Parsed correlation(std::string_view attributes) {
  return parse("title: Many\ncorrelation:\n" + std::string(attributes));
}

std::string text_of(const Correlation& c) {
  std::string out =
      fmt::format("{} {} learn={} forget={} known={}", to_string(c.type), fmt::join(c.fields, "+"),
                  c.learning_seconds, c.forget_seconds, c.min_known);
  for (const std::string& field : c.ignore_versions) out += " v:" + field;
  for (const Correlation::Network& network : c.networks) {
    out += fmt::format(" n:{}/{}/{}", network.field, network.ipv4, network.ipv6);
  }
  return out;
}

TEST_CASE("new_value") {
  struct Case {
    const char* attributes;
    const char* meaning;
  };
  const Case kCases[] = {
      {"  field: awsRegion\n", "awsRegion learn=0 forget=0 known=0"},
      {"  condition: {field: awsRegion}\n", "awsRegion learn=0 forget=0 known=0"},
      {"  condition:\n  field: awsRegion\n", "awsRegion learn=0 forget=0 known=0"},
      {"  field: [eventSource, eventName]\n  group-by: [tocsin.principal]\n  learning: 7d\n"
       "  forget: 90d\n  min-known: 3\n",
       "eventSource+eventName learn=604800 forget=7776000 known=3"},
      {"  field: a\n  learning: 0\n  forget: 0d\n  min-known: 0\n", "a learn=0 forget=0 known=0"},
      {"  field: a\n  learning:\n  forget: 00s\n", "a learn=0 forget=0 known=0"},
      {"  field: [ua, ip]\n  ignore-versions: true\n", "ua+ip learn=0 forget=0 known=0 v:ua v:ip"},
      {"  field: [ua, ip]\n  ignore-versions: false\n", "ua+ip learn=0 forget=0 known=0"},
      {"  field: [ua, ip]\n  ignore-versions: [ua]\n  prefix-length: {ip: true}\n",
       "ua+ip learn=0 forget=0 known=0 v:ua n:ip/24/48"},
      {"  field: [a, b, c, d]\n  ignore-versions: d\n"
       "  prefix-length: {a: 16, b: {ipv6: 32}, c: {ipv4: 8, ipv6: 128}, d: false}\n",
       "a+b+c+d learn=0 forget=0 known=0 v:d n:a/16/48 n:b/24/32 n:c/8/128"},
  };
  for (const Case& c : kCases) {
    INFO(c.attributes);
    const Parsed parsed =
        correlation(std::string("  type: new_value\n  rules: [a]\n") + c.attributes);
    CHECK(summary(parsed.diagnostics).empty());
    REQUIRE(parsed.set.correlations.size() == 1);
    CHECK(text_of(parsed.set.correlations[0]) == std::string("new_value ") + c.meaning);
    CHECK(parsed.set.correlations[0].timespan_seconds == 0);
  }
}

TEST_CASE("what is wrong with new_value") {
  struct Case {
    const char* attributes;
    const char* problems;
  };
  // The attributes begin in line 5.
  const Case kCases[] = {
      {"", "S405 2:1+11"},
      {"  field:\n", "S405 5:3+5"},
      {"  field: a\n  timespan: 5m\n", "S411 6:3+8"},
      {"  field: a\n  window: sliding\n", "S411 6:3+6"},
      {"  field: a\n  condition: {field: a}\n", "S411 6:15+5"},
      {"  condition: {field: a, gte: 1}\n", "S411 5:25+3"},
      {"  condition: a\n", "S404 5:14+1; S405 2:1+11"},
      {"  field: a\n  learning: 5\n", "S403 6:13+1"},
      {"  field: a\n  learning: 0x\n", "S403 6:13+2"},
      {"  field: a\n  forget: [1d]\n", "S403 6:11+1"},
      {"  field: a\n  min-known: -1\n", "S414 6:14+2"},
      {"  field: a\n  min-known: 1.5\n", "S414 6:14+3"},
      {"  field: a\n  min-known: many\n", "S414 6:14+4"},
      {"  field: a\n  min_known: 5\n", "S409 6:3+9 min-known"},
      {"  field: userAgent\n  ignore-versions: [userAgnt]\n", "S414 6:21+8 userAgent"},
      {"  field: a\n  ignore-versions: {a: true}\n", "S414 6:3+15"},
      {"  field: a\n  prefix-length: 24\n", "S414 6:18+2"},
      {"  field: a\n  prefix-length: {b: 24}\n", "S414 6:19+1 a"},
      {"  field: a\n  prefix-length: {a: 33}\n", "S414 6:22+2"},
      {"  field: a\n  prefix-length: {a: 0}\n", "S414 6:22+1"},
      {"  field: a\n  prefix-length: {a: {ipv6: 129}}\n", "S414 6:29+3"},
      {"  field: a\n  prefix-length: {a: {ip6: 48}}\n", "S409 6:23+3 ipv6"},
      {"  field: a\n  prefix-length: {a: [24]}\n", "S414 6:22+1"},
      {"  field: a\n  prefix-length: {a: 24}\n  ignore-versions: true\n", "S414 6:3+13"},
  };
  for (const Case& c : kCases) {
    INFO(c.attributes);
    const Parsed parsed =
        correlation(std::string("  type: new_value\n  rules: [a]\n") + c.attributes);
    CHECK(summary(parsed.diagnostics) == c.problems);
    CHECK(parsed.set.correlations.empty());
  }
  CHECK(summary(correlation("  type: new_value\n  field: a\n").diagnostics) == "S102 2:1+11");
}

TEST_CASE("silent_source") {
  for (const char* more : {"", "  rules: [a]\n", "  rules:\n", "  group-by: [recipientAccountId]\n",
                           "  generate: true\n"}) {
    INFO(more);
    const Parsed parsed =
        correlation(std::string("  type: silent_source\n  timespan: 30m\n") + more);
    CHECK(summary(parsed.diagnostics).empty());
    REQUIRE(parsed.set.correlations.size() == 1);
    CHECK(parsed.set.correlations[0].timespan_seconds == 1800);
    CHECK(parsed.set.correlations[0].bounds.empty());
    CHECK(parsed.set.correlations[0].rules.size() ==
          (std::string_view(more) == "  rules: [a]\n" ? 1 : 0));
  }
  struct Case {
    const char* attributes;
    const char* problems;
  };
  const Case kCases[] = {
      {"", "S102 2:1+11"},
      {"  timespan: 0\n", "S403 4:13+1"},
      {"  timespan: 5m\n  condition: {eq: 0}\n", "S411 5:3+9"},
      {"  timespan: 5m\n  field: a\n", "S411 5:3+5"},
      {"  timespan: 5m\n  window: session\n", "S411 5:3+6"},
      {"  timespan: 5m\n  learning: 5m\n", "S411 5:3+8"},
  };
  for (const Case& c : kCases) {
    INFO(c.attributes);
    const Parsed parsed = correlation(std::string("  type: silent_source\n") + c.attributes);
    CHECK(summary(parsed.diagnostics) == c.problems);
    CHECK(parsed.set.correlations.empty());
  }
}

TEST_CASE("windows") {
  const std::string head =
      "  type: event_count\n  rules: [a]\n  timespan: 5m\n  condition: {gte: 2}\n";
  using Window = Correlation::Window;
  for (const auto& [text, window] : {std::pair("sliding", Window::sliding),
                                     {"tumbling", Window::tumbling},
                                     {"Session", Window::session}}) {
    INFO(text);
    const Parsed parsed = correlation(head + "  window: " + text + "\n");
    CHECK(summary(parsed.diagnostics).empty());
    REQUIRE(parsed.set.correlations.size() == 1);
    CHECK(parsed.set.correlations[0].window == window);
    CHECK(parsed.set.correlations[0].window_at.line == 7);
  }
  const Parsed plain = correlation(head);
  REQUIRE(plain.set.correlations.size() == 1);
  CHECK(plain.set.correlations[0].window_at.line == 0);
  CHECK(summary(correlation(head + "  window: tumblng\n").diagnostics) == "S104 7:11+7 tumbling");
  CHECK(summary(correlation(head + "  window: [session]\n").diagnostics) == "S104 7:11+1");
  CHECK(summary(correlation("  type: temporal\n  timespan: 1m\n  condition: a and b\n"
                            "  window: session\n")
                    .diagnostics) == "S411 6:11+7");
  CHECK(summary(correlation("  type: temporal\n  timespan: 1m\n  rules: [a, b]\n"
                            "  window: session\n")
                    .diagnostics)
            .empty());
}

TEST_CASE("keys of other types") {
  const std::string count = "  type: event_count\n  rules: [a]\n  timespan: 5m\n";
  CHECK(summary(correlation(count + "  condition: {gte: 2}\n  field: a\n").diagnostics) ==
        "S411 7:3+5");
  CHECK(summary(correlation(count + "  condition: {gte: 2}\n  forget: 1d\n").diagnostics) ==
        "S411 7:3+6");
  CHECK(summary(correlation(count + "  condition: {gte: 2, field: a}\n").diagnostics) ==
        "S411 6:23+5");
  CHECK(summary(correlation(count + "  condition: {gte: 2, percentile: 5}\n").diagnostics) ==
        "S411 6:23+10");
}

// Every condition is that of line 6, column 14.
TEST_CASE("conditions that nothing or everything fulfils") {
  struct Case {
    const char* type;
    const char* condition;
    const char* problems;
  };
  const Case kCases[] = {
      {"event_count", "{gte: 2}", ""},
      {"event_count", "{gte: 100000}", ""},
      {"event_count", "{gte: 100001}", "S412 6:20+6"},
      {"event_count", "{gt: 100000}", "S412 6:19+6"},
      {"event_count", "{eq: 1e9}", "S412 6:19+3"},
      {"event_count", "{gt: 5, lt: 3}", "S412 6:26+1"},
      {"event_count", "{gt: 5, lt: 6}", "S412 6:26+1"},
      {"event_count", "{gt: 5, lte: 6}", ""},
      {"event_count", "{gte: 5, lte: 5}", ""},
      {"event_count", "{gte: 5, lte: 5, neq: 5}", "S412 6:36+1"},
      {"event_count", "{gte: 5, lte: 6, neq: 5}", ""},
      {"event_count", "{eq: 2.5}", "S412 6:19+3"},
      {"event_count", "{lt: 0}", "S412 6:19+1"},
      {"event_count", "{lt: 1}", ""},
      {"event_count", "{eq: 0}", ""},
      {"event_count", "{gt: 2.5}", ""},
      {"event_count", "{gte: 1}", "W621 6:20+1"},
      {"event_count", "{gt: 0}", "W621 6:19+1"},
      {"event_count", "{gt: -3}", "W621 6:19+2"},
      {"event_count", "{lte: 100000}", "W621 6:20+6"},
      {"event_count", "{neq: -1}", "W621 6:20+2"},
      {"event_count", "{neq: 3}", ""},
      {"event_count", "{neq: 1.5}", "W621 6:20+3"},
      {"value_count", "{field: f, gte: 2}", ""},
      {"value_count", "{field: f, gte: 1}", "W621 6:30+1"},
      {"value_count", "{field: f, lt: 1}", ""},
      {"value_count", "{field: f, gte: 0}", "W621 6:30+1"},
      {"value_count", "{field: f, gte: 200000}", "S412 6:30+6"},
      {"value_sum", "{field: f, gte: 1000000000}", ""},
      {"value_sum", "{field: f, gte: 0}", "W621 6:30+1"},
      {"value_sum", "{field: f, gt: 0}", ""},
      {"value_sum", "{field: f, lt: 0}", "S412 6:29+1"},
      {"value_sum", "{field: f, gte: 2.5, lte: 2.5}", ""},
      {"value_sum", "{field: f, gt: 2.5, lte: 2.5}", "S412 6:39+3"},
      {"value_sum", "{field: [f, g], gte: 2.5}", "S405 6:22+1"},
      {"value_avg", "{field: f, gte: -5}", ""},
      {"value_avg", "{field: f, gt: 5, lt: 3}", "S412 6:36+1"},
      {"value_percentile", "{field: f, gte: 5}", "W624 6:3+9"},
      {"value_percentile", "{field: f, gte: 5, percentile: 101}", "S404 6:45+3"},
      {"temporal", "{gte: 2}", ""},
      {"temporal", "{gte: 3}", "S412 6:20+1"},
      {"temporal", "{gt: 2}", "S412 6:19+1"},
      {"temporal_ordered", "{gte: 1}", "W621 6:20+1"},
      {"temporal_ordered", "{lt: 2}", ""},
  };
  for (const Case& c : kCases) {
    INFO(c.type << " " << c.condition);
    const Parsed parsed = correlation(fmt::format(
        "  type: {}\n  rules: [a, b]\n  timespan: 5m\n  condition: {}\n", c.type, c.condition));
    CHECK(summary(parsed.diagnostics) == c.problems);
    CHECK(parsed.set.correlations.empty() == (c.problems[0] == 'S'));
  }
}

// Every condition stands in line 5, column 14.
TEST_CASE("boolean conditions need something that happens") {
  std::string many = "a1";
  for (int i = 2; i <= 64; ++i) many += fmt::format(" or a{}", i);
  std::string product = "(a1 or b1)";
  for (int i = 2; i <= 6; ++i) product += fmt::format(" and (a{} or b{})", i, i);
  std::string huge = "a1";
  for (int i = 0; i < 20'000; ++i) huge += fmt::format(" or x{}", i);
  struct Case {
    std::string condition;
    std::string problems;
  };
  const Case kCases[] = {
      {"a", ""},
      {"a and not b", ""},
      {"a and not (b or c)", ""},
      {"(a or b) and not c", ""},
      {"(a or not b) and b", ""},  // that is, a and b
      {"not (not a or b)", ""},
      {"not a", "S413 5:18+1"},
      {"not a and not b", "S413 5:18+1"},
      {"a or not b", "S413 5:23+1"},
      {"not (a and b)", "S413 5:19+1"},
      {"a or not a", "S413 5:14+1"},
      {"a and not a", "S412 5:14+11"},
      {many, ""},
      {many + " or b", fmt::format("S412 5:14+{}", many.size() + 5)},
      {product, ""},  // 64 alternatives
      {product + " and (a7 or b7)", fmt::format("S412 5:14+{}", product.size() + 15)},
      {huge, fmt::format("S412 5:14+{}", huge.size())},
  };
  for (const Case& c : kCases) {
    INFO(c.condition.substr(0, 200));
    const Parsed parsed =
        correlation("  type: temporal\n  timespan: 5m\n  condition: " + c.condition + "\n");
    CHECK(summary(parsed.diagnostics) == c.problems);
    CHECK(parsed.set.correlations.empty() == !c.problems.empty());
  }
  CHECK(summary(correlation("  type: temporal\n  rules: [a, b, a]\n  timespan: 5m\n"
                            "  condition: a and not b\n")
                    .diagnostics) == "S406 4:17+1");
}

// Links a base rule `base`, another, `other`, and a correlation; returns what is reported.
std::string linked(std::string_view attributes) {
  const auto rule = [](std::string_view title, std::string_view name, int number) {
    return fmt::format(
        "title: {}\nname: {}\nid: 6f3e2987-db24-4c78-a860-b4f4095a709{}\nlogsource: {{product: "
        "aws}}\n"
        "level: low\ndetection: {{a: {{b: c}}, condition: a}}\n---\n",
        title, name, number);
  };
  Parsed parsed = parse(rule("Base", "base", 1) + rule("Other", "other", 2) +
                        "title: Many\ncorrelation:\n  timespan: 1m\n" + std::string(attributes));
  Diagnostics diagnostics = std::move(parsed.diagnostics);
  link(
      parsed.set, [](const std::string&, std::uint32_t) { return std::string(); }, diagnostics);
  return summary(diagnostics) + (parsed.set.correlations.empty() ? " -" : "");
}

TEST_CASE("aliases fit the rules") {
  CHECK(linked("  type: temporal\n  rules: [base, other]\n  group-by: [u]\n"
               "  aliases: {u: {Base: x, other: y}}\n")
            .empty());
  CHECK(linked("  type: temporal\n  rules: [base]\n  group-by: [u]\n"
               "  aliases: {u: {base: x, other: y}}\n") == "S415 21:26+5 -");
  CHECK(linked("  type: temporal\n  rules: [base, other]\n  group-by: [u]\n"
               "  aliases: {u: {base: x}}\n") == "W622 21:13+1");
  CHECK(linked("  type: temporal\n  rules: [base]\n  group-by: [v]\n"
               "  aliases: {u: {base: x}}\n") == "W622 21:13+1");
  CHECK(linked("  type: value_count\n  rules: [base]\n  condition: {field: u, gte: 2}\n"
               "  aliases: {u: {base: x}}\n")
            .empty());
}

}  // namespace
}  // namespace tocsin::sigma
