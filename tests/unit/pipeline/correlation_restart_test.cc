// Detections over time across restarts, failed writes and reloads: the same alerts as without them.
// TOCSIN_RESTARTS: how many seeds (short by default).
#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>

#include "base/time.h"
#include "unit/pipeline/over_time.h"

namespace tocsin::pipeline {
namespace {

const std::string kPairs = correlation_yaml(
    "pairs",
    "{type: event_count, rules: [A], group-by: [userIdentity.arn], timespan: 30s, condition: {gte: "
    "2}}");
const std::string kRules = rule_yaml("A") + rule_yaml("B") + rule_yaml("C");

// One of each way in which correlations are decided.
const std::string kAllKinds =
    kRules + kPairs +
    correlation_yaml("values",
                     "{type: value_count, rules: [A, B], timespan: 1m, condition: {gte: 3, field: "
                     "userIdentity.arn}}") +
    correlation_yaml("few",
                     "{type: event_count, rules: [B], group-by: [userIdentity.arn], timespan: 40s, "
                     "condition: {lt: 2}}") +
    correlation_yaml("order",
                     "{type: temporal_ordered, rules: [A, B, C], group-by: [userIdentity.arn], "
                     "timespan: 1m}") +
    correlation_yaml("absent",
                     "{type: temporal_ordered, rules: [A, C], group-by: [userIdentity.arn], "
                     "timespan: 20s, condition: A and not C}") +
    correlation_yaml("chain",
                     "{type: temporal, rules: [pairs, C], group-by: [userIdentity.arn], timespan: "
                     "1m}",
                     "critical") +
    correlation_yaml("new",
                     "{type: new_value, rules: [A, B, C], group-by: [userIdentity.arn], field: "
                     "eventName, learning: 20s, forget: 10m}") +
    correlation_yaml(
        "silence", "{type: silent_source, rules: [C], group-by: [userIdentity.arn], timespan: 1m}");

// Everything about an alert but what says when it was told.
std::map<std::string, std::string> judged(Running& service) {
  std::map<std::string, std::string> out;
  for (const store::AlertRow& row : service.alerts()) {
    std::string json = row.json;
    const std::size_t begin = json.find(R"("detected_at":")");
    if (begin != std::string::npos) json.erase(begin, json.find(',', begin) - begin);
    out[row.alert_id] = row.rule_title + " " + row.principal + " " + std::to_string(row.count) +
                        " " + std::to_string(row.first_seen) + " " + std::to_string(row.last_seen) +
                        " " + json;
  }
  return out;
}

struct Sent {
  double seconds = 0;  // after noon
  std::string bytes;
};

// Submissions of events that come in order, but for some that are late, and some that come twice.
std::vector<Sent> stream(std::uint64_t seed, double lateness) {
  std::mt19937_64 random(seed);
  const auto below = [&](std::uint64_t limit) { return random() % limit; };
  std::vector<Sent> submissions;
  std::vector<std::string> records;
  double now = 0;
  for (int i = 0; i < 150; ++i) {
    now += static_cast<double>(below(10));
    const double late =
        below(4) == 0 ? static_cast<double>(below(static_cast<std::uint64_t>(lateness))) : 0;
    static const char* const kNames[] = {"A", "B", "C", "Other"};
    records.push_back(record("e" + std::to_string(i), "arn:" + std::to_string(below(3)),
                             kNames[below(4)], at(now - late + (below(3) == 0 ? 0.25 : 0))));
    if (below(10) == 0) records.push_back(records[below(records.size())]);
    if (below(3) != 0) continue;
    submissions.push_back({now, {}});
    for (const std::string& each : records) submissions.back().bytes += each;
    if (below(10) != 0) records.clear();  // otherwise they come again
  }
  return submissions;
}

std::uint64_t restarts_from_environment() {
  const char* const text = std::getenv("TOCSIN_RESTARTS");
  return text == nullptr ? 8 : std::strtoull(text, nullptr, 10);
}

// The same rules and correlations, which therefore have other numbers, with or without others.
std::string shuffled(std::mt19937_64& random) {
  std::vector<std::string> documents;
  const std::string all =
      kAllKinds +
      (random() % 2 == 0
           ? ""
           : rule_yaml("D") + correlation_yaml("more",
                                               "{type: event_count, rules: [C, D], group-by: "
                                               "[sourceIPAddress], timespan: 3s, condition: {gte: "
                                               "1000}}"));
  for (std::size_t begin = 0; begin < all.size();) {
    const std::size_t end = all.find("---\n", begin) + 4;
    documents.push_back(all.substr(begin, end - begin));
    begin = end;
  }
  std::shuffle(documents.begin(), documents.end(), random);
  std::string out;
  for (const std::string& document : documents) out += document;
  return out;
}

TEST_CASE("restarts, crashes and reloads at any moment change no alert") {
  const std::uint64_t seeds = restarts_from_environment();
  std::size_t alerts = 0, restarts = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    CAPTURE(seed);
    const std::vector<Sent> submissions = stream(seed, 100);
    const auto run = [&](bool with_restarts) {
      Machine machine;
      machine.config.lateness_ms =
          300'000;  // whenever the committer lets time pass, nothing is late
      machine.grouping.rule_budget = 0;
      std::mt19937_64 random(seed);
      auto service = std::make_unique<Running>(machine, kAllKinds);
      for (const Sent& sent : submissions) {
        const auto ms = static_cast<std::int64_t>((sent.seconds + 1) * 1000) + kNoonMs;
        machine.clock.advance(std::max<std::int64_t>(0, ms - machine.clock.wall_ms()));
        service->submit(sent.bytes);
        service->pass(static_cast<double>(random() % 4));
        const bool crash = random() % 2 == 0;
        const bool reload = random() % 3 == 0;
        if (reload && with_restarts) service->put_into_force(shuffled(random));
        if (random() % 3 != 0 || !with_restarts) continue;
        ++restarts;
        if (crash) machine.copy_files();
        service.reset();
        service = std::make_unique<Running>(machine, kAllKinds);
      }
      for (int i = 0; i < 10; ++i) service->pass(60);
      return judged(*service);
    };
    const auto expected = run(false);
    const auto found = run(true);
    alerts += expected.size();
    for (const auto& [id, text] : expected) {
      CHECK(found.contains(id));
      if (found.contains(id)) CHECK(found.at(id) == text);
    }
    for (const auto& [id, text] : found) {
      if (!expected.contains(id)) FAIL_CHECK("only with restarts: " << text);
    }
  }
  CHECK(alerts > seeds * 10);
  CHECK(restarts > seeds);
}

const std::string kSilence = correlation_yaml(
    "silence", "{type: silent_source, group-by: [recipientAccountId], timespan: 10m}");

TEST_CASE("what was heard of sources takes few rows, and is known after an end in peace") {
  Machine machine;
  machine.config.lateness_ms = 60'000;
  std::optional<Running> service;
  service.emplace(machine, kRules + kSilence);
  const auto rows = [&] {
    std::size_t count = 0;
    REQUIRE(service->store().each_hits([&](std::int64_t, std::string_view) -> Status {
      ++count;
      return {};
    }));
    return count;
  };
  for (int i = 0; i <= 600; ++i) {
    service->submit(record("e" + std::to_string(i), "arn:a", "Other", at(i)));
    service->pass(1);
  }
  CHECK(rows() > 5);
  CHECK(rows() < 40);
  service.reset();
  service.emplace(machine, kRules + kSilence);
  // Silent until 599 s after the last one, which a little less memory would take for silence.
  service->pass(599);
  service->submit(record("late", "arn:a", "Other", at(600 + 599)));
  service->pass(300);
  CHECK(service->alerts().empty());
  service->pass(400);
  REQUIRE(service->alerts().size() == 1);
  CHECK(service->alerts()[0].json.find(R"("group_by":{"recipientAccountId":"123456789012"})") !=
        std::string::npos);
  CHECK(service->alerts()[0].first_seen == machine.clock.wall_ms() - 101'000);
}

TEST_CASE("a silence names its source after a second event at the time of the last one") {
  Machine machine;
  machine.config.lateness_ms = 60'000;
  Running service(machine, kSilence);
  service.submit(record("a", "arn:a", "Any", at(0)));
  service.submit(record("b", "arn:b", "Any", at(10)));
  service.submit(record("c", "arn:c", "Any", at(10)));
  service.pass(800);
  const auto alerts = service.alerts();
  REQUIRE(alerts.size() == 1);
  CHECK(alerts[0].json.find(R"("group_by":{"recipientAccountId":"123456789012"})") !=
        std::string::npos);
}

TEST_CASE("what was heard of sources survives a write that fails") {
  Machine machine;
  machine.config.lateness_ms = 60'000;
  machine.options.max_rows = 1;
  Running service(machine, kRules + kSilence + rule_yaml("Single"));
  for (int i = 0; i <= 20; ++i) {
    service.submit(record("e" + std::to_string(i), "arn:a", "Other", at(i)));
    service.pass(1);
  }
  REQUIRE_FALSE(service.try_submit(record("s", "arn:a", "Single", at(20))).status);
  service.pass(598);
  service.submit(record("late", "arn:a", "Other", at(20 + 599)));
  service.pass(200);
  CHECK(service.alerts().empty());
}

TEST_CASE("half a window survives a crash") {
  Machine machine;
  std::optional<Running> service;
  service.emplace(machine, kRules + kPairs);
  service->submit(record("e1", "arn:a", "A", at(-10)));
  machine.copy_files();
  service.reset();
  service.emplace(machine, kRules + kPairs);
  CHECK(service->alerts().empty());
  CHECK(service->state().stats().hits == 1);
  service->submit(record("e1", "arn:a", "A", at(-10)));  // again: not another one
  CHECK(service->alerts().empty());
  service->submit(record("e2", "arn:a", "A", at(-5)));
  REQUIRE(service->alerts().size() == 1);
  CHECK(service->alerts()[0].json.find("\"e1\"") != std::string::npos);
  service.reset();
  service.emplace(machine, kRules + kPairs);
  service->submit(record("e3", "arn:a", "A", at(-1)));
  REQUIRE(service->alerts().size() == 1);
  CHECK(service->alerts()[0].count == 2);
}

TEST_CASE("a write that fails is as if the events had not come") {
  Machine machine;
  machine.options.max_rows = 3;  // one alert for two receivers, and then no other
  Running service(machine, kRules + kPairs + rule_yaml("Single"));
  service.submit(record("e1", "arn:a", "A", at(-60)) + record("e2", "arn:a", "A", at(-60)));
  CHECK(service.told().size() == 1);
  service.submit(record("f1", "arn:b", "A", at(-50)));
  const std::string failing = record("f2", "arn:b", "A", at(-49)) +
                              record("g1", "arn:c", "A", at(-48)) +
                              record("s", "arn:c", "Single", at(-48));
  const correlate::Time before = service.state().watermark();
  for (int i = 0; i < 3; ++i) {
    const source::Receipt refused = service.try_submit(failing);
    REQUIRE_FALSE(refused.status);
    CHECK(refused.status.error().code == Code::busy);
  }
  CHECK(service.alerts().size() == 1);
  // What only tells the time is fine, but time stands still.
  CHECK(service.try_submit(record("o", "arn:c", "Other", at(0))).status);

  REQUIRE(service.store().delivered({1, 2}));
  service.submit(failing);
  CHECK(service.state().watermark() <= before + 10 * kSecond);
  const auto alerts = service.alerts("pairs");
  REQUIRE(alerts.size() == 2);
  CHECK(alerts[1].principal == "arn:b");
  CHECK(alerts[1].json.find("\"f1\"") != std::string::npos);
  service.submit(record("e3", "arn:a", "A", at(-40)));
  CHECK(service.alerts()[0].count == 3);
}

TEST_CASE("a store that takes nothing for an hour makes nobody late") {
  Machine machine;
  machine.options.max_rows = 3;
  Running service(machine, kRules + kPairs + rule_yaml("Single"));
  service.submit(record("s1", "arn:a", "Single", at(0)) + record("e1", "arn:b", "A", at(0)));
  const std::string waiting =
      record("s2", "arn:b", "Single", at(5)) + record("e2", "arn:b", "A", at(5));
  for (int minute = 0; minute < 60; ++minute) {
    REQUIRE_FALSE(service.try_submit(waiting).status);
    service.pass(60);
  }
  REQUIRE(service.store().delivered({1, 2}));
  service.submit(waiting);
  CHECK(service.hits("late") == 0);
  CHECK(service.alerts("pairs").size() == 1);
}

TEST_CASE("a reload keeps what correlations know whose meaning stays") {
  Machine machine;
  Running service(machine, rule_yaml("B") + rule_yaml("A") + kPairs);
  service.submit(record("e1", "arn:a", "A", at(-20)));
  // Other rules, in another order, and another title.
  std::string renamed = kPairs;
  renamed.replace(renamed.find("Correlation pairs"), 17, "Correlation two");
  service.put_into_force(rule_yaml("C") + rule_yaml("B") + rule_yaml("A") + renamed);
  service.submit(record("e2", "arn:a", "A", at(-10)));
  CHECK(service.alerts("two").size() == 1);
  CHECK(service.registry().counter(metrics::kCorrelationsRestarted).value() == 0);
}

// What would be read back is taken away first.
TEST_CASE("a reload reads no hits back") {
  Machine machine;
  Running service(machine, kRules + kPairs);
  service.submit(record("e1", "arn:a", "A", at(-20)));
  {
    auto transaction = service.store().begin();
    REQUIRE(transaction);
    REQUIRE(transaction->prune_hits(4'000'000'000'000, std::uint64_t{1} << 30));
    REQUIRE(transaction->commit());
  }
  service.put_into_force(rule_yaml("D") + kRules + kPairs);
  service.submit(record("e2", "arn:a", "A", at(-10)));
  CHECK(service.alerts("pairs").size() == 1);
}

const std::string kChain = correlation_yaml(
    "chain", "{type: temporal, rules: [pairs, C], group-by: [userIdentity.arn], timespan: 1m}",
    "critical");

// A late hit makes an earlier one, taken before the reload, close a firing, which is a hit of the
// correlation above it.
TEST_CASE("firings of hits from before a reload reach the correlations above") {
  const bool had_parent = GENERATE(false, true);
  const std::string other =
      correlation_yaml("first",
                       "{type: event_count, rules: [B], group-by: [sourceIPAddress], "
                       "timespan: 5s, condition: {gte: 1000}}");
  const std::string rules = kRules + kPairs;
  CAPTURE(had_parent);
  Machine machine;
  Running service(machine, had_parent ? rules + kChain : rules);
  service.submit(record("e1", "arn:a", "A", at(-20)));
  // A parent that is new, or fields that have other numbers.
  service.put_into_force(had_parent ? kRules + other + kPairs + kChain : rules + kChain);
  service.submit(record("e2", "arn:a", "A", at(-30)));
  service.submit(record("e3", "arn:a", "C", at(-10)));
  REQUIRE(service.alerts("chain").size() == 1);
  CHECK(service.alerts("chain")[0].principal == "arn:a");
}

TEST_CASE("a reload that numbers fields anew leaves all hits as they are") {
  Machine machine;
  Running service(machine, kRules + kPairs + kChain);
  service.submit(record("e1", "arn:a", "A", at(-20)));
  const std::uint64_t bytes = service.state().stats().bytes;
  service.put_into_force(
      kRules +
      correlation_yaml("first",
                       "{type: event_count, rules: [B], group-by: [sourceIPAddress], "
                       "timespan: 5s, condition: {gte: 1000}}") +
      kPairs + kChain);
  service.pass(1);
  CHECK(service.state().rows().size() == 3);
  CHECK(service.state().stats().hits == 1);
  CHECK(service.state().stats().bytes == bytes);  // what the hit carries for `chain` is there
}

TEST_CASE("a correlation that is gone takes its state with it, and others count on") {
  Machine machine;
  Running service(machine, kRules + kPairs + kChain);
  service.submit(record("e1", "arn:a", "A", at(-20)));
  service.submit(record("e2", "arn:b", "A", at(-20)) + record("e3", "arn:b", "C", at(-19)));
  CHECK(service.state().stats().hits == 3);
  service.put_into_force(kRules + kPairs);
  service.pass(1);
  CHECK(service.state().stats().hits == 2);
  CHECK(service.state().stats().groups == 2);
  CHECK(service.evicted("hit") == 0);
  service.submit(record("e4", "arn:a", "A", at(-10)));
  CHECK(service.alerts("pairs").size() == 1);
}

TEST_CASE("a correlation whose meaning changes starts anew, and says so") {
  Machine machine;
  Running service(machine, kRules + kPairs);
  service.submit(record("e1", "arn:a", "A", at(-20)));
  std::string changed = kPairs;
  changed.replace(changed.find("30s"), 3, "40s");
  const bool of_its_rule = GENERATE(false, true);
  std::string rules = kRules;
  if (of_its_rule) {
    changed = kPairs;
    rules.replace(rules.find("{eventName: A}"), 14, "{eventName: [A, AA]}");
  }
  service.put_into_force(rules + changed);
  service.submit(record("e2", "arn:a", "A", at(-10)));
  CHECK(service.alerts().empty());
  CHECK(service.registry().counter(metrics::kCorrelationsRestarted).value() == 1);
  const auto rows = service.state().rows();
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].since > 0);
  service.submit(record("e3", "arn:a", "A", at(-9)));
  CHECK(service.alerts().size() == 1);
  // And back again: what it knew then is gone.
  service.put_into_force(kRules + kPairs);
  service.submit(record("e4", "arn:a", "A", at(-5)));
  CHECK(service.alerts().size() == 1);
  CHECK(service.registry().counter(metrics::kCorrelationsRestarted).value() == 2);
}

