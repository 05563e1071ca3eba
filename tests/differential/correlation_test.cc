// The engine's correlator against the reference: generated documents, events and ways in which they
// arrive, with duplicates, late ones and restarts.
#include <catch2/catch.hpp>
#include <chrono>
#include <iostream>
#include <map>
#include <set>
#include <string>

#include "differential/correlation_check.h"
#include "differential/generate/correlation_documents.h"
#include "differential/generate/correlation_scenario.h"

namespace {

using namespace tocsin;
using namespace tocsin::differential;
using reference::Mistake;

constexpr std::size_t kSequences = 25;    // on each set of documents
constexpr std::size_t kTriedAgain = 100;  // differences, to find out what they need

struct Totals {
  std::size_t sets = 0, correlations = 0, compiled = 0, pairs = 0, hits = 0, episodes = 0;
  std::size_t differences = 0;
  std::map<std::string, std::size_t> episodes_of;  // by type
  std::set<std::string> shown;                     // kinds of differences
};

struct Set {
  std::string yaml;
  CorrelationRules rules;
  CorrelationDocuments documents;
};

// Of a difference: the types that it takes, and whether it takes a restart.
std::string kind_of(const std::string& text) {
  std::string kind = text.find(": restart\n") != std::string::npos ? "restart" : "";
  for (std::size_t at = 0; (at = text.find("    type: ", at)) != std::string::npos;) {
    at = text.find(' ', at + 5) + 1;
    kind += " " + text.substr(at, text.find('\n', at) - at);
  }
  return kind;
}

Set make_set(Random& random) {
  Set out;
  out.documents = make_correlations(random);
  out.yaml = out.documents.yaml;
  out.rules = load_correlations(out.yaml);
  return out;
}

Scenario make_scenario(Random& random, const Set& set) {
  auto hits = make_hits(random, set.documents);
  const Arrival arrival = make_arrival(random, hits.size());
  return make_scenario(random, std::move(hits), arrival);
}

void count_episodes(const Set& set, const Scenario& scenario, Totals& totals) {
  for (const auto& episode :
       expected_episodes(set.rules, scenario.hits, reference::kEverythingDecided, Mistake::none)) {
    ++totals.episodes;
    const auto& document = set.rules.set->correlations[episode.correlation];
    ++totals.episodes_of[std::string(sigma::to_string(document.type))];
  }
}

void compare_set(std::uint64_t seed, Totals& totals) {
  Random random(seed);
  const Set set = make_set(random);
  ++totals.sets;
  totals.correlations += set.documents.correlations;
  totals.compiled += set.rules.correlations->all().size();
  for (std::size_t i = 0; i < kSequences; ++i) {
    const Scenario scenario = make_scenario(random, set);
    totals.pairs += set.rules.correlations->all().size();
    totals.hits += scenario.hits.size();
    if (i == 0) count_episodes(set, scenario, totals);
    CheckOptions options;
    options.timely = random.percent(10);
    const auto wrong = check(set.rules, scenario, options);
    if (wrong.empty() || ++totals.differences > kTriedAgain) continue;
    const std::string text = reproduction(set.yaml, scenario, options);
    if (!totals.shown.insert(kind_of(text)).second) continue;
    std::cout << "DIFFERENCE with seed " << seed << ", sequence " << i
              << (options.timely ? ", after each step" : "") << "\n"
              << text << "---\n";
  }
}

}  // namespace

TEST_CASE("generated correlations over generated events: the engine agrees with the reference") {
  Totals totals;
  const auto start = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i < scaled(1000); ++i) compare_set(seed() + i, totals);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::cout << "correlations: " << totals.compiled << " of " << totals.correlations << " compiled, "
            << totals.pairs << " pairs with sequences, " << totals.hits << " hits, "
            << totals.differences << " differences, " << seconds.count() << " s\n";
  for (const auto& [type, count] : totals.episodes_of) {
    std::cout << "    " << type << ": " << count << " episodes in a sample\n";
  }
  CHECK(totals.differences == 0);
  CHECK(totals.pairs >= scaled(100'000));
  CHECK(totals.compiled * 100 >= totals.correlations * 95);
  // Every type has something to tell.
  CHECK((totals.sets < 100 || totals.episodes_of.size() == 10));
}

TEST_CASE("a reference with a mistake in it is found out") {
  std::vector<reference::NamedMistake> left(std::begin(reference::kMistakes),
                                            std::end(reference::kMistakes));
  std::uint64_t sets = 0;
  for (; sets < scaled(1000) && !left.empty(); ++sets) {
    Random random(seed() + sets);
    const Set set = make_set(random);
    for (std::size_t i = 0; i < kSequences && !left.empty(); ++i) {
      const Scenario scenario = make_scenario(random, set);
      random.percent(10);  // as above
      CorrelationRun run(set.rules);
      play(run, scenario);
      const auto actual = run.episodes();
      const auto right =
          expected_episodes(set.rules, run.taken(), reference::kEverythingDecided, Mistake::none);
      if (!compare(set.rules, right, actual).empty()) continue;  // the test above tells
      std::erase_if(left, [&](const auto& one) {
        const auto expected =
            expected_episodes(set.rules, run.taken(), reference::kEverythingDecided, one.mistake);
        return !compare(set.rules, expected, actual).empty();
      });
    }
  }
  std::cout << "mistakes in the reference: all but " << left.size() << " found in " << sets
            << " sets of documents\n";
  for (const auto& one : left) UNSCOPED_INFO("not found: " << one.what);
  CHECK((left.empty() || scaled(1000) < 1000));
}
