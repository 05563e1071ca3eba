#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "sigma/formats.h"
#include "sigma/moments.h"
#include "sigma/rule_test.h"
#include "support.h"

namespace tocsin::sigma {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kStart = 1'767'600'000 * kSecond;  // 2026-01-05T08:00:00Z

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

// A file with one timeline, whose steps begin in line 4, column 9.
Outcome parse_steps(std::string_view steps) {
  return parse_tests("tests:\n  - name: a\n    timeline:\n" + std::string(steps) +
                     "    alerts: []\n");
}

// "+1 arrives +2 …" of every step, seconds since the start.
std::string order_of(const RuleTestCase& test, std::int64_t start) {
  std::string out;
  for (const TimelineStep& step : test.timeline) {
    const bool until = step.kind == TimelineStep::Kind::until;
    out += fmt::format("{}{}", out.empty() ? "" : " ", (step.arrives_ns - start) / kSecond);
    if (until) out += "!";
    if (step.at_ns != step.arrives_ns) {
      out += fmt::format("({})", (step.at_ns - start) / kSecond);
    }
    if (step.again != 0) out += fmt::format("x{}", step.again + 1);
  }
  return out;
}

TEST_CASE("a timeline with everything in it") {
  const Outcome outcome = parse_tests(R"(base:
  eventName: GetObject
  eventTime: '2020-01-01T00:00:00Z'
  eventID: of-the-base
  user: {name: a}
start: 2026-01-05T08:00:00Z
lateness: 10m
tests:
  - name: many, then one that comes late
    timeline:
      - at: +0s
        event: {errorCode: AccessDenied}
        times: 3
        every: 1500ms
        vary: {sourceIPAddress: '198.51.100.{n}', user.id: 'u{n}-{n}'}
      - at: +2s
        arrives: +4m
        again: 2
        source: trail-a
        event: {eventID: mine, eventTime: yesterday}
        without: [user]
      - until: +1h
    alerts:
      - rule: Many
        at: +3s
        raised: +1h1m
        group: {user.name: a, n: 5, b: true}
        hits: 3
        firings: 2
      - at: +1s
)");
  CHECK(outcome.problems.empty());
  REQUIRE(outcome.file);
  CHECK(outcome.file->start_ns == kStart);
  CHECK(outcome.file->lateness_ns == 600 * kSecond);
  REQUIRE(outcome.file->tests.size() == 1);
  const RuleTestCase& test = outcome.file->tests[0];
  CHECK(test.is_timeline());
  CHECK(order_of(test, kStart) == "0 1 3 240(2)x3 3600!");
  const auto id = [&](std::size_t i) {
    const std::string& json = test.timeline[i].event_json;
    return json.substr(json.find("\"eventID\":\"") + 11, 36);
  };
  CHECK(test.timeline[1].event_json ==
        R"({"eventName":"GetObject","eventTime":"2026-01-05T08:00:01.5Z","eventID":")" + id(1) +
            R"(","user":{"name":"a","id":"u2-2"},"errorCode":"AccessDenied",)"
            R"("sourceIPAddress":"198.51.100.2"})");
  CHECK(is_uuid(id(0)));
  CHECK(id(0) != id(1));
  CHECK(id(1) != id(2));
  CHECK(test.timeline[0].source == "test");
  CHECK(test.timeline[0].at.line == 11);
  CHECK(test.timeline[3].source == "trail-a");
  CHECK(test.timeline[3].event_json ==
        R"({"eventName":"GetObject","eventTime":"yesterday","eventID":"mine"})");
  CHECK(test.timeline[4].event_json.empty());

  REQUIRE(test.alerts.size() == 2);
  CHECK(test.alerts[0].at_ns == kStart + kSecond);
  CHECK(test.alerts[0].rule.empty());
  CHECK_FALSE(test.alerts[0].raised_ns);
  CHECK_FALSE(test.alerts[0].hits);
  CHECK(test.alerts[1].rule == "Many");
  CHECK(test.alerts[1].raised_ns == kStart + 3660 * kSecond);
  using Group = std::vector<std::pair<std::string, std::string>>;
  CHECK(test.alerts[1].group == Group{{"user.name", "a"}, {"n", "5"}, {"b", "true"}});
  CHECK(test.alerts[1].hits == 3u);
  CHECK(test.alerts[1].firings == 2u);
  CHECK(test.alerts[1].at.line == 24);
}

