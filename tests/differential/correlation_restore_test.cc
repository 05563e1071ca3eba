// Restored at once from what was kept, and fed one hit after the other: the same comes of both.
#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "differential/correlation_check.h"
#include "differential/generate/correlation_documents.h"
#include "differential/generate/correlation_scenario.h"

namespace {

using namespace tocsin;
using namespace tocsin::differential;

// Each hit by itself. With `restores`, after each step the correlator is made anew from what was
// kept, in another order.
void play_slowly(CorrelationRun& run, const Scenario& scenario, bool restores) {
  std::uint64_t restarts = 0;
  for (const Step& step : scenario.steps) {
    if (step.kind == Step::Kind::advance) {
      run.advance(step.watermark);
    } else {
      for (const std::size_t hit : step.hits) run.add({&scenario.hits[hit]});
    }
    if (restores) run.restart(2 * ++restarts + 1);  // odd: not handed over
  }
  run.finish();
}

}  // namespace

TEST_CASE("a correlator that is restored again and again tells what one tells that never was") {
  std::set<sigma::Correlation::Type> told;
  std::size_t differences = 0;
  for (std::uint64_t i = 0; i < scaled(400); ++i) {
    Random random(seed() + i);
    const CorrelationDocuments documents = make_correlations(random);
    const CorrelationRules rules = load_correlations(documents.yaml);
    auto hits = make_hits(random, documents);
    Arrival arrival = make_arrival(random, hits.size());
    arrival.restarts = 0;
    const Scenario scenario = make_scenario(random, std::move(hits), arrival);
    CorrelationRun fed(rules), restored(rules);
    play_slowly(fed, scenario, false);
    play_slowly(restored, scenario, true);
    for (const auto& episode : fed.episodes()) {
      told.insert(rules.set->correlations[episode.correlation].type);
    }
    auto wrong = compare(rules, fed.episodes(), restored.episodes());
    wrong.insert(wrong.end(), restored.complaints().begin(), restored.complaints().end());
    if (wrong.empty() || ++differences > 5) continue;
    std::string text;
    for (const std::string& line : wrong) text += line + "\n";
    UNSCOPED_INFO("seed " << seed() + i << ":\n" << text << documents.yaml);
  }
  CHECK(differences == 0);
  CHECK((told.size() == 10 || scaled(400) < 400));
}
