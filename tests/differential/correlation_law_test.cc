// The same events give the same episodes: in any order within the lateness, in batches of any size,
// with events that come twice, and across restarts.
#include <algorithm>
#include <catch2/catch.hpp>
#include <iostream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "differential/correlation_cases.h"
#include "differential/correlation_check.h"
#include "differential/correlation_rules.h"
#include "differential/correlation_run.h"
#include "differential/generate/correlation_documents.h"
#include "differential/generate/correlation_scenario.h"

namespace {

using namespace tocsin;
using namespace tocsin::differential;
using reference::PlainHit;

constexpr std::size_t kStretches = 4;

// Several stretches of events, one after the other.
std::vector<PlainHit> make_stream(Random& random, const CorrelationDocuments& documents) {
  std::vector<PlainHit> out;
  reference::Time begin = 0;
  for (std::size_t i = 0; i < kStretches; ++i) {
    std::vector<PlainHit> more = make_hits(random, documents);
    const reference::Time from = more.front().time;
    for (PlainHit& hit : more) {
      hit.time = std::max<reference::Time>(0, hit.time - from + begin);
      hit.event += std::to_string(i);
      out.push_back(hit);
    }
    begin = out.back().time + static_cast<reference::Time>(random.below(20'000'000'000));
  }
  return out;
}

// Those of one of them only.
std::string difference(const std::vector<std::string>& expected,
                       const std::vector<std::string>& actual) {
  std::vector<std::string> missing, unexpected;
  std::set_difference(expected.begin(), expected.end(), actual.begin(), actual.end(),
                      std::back_inserter(missing));
  std::set_difference(actual.begin(), actual.end(), expected.begin(), expected.end(),
                      std::back_inserter(unexpected));
  std::string out;
  for (const std::string& line : missing) out += "missing: " + line + "\n";
  for (const std::string& line : unexpected) out += "not expected: " + line + "\n";
  return out;
}

std::vector<std::string> outcome(const CorrelationRules& rules, const Scenario& scenario,
                                 const std::set<std::size_t>& left_out) {
  CorrelationRun run(rules);
  play(run, scenario);
  for (const std::string& complaint : run.complaints()) FAIL_CHECK(complaint);
  auto episodes = run.episodes();
  std::erase_if(episodes, [&](const reference::Episode& one) {
    return left_out.count(one.correlation) != 0;
  });
  return describe(rules, episodes);
}

}  // namespace

TEST_CASE("the same events give the same episodes, however they arrive") {
  std::size_t episodes = 0, runs = 0;
  for (std::uint64_t i = 0; i < scaled(200); ++i) {
    INFO("seed " << seed() + i);
    Random random(seed() + i);
    const CorrelationDocuments documents = make_correlations(random);
    const CorrelationRules rules = load_correlations(documents.yaml);
    const std::vector<PlainHit> hits = make_stream(random, documents);

    Scenario all_at_once{hits, {{}}};
    for (std::size_t hit = 0; hit < hits.size(); ++hit) all_at_once.steps[0].hits.push_back(hit);
    const std::set<std::size_t> left_out = order_matters_to(rules);
    const std::vector<std::string> expected = outcome(rules, all_at_once, left_out);
    episodes += expected.size();

    for (const std::size_t batch : std::initializer_list<std::size_t>{1, 2, 7, 1000, 10'000}) {
      for (const std::size_t restarts : std::initializer_list<std::size_t>{0, 3}) {
        const Arrival arrival{batch, restarts, restarts > 0 || random.percent(50), false};
        INFO("batches of " << batch << ", " << restarts << " restarts");
        CHECK(difference(expected,
                         outcome(rules, make_scenario(random, hits, arrival), left_out)) == "");
        ++runs;
      }
    }
  }
  std::cout << "same result: " << runs << " runs over " << episodes << " episodes\n";
  CHECK(episodes >= scaled(200) * 10);
}
