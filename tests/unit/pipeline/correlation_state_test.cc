// Detections over time in the service: what is told, kept, bounded and forgotten.
#include "pipeline/correlation_state.h"

#include <fstream>

#include "alert/occurrences.h"
#include "base/time.h"
#include "pipeline/episodes.h"
#include "source_dir.h"
#include "unit/pipeline/over_time.h"

namespace tocsin::pipeline {
namespace {

// Three in a minute by one principal.
const std::string kMany = correlation_yaml(
    "many",
    "{type: event_count, rules: [Denied], group-by: [userIdentity.arn], timespan: 1m, condition: "
    "{gte: 3}}");
const std::string kManyDenied = rule_yaml("Denied") + kMany;

std::string denied(int number, double seconds, const std::string& who = "arn:a") {
  return record("e" + std::to_string(number), who, "Denied", at(seconds));
}

std::string member(const store::AlertRow& alert, const std::string& name) {
  const std::string before = "\"" + name + "\":";
  const std::size_t begin = alert.json.find(before);
  if (begin == std::string::npos) return "";
  const std::size_t end = alert.json.find_first_of(",}", begin);
  return alert.json.substr(begin + before.size(), end - begin - before.size());
}

TEST_CASE("what holds for a while is one alert, which is updated") {
  Machine machine;
  Running service(machine, kManyDenied);
  service.submit(denied(1, -30) + denied(2, -29));
  CHECK(service.alerts().empty());
  service.submit(denied(3, -28));
  auto alerts = service.alerts();
  REQUIRE(alerts.size() == 1);
  CHECK(alerts[0].rule_title == "Correlation many");
  CHECK(alerts[0].level == "high");
  CHECK(alerts[0].principal == "arn:a");
  CHECK(alerts[0].account == "123456789012");
  CHECK(alerts[0].source == kCorrelationSource);
  CHECK(alerts[0].count == 1);
  CHECK(member(alerts[0], "measure") == "3");
  const auto parsed = alert::parse(alerts[0].json);
  REQUIRE(parsed);
  CHECK(parsed->id == alerts[0].alert_id);
  for (const char* const event : {"\"e1\"", "\"e2\"", "\"e3\""}) {
    CHECK(alerts[0].json.find(event) != std::string::npos);
  }
  CHECK(service.told().size() == 1);

  service.submit(denied(4, -27) + denied(5, -26));
  alerts = service.alerts();
  REQUIRE(alerts.size() == 1);
  CHECK(alerts[0].count == 3);
  CHECK(alerts[0].last_seen == machine.clock.wall_ms() - 26'000);
  CHECK(member(alerts[0], "measure") == "5");
  CHECK(service.told().size() == 1);
}

TEST_CASE("updates are told when the group's interval ends, also after it was closed") {
  Machine machine;
  machine.grouping.interval = 60'000;
  Running service(machine, kManyDenied);
  const auto at_once = [&](int first, double seconds) {
    service.submit(denied(first, seconds) + denied(first + 1, seconds) +
                   denied(first + 2, seconds));
  };
  at_once(1, -30);
  at_once(4, -20);
  CHECK(service.told().size() == 1);
  service.pass(61);  // an update; the next interval
  REQUIRE(service.told().size() == 2);
  CHECK(service.told()[1].delivery.count == 6);  // each of three at one time fires
  service.pass(61);                              // nothing untold: closed
  CHECK(service.told().size() == 2);
  at_once(7, 39);  // 59 s after the last one: the same episode
  const auto alerts = service.alerts();
  REQUIRE(alerts.size() == 1);
  CHECK(alerts[0].count == 9);
  const auto told = service.told();
  REQUIRE(told.size() == 3);
  CHECK(told[2].delivery.count == 9);
  CHECK(told[2].alert.id == told[0].alert.id);
  at_once(10, 120);  // too late for it
  CHECK(service.alerts().size() == 2);
}

TEST_CASE("without grouping every change is told, and still there is one alert") {
  Machine machine;
  machine.grouping.interval = 0;
  Running service(machine, kManyDenied);
  for (int i = 1; i <= 5; ++i) service.submit(denied(i, -30 + i));
  CHECK(service.alerts().size() == 1);
  CHECK(service.told().size() == 3);
}

TEST_CASE("beyond its budget the alerts of a correlation are told in one group") {
  Machine machine;
  machine.grouping.rule_budget = 2;
  Running service(machine, kManyDenied);
  for (int who = 0; who < 5; ++who) {
    std::string bytes;
    for (int i = 0; i < 3; ++i) {
      bytes += denied(who * 10 + i, -30 + i, "arn:" + std::to_string(who));
    }
    service.submit(bytes);
  }
  CHECK(service.alerts("many").size() == 2);
  CHECK(service.alerts().size() == 3);
  service.submit(denied(43, -20, "arn:4"));  // goes on, and has nothing to update
  CHECK(service.alerts().size() == 3);
}

TEST_CASE("a late event joins two alerts into the earlier one") {
  Machine machine;
  Running service(machine, rule_yaml("Denied") +
                               correlation_yaml("pairs",
                                                "{type: event_count, rules: [Denied], timespan: "
                                                "30s, condition: {gte: 2}}"));
  service.submit(denied(1, -100) + denied(2, -99));
  service.submit(denied(3, -60) + denied(4, -59));
  auto alerts = service.alerts();
  REQUIRE(alerts.size() == 2);
  const std::string first = alerts[0].alert_id;
  service.submit(denied(5, -80));
  alerts = service.alerts();
  REQUIRE(alerts.size() == 1);
  CHECK(alerts[0].alert_id == first);
  CHECK(alerts[0].first_seen == machine.clock.wall_ms() - 99'000);
  CHECK(alerts[0].last_seen == machine.clock.wall_ms() - 59'000);
}

TEST_CASE("a correlation that feeds another one raises an alert only when it says so") {
  const bool generate = GENERATE(false, true);
  const std::string parent = correlation_yaml(
      "both",
      std::string("{type: temporal, rules: [many, Grant], group-by: [userIdentity.arn], timespan: "
                  "5m, generate: ") +
          (generate ? "true}" : "false}"),
      "critical");
  Machine machine;
  Running service(machine, rule_yaml("Denied") + rule_yaml("Grant") + kMany + parent);
  service.submit(denied(1, -30) + denied(2, -29) + denied(3, -28));
  service.submit(record("g", "arn:a", "Grant", at(-10)));
  CHECK(service.alerts("many").size() == (generate ? 1 : 0));
  REQUIRE(service.alerts("both").size() == 1);
  CHECK(service.alerts("both")[0].level == "critical");
  CHECK(service.alerts("both")[0].count == 1);
}

TEST_CASE("absence is decided at the right moment, by the clock when nothing comes") {
  Machine machine;
  Running service(machine, rule_yaml("Login") + rule_yaml("Close") +
                               correlation_yaml("open",
                                                "{type: temporal_ordered, rules: [Login, Close], "
                                                "group-by: [userIdentity.arn], timespan: 10m, "
                                                "condition: Login and not Close}"));
  service.submit(record("a", "arn:a", "Login", at(0)) + record("b", "arn:b", "Login", at(0)));
  service.submit(record("c", "arn:b", "Close", at(1)));
  service.pass(10 * 60);
  CHECK(service.alerts().empty());
  service.pass(15 * 60 - 1);  // the watermark is a second before the end
  CHECK(service.alerts().empty());
  service.pass(3);
  const auto alerts = service.alerts();
  REQUIRE(alerts.size() == 1);
  CHECK(alerts[0].principal == "arn:a");
  CHECK(service.told().size() == 1);
  service.pass(3600);
  CHECK(service.alerts().size() == 1);
}

TEST_CASE("a source that goes silent is told of, and one that goes on is not") {
  Machine machine;
  Running service(
      machine,
      rule_yaml("Login") +
          correlation_yaml("silent",
                           "{type: silent_source, group-by: [recipientAccountId], timespan: 1h}"));
  service.submit(record("a", "arn:a", "Any", at(0)));
  for (int minute = 10; minute <= 120; minute += 10) {
    service.pass(600);
    service.submit(record("m" + std::to_string(minute), "arn:a", "Any", at(minute * 60)));
    REQUIRE(service.alerts().empty());
  }
  service.pass(75 * 60 - 1);
  CHECK(service.alerts().empty());
  service.pass(3);
  CHECK(service.alerts().size() == 1);
}

TEST_CASE("events that come too late are counted, and still given to single rules") {
  Machine machine;
  const std::string generating = rule_yaml("Single") + kManyDenied;
  Running service(machine, generating);
  service.submit(denied(1, 0) + denied(2, 0));
  service.submit(denied(3, -15 * 60 - 1) + record("s", "arn:a", "Single", at(-15 * 60 - 1)));
  CHECK(service.hits("late") == 1);
  CHECK(service.hits("accepted") == 2);
  CHECK(service.alerts("many").empty());
  CHECK(service.alerts().size() == 1);
  service.submit(denied(4, -15 * 60) + denied(5, 0));
  CHECK(service.hits("late") == 1);
  CHECK(service.alerts("many").size() == 1);
}

TEST_CASE("times that cannot be are not believed") {
  Machine machine;
  Running service(machine, kManyDenied);
  Findings findings = service.evaluate(denied(1, 0) + denied(2, 15 * 60 + 1) + denied(3, 1e9) +
                                       record("x", "arn:a", "Denied", "yesterday") +
                                       record("y", "arn:a", "Denied", ""));
  CHECK(findings.hits_future == 2);
  CHECK(findings.hits_untimed == 2);
  service.commit(std::move(findings));
  CHECK(service.hits("accepted") == 1);
  service.pass(1);
  const correlate::Time noon = 1'767'268'800 * kSecond;
  CHECK(service.state().watermark() == noon - 15 * 60 * kSecond);
  service.submit(denied(4, 15 * 60));  // as far ahead as clocks may be
  CHECK(service.hits("accepted") == 2);
}

TEST_CASE("events dated ahead move no clock, are correlated, and are notified once") {
  Machine machine;
  Running service(machine, kManyDenied);
  service.submit(denied(1, -60));
  const Findings ahead = service.evaluate(denied(2, 14 * 60 + 50) + denied(3, 14 * 60 + 51));
  CHECK(ahead.times.ahead().events == 2);
  CHECK(ahead.times.newest().empty());
  service.submit(denied(2, 14 * 60 + 50) + denied(3, 14 * 60 + 51));
  CHECK(service.state().watermark() == (1'767'268'800 - 60 - 15 * 60) * kSecond);
  // The attack that follows is not late.
  for (int i = 10; i < 30; ++i) service.submit(denied(i, -30 + i));
  CHECK(service.hits("late") == 0);
  CHECK(service.hits("accepted") == 23);
  REQUIRE(service.alerts("many").size() == 1);
  CHECK(service.alerts("many")[0].count == 19);
  service.submit(denied(40, 14 * 60 + 52));  // the third at its own time
  CHECK(service.alerts("many").size() == 2);
  auto told = service.alerts();
  std::erase_if(told, [](const auto& row) { return row.rule_id != alert::kEventsAhead.id; });
  REQUIRE(told.size() == 1);
  CHECK(told[0].count == 2);
  CHECK(told[0].json.find("by up to 891 s (account 123456789012)") != std::string::npos);
}

TEST_CASE("an event a little ahead takes the clock to the time of receipt, after a restart too") {
  Machine machine;
  {
    Running service(machine, kManyDenied);
    service.submit(denied(1, 9) + denied(2, 10));
    CHECK(service.alerts().empty());
    service.pass(1);
    CHECK(service.state().watermark() == (1'767'268'800 - 15 * 60) * kSecond);
    service.submit(denied(3, 14 * 60));
  }
  Running again(machine, kManyDenied);
  again.submit(denied(4, -15 * 60 + 2));
  CHECK(again.hits("late") == 0);
  CHECK(again.state().watermark() < (1'767'268'800 - 15 * 60 + 2) * kSecond);
}

TEST_CASE(
    "what silence has done to time survives a restart, though nothing else was to be written") {
  Machine machine;
  correlate::Time before = correlate::kNoTime;
  {
    Running service(machine, kManyDenied);
    service.submit(denied(1, 0));
    service.pass(5 * 3600);
    before = service.state().watermark();
    CHECK(before == (1'767'268'800 + 5 * 3600 - 15 * 60) * kSecond);
  }
  Running again(machine, kManyDenied);
  CHECK(again.state().watermark() == before);
  // The source that has been silent for hours holds back no other.
  again.submit(denied(2, 5 * 3600), "another");
  again.pass(60);
  CHECK(again.state().watermark() > before);
}

TEST_CASE("an account that lags is waited for, and delays the others only so long") {
  Machine machine;
  Running service(machine, kManyDenied);
  const auto of_account = [](const std::string& account, int number, double seconds) {
    std::string event = denied(number, seconds);
    event.replace(event.find("123456789012"), 12, account);
    return event;
  };
  service.submit(of_account("111111111111", 1, 0) + of_account("222222222222", 2, -20 * 60));
  CHECK(service.hits("late") == 0);
  service.submit(of_account("111111111111", 3, 0));
  service.submit(of_account("222222222222", 4, -23 * 60) + of_account("222222222222", 5, -20 * 60));
  CHECK(service.hits("late") == 0);
  CHECK(service.alerts("many").size() == 0);
  service.submit(of_account("222222222222", 6, -20 * 60));
  CHECK(service.alerts("many").size() == 1);
  service.submit(of_account("222222222222", 7, -30 * 60 - 1));
  CHECK(service.hits("late") == 1);
}

TEST_CASE("the evidence of a shipped ordered correlation contains its chain") {
  std::ifstream file(std::string(TOCSIN_SOURCE_DIR) +
                     "/rules/aws/cloudtrail/logging_stopped_then_acting.yml");
  const std::string yaml{std::istreambuf_iterator<char>(file), {}};
  REQUIRE_FALSE(yaml.empty());
  Machine machine;
  Running service(machine, yaml);
  const auto event = [](const std::string& id, const char* source, const char* name, double when) {
    return R"({"eventVersion":"1.08","eventID":")" + id + R"(","eventTime":")" + at(when) +
           R"(","eventName":")" + name + R"(","eventSource":")" + source +
           R"(","userIdentity":{"type":"IAMUser","arn":"arn:a"},)"
           R"("recipientAccountId":"123456789012"})" +
           "\n";
  };
  std::string bytes;
  for (int i = 0; i < 50; ++i) {
    bytes += event("before" + std::to_string(i), "iam.amazonaws.com", "CreateAccessKey", -900 + i);
  }
  bytes += event("stop", "cloudtrail.amazonaws.com", "StopLogging", -800);
  for (int i = 0; i < 60; ++i) {
    bytes += event("after" + std::to_string(i), "iam.amazonaws.com", "CreateAccessKey", -700 + i);
  }
  service.submit(bytes);
  for (const auto& alert : service.alerts()) {
    if (alert.rule_title != "Logging Stopped, Then Sensitive Calls by the Same Identity") continue;
    CHECK(member(alert, "hits") == "111");
    for (const char* const shown : {"before0", "before4", "stop", "after59", "after46"}) {
      CAPTURE(shown);
      CHECK(alert.json.find('"' + std::string(shown) + '"') != std::string::npos);
    }
    CHECK(alert.json.find("\"before5\"") == std::string::npos);
    return;
  }
  FAIL("no alert");
}

TEST_CASE("what only tells the time is acknowledged without a commit") {
  Machine machine;
  Running service(machine, kManyDenied);
  service.submit(denied(1, -60) + denied(2, -60));
  const double before = service.commits();
  for (int i = 1; i <= 20; ++i) {
    service.submit(record("o" + std::to_string(i), "arn:a", "Other", at(i - 25)));
  }
  service.pass(1);
  CHECK(service.commits() == before);
  CHECK(service.state().watermark() == (1'767'268'800 - 5 - 15 * 60) * kSecond);
}

TEST_CASE("a flood of keys is bounded, counted and told of once") {
  Machine machine;
  machine.config.limits.groups_per_correlation = 50;
  Running service(machine, kManyDenied);
  for (int batch = 0; batch < 20; ++batch) {
    std::string bytes;
    for (int i = 0; i < 50; ++i) {
      const int number = batch * 50 + i;
      bytes += denied(number, -60 + batch, "arn:" + std::to_string(number));
    }
    service.submit(bytes);
    CHECK(service.state().stats().groups <= 50);
  }
  const double evicted = service.evicted("group");
  CHECK(evicted >= 950);
  CHECK(evicted + static_cast<double>(service.state().stats().groups) == 1000);
  const auto alerts = service.alerts();
  REQUIRE(alerts.size() == 1);
  CHECK(alerts[0].rule_id == alert::kCorrelationStateFull.id);
  CHECK(alerts[0].json.find("Correlation many") != std::string::npos);
  CHECK(service.told().size() == 1);
  // Whoever goes on is still seen.
  service.submit(denied(5000, -10, "arn:999") + denied(5001, -10, "arn:999"));
  CHECK(service.alerts("many").size() == 1);
}

TEST_CASE("hits that a reload has made unknown are counted") {
  Machine machine;
  Running service(machine, kManyDenied);
  service.submit(denied(1, -60));
  Findings before = service.evaluate(denied(2, -59) + denied(3, -58));
  std::string changed = kManyDenied;
  changed.replace(changed.find("{eventName: Denied}"), 19, "{eventName: [Denied, Refused]}");
  service.put_into_force(changed);
  CHECK(service.hits("reloaded") == 0);
  service.commit(std::move(before));
  CHECK(service.hits("reloaded") == 2);
  CHECK(service.hits("accepted") == 1);
}

TEST_CASE("memory beyond its limit is given back, which is counted and told") {
  Machine machine;
  machine.config.limits.bytes = 50'000;
  Running service(machine, kManyDenied);
  for (int i = 0; i < 500; ++i) {
    service.submit(denied(i, -60 + i * 0.1, "arn:" + std::to_string(i)));
    REQUIRE(service.state().stats().bytes <= 50'000);
  }
  CHECK(service.evicted("group") > 0);
  const auto alerts = service.alerts();
  REQUIRE(alerts.size() == 1);
  CHECK(alerts[0].rule_id == alert::kCorrelationStateFull.id);
}

TEST_CASE("a journal beyond its limit forgets the oldest, which is counted and told") {
  Machine machine;
  machine.config.journal_bytes = 20'000;
  Running service(machine, kManyDenied);
  for (int i = 0; i < 200; ++i)
    service.submit(denied(i, -60 + i * 0.1, "arn:" + std::to_string(i)));
  CHECK(service.evicted("journal") > 0);
  const auto alerts = service.alerts();
  REQUIRE(alerts.size() == 1);
  CHECK(alerts[0].rule_id == alert::kCorrelationStateFull.id);
}

TEST_CASE("what windows hold can be looked at") {
  Machine machine;
  Running service(machine, kManyDenied);
  service.submit(denied(1, -30) + denied(2, -29) + denied(3, -28, "arn:b"));
  const auto rows = service.state().rows();
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].stats.groups == 2);
  CHECK(rows[0].stats.hits == 3);
  const auto groups = service.state().groups("many", 10);
  REQUIRE(groups);
  REQUIRE(groups->groups.size() == 2);
  CHECK(groups->groups[0].group.hits == 2);
  CHECK_FALSE(groups->groups[0].group.firing);
  const auto ref = groups->groups[0].group.newest_hit;
  const auto row = service.store().hits_at(static_cast<std::int64_t>(ref));
  REQUIRE(row);
  const auto newest = HitJournal::find_in(*row, ref);
  REQUIRE(newest);
  CHECK(newest->evidence.event_id == "e2");
  CHECK(service.state().groups("many", 1)->groups.size() == 1);
  CHECK_FALSE(service.state().groups("unknown", 1));
}

}  // namespace
}  // namespace tocsin::pipeline
