// What a correlator does at its limits: what it forgets, and that it says so.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/time.h"
#include "correlate/group.h"
#include "differential/correlation_cases.h"
#include "differential/correlation_rules.h"
#include "differential/correlation_run.h"
#include "unit/colliding_names.h"

namespace {

using namespace tocsin;
using namespace tocsin::differential;
using correlate::Limits;
using reference::PlainHit;
using reference::Time;

constexpr const char* kRuleA =
    "title: A\nlogsource: {product: aws, service: cloudtrail}\n"
    "detection:\n    selection: {eventName: A}\n    condition: selection\n";

std::string count_rule(const char* title, const char* condition,
                       const char* more = "    group-by: [user]\n") {
  return fmt::format(
      "---\ntitle: {}\ncorrelation:\n    type: event_count\n    rules: [A]\n    timespan: 1000s\n"
      "    condition: {{{}}}\n{}",
      title, condition, more);
}

class Hits {
 public:
  // Adds a hit of rule A at so many seconds, and returns what the run has now.
  void add(CorrelationRun& run, Time seconds, const std::string& user) {
    PlainHit hit{"A", fmt::format("{:08}", count_++), seconds * kSecond, {}, "test"};
    if (!user.empty()) hit.fields["user"] = {user};
    run.add({&hit});
  }

