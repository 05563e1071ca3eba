// The engine against the reference matcher: generated rules over generated events, and every rule
// of the corpus over a sample of its events.
#include <catch2/catch.hpp>
#include <chrono>
#include <iostream>
#include <string>
#include <vector>

#include "corpus/corpus.h"
#include "differential/comparison.h"
#include "differential/generate/event_generator.h"
#include "differential/generate/random.h"
#include "differential/generate/rule_generator.h"
#include "sigma/loader.h"

namespace {

using namespace tocsin;
using differential::Comparison;
using differential::Random;

constexpr std::size_t kShown = 5;

// Counts differences and prints the first few so that each can be tried alone.
class Report {
 public:
  void add(Comparison& comparison, const differential::Difference& difference,
           const std::string& rule, const std::string& event, std::uint64_t seed) {
    if (++count_ > kShown) return;
    std::cout << "DIFFERENCE with seed " << seed << ": " << difference.engine << ", the reference "
              << (difference.reference ? "yes" : "no") << "\n--- rule\n"
              << rule << "--- event\n"
              << comparison.shrink(event, difference.rule) << "\n---\n";
  }
  std::size_t count() const { return count_; }

 private:
  std::size_t count_ = 0;
};

struct Totals {
  std::size_t rules = 0, compiled = 0, pairs = 0, matched = 0;
};

// 25 rules, some with filters, over 40 events.
void compare_generated(std::uint64_t seed, Totals& totals, Report& report) {
  constexpr std::size_t kRules = 25, kEvents = 40;
  Random random(seed);
  const sigma::Lists lists = differential::make_lists();
  sigma::RuleSet rules;
  Diagnostics diagnostics;
  std::vector<std::string> texts(kRules);
  for (std::size_t i = 0; i < kRules; ++i) {
    texts[i] = differential::make_rule(random, i);
    if (random.percent(10)) texts[i] += "---\n" + differential::make_filter(random, i);
    sigma::load_text(texts[i], std::to_string(i), rules, diagnostics);
  }
  Comparison comparison(rules, lists);
  totals.rules += kRules;
  totals.compiled += comparison.program().rules().size();
  for (std::size_t i = 0; i < kEvents; ++i) {
    const std::string event = differential::make_event(random);
    totals.pairs += comparison.program().rules().size();
    for (const auto& difference : comparison.compare(event, totals.matched)) {
      const auto& rule = comparison.program().rules()[difference.rule];
      report.add(comparison, difference, texts[std::stoul(rule.source.meta.file)], event, seed);
    }
  }
}

std::vector<std::string> sample_events(const corpus::Path& corpus, std::size_t count) {
  std::vector<std::string> sample;
  Random random(differential::seed());
  const auto files = corpus::event_files(corpus);
  for (const auto& file : files) {  // as many of each file: the small ones have the odd shapes
    const auto lines = corpus::lines_of(file);
    for (std::size_t i = 0; i < 1 + count / files.size(); ++i) sample.push_back(random.pick(lines));
  }
  return sample;
}

}  // namespace

TEST_CASE("generated rules over generated events: the engine agrees with the reference") {
  Totals totals;
  Report report;
  for (std::uint64_t batch = 0; batch < differential::scaled(200); ++batch) {
    compare_generated(differential::seed() + batch, totals, report);
  }
  std::cout << "generated: " << totals.compiled << " of " << totals.rules << " rules compiled, "
            << totals.pairs << " pairs, " << totals.matched << " matches, " << report.count()
            << " differences\n";
  CHECK(report.count() == 0);
  CHECK(totals.pairs >= differential::scaled(100'000));
  CHECK(totals.compiled * 100 >= totals.rules * 95);
  // Neither verdict is rare.
  CHECK(totals.matched * 100 >= totals.pairs * 10);
  CHECK(totals.matched * 100 <= totals.pairs * 90);
}

TEST_CASE("every rule of the corpus over real events: the engine agrees with the reference") {
  const auto corpus = corpus::find("differential test over real rules");
  if (!corpus) return;
  const auto loaded = sigma::load_paths({(*corpus / "rules").string()});
  Comparison comparison(loaded.rules, loaded.lists);
  Totals totals;
  Report report;
  const auto start = std::chrono::steady_clock::now();
  for (const std::string& event : sample_events(*corpus, differential::scaled(400))) {
    totals.pairs += comparison.program().rules().size();
    for (const auto& difference : comparison.compare(event, totals.matched)) {
      const auto& meta = comparison.program().rules()[difference.rule].source.meta;
      report.add(comparison, difference, meta.file + "\n", event, differential::seed());
    }
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::cout << "corpus: " << comparison.program().rules().size() << " of "
            << loaded.rules.rules.size() << " rules compiled, " << totals.pairs << " pairs, "
            << totals.matched << " matches, " << report.count() << " differences, "
            << seconds.count() << " s\n";
  CHECK(report.count() == 0);
  CHECK(totals.matched > 0);
}
