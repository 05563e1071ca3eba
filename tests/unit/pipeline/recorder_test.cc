// From records to rows: what is told, what is counted, what was seen before.
#include <set>

#include "alert/occurrences.h"
#include "unit/pipeline/support.h"

namespace tocsin::pipeline {

TEST_CASE("one firing becomes one alert and one row for each receiver") {
  Bench bench;
  const Recorded recorded = bench.submit(record("e1", "arn:a"));
  CHECK(recorded.alerts == std::map<std::string, std::uint64_t>{{"high", 1}});
  CHECK(recorded.deliveries == 2);
  const auto rows = bench.outbox();
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].delivery.severity == 3);
  CHECK(rows[0].delivery.count == 1);
  CHECK(rows[0].alert.rule_id == "11111111-1111-4111-8111-111111111111");
  CHECK(rows[0].alert.account == "123456789012");
  CHECK(rows[0].alert.principal == "arn:a");
  REQUIRE(bench.outbox("two").size() == 1);
  CHECK(bench.outbox("two")[0].delivery.key != rows[0].delivery.key);
  const auto alerts = bench.alerts();
  REQUIRE(alerts.size() == 1);
  const auto parsed = alert::parse(alerts[0].json);
  REQUIRE(parsed);
  CHECK(parsed->event_id == "e1");
  CHECK(parsed->input_path.empty());
}

TEST_CASE("an event that comes again is not told again, in whatever company it comes") {
  Bench bench;
  bench.submit(record("e1", "arn:a"));
  const Recorded again = bench.submit(record("e1", "arn:a") + record("e2", "arn:b"));
  CHECK(again.duplicates == 1);
  CHECK(again.alerts.at("high") == 1);
  const Recorded twice = bench.submit(record("e3", "arn:c") + record("e3", "arn:c"));
  CHECK(twice.duplicates == 1);
  CHECK(bench.outbox().size() == 3);
}

TEST_CASE(
    "what comes again after its firing was evicted is another notification, under another key") {
  Bench bench;
  constexpr std::int64_t kDay = 24LL * 3600 * 1000;
  for (int day = 0; day < 6; day += 3) {
    bench.submit(record("e1", "arn:a") + "not JSON\n", day * kDay);
    bench.end_intervals((day + 1) * kDay);
    REQUIRE(bench.store().prune((day + 1) * kDay));
    REQUIRE(bench.store().prune((day + 2) * kDay));
  }
  const auto rows = bench.outbox();
  REQUIRE(rows.size() == 4);
  std::set<std::string> keys, ids;
  for (const auto& row : rows) {
    keys.insert(row.delivery.key);
    ids.insert(row.alert.alert_id);
  }
  CHECK(keys.size() == 4);
  CHECK(ids.size() == 2);
}

TEST_CASE(
    "an episode that changes without another firing is another notification, under another key") {
  Bench bench;
  bench.live().grouping.interval = 0;
  bench.submit(record("e1", "arn:a"));
  const store::AlertRow raised = bench.alerts().front();
  std::set<std::string> keys;
  std::size_t rows = 0;
  const std::string source = "test";
  for (const char* json : {R"({"measure":2})", R"({"measure":3})", R"({"measure":3})"}) {
    auto transaction = bench.store().begin();
    REQUIRE(transaction);
    Recorder recorder(*transaction, 2'000'000);
    OngoingAlert alert;
    alert.row = raised.id;
    alert.count = 1;
    alert.found.rule = alert::facts_of(alert::kDeadLetter);
    alert.found.json = json;
    REQUIRE(recorder.add(Origin{bench.live(), source, 2'000'000}, alert));
    REQUIRE(recorder.finish());
    REQUIRE(transaction->commit());
    const auto waiting = bench.outbox();
    rows = waiting.size();
    for (const auto& row : waiting) keys.insert(row.delivery.key);
  }
  CHECK(keys.size() == 3);  // the first one, and those of two bodies
  CHECK(rows == 3);
}