TEST_CASE("steps stand in the order of arrival") {
  const Outcome outcome = parse_steps(
      "      - until: +10s\n"
      "      - {at: +10s, event: {}}\n"
      "      - {at: +1s, event: {}, arrives: +20s, times: 2, every: 3s}\n"
      "      - {at: +9s, event: {}, again: 1}\n"
      "      - {until: +1m}\n");
  CHECK(outcome.problems.empty());
  REQUIRE(outcome.file);
  const RuleTestFile& file = *outcome.file;
  CHECK(file.lateness_ns == 900 * kSecond);
  CHECK(format_moment(file.start_ns) == "2026-01-01T00:00:00Z");
  CHECK(order_of(file.tests[0], file.start_ns) == "9x2 10 10! 20(1) 20(4) 60!");
}

TEST_CASE("an event may have no time and no id") {
  const Outcome outcome = parse_steps(
      "      - {at: +1s, event: {a: 1}, without: [eventTime]}\n"
      "      - {at: +2s, event: {a: 1}, without: [eventTime, eventID]}\n"
      "      - {at: +3s, event: {a: 1}, times: 2, without: [eventID]}\n");
  CHECK(outcome.problems.empty());
  REQUIRE(outcome.file);
  const auto& steps = outcome.file->tests[0].timeline;
  REQUIRE(steps.size() == 4);
  CHECK(steps[0].event_json.starts_with(R"({"a":1,"eventID":")"));
  CHECK(steps[1].event_json == R"({"a":1})");
  CHECK(steps[2].event_json == R"({"a":1,"eventTime":"2026-01-01T00:00:03Z"})");
  CHECK(steps[3].event_json == steps[2].event_json);
}

TEST_CASE("event ids are the same in every run and differ in one file") {
  const std::string text =
      "tests:\n"
      "  - {name: a, timeline: [{at: +0s, event: {}, times: 2}, {at: +0s, event: {}}], alerts: "
      "[]}\n"
      "  - {name: b, timeline: [{at: +0s, event: {}}], alerts: []}\n";
  const Outcome one = parse_tests(text), two = parse_tests(text);
  REQUIRE(one.file);
  REQUIRE(two.file);
  std::vector<std::string> seen;
  for (std::size_t t = 0; t < 2; ++t) {
    for (std::size_t i = 0; i < one.file->tests[t].timeline.size(); ++i) {
      const std::string& json = one.file->tests[t].timeline[i].event_json;
      CHECK(json == two.file->tests[t].timeline[i].event_json);
      CHECK(std::find(seen.begin(), seen.end(), json) == seen.end());
      seen.push_back(json);
    }
  }
  CHECK(seen.size() == 4);
}

TEST_CASE("durations and offsets") {
  struct Case {
    const char* text;
    std::int64_t nanoseconds;  // -1: none
  };
  const Case kCases[] = {
      {"0s", 0},
      {"1ns", 1},
      {"2ms", 2'000'000},
      {"3m", 180 * kSecond},
      {"1h30m", 5400 * kSecond},
      {"1d1s5ms", 86'401 * kSecond + 5'000'000},
      {"59s999999999ns", 60 * kSecond - 1},
      {"84006d", 84'006 * (86'400 * kSecond)},  // to 2200
      {"", -1},
      {"5", -1},
      {"s", -1},
      {"-5s", -1},
      {"5 s", -1},
      {"1.5h", -1},
      {"5x", -1},
      {"5s5", -1},
      {"84007d", -1},
      {"99999999999999999999s", -1},
      {"84006d1s", -1},
  };
  for (const Case& c : kCases) {
    INFO(c.text);
    CHECK(parse_duration(c.text).value_or(-1) == c.nanoseconds);
    CHECK(parse_offset("+" + std::string(c.text)).value_or(-1) == c.nanoseconds);
    CHECK_FALSE(parse_offset(c.text));
  }
  CHECK(format_moment(0) == "1970-01-01T00:00:00Z");
  CHECK(format_moment(1) == "1970-01-01T00:00:00.000000001Z");
  CHECK(format_moment(kStart + 120'000'000) == "2026-01-05T08:00:00.12Z");
}

TEST_CASE("what is wrong with a timeline") {
  struct Case {
    const char* steps;
    const char* problems;
  };
  const Case kCases[] = {
      {"      - x\n", "S508 4:9+1"},
      {"      - {event: {}}\n", "S508 4:9+1"},
      {"      - {at: 5, event: {}}\n", "S507 4:14+1"},
      {"      - {at: 5s, event: {}}\n", "S507 4:14+2"},
      {"      - {at: +5, event: {}}\n", "S507 4:14+2"},
      {"      - {at: +84006d, event: {}}\n", "S507 4:14+7"},
      {"      - {at: +0s}\n", "S508 4:9+1"},
      {"      - {at: +0s, event: x}\n", "S103 4:19+5"},
      {"      - {at: +0s, event: {}, tims: 5}\n", "S502 4:30+4 times"},
      {"      - {at: +0s, event: {}, times: 0}\n", "S103 4:37+1"},
      {"      - {at: +0s, event: {}, times: -1}\n", "S103 4:37+2"},
      {"      - {at: +0s, event: {}, times: 2.5}\n", "S103 4:37+3"},
      {"      - {at: +0s, event: {}, times: many}\n", "S103 4:37+4"},
      {"      - {at: +0s, event: {}, times: 20001}\n", "S103 4:37+5"},
      {"      - {at: +0s, event: {}, again: 0}\n", "S103 4:37+1"},
      {"      - {at: +0s, event: {}, every: 5s}\n", "S508 4:30+5"},
      {"      - {at: +0s, event: {}, times: 2, every: +5s}\n", "S507 4:47+3"},
      {"      - {at: +0s, event: {}, times: 3, every: 70000d}\n", "S507 4:47+6"},
      {"      - {at: +9s, event: {}, arrives: +8s}\n", "S508 4:39+3"},
      {"      - {at: +0s, event: {}, times: 3, every: 2s, arrives: +3s}\n", "S508 4:60+3"},
      {"      - {at: +0s, event: {}, source: ''}\n", "S106 4:30+6"},
      {"      - {at: +0s, event: {}, source: 5}\n", "S103 4:38+1 '5'; S106 4:30+6"},
      {"      - {at: +0s, event: {}, without: [a]}\n", "S504 4:39+1"},
      {"      - {at: +0s, event: {eventID: a}, times: 2}\n", "S508 4:27+7"},
      {"      - {at: +0s, event: {}, vary: [a]}\n", "S103 4:30+4"},
      {"      - {at: +0s, event: {}, vary: {a: b}}\n", "S508 4:40+1"},
      {"      - {at: +0s, event: {}, vary: {a: [x]}}\n", "S508 4:40+1"},
      {"      - {at: +0s, event: {a: 1}, vary: {a.b: '{n}'}}\n", "S508 4:41+3"},
      {"      - {until: 1h}\n", "S507 4:17+2"},
      {"      - {until: +1h, event: {}}\n", "S508 4:22+5"},
      {"      - {until: +1h, utnil: 5}\n", "S508 4:22+5"},
      {"      - {at: +0s, event: {}, times: 20000}\n      - {at: +0s, event: {}}\n", "S509 5:9+1"},
      {"      - {at: +0s, event: {}, times: 10000, again: 2}\n", "S509 4:9+1"},
  };
  for (const Case& c : kCases) {
    INFO(c.steps);
    const Outcome outcome = parse_steps(c.steps);
    CHECK(outcome.problems == c.problems);
    CHECK_FALSE(outcome.file);
  }
}

TEST_CASE("what is wrong with a test of a timeline") {
  const std::string step = "timeline: [{at: +0s, event: {}}]";
  struct Case {
    std::string text;
    const char* problems;
  };
  const Case kCases[] = {
      {"tests:\n  - {" + step + "}\n", "S508 2:6+8"},
      {"tests:\n  - {alerts: []}\n", "S508 2:6+6"},
      {"tests:\n  - {timeline: [], alerts: []}\n", "S508 2:6+8"},
      {"tests:\n  - {timeline: x, alerts: []}\n", "S508 2:6+8"},
      {"tests:\n  - {fires: true, alerts: [], " + step + "}\n", "S508 2:6+5"},
      {"tests:\n  - {event: {}, alerts: [], " + step + "}\n", "S508 2:6+5"},
      {"tests:\n  - {alert: [], " + step + "}\n", "S508 2:17+8"},
      {"tests:\n  - {alerts: [], nme: x, " + step + "}\n", "S502 2:18+3 name"},
      {"tests:\n  - {alerts: , " + step + "}\n", "S510 2:6+6"},
      {"tests:\n  - {alerts: [x], " + step + "}\n", "S510 2:15+1"},
      {"tests:\n  - {alerts: [{rule: x}], " + step + "}\n", "S510 2:15+1"},
      {"tests:\n  - {alerts: [{at: 1}], " + step + "}\n", "S507 2:20+1"},
      {"tests:\n  - {alerts: [{at: +1s, raised: later}], " + step + "}\n", "S507 2:33+5"},
      {"tests:\n  - {alerts: [{at: +1s, hit: 2}], " + step + "}\n", "S502 2:25+3 hits"},
      {"tests:\n  - {alerts: [{at: +1s, hits: x}], " + step + "}\n", "S103 2:31+1"},
      {"tests:\n  - {alerts: [{at: +1s, firings: 0}], " + step + "}\n", "S103 2:34+1"},
      {"tests:\n  - {alerts: [{at: +1s, group: x}], " + step + "}\n", "S510 2:25+5"},
      {"tests:\n  - {alerts: [{at: +1s, group: {a: [b]}}], " + step + "}\n", "S510 2:36+1"},
      {"start: soon\ntests:\n  - {alerts: [], " + step + "}\n", "S507 1:8+4"},
      {"start: 1969-12-31\ntests:\n  - {alerts: [], " + step + "}\n", "S507 1:8+10"},
      {"start: 2200-01-01\ntests:\n  - {alerts: [], " + step + "}\n", "S507 1:8+10"},
      {"lateness: soon\ntests:\n  - {alerts: [], " + step + "}\n", "S507 1:11+4"},
      {"base: x\ntests:\n  - {alerts: [], " + step + "}\n", "S103 1:1+4"},
  };
  for (const Case& c : kCases) {
    INFO(c.text);
    const Outcome outcome = parse_tests(c.text);
    CHECK(outcome.problems == c.problems);
    CHECK_FALSE(outcome.file);
  }
}

// A few bytes that ask for gigabytes.
TEST_CASE("a long event many times over is refused") {
  const Outcome outcome = parse_steps("      - {at: +0s, event: {a: " + std::string(100'000, 'x') +
                                      "}, times: 20000}\n");
  CHECK(outcome.problems == "S509 4:9+1");
  const Outcome varied = parse_steps("      - {at: +0s, event: {}, times: 20000, vary: {a: '" + [] {
    std::string text;
    for (int i = 0; i < 100'000; ++i) text += "{n}";
    return text;
  }() + "'}}\n");
  CHECK(varied.problems == "S509 4:9+1");
}

}  // namespace
}  // namespace tocsin::sigma
