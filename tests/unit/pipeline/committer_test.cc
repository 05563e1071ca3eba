// The commit path: nothing that is submitted stops what comes after it.
#include <sqlite3.h>

#include "alert/occurrences.h"
#include "unit/pipeline/over_time.h"

namespace tocsin::pipeline {
namespace {

std::string other(const std::string& id, double seconds) {
  return record(id, "arn:a", "Other", at(seconds));
}

// A rule that raises alerts makes every submission a commit.
const std::string kSingle = rule_yaml("Single");

std::string single(const std::string& id, double seconds) {
  return record(id, "arn:" + id, "Single", at(seconds));
}

std::string silence_of(const std::string& timespan) {
  return correlation_yaml(
      "silence",
      "{type: silent_source, group-by: [recipientAccountId], timespan: " + timespan + "}");
}

TEST_CASE("an old event and then one of today: both are taken, and so is all that follows") {
  Machine machine;
  Running service(machine, kSingle + silence_of("1h"));
  service.submit(single("old", -400.0 * 24 * 3600));
  for (int i = 0; i < 5; ++i) service.submit(single("e" + std::to_string(i), i));
  CHECK(service.alerts("silence").size() == 1);
  CHECK(service.alerts().size() == 7);
}

TEST_CASE("a source may pause for any time") {
  const double gap = GENERATE(10, 19.5, 20, 20.5, 23, 27.5, 28, 28.5, 45);
  Machine machine;
  machine.config.lateness_ms = 8'000;
  Running service(machine, kSingle + silence_of("20s"));
  double now = 0;
  for (int i = 0; i < 4; ++i) {
    service.submit(single("a" + std::to_string(i), now));
    for (int part = 0; part < 4; ++part) service.pass(gap / 4);
    now += gap;
  }
  service.submit(single("last", now));
  service.pass(60);
  CHECK(service.alerts("silence").size() == (gap > 20 ? 5 : 1));
  CHECK(service.registry().counter(metrics::kCommits, {"failure"}).value() == 0);
}

TEST_CASE("what was heard of a source is in the store soon, also when nothing else is") {
  Machine machine;
  machine.config.lateness_ms = 60'000;
  const std::string rules = kSingle + silence_of("10m");
  std::optional<Running> service;
  service.emplace(machine, rules);
  for (int i = 0; i < 12; ++i) {
    service->submit(other("e" + std::to_string(i), i));
    service->pass(1);
  }
  machine.copy_files();
  service.reset();
  service.emplace(machine, rules);
  service->pass(2 * 660);
  CHECK(service->alerts("silence").size() == 1);
}

// A database of the service, past the store: triggers that make writes fail for a reason of their
// own, and locks.
class Database {
 public:
  explicit Database(const Machine& machine) {
    const std::string path = machine.options.folder + "/tocsin.db";
    REQUIRE(sqlite3_open_v2(path.c_str(), &handle_, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK);
    sqlite3_busy_timeout(handle_, 5000);
  }
  ~Database() { sqlite3_close(handle_); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  void run(const std::string& sql) {
    INFO(sql);
    REQUIRE(sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
  }
  // Nothing can be inserted into `table` when `condition` is true for the new row.
  void forbid(const std::string& table, const std::string& condition) {
    run("CREATE TRIGGER bad_" + table + " BEFORE INSERT ON " + table + " WHEN " + condition +
        " BEGIN SELECT RAISE(ABORT, 'a defect'); END");
  }

 private:
  sqlite3* handle_ = nullptr;
};

std::vector<store::SetAside> set_aside(Running& service) {
  auto rows = service.store().list_set_aside(1000);
  REQUIRE(rows);
  return *rows;
}

std::size_t alerts_of(Running& service, const alert::SelfRule& rule) {
  store::AlertFilter filter;
  filter.rule_id = rule.id;
  auto rows = service.store().alerts(filter);
  REQUIRE(rows);
  return rows->size();
}

// Submissions that wait while the store is held: they become one group, or two.
std::vector<source::Receipt> commit_together(Running& service,
                                             const std::vector<std::string>& submissions) {
  std::vector<Findings> findings;
  for (const std::string& bytes : submissions) findings.push_back(service.evaluate(bytes));
  Findings first = service.evaluate(single("first", 0));
  std::vector<std::future<source::Receipt>> waiting;
  {
    auto held = service.store().begin();
    REQUIRE(held);
    service.begin_commit(std::move(first));
    for (Findings& each : findings) waiting.push_back(service.begin_commit(std::move(each)));
  }
  std::vector<source::Receipt> receipts;
  for (auto& each : waiting) receipts.push_back(each.get());
  return receipts;
}

const std::string kPairs =
    rule_yaml("A") + correlation_yaml("pairs",
                                      "{type: event_count, rules: [A], group-by: "
                                      "[userIdentity.arn], timespan: 30s, condition: {gte: "
                                      "2}}");

std::string hit(const std::string& id, const std::string& who, double seconds) {
  return record(id, who, "A", at(seconds));
}

TEST_CASE("a submission that cannot be written is set aside, and its neighbours are committed") {
  Machine machine;
  Running service(machine, kSingle + kPairs);
  const bool in_correlation = GENERATE(false, true);
  Database(machine).forbid("alert", in_correlation ? "new.rule_title = 'Correlation pairs' AND "
                                                     "new.principal = 'arn:bad'"
                                                   : "new.principal = 'arn:bad'");
  const auto bad = static_cast<std::size_t>(GENERATE(0, 7, 12));
  std::vector<std::string> submissions;
  for (std::size_t i = 0; i < 13; ++i) {
    const std::string number = std::to_string(i);
    std::string bytes = single("s" + number, 1) + hit("a" + number, "arn:p" + number, 2) +
                        hit("b" + number, "arn:p" + number, 3);
    if (i == bad && !in_correlation) bytes += record("poison", "arn:bad", "Single", at(4));
    if (i == bad && in_correlation) bytes += hit("c", "arn:bad", 4) + hit("d", "arn:bad", 5);
    submissions.push_back(bytes);
  }
  const auto receipts = commit_together(service, submissions);
  for (std::size_t i = 0; i < receipts.size(); ++i) {
    INFO(i);
    REQUIRE(receipts[i].status);
    CHECK((receipts[i].set_aside.find("a defect") != std::string::npos) == (i == bad));
  }
  const auto rows = set_aside(service);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].source == "trail");
  CHECK(service.store().show_set_aside(rows[0].id)->value().bytes == submissions[bad]);
  CHECK(alerts_of(service, alert::kSetAside) == 1);
  CHECK(service.alerts("pairs").size() == 12);  // each of the others
  // What single rules found in it is told, where it could be written.
  CHECK(service.alerts().size() == 1 + 12 + 12 + 1 + (in_correlation ? 1 : 0));
  // And it goes on.
  service.submit(hit("x", "arn:next", 6) + hit("y", "arn:next", 7));
  CHECK(service.alerts("pairs").size() == 13);
  CHECK(service.readiness().why_not().empty());
}

TEST_CASE("a submission that cannot be evaluated is set aside, and its source goes on behind it") {
  Machine machine;
  Running service(machine, kSingle);
  Findings failed;
  failed.live = service.live().get();
  failed.source = "file";
  failed.place = source::Reading().next("17");
  failed.bytes = "bytes";
  failed.receipt.status = fail(Code::unsupported, "internal error: x");
  const source::Receipt receipt = service.commit(std::move(failed));
  REQUIRE(receipt.status);
  CHECK(receipt.set_aside == "internal error: x");
  CHECK(set_aside(service).at(0).size == 5);
  CHECK(service.store().checkpoint("file")->value() == "17");
  CHECK(service.store().drop_set_aside({set_aside(service)[0].id}).value() == 1);
  CHECK(set_aside(service).empty());
}

TEST_CASE("positions are written as the contiguous prefix of what is committed or set aside") {
  Machine machine;
  Running service(machine, kSingle);
  const auto saved = [&] { return service.store().checkpoint("trail")->value_or(""); };
  source::Reading reading;
  std::vector<source::Place> places;
  for (const char* position : {"1", "2", "", "4", "5"}) places.push_back(reading.next(position));
  const auto commit = [&](std::size_t number, bool has_firings) {
    Findings findings =
        service.evaluate(has_firings ? single("e" + std::to_string(number), 1) : other("o", 1));
    findings.place = places[number - 1];
    return service.commit(std::move(findings));
  };
  CHECK(commit(2, true).status);
  CHECK(saved().empty());
  CHECK(commit(4, false).status);
  CHECK(saved().empty());
  machine.copy_files();  // what a crash would leave
  CHECK(commit(1, false).status);
  CHECK(saved() == "2");
  Findings bad;  // cannot be evaluated: set aside, which is an end as well
  bad.live = service.live().get();
  bad.source = "trail";
  bad.place = places[2];
  bad.receipt.status = fail(Code::unsupported, "x");
  CHECK(service.commit(std::move(bad)).set_aside == "x");
  CHECK(saved() == "4");
  CHECK(commit(5, true).status);
  CHECK(saved() == "5");
}

TEST_CASE("what is refused holds the positions behind it, and comes back whole") {
  Machine machine;
  machine.options.max_rows = 100;
  machine.grouping.interval = 0;
  machine.grouping.rule_budget = 0;
  Running service(machine, kSingle);
  source::Reading reading;
  std::string bytes;
  for (std::size_t i = 0; i < 100; ++i) bytes += single("s" + std::to_string(i), 1);
  Findings first = service.evaluate(bytes);
  first.place = reading.next("1");
  source::Receipt refused = service.commit(std::move(first));
  CHECK(refused.status.error().code == Code::busy);  // the outbox has no room for two receivers
  REQUIRE(refused.returned);
  CHECK(refused.returned->source == "trail");
  CHECK(refused.returned->bytes == bytes);
  CHECK(refused.returned->place.number == 1);
  CHECK(refused.returned->place.position == "1");
  Findings second = service.evaluate(other("o", 1));
  second.place = reading.next("2");
  CHECK(service.commit(std::move(second)).status);
  CHECK_FALSE(service.store().checkpoint("trail")->has_value());
  Findings again = service.evaluate(other("o2", 1));
  again.place = refused.returned->place;
  CHECK(service.commit(std::move(again)).status);
  CHECK(service.store().checkpoint("trail")->value() == "2");
}

TEST_CASE("when nothing more can be set aside, a submission is refused, and others go on") {
  Machine machine;
  Running service(machine, kSingle);
  Database database(machine);
  database.run(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) "
      "INSERT INTO set_aside (source, received, created, reason, bytes) "
      "SELECT 's', 0, 0, 'r', x'00' FROM n");
  database.forbid("alert", "new.principal = 'arn:bad'");
  const source::Receipt receipt = service.try_submit(record("poison", "arn:bad", "Single", at(0)));
  REQUIRE_FALSE(receipt.status);
  CHECK(receipt.status.error().code == Code::busy);
  service.submit(single("good", 1));
  CHECK(set_aside(service).size() == 1000);
}

TEST_CASE(
    "when what correlations keep cannot be written, they are suspended, and the rest goes on") {
  Machine machine;
  Running service(machine, kSingle + kPairs);
  Database database(machine);
  database.forbid("correlation_hits", "1");
  for (int i = 0; i < 10; ++i) {
    const std::string number = std::to_string(i);
    const std::string who = "arn:" + number;
    service.submit(single("s" + number, i) + hit("a" + number, who, i) + hit("b" + number, who, i));
    service.pass(0.3);
  }
  std::size_t singles = 0;
  for (const auto& row : service.alerts()) singles += row.rule_title == "Rule Single";
  CHECK(singles == 10);
  CHECK(set_aside(service).size() == Committer::kStrikes - 1);
  CHECK(alerts_of(service, alert::kCorrelationSuspended) == 1);
  CHECK(service.registry().gauge(metrics::kCorrelationSuspended).value() == 1);
  CHECK(service.hits("suspended") == 2 * (10 - Committer::kStrikes + 1));
  database.run("DROP TRIGGER bad_correlation_hits");
  service.pass(61);
  service.submit(hit("x", "arn:x", 70) + hit("y", "arn:x", 71));
  CHECK(service.alerts("pairs").size() == 1);
  CHECK(service.registry().gauge(metrics::kCorrelationSuspended).value() == 0);
}

TEST_CASE("time that cannot pass for correlations stops nothing else") {
  Machine machine;
  machine.config.lateness_ms = 1'000;
  Running service(machine,
                  kSingle + silence_of("20s") + rule_yaml("Login") + rule_yaml("Close") +
                      correlation_yaml("open",
                                       "{type: temporal_ordered, rules: [Login, Close], group-by: "
                                       "[userIdentity.arn], timespan: 10s, condition: Login and "
                                       "not Close}"));
  service.submit(record("l", "arn:a", "Login", at(0)));
  Database(machine).forbid("correlation_episode", "1");
  for (int i = 1; i <= 30; ++i) {
    service.pass(5);
    service.submit(single("s" + std::to_string(i), 5 * i));
  }
  CHECK(alerts_of(service, alert::kCorrelationSuspended) >= 1);
  std::size_t singles = 0;
  for (const auto& row : service.alerts()) singles += row.rule_title == "Rule Single";
  CHECK(singles == 30);
}

TEST_CASE("a submission with more than fits into one commit is committed in parts") {
  Machine machine;
  machine.grouping.interval = 0;
  machine.grouping.rule_budget = 0;
  Running service(machine, kSingle + kPairs);
  const std::size_t firings = 2 * Committer::kFindingsAtOnce + 7;
  std::string bytes;
  for (std::size_t i = 0; i < firings; ++i) bytes += single("s" + std::to_string(i), 1);
  // Older than the rest by more than what may be late: all count as one submission does.
  for (int i = 0; i < 2; ++i) bytes += hit("a" + std::to_string(i), "arn:a", -1800 + i);
  Findings findings = service.evaluate(bytes);
  findings.place = source::Reading().next("end");
  const double before = service.commits();
  const source::Receipt receipt = service.commit(std::move(findings));
  REQUIRE(receipt.status);
  CHECK(service.commits() - before >= 3);
  CHECK(service.alerts().size() == firings + 1);
  CHECK(service.alerts("pairs").size() == 1);
  CHECK(service.store().checkpoint("trail")->value() == "end");
}

TEST_CASE("others are committed between the parts of a large submission") {
  Machine machine;
  machine.grouping.rule_budget = 0;
  machine.grouping.interval = 0;
  Running service(machine, kSingle);
  std::string large;
  for (std::size_t i = 0; i < 5 * Committer::kFindingsAtOnce; ++i) {
    large += single("s" + std::to_string(i), 1);
  }
  Findings first = service.evaluate(large), second = service.evaluate(single("small", 2));
  std::vector<std::string> order;
  std::mutex mutex;
  std::promise<void> both;
  const auto note = [&](const std::string& name) {
    return [&, name](const source::Receipt&) {
      const std::lock_guard lock(mutex);
      order.push_back(name);
      if (order.size() == 2) both.set_value();
    };
  };
  {
    auto held = service.store().begin();
    REQUIRE(held);
    service.committer().submit(std::move(first), note("large"));
    service.committer().submit(std::move(second), note("small"));
  }
  both.get_future().wait();
  CHECK(order == std::vector<std::string>{"small", "large"});
}

TEST_CASE("a retry after a part was committed tells nothing twice") {
  Machine machine;
  machine.grouping.interval = 0;
  machine.grouping.rule_budget = 0;
  machine.options.max_rows = 2 * Committer::kFindingsAtOnce + 100;  // two receivers
  std::optional<Running> service;
  service.emplace(machine, kSingle);
  const std::size_t firings = Committer::kFindingsAtOnce + 500;
  std::string bytes;
  for (std::size_t i = 0; i < firings; ++i) bytes += single("s" + std::to_string(i), 1);
  Findings findings = service->evaluate(bytes);
  findings.place = source::Reading().next("end");
  const source::Receipt refused = service->commit(std::move(findings));
  REQUIRE_FALSE(refused.status);
  CHECK(refused.status.error().code == Code::busy);
  CHECK(service->alerts().size() == Committer::kFindingsAtOnce);
  CHECK_FALSE(service->store().checkpoint("trail")->has_value());
  if (GENERATE(false, true)) machine.copy_files();  // a kill between the parts
  service.reset();
  machine.options.max_rows = 1'000'000;
  service.emplace(machine, kSingle);
  service->submit(bytes);
  CHECK(service->alerts().size() == firings);
  CHECK(service->told().size() == firings);
}

TEST_CASE("a full outbox costs nobody but those who would fill it, and no replay") {
  Machine machine;
  machine.options.max_rows = 2;
  machine.config.lateness_ms = 3600'000;
  Running service(machine, kSingle + kPairs + silence_of("1h"));
  for (int batch = 0; batch < 20; ++batch) {
    std::string bytes;
    for (int i = 0; i < 500; ++i) {
      const std::string id = std::to_string(batch * 500 + i);
      bytes += hit("h" + id, "arn:" + id, 1);
    }
    service.submit(bytes);
  }
  service.submit(single("fills", 1));
  REQUIRE(service.told().size() == 1);
  const auto rebuilds = [&] {
    return service.registry().counter(metrics::kCorrelationRebuilds).value();
  };
  const double before = rebuilds();
  for (int round = 0; round < 5; ++round) {
    std::vector<std::string> submissions;
    for (int i = 0; i < 46; ++i) {
      const std::string id = std::to_string(round) + "-" + std::to_string(i);
      submissions.push_back(i % 5 == 0 ? single("full" + id, 2) : other("o" + id, 2));
    }
    const auto receipts = commit_together(service, submissions);
    for (std::size_t i = 0; i < receipts.size(); ++i) {
      INFO(round << " " << i);
      if (i % 5 != 0) {
        REQUIRE(receipts[i].status);
      } else {
        REQUIRE_FALSE(receipts[i].status);
        CHECK(receipts[i].status.error().code == Code::busy);
      }
    }
    service.pass(1);
  }
  CHECK(rebuilds() == before);
  CHECK(service.state().stats().hits >= 10'000);
  CHECK(set_aside(service).empty());
  CHECK(service.registry().gauge(metrics::kStoreFull).value() == 1);
  // What time raises does not stop for it: a second hit in a window of the hits that are kept.
  service.submit(hit("second", "arn:7", 2));
  CHECK(service.alerts("pairs").size() == 1);
  // And with room again everything is taken.
  REQUIRE(service.store().delivered({1, 2, 3, 4}));
  service.submit(single("full0-0", 2));
  CHECK(rebuilds() == before);
}

TEST_CASE("hits are found in the store whatever was heard of sources between them") {
  Machine machine;
  std::optional<Running> service;
  const std::string rules = kPairs + silence_of("1h");
  service.emplace(machine, rules);
  std::vector<std::string> submissions;
  for (int i = 0; i < 5; ++i) {
    submissions.push_back(hit("a" + std::to_string(i), "arn:" + std::to_string(i), i));
  }
  for (const source::Receipt& receipt : commit_together(*service, submissions)) {
    REQUIRE(receipt.status);
  }
  service.reset();
  service.emplace(machine, rules);
  for (int i = 0; i < 5; ++i) {
    service->submit(hit("b" + std::to_string(i), "arn:" + std::to_string(i), 5 + i));
  }
  const auto alerts = service->alerts("pairs");
  REQUIRE(alerts.size() == 5);
  for (std::size_t i = 0; i < 5; ++i) {
    CHECK(alerts[i].json.find("\"a" + std::to_string(i) + "\"") != std::string::npos);
  }
}

TEST_CASE("not ready while commits fail, ready when they work again, and told afterwards") {
  Machine machine;
  Running service(machine, kSingle);
  CHECK(service.readiness().why_not().empty());
  {
    Database other_process(machine);
    other_process.run("BEGIN IMMEDIATE");
    const source::Receipt refused = service.try_submit(single("a", 0));
    REQUIRE_FALSE(refused.status);
    CHECK(refused.status.error().code == Code::busy);
    CHECK(service.readiness().why_not().find("commits fail") != std::string::npos);
    other_process.run("ROLLBACK");
  }
  service.submit(single("a", 0));
  CHECK(service.readiness().why_not().empty());
  service.pass(1);
  service.pass(1);
  CHECK(alerts_of(service, alert::kNotReady) == 1);
}

}  // namespace
}  // namespace tocsin::pipeline