TEST_CASE("repetitions are counted and told once when the interval ends") {
  Bench bench;
  bench.live().grouping.interval = 1000;
  std::string many;
  for (int i = 0; i < 50; ++i) many += record("e" + std::to_string(i), "arn:a");
  const Recorded first = bench.submit(many, 10'000);
  CHECK(first.alerts.at("high") == 1);
  CHECK(first.grouped == 49);
  CHECK(bench.outbox().size() == 1);
  REQUIRE(bench.alerts().size() == 1);
  CHECK(bench.alerts()[0].count == 50);

  CHECK(bench.end_intervals(10'999).deliveries == 0);
  CHECK(bench.end_intervals(11'000).deliveries == 2);
  const auto rows = bench.outbox();
  REQUIRE(rows.size() == 2);
  CHECK(std::set<std::uint64_t>{rows[0].delivery.count, rows[1].delivery.count} ==
        std::set<std::uint64_t>{1, 50});
  CHECK(rows[0].delivery.key != rows[1].delivery.key);

  // A quiet interval closes the group; what comes then is news.
  CHECK(bench.end_intervals(12'000).deliveries == 0);
  CHECK(bench.submit(record("later", "arn:a"), 12'100).alerts.at("high") == 1);
  CHECK(bench.alerts().size() == 2);
}

TEST_CASE("without grouping every firing is told by itself") {
  Bench bench;
  bench.live().grouping.interval = 0;
  std::string many;
  for (int i = 0; i < 20; ++i) many += record("e" + std::to_string(i), "arn:a");
  CHECK(bench.submit(many).alerts.at("high") == 20);
  CHECK(bench.outbox().size() == 20);
  std::set<std::string> told;
  for (const auto& row : bench.alerts()) told.insert(alert::parse(row.json)->event_id);
  CHECK(told.size() == 20);
}

TEST_CASE("a rule beyond its budget is told of once, and its firings are counted") {
  Bench bench;
  bench.live().grouping.rule_budget = 3;
  std::string many;
  for (int i = 0; i < 10; ++i) {
    many += record("e" + std::to_string(i), "arn:" + std::to_string(i));
  }
  const Recorded recorded = bench.submit(many, 10'000);
  CHECK(recorded.over_budget == 7);
  CHECK(recorded.alerts.at("high") == 3);
  CHECK(recorded.alerts.at("medium") == 1);
  const auto alerts = bench.alerts();
  REQUIRE(alerts.size() == 4);
  CHECK(alerts[0].rule_id == alert::kBudgetExceeded.id);
  CHECK(alerts[0].count == 7);
  CHECK(bench.outbox().size() == 4);
}

TEST_CASE("what cannot be read is told of, once for its source, and hides nothing") {
  Bench bench;
  const std::string body = record("e1", "arn:a") + "{\"broken\": \n" + record("e2", "arn:b");
  Findings findings = bench.evaluate(body);
  CHECK(findings.receipt.accepted == 2);
  CHECK(findings.receipt.rejected >= 1);
  REQUIRE_FALSE(findings.receipt.errors.empty());
  CHECK(findings.receipt.errors[0].line == 2);
  const Recorded recorded = bench.submit(body);
  CHECK(recorded.alerts.at("high") == 2);
  CHECK(recorded.alerts.at("medium") == 1);
  // The same delivery again: nothing new.
  CHECK(bench.submit(body).deliveries == 0);
}

TEST_CASE("receivers are chosen by level, tag and source") {
  Bench bench;
  route::Match tagged;
  tagged.tags = {"attack.t1485"};
  bench.live().routes = route::Routes({{"tagged", tagged, {"one"}, false}}, {"two"});
  bench.submit(record("e1", "arn:a") + "not json\n");
  CHECK(bench.outbox("one").size() == 1);
  REQUIRE(bench.outbox("two").size() == 1);
  CHECK(bench.outbox("two")[0].alert.rule_id == alert::kUnreadableRecord.id);
}

TEST_CASE("a submission is the same findings however it is wrapped and cut") {
  Bench bench;
  const std::string a = record("e1", "arn:a"), b = record("e2", "arn:b");
  const auto keys = [&](const std::string& bytes) {
    std::set<store::Key> found;
    const Findings findings = bench.evaluate(bytes);
    for (const Firing& firing : findings.firings) found.insert(firing.id);
    return found;
  };
  const auto expected = keys(a + b);
  CHECK(expected.size() == 2);
  CHECK(keys("[" + a + "," + b + "]") == expected);
  CHECK(keys("{\"Records\":[" + a + "," + b + "]}") == expected);
  CHECK(keys(b + a) == expected);
}

TEST_CASE("text beyond the limit is refused, not read without end") {
  Bench bench;
  metrics::Registry registry;
  source::Submission submission;
  submission.source = "test";
  for (int i = 0; i < 5000; ++i) submission.bytes += record("e" + std::to_string(i), "arn:a", "No");
  const Findings findings = Evaluator(live_of(kRule, registry)).evaluate(submission, 100'000);
  CHECK(findings.receipt.accepted > 0);
  CHECK(findings.receipt.accepted < 5000);
  REQUIRE(findings.receipt.errors.size() == 1);
  CHECK(findings.receipt.errors[0].reason.find("limits.max_inflated") != std::string::npos);
}

TEST_CASE("counts of hits go on over a reload") {
  metrics::Registry registry;
  const auto before = live_of(kRule, registry);
  before->count_match(0);
  const auto after = live_of(kRule, registry, before.get());
  CHECK(after->hits[0].load() == 1);
}

}  // namespace tocsin::pipeline
