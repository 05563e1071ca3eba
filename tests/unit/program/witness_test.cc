// What every event that fulfils a rule must show.
#include "program/witness.h"

#include <catch2/catch.hpp>
#include <string>

#include "program/cost.h"
#include "unit/program/support.h"

namespace tocsin::program {
namespace {

// "kind field=text" of each sign, joined by " or "; "none" without a witness.
std::string witness_of(const std::string& selection, const std::string& condition = "selection") {
  static constexpr const char* kKinds[] = {"text", "literal", "network", "presence", "keyword"};
  const Program program = compile(rule_of(selection, condition));
  const auto witness = find_witness(program, program.rules()[0].root);
  if (!witness) return "none";
  std::string out;
  for (const Sign& sign : witness->signs) {
    if (!out.empty()) out += " or ";
    out += kKinds[static_cast<int>(sign.kind)];
    out += ' ' + program.fields().path(sign.field) + '=' + sign.text;
    if (sign.kind == Sign::Kind::network) out += to_string(sign.network);
  }
  return out;
}

}  // namespace

TEST_CASE("the rarest of several required values is the witness") {
  CHECK(witness_of("{eventSource: a, eventName: [B, C]}") ==
        "text eventName=b or text eventName=c");
  CHECK(witness_of("{awsRegion: us-east-1, userAgent|contains: Pacu}") == "literal userAgent=pacu");
  CHECK(witness_of("{awsRegion: us-east-1, sourceIPAddress|cidr: 192.0.2.0/24}") ==
        "network sourceIPAddress=192.0.2.0/24");
  CHECK(witness_of("[{eventName: a}, {x: longer}]") == "text eventName=a or text x=longer");
  // What fills logs is rarely the rarest.
  CHECK(witness_of("{eventName: PutObject, requestParameters.x|exists: true}") ==
        "presence requestParameters.x=");
}

TEST_CASE("patterns are looked for by their rarest literal") {
  CHECK(witness_of("{x: 'arn:aws:*:Strange?Name'}") == "literal x=:strange");
  CHECK(witness_of("{x|re: 'foo(bar|baz)+\\d'}") == "literal x=baz or literal x=bar");
  CHECK(witness_of("{x|re: '(?:curl|wget)/\\d'}") == "literal x=wget/ or literal x=curl/");
  CHECK(witness_of("{x|re|i: 'STRANGE.*'}") == "literal x=strange");
}

TEST_CASE("without a literal the presence of the field must do") {
  CHECK(witness_of("{x|contains: ab}") == "presence x=");
  CHECK(witness_of("{x: '*'}") == "presence x=");
  CHECK(witness_of("{x|re: '\\d+'}") == "presence x=");
  CHECK(witness_of("{x|re: '\\x{130}stanbul'}") == "presence x=");
  CHECK(witness_of("{x|gt: 5}") == "presence x=");
  CHECK(witness_of("{x|exists: true}") == "presence x=");
}

TEST_CASE("what an event lacks is no witness") {
  CHECK(witness_of("{x: null}") == "none");
  CHECK(witness_of("{x|exists: false}") == "none");
  CHECK(witness_of("{x: strange}", "not selection") == "none");
  CHECK(witness_of("[{x: strange}, {y: null}]") == "none");
  CHECK(witness_of("{x|exists: false}", "not selection") == "presence x=");
  CHECK(witness_of("{x: strange}", "not (not selection)") == "text x=strange");
}

TEST_CASE("keywords are looked for by what a record spells as it is") {
  CHECK(witness_of("['Strange \"quoted\" word']") == "keyword =strange ");
  CHECK(witness_of("['C:\\Windows\\Strange']") == "keyword =strange");
  CHECK(witness_of("['\u00fcber-strange']") == "keyword =ber-strange");
  CHECK(witness_of("['12345']") == "none");  // 1.2345e4
  CHECK(witness_of("['a\"b']") == "none");
}

TEST_CASE("costs come with advice, the dearest first") {
  const Program program = compile(rule_of("{eventName: DeleteTrail}", "selection", "Cheap") +
                                  "---\n" + rule_of("{eventName: null}", "selection", "Lacks") +
                                  "---\n" + rule_of("['sbelt']", "selection", "Words"));
  const auto costs = estimate_costs(program);
  REQUIRE(costs.size() == 3);
  CHECK(costs[0].rule == 1);
  CHECK(to_string(costs[0].cost) == "always");
  CHECK_FALSE(costs[0].advice.empty());
  CHECK_FALSE(costs[1].advice.empty());
  CHECK(costs[2].waits_for == "eventName is `deletetrail`");
  CHECK(costs[2].advice.empty());
}

}  // namespace tocsin::program