 private:
  std::size_t count_ = 0;
};

std::vector<std::string> groups_with_episodes(const CorrelationRun& run) {
  std::vector<std::string> out;
  for (const auto& episode : run.episodes()) {
    out.push_back(fmt::format("{} {}", episode.group.at(0), episode.firings));
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

TEST_CASE("of too many groups of a correlation, the quietest are forgotten, open episodes last") {
  const CorrelationRules rules = load_correlations(kRuleA + count_rule("c1", "gte: 2"));
  Limits limits;
  limits.groups_per_correlation = 10;
  CorrelationRun run(rules, limits);
  Hits hits;
  hits.add(run, 1, "told");
  hits.add(run, 2, "told");
  for (int i = 0; i < 9; ++i) hits.add(run, 10 + i, "u" + std::to_string(i));
  CHECK(run.correlator().stats().groups == 10);
  CHECK(run.correlator().stats().evicted_groups == 0);
  CHECK(run.correlator().take_crowded().empty());

  hits.add(run, 30, "new");
  CHECK(run.correlator().stats().groups <= 10);
  CHECK(run.correlator().stats().evicted_groups == 1);
  CHECK(run.correlator().stats(0).evicted_groups == 1);
  CHECK(run.correlator().take_crowded() == std::vector<correlate::CorrelationIndex>{0});
  CHECK(run.correlator().take_crowded().empty());

  hits.add(run, 40, "told");  // its episode goes on
  hits.add(run, 41, "u1");    // the second in its group
  hits.add(run, 42, "u0");    // was forgotten: the first again
  hits.add(run, 43, "new");
  CHECK(groups_with_episodes(run) == std::vector<std::string>{"new 1", "told 2", "u1 1"});
  CHECK(run.complaints().empty());
}

TEST_CASE("of too many groups in all, the correlation with the most loses some") {
  const CorrelationRules rules =
      load_correlations(kRuleA + count_rule("small", "gte: 2", "    group-by: [tocsin.source]\n") +
                        count_rule("large", "gte: 2"));
  Limits limits;
  limits.groups = 8;
  CorrelationRun run(rules, limits);
  Hits hits;
  for (int i = 0; i < 7; ++i) hits.add(run, 10 + i, "u" + std::to_string(i));
  CHECK(run.correlator().stats().groups == 8);
  CHECK(run.correlator().stats().evicted_groups == 0);
  hits.add(run, 20, "new");
  CHECK(run.correlator().stats().groups <= 8);
  const auto small = *rules.correlations->find("small"), large = *rules.correlations->find("large");
  CHECK(run.correlator().stats(small).evicted_groups == 0);
  CHECK(run.correlator().stats(large).evicted_groups >= 1);
  CHECK(run.correlator().take_crowded() == std::vector<correlate::CorrelationIndex>{large});
}

TEST_CASE("of too many hits of a group the oldest are forgotten") {
  const CorrelationRules rules = load_correlations(kRuleA + count_rule("c1", "gte: 3", ""));
  Limits limits;
  limits.hits_per_group = 100;
  CorrelationRun run(rules, limits);
  Hits hits;
  for (int i = 0; i < 100; ++i) hits.add(run, i, "");
  CHECK(run.correlator().stats().evicted_hits == 0);
  CHECK(run.correlator().take_crowded().empty());
  for (int i = 100; i < 150; ++i) hits.add(run, i, "");
  const auto stats = run.correlator().stats();
  CHECK(stats.hits <= 100);
  CHECK(stats.hits + stats.evicted_hits == 150);
  CHECK(run.correlator().take_crowded() == std::vector<correlate::CorrelationIndex>{0});
  REQUIRE(run.episodes().size() == 1);
  CHECK(run.episodes()[0].firings == 148);
  CHECK(run.episodes()[0].hits <= 101);
}

TEST_CASE("what is asked for is kept twice over, whatever the limit") {
  const CorrelationRules rules = load_correlations(kRuleA + count_rule("c1", "gte: 80", ""));
  Limits limits;
  limits.hits_per_group = 100;
  CorrelationRun run(rules, limits);
  Hits hits;
  for (int i = 0; i < 160; ++i) hits.add(run, i, "");
  CHECK(run.correlator().stats().evicted_hits == 0);
  CHECK(run.episodes().at(0).hits == 160);
  hits.add(run, 160, "");
  CHECK(run.correlator().stats().evicted_hits > 0);
  CHECK(run.episodes().at(0).hits >= 80);
}

TEST_CASE("of too many values of a group further ones are neither remembered nor told") {
  const CorrelationRules rules = load_correlations(
      std::string(kRuleA) + "---\ntitle: c1\ncorrelation:\n    type: new_value\n    rules: [A]\n" +
      "    field: user\n");
  Limits limits;
  limits.known_per_group = 5;
  CorrelationRun run(rules, limits);
  Hits hits;
  for (int i = 0; i < 5; ++i) hits.add(run, i, "u" + std::to_string(i));
  run.advance(10 * kSecond);
  CHECK(run.episodes().size() == 5);
  CHECK(run.correlator().stats().evicted_hits == 0);

  for (int i = 10; i < 13; ++i) hits.add(run, i, "u" + std::to_string(i));
  hits.add(run, 20, "u3");
  run.finish();
  CHECK(run.episodes().size() == 5);
  CHECK(run.correlator().stats().evicted_hits == 3);
  CHECK(run.correlator().take_crowded() == std::vector<correlate::CorrelationIndex>{0});
  CHECK(run.complaints().empty());
}

TEST_CASE("first uses that are not settled count as groups, of one correlation and of all") {
  const CorrelationRules rules = load_correlations(
      kRuleA + count_rule("count", "gte: 2") +
      "---\ntitle: new\ncorrelation:\n    type: new_value\n    rules: [A]\n    field: user\n");
  Limits limits;
  limits.groups = 40;
  CorrelationRun run(rules, limits);
  Hits hits;
  for (int i = 0; i < 300; ++i) {
    hits.add(run, i, fmt::format("{:03}", i));
    REQUIRE(run.correlator().stats().groups <= 40);
  }
  const auto fresh = *rules.correlations->find("new"), count = *rules.correlations->find("count");
  const auto stats = run.correlator().stats();
  CHECK(run.correlator().stats(fresh).evicted_groups > 0);
  CHECK(run.correlator().stats(count).evicted_groups > 0);
  CHECK(stats.groups + stats.evicted_groups == 600);
  run.finish();
  CHECK(run.complaints().empty());
}

TEST_CASE("memory is bounded: the correlation with the most of it loses its quietest groups") {
  const CorrelationRules rules =
      load_correlations(kRuleA + count_rule("small", "gte: 40", "    group-by: [tocsin.source]\n") +
                        count_rule("large", "gte: 40"));
  Limits limits;
  limits.bytes = 200'000;
  limits.hits_per_group = 100;
  CorrelationRun run(rules, limits);
  Hits hits;
  for (int i = 0; i < 500; ++i) hits.add(run, i, "u" + std::to_string(i % 50));
  const auto before = run.correlator().stats();
  CHECK(before.bytes >= 500 * sizeof(correlate::Entry));
  CHECK(before.evicted_groups == 0);
  for (int i = 500; i < 5000; ++i) {
    hits.add(run, i / 5, fmt::format("u{}", i / 10));
    REQUIRE(run.correlator().stats().bytes <= limits.bytes);
  }
  const auto small = *rules.correlations->find("small"), large = *rules.correlations->find("large");
  CHECK(run.correlator().stats(large).evicted_groups > 0);
  CHECK(run.correlator().stats(small).evicted_groups == 0);
  const auto crowded = run.correlator().take_crowded();
  CHECK(std::count(crowded.begin(), crowded.end(), large) == 1);
  // The latest are still there.
  CHECK(run.correlator().live(large, 1000).front().hits == 10);
  run.finish();
  CHECK(run.complaints().empty());
}

TEST_CASE("what hits carry for parents counts as memory") {
  const CorrelationRules rules = load_correlations(
      kRuleA + count_rule("child", "gte: 1") +
      "---\ntitle: parent\ncorrelation:\n    type: event_count\n    rules: [child]\n"
      "    timespan: 1000s\n    condition: {gte: 100}\n    group-by: [user]\n");
  CorrelationRun run(rules);
  Hits hits;
  const std::string user(1500, 'u');
  for (int i = 0; i < 20; ++i) hits.add(run, i, user + std::to_string(i));
  CHECK(run.correlator().stats().bytes > 20 * user.size());
  run.finish();
  CHECK(run.complaints().empty());
}

TEST_CASE("values that collide in a weak hash are counted apart") {
  const CorrelationRules rules = load_correlations(
      std::string(kRuleA) + "---\ntitle: c1\ncorrelation:\n    type: value_count\n" +
      "    rules: [A]\n    timespan: 1000s\n    condition: {field: user, gte: 16}\n");
  CorrelationRun run(rules);
  Hits hits;
  Time time = 0;
  for (const std::string& name : colliding_names()) hits.add(run, ++time, name);
  REQUIRE(run.episodes().size() == 1);
  CHECK(run.episodes()[0].measure == 16);
}

// Work is counted, not timed: how many keys share a bucket.
TEST_CASE("nobody can choose keys that fall into one bucket") {
  std::unordered_set<correlate::Key, correlate::KeyHasher> table;
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    correlate::Key key{};  // alike in all but the last bytes
    std::memcpy(key.data() + key.size() - sizeof i, &i, sizeof i);
    table.insert(key);
  }
  std::size_t fullest = 0;
  for (std::size_t i = 0; i < table.bucket_count(); ++i) {
    fullest = std::max(fullest, table.bucket_size(i));
  }
  CHECK(fullest <= 20);
}

TEST_CASE("evidence is capped: the first and the latest, in the order of time") {
  const CorrelationRules rules = load_correlations(kRuleA + count_rule("c1", "gte: 2", ""));
  CorrelationRun run(rules);
  std::vector<PlainHit> hits;
  for (int i = 0; i < 30; ++i) {
    hits.push_back({"A", fmt::format("{:08}", i), (100 - i) * kSecond, {}, "test"});
  }
  std::vector<const PlainHit*> all;
  for (const PlainHit& hit : hits) all.push_back(&hit);

  run.add({all.begin(), all.begin() + 20});
  REQUIRE(run.last_changes().size() == 1);
  CHECK(run.last_changes()[0].evidence.size() == 20);
  CHECK(run.last_changes()[0].hits == 20);

  run.add({all.begin() + 20, all.end()});
  REQUIRE(run.last_changes().size() == 1);
  const correlate::Change& change = run.last_changes()[0];
  CHECK(change.hits == 30);
  CHECK(change.measure == 30);
  REQUIRE(change.evidence.size() == correlate::kEvidence);
  CHECK(run.event_of(change.closing) == "00000000");
  CHECK(run.event_of(change.evidence.front()) == "00000029");
  CHECK(run.event_of(change.evidence.back()) == "00000000");
  for (std::size_t i = 1; i < change.evidence.size(); ++i) {
    CHECK(run.event_of(change.evidence[i - 1]) > run.event_of(change.evidence[i]));
  }
}

TEST_CASE("late hits are counted and leave no trace") {
  const CorrelationRules rules = load_correlations(kRuleA + count_rule("c1", "gte: 1", ""));
  CorrelationRun run(rules);
  Hits hits;
  run.advance(100 * kSecond);
  hits.add(run, 99, "");
  hits.add(run, 50, "");
  CHECK(run.correlator().stats().late == 2);
  CHECK(run.correlator().stats().groups == 0);
  CHECK(run.episodes().empty());
  hits.add(run, 100, "");
  CHECK(run.correlator().stats().late == 2);
  CHECK(run.episodes().size() == 1);
}

TEST_CASE("live groups, those with the most hits first") {
  const CorrelationRules rules = load_correlations(kRuleA + count_rule("c1", "gte: 3"));
  CorrelationRun run(rules);
  Hits hits;
  hits.add(run, 10, "one");
  for (const Time time : {20, 22, 21}) hits.add(run, time, "three");
  for (const Time time : {31, 30}) hits.add(run, time, "two");
  const auto live = run.correlator().live(0, 2);
  REQUIRE(live.size() == 2);
  CHECK(live[0].group == correlate::group_key({"three"}));
  CHECK(live[0].hits == 3);
  CHECK(live[0].measure == 3);
  CHECK(live[0].oldest == 20 * kSecond);
  CHECK(live[0].newest == 22 * kSecond);
  CHECK(live[0].firing);
  CHECK(live[1].group == correlate::group_key({"two"}));
  CHECK_FALSE(live[1].firing);
  CHECK(run.event_of(live[1].newest_hit) == "00000004");
  CHECK(run.correlator().stats(0).hits == 6);
  CHECK(run.correlator().stats(0).episodes == 1);
}
