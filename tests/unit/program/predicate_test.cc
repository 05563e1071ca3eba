#include "support.h"

namespace tocsin::program {
namespace {

// The only predicate of a rule of one selection, over one event.
struct Tested {
  bool test;
  std::string witness;  // "-" when there is none
  std::string pattern;
};

Tested test(const char* selection, const char* json) {
  Runner runner(rule_of(selection));
  REQUIRE(runner.program().predicates().size() == 1);
  const Predicate& predicate = runner.program().predicates()[0];
  event::Event& event = runner.read(json);
  Work work;
  event::Value* witness = predicate.witness(event, work);
  const bool holds = predicate.test(event, work) == Truth::yes;
  if (witness == nullptr) return {holds, "-", ""};
  return {holds, std::string(witness->text), predicate.met_pattern(event, *witness, work)};
}

TEST_CASE("the witness is the first value that meets the question") {
  CHECK(test("{a: [x, y]}", R"({"a":["z","Y","x"]})").witness == "Y");
  CHECK(test("{a|contains: x}", R"({"a":{"b":"1","c":"2x"}})").witness == "2x");
  CHECK(test("{a|gt: 5}", R"({"a":[1,9,10]})").witness == "9");
  CHECK(test("{a: null}", R"({"a":[1,null]})").witness.empty());
  CHECK(test("{a: x}", R"({"a":"y"})").witness == "-");
}

TEST_CASE("absences and presences hold without a witness") {
  const Tested absent = test("{a: null}", "{}");
  CHECK(absent.test);
  CHECK(absent.witness == "-");
  const Tested exists = test("{a|exists: true}", R"({"a":1})");
  CHECK(exists.test);
  CHECK(exists.witness == "-");
}

TEST_CASE("several kinds of values make several predicates") {
  const Program program = compile(rule_of("{a: [x, 'y*', 1, true, null]}"));
  CHECK(program.predicates().size() == 3);  // strings, scalars, null
}

TEST_CASE("a long text is given to a regex up to a bound") {
  const std::string padding(70'000, 'x');
  CHECK(Runner(rule_of("{a|re: '^xx'}")).fires(R"({"a":")" + padding + R"("})"));
  CHECK_FALSE(Runner(rule_of("{a|re: 'end$'}")).fires(R"({"a":")" + padding + R"(end"})"));
}

}  // namespace
}  // namespace tocsin::program
