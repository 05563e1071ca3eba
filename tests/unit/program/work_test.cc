// No event costs more than a bound, whatever it holds: counted in units of work, not timed.
#include "program/pattern_filter.h"
#include "program/regex.h"
#include "support.h"

namespace tocsin::program {
namespace {

constexpr std::uint64_t kMost = limits::kEventWork + limits::kRegexesWork + limits::kGateWork;

std::string repeated(std::string_view piece, std::size_t size) {
  std::string out;
  while (out.size() < size) out += piece;
  return out;
}

std::string event_with(const std::string& json_text) {
  return R"({"a":")" + json_text + R"(","b":"x"})";
}

// `count` patterns, all of which have the same beginning.
std::string list_of(const std::string& common, int count) {
  std::string out = "[";
  for (int i = 0; i < count; ++i) out += "'" + common + std::to_string(10'000 + i) + "', ";
  return out + "'y']";
}

std::vector<std::string> unevaluated(const Runner& runner) {
  std::vector<std::string> titles;
  for (const RuleIndex rule : runner.matching().unevaluated()) {
    titles.push_back(runner.program().rules()[rule].source.meta.title);
  }
  return titles;
}

TEST_CASE("a pattern is tried once on a text, however often its literal occurs there") {
  const std::vector<std::vector<std::string>> literals = {{"resource", "action"}, {"resource"}, {}};
  const PatternFilter filter = PatternFilter::over(literals);
  std::vector<int> calls(3, 0);
  Work work;
  const Truth found =
      filter.any(repeated("resource action ", 1'000'000), calls.size(), work, [&](std::size_t i) {
        ++calls[i];
        return Truth::no;
      });
  CHECK(found == Truth::no);
  CHECK(calls == std::vector<int>{1, 1, 1});
}

TEST_CASE("an answer that was not found is unknown, unless another pattern matches") {
  const PatternFilter all;
  const auto any = [&](std::vector<Truth> truths) {
    Work work;
    return all.any("x", truths.size(), work, [&](std::size_t i) { return truths[i]; });
  };
  CHECK(any({Truth::no, Truth::no}) == Truth::no);
  CHECK(any({Truth::unknown, Truth::no}) == Truth::unknown);
  CHECK(any({Truth::unknown, Truth::yes}) == Truth::yes);
}

// As in the shipped rule about policies that allow everything.
TEST_CASE("a policy that repeats its keys is evaluated within the bounds") {
  Runner runner(
      rule_of(R"({a|re|all: ['"Effect"\s*:\s*"Allow"', '"Resource"\s*:\s*(\[\s*)?"\*"']})"));
  for (const std::size_t size : {71'000u, 1'200'000u}) {
    const std::string keys = repeated(R"(\"Resource\",\"Effect\",\"Allow\",)", size);
    CHECK_FALSE(runner.fires(event_with(keys)));
    CHECK(unevaluated(runner).empty());
    CHECK(runner.matching().work() < kMost);
    CHECK(runner.matching().cut_subject() == (size > 100'000));
  }
  CHECK(runner.fires(event_with(R"({\"Effect\":\"Allow\",\"Resource\":\"*\"})")));
  CHECK_FALSE(runner.matching().cut_subject());
}

TEST_CASE("a regex is shown so much that it cannot take longer than its share") {
  const auto limit_of = [](const char* source) {
    return Regex::compile(source, {}).value().subject_limit();
  };
  CHECK(limit_of("a[ab]{16}c") == limits::kRegexSubjectBytes);
  CHECK(limit_of(".{1000,}") > 1000);
  for (const char* source : {"(?i)[a-z]{1,1000}x{1000}", ".{1000,}", "(\\w{1,30}\\d){1,30}x"}) {
    INFO(source);
    const Regex regex = Regex::compile(source, {}).value();
    CHECK(regex.subject_limit() < limits::kRegexSubjectBytes);
    CHECK(regex.bound(regex.subject_limit()) <= limits::kRegexWork);
    Work work, other;
    const Truth shown = regex.matches(std::string(regex.subject_limit(), 'a'), other);
    CHECK(shown != Truth::unknown);
    CHECK(regex.matches(std::string(100'000, 'a'), work) == shown);
    CHECK_FALSE(other.cut_subject());
    CHECK(work.cut_subject());
  }
}

TEST_CASE("a rule of SigmaHQ with a large repetition runs") {
  Runner runner(rule_of("{a|re: '.{1000,}'}"));
  CHECK(runner.fires(event_with(std::string(1000, 'x'))));
  CHECK_FALSE(runner.fires(event_with(std::string(999, 'x'))));
}

TEST_CASE("a rule whose budget ends is reported; another rule is evaluated all the same") {
  const std::string common = "https://a.example/";
  Runner runner(rule_of("{a|contains: " + list_of(common, 4000) + "}", "selection", "Large") +
                "---\n" + rule_of("{b: x}", "selection", "Small"));
  // Every literal occurs, and the text is long.
  std::string text = repeated("-", 60'000);
  for (int i = 0; i < 4000; ++i) text += common + std::to_string(i % 1000) + " ";
  CHECK(runner.fired(event_with(text)) == std::vector<std::string>{"Small"});
  CHECK(unevaluated(runner) == std::vector<std::string>{"Large"});
  CHECK(runner.matching().work() < kMost);
  CHECK(runner.fired(event_with(common + "10001")).size() == 2);
  CHECK(unevaluated(runner).empty());
}

TEST_CASE("what is known without the costly part decides") {
  const std::string costly = "{a|contains: " + list_of("https://a.example/", 4000) + "}";
  const std::string text = repeated("https://a.example/100", 400'000);
  const auto outcome = [&](const std::string& condition) {
    std::string rule = rule_of(costly, condition);
    rule.insert(rule.find("    condition"), "    cheap: {b: x}\n");
    Runner runner(rule);
    const bool fires = runner.fires(event_with(text));
    return fires ? "fires" : unevaluated(runner).empty() ? "does not" : "not evaluated";
  };
  CHECK(outcome("selection") == std::string("not evaluated"));
  CHECK(outcome("not selection") == std::string("not evaluated"));
  CHECK(outcome("selection and not cheap") == std::string("does not"));
  CHECK(outcome("selection or cheap") == std::string("fires"));
  CHECK(outcome("selection and cheap") == std::string("not evaluated"));
}

TEST_CASE("whether a rule keeps to its budget does not depend on other rules") {
  const std::string costly = "{a|contains: " + list_of("https://a.example/", 4000) + "}";
  const std::string one = rule_of(costly, "selection", "One");
  for (std::size_t size = 1000; size < 400'000; size *= 2) {
    const std::string event = event_with(repeated("https://a.example/100", size));
    Runner alone(one);
    Runner both(one + "---\n" + rule_of(costly, "selection", "Two"));
    (void)alone.fired(event);
    (void)both.fired(event);
    const bool ended = !unevaluated(alone).empty();
    CHECK(unevaluated(both).size() == (ended ? 2 : 0));
  }
}

// A clock that goes on by so much whenever it is asked.
std::uint64_t clock_step = 0, clock_now = 0;
std::uint64_t stepping_clock() {
  return clock_now += clock_step;
}

TEST_CASE("regexes go on beyond their bounds for as long as they really take little") {
  std::string rule = "title: Many\ndetection:\n    selection:\n        a|re|all:\n";
  for (int i = 0; i < 20; ++i) {
    rule += "            - '[ab]{1,20}[a-z]{" + std::to_string(i + 1) + "}'\n";
  }
  rule += "    condition: selection\nlogsource: {product: aws, service: cloudtrail}\n";
  const std::string event = event_with(std::string(60'000, 'a'));
  const auto evaluated = [&](Work::Clock clock) {
    Runner runner(compile(rule), clock);
    const bool fires = runner.fires(event);
    CHECK(fires == unevaluated(runner).empty());
    return fires;
  };
  CHECK_FALSE(evaluated(nullptr));
  clock_step = 1'000;
  CHECK(evaluated(&stepping_clock));
  clock_step = 5'000'000;
  CHECK_FALSE(evaluated(&stepping_clock));
}

TEST_CASE("so many values that looking at them all costs too much") {
  Runner runner(rule_of("{a|contains: ['q', 'w']}") + "---\n" + rule_of("{b: x}"));
  std::string values = R"("z")";
  for (int i = 0; i < 400'000; ++i) values += R"(,"z")";
  CHECK(runner.fired(R"({"a":[)" + values + R"(],"b":"x"})").size() == 1);
  CHECK(runner.matching().work() < kMost);
}

}  // namespace
}  // namespace tocsin::program
