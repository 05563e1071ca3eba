#include "route/routes.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace tocsin::route {
namespace {

using Names = std::vector<std::string>;

struct Example {
  std::string level = "high", rule_id = "id-1", rule_title = "Root Login", account = "111122223333",
              source = "http";
  Names tags = {"attack.initial-access", "aws"};

  Subject subject() const { return {level, rule_id, rule_title, account, source, tags}; }
};

// Whether an alert like `example` is matched by `match`.
bool meets(Match match, const Example& example) {
  const Routes routes({{"", std::move(match), {"hit"}, false}}, {"missed"});
  const Names found = routes.receivers_of(example.subject());
  REQUIRE(found.size() == 1);
  return found[0] == "hit";
}

TEST_CASE("what a route matches") {
  struct Case {
    Match match;
    Example example;
    bool met;
  };
  Example none;
  none.level = "";
  none.account = "";
  none.tags = {};
  Example critical;
  critical.level = "critical";
  Example odd;
  odd.level = "shrill";
  Example shouted;
  shouted.level = "HIGH";
  Example umlaut;
  umlaut.rule_title = "ÄNDERUNG an \"Rollen\"";
  const std::vector<Case> cases = {
      {{}, {}, true},
      {{}, none, true},
      {{{"high"}, {}, {}, {}, {}}, {}, true},
      {{{"HIGH"}, {}, {}, {}, {}}, {}, true},
      {{{"high"}, {}, {}, {}, {}}, shouted, true},
      {{{">=high"}, {}, {}, {}, {}}, shouted, true},
      {{{"low", "high"}, {}, {}, {}, {}}, {}, true},
      {{{"low", "medium"}, {}, {}, {}, {}}, {}, false},
      {{{">=high"}, {}, {}, {}, {}}, {}, true},
      {{{">=high"}, {}, {}, {}, {}}, critical, true},
      {{{">= HIGH"}, {}, {}, {}, {}}, critical, true},
      {{{">=critical"}, {}, {}, {}, {}}, {}, false},
      {{{"high"}, {}, {}, {}, {}}, critical, false},
      // A rule without a level, or with an unknown one, counts as medium.
      {{{"medium"}, {}, {}, {}, {}}, none, true},
      {{{">=medium"}, {}, {}, {}, {}}, odd, true},
      {{{">=high"}, {}, {}, {}, {}}, odd, false},
      {{{}, {"id-1"}, {}, {}, {}}, {}, true},
      {{{}, {"root login"}, {}, {}, {}}, {}, true},
      {{{}, {"root"}, {}, {}, {}}, {}, false},
      {{{}, {"root*"}, {}, {}, {}}, {}, true},
      {{{}, {"*log*"}, {}, {}, {}}, {}, true},
      {{{}, {"*oo*o*in"}, {}, {}, {}}, {}, true},
      {{{}, {"*oo*x*in"}, {}, {}, {}}, {}, false},
      {{{}, {"änderung*\"rollen\""}, {}, {}, {}}, umlaut, true},
      {{{}, {}, {"attack.*"}, {}, {}}, {}, true},
      {{{}, {}, {"AWS"}, {}, {}}, {}, true},
      {{{}, {}, {"attack"}, {}, {}}, {}, false},
      {{{}, {}, {"*"}, {}, {}}, none, false},
      {{{}, {}, {}, {"111122223333"}, {}}, {}, true},
      {{{}, {}, {}, {"1111*"}, {}}, {}, true},
      {{{}, {}, {}, {"2222*"}, {}}, {}, false},
      {{{}, {}, {}, {"*"}, {}}, none, true},
      {{{}, {}, {}, {}, {"http"}}, {}, true},
      {{{}, {}, {}, {}, {"file"}}, {}, false},
      {{{"high"}, {"id-1"}, {"aws"}, {"1*"}, {"http"}}, {}, true},
      {{{"high"}, {"id-1"}, {"aws"}, {"1*"}, {"file"}}, {}, false},
      {{{"low"}, {"id-1"}, {"aws"}, {"1*"}, {"http"}}, {}, false},
  };
  std::size_t number = 0;
  for (const Case& c : cases) {
    INFO("case " << number++);
    CHECK(meets(c.match, c.example) == c.met);
  }
}

TEST_CASE("the first match decides, unless it goes on; the default is for what nothing matched") {
  const Match high{{"high"}, {}, {}, {}, {}}, low{{"low"}, {}, {}, {}, {}},
      http{{}, {}, {}, {}, {"http"}};
  const Names otherwise = {"d1", "d2", "d1"};
  const auto told = [&](std::vector<Route> routes) {
    return Routes(std::move(routes), otherwise).receivers_of(Example{}.subject());
  };
  CHECK(told({}) == Names{"d1", "d2"});
  CHECK(told({{"", low, {"a"}, false}}) == Names{"d1", "d2"});
  CHECK(told({{"", high, {"a"}, false}, {"", http, {"b"}, false}}) == Names{"a"});
  CHECK(told({{"", high, {"a"}, true}, {"", http, {"b", "a"}, false}}) == Names{"a", "b"});
  CHECK(told({{"", high, {"a"}, true}, {"", low, {"b"}, false}}) == Names{"a"});
  CHECK(told({{"", low, {"b"}, true}, {"", high, {"a", "a"}, true}}) == Names{"a"});
  CHECK(Routes().receivers_of(Example{}.subject()).empty());
}

TEST_CASE("a hostile title does not make matching slow") {
  Example example;
  example.rule_title = std::string(100'000, 'a');
  Match match;
  match.rules = {"*a*a*a*a*a*a*a*a*a*a*a*a*b"};
  CHECK_FALSE(meets(match, example));
}

}  // namespace
}  // namespace tocsin::route