TEST_CASE("an alert goes on over a reload that changes nothing about it") {
  Machine machine;
  Running service(machine, kRules + kPairs);
  service.submit(record("e1", "arn:a", "A", at(-20)) + record("e2", "arn:a", "A", at(-19)));
  service.put_into_force(kRules + rule_yaml("More") + kPairs);
  service.submit(record("e3", "arn:a", "A", at(-10)));
  REQUIRE(service.alerts().size() == 1);
  CHECK(service.alerts()[0].count == 2);
}

TEST_CASE("hits that were found by the rules before a reload count after it") {
  Machine machine;
  Running service(machine, rule_yaml("B") + rule_yaml("A") + kPairs);
  service.submit(record("e1", "arn:a", "A", at(-20)));
  Findings before = service.evaluate(record("e2", "arn:a", "A", at(-10)));
  service.put_into_force(rule_yaml("C") + rule_yaml("B") + rule_yaml("A") + kPairs);
  REQUIRE(service.commit(std::move(before)).status);
  CHECK(service.alerts().size() == 1);
}

TEST_CASE("correlations that are gone leave nothing behind but what is told") {
  Machine machine;
  Running service(machine, kRules + kPairs);
  service.submit(record("e1", "arn:a", "A", at(-20)) + record("e2", "arn:a", "A", at(-19)));
  CHECK(service.store().episodes()->size() == 1);
  service.put_into_force(kRules);
  service.pass(1);
  CHECK(service.store().episodes()->empty());
  CHECK(service.store().correlation_rules()->empty());
  CHECK(service.alerts().size() == 1);
}

TEST_CASE("a damaged row of the journal costs its hits, not the start") {
  Machine machine;
  {
    Running service(machine, kRules + kPairs);
    service.submit(record("e1", "arn:a", "A", at(-20)));
    service.submit(record("f1", "arn:b", "A", at(-20)));
    auto transaction = service.store().begin();
    REQUIRE(transaction);
    REQUIRE(transaction->add_hits(1000, 4'000'000'000'000, "no hits"));
    REQUIRE(transaction->commit());
  }
  Running service(machine, kRules + kPairs);
  CHECK(service.state().stats().hits == 2);
  CHECK(service.registry().counter(metrics::kInternalErrors, {"journal"}).value() == 1);
}

}  // namespace
}  // namespace tocsin::pipeline
