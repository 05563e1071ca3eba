#include "metrics/registry.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "base/text.h"
#include "metrics/families.h"
#include "source_dir.h"

namespace tocsin::metrics {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

bool has_line(const std::string& text, const std::string& line) {
  for (const std::string& each : lines_of(text)) {
    if (each == line) return true;
  }
  return false;
}

std::size_t count_starting(const std::string& text, const std::string& prefix) {
  std::size_t count = 0;
  for (const std::string& line : lines_of(text)) count += line.starts_with(prefix);
  return count;
}

std::vector<const FamilyInfo*> all_families() {
  std::vector<const FamilyInfo*> all;
  for (const FamilyInfo* family : kCounterFamilies) all.push_back(family);
  for (const FamilyInfo* family : kGaugeFamilies) all.push_back(family);
  for (const FamilyInfo* family : kHistogramFamilies) all.push_back(family);
  return all;
}

std::string file(const std::string& path) {
  std::ifstream in(std::string(TOCSIN_SOURCE_DIR) + "/" + path);
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

TEST_CASE("families without labels are there at 0 from the start") {
  Registry registry;
  const std::string text = registry.text();
  CHECK(has_line(text, "tocsin_firings_duplicate_total 0"));
  CHECK(has_line(text, "tocsin_store_full 0"));
  CHECK(has_line(text, "tocsin_commit_seconds_count 0"));
  CHECK(has_line(text, R"(tocsin_commit_seconds_bucket{le="+Inf"} 0)"));
  CHECK(text.ends_with("\n"));
  // A family without series is not announced.
  CHECK(text.find("tocsin_rule_matches_total") == std::string::npos);
}

TEST_CASE("the same values give the same metric") {
  Registry registry;
  registry.counter(kRuleMatches, {"r1", "high"}).add();
  registry.counter(kRuleMatches, {"r1", "high"}).add(2);
  registry.counter(kRuleMatches, {"r2", "high"}).add(5);
  registry.gauge(kQueueLength, {"batches"}).set(7);
  registry.gauge(kQueueLength, {"batches"}).add(-3);
  registry.histogram(kEventLag, {"http"}).observe(2);
  const std::string text = registry.text();
  CHECK(has_line(text, R"(tocsin_rule_matches_total{level="high",rule_id="r1"} 3)"));
  CHECK(has_line(text, R"(tocsin_rule_matches_total{level="high",rule_id="r2"} 5)"));
  CHECK(has_line(text, R"(tocsin_queue_length{queue="batches"} 4)"));
  CHECK(has_line(text, R"(tocsin_event_lag_seconds_bucket{source="http",le="1"} 0)"));
  CHECK(has_line(text, R"(tocsin_event_lag_seconds_bucket{source="http",le="5"} 1)"));
  CHECK(has_line(text, R"(tocsin_event_lag_seconds_sum{source="http"} 2)"));
}

TEST_CASE("a handle without a metric does nothing") {
  Counter().add();
  Gauge().set(1);
  Gauge().add(1);
  Gauge().hide();
  Histogram().observe(1);
  CHECK(Counter().value() == 0);
  CHECK(Gauge().value() == 0);
}

TEST_CASE("what is no number is not counted") {
  Registry registry;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Counter counter = registry.counter(kFiringsDuplicate);
  counter.add(nan);
  counter.add(std::numeric_limits<double>::infinity());
  counter.add(-1);
  CHECK(counter.value() == 0);
  registry.histogram(kCommitSeconds).observe(nan);
  registry.gauge(kStoreFull).set(nan);
  CHECK(has_line(registry.text(), "tocsin_commit_seconds_count 0"));
  CHECK(has_line(registry.text(), "tocsin_store_full 0"));
}

TEST_CASE("a family has a bounded number of series") {
  Registry registry;
  for (std::size_t i = 0; i < Registry::kSeriesPerFamily + 500; ++i) {
    registry.counter(kRuleMatches, {fmt::format("rule {}", i), "low"}).add();
  }
  registry.counter(kRuleMatches, {"rule 0", "low"}).add();  // known before: still its own
  const std::string text = registry.text();
  CHECK(count_starting(text, "tocsin_rule_matches_total{") == Registry::kSeriesPerFamily + 1);
  CHECK(has_line(text, R"(tocsin_rule_matches_total{level="other",rule_id="other"} 500)"));
  CHECK(has_line(text, R"(tocsin_rule_matches_total{level="low",rule_id="rule 0"} 2)"));
}

TEST_CASE("label values cannot break the text") {
  Registry registry;
  registry.gauge(kSourceUp, {"a\"b\\c\nd"}).set(1);
  registry.gauge(kSourceUp, {"\xFF\xFE{}"}).set(1);
  registry.gauge(kSourceUp, {std::string(5000, 'x')}).set(1);
  registry.gauge(kSourceUp, {std::string(Registry::kLabelBytes - 1, 'y') + "é"}).set(1);
  registry.gauge(kSourceUp).set(1);  // a value that was forgotten is ""
  const std::string text = registry.text();
  CHECK(has_line(text, R"(tocsin_source_up{source="a\"b\\c\nd"} 1)"));
  CHECK(has_line(text, "tocsin_source_up{source=\"\uFFFD\uFFFD{}\"} 1"));
  CHECK(has_line(text,
                 "tocsin_source_up{source=\"" + std::string(Registry::kLabelBytes, 'x') + "\"} 1"));
  CHECK(has_line(
      text, "tocsin_source_up{source=\"" + std::string(Registry::kLabelBytes - 1, 'y') + "\"} 1"));
  CHECK(has_line(text, R"(tocsin_source_up{source=""} 1)"));
  CHECK(text::find_invalid_utf8(text) == std::string::npos);
}

TEST_CASE("a hidden gauge comes back when it is set") {
  Registry registry;
  const Gauge rows = registry.gauge(kOutboxRows, {"slack", "pending"});
  rows.set(3);
  rows.hide();
  CHECK(rows.value() == 0);
  CHECK(registry.text().find("tocsin_outbox_rows") == std::string::npos);
  rows.add(2);
  CHECK(has_line(registry.text(), R"(tocsin_outbox_rows{receiver="slack",state="pending"} 2)"));
}

TEST_CASE("an info family has one series, however often it changes") {
  Registry registry;
  for (std::size_t i = 0; i < 2 * Registry::kSeriesPerFamily; ++i) {
    registry.info(kRulesetInfo, {fmt::format("{:x}", i)});
  }
  registry.info(kRulesetInfo, {"abc"});
  const std::string text = registry.text();
  CHECK(count_starting(text, "tocsin_ruleset_info{") == 1);
  CHECK(has_line(text, R"(tocsin_ruleset_info{hash="abc"} 1)"));
}

TEST_CASE("collectors are asked before each text") {
  Registry registry;
  int calls = 0;
  registry.on_scrape([&] { registry.gauge(kStoreBytes).set(100 * ++calls); });
  CHECK(has_line(registry.text(), "tocsin_store_bytes 100"));
  CHECK(has_line(registry.text(), "tocsin_store_bytes 200"));
}

TEST_CASE("the process is measured") {
  Registry registry;
  const std::string text = registry.text();
  for (const char* name :
       {"process_cpu_seconds_total", "process_open_fds", "process_resident_memory_bytes",
        "process_virtual_memory_bytes", "process_start_time_seconds", "process_threads"}) {
    INFO(name);
    CHECK(count_starting(text, std::string(name) + " ") == 1);
    CHECK_FALSE(has_line(text, std::string(name) + " -1"));
  }
  CHECK_FALSE(has_line(text, "process_resident_memory_bytes 0"));
  CHECK_FALSE(has_line(text, "process_open_fds 0"));
  CHECK(count_starting(text, "tocsin_log_messages_total{level=") == 4);
}

TEST_CASE("threads ask, count and scrape at once") {
  Registry registry;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&registry, t] {
      for (int i = 0; i < 300; ++i) {
        registry.counter(kEventsReceived, {fmt::format("s{}", i % 7)}).add();
        registry.histogram(kEventLag, {"s"}).observe(i);
        registry.info(kRulesetInfo, {fmt::format("{}-{}", t, i)});
        if (i % 50 == 0) registry.text();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(has_line(registry.text(), R"(tocsin_event_lag_seconds_count{source="s"} 1200)"));
}

TEST_CASE("every family that is defined is in the lists") {
  const std::string table = file("engine/metrics/families.h");
  std::size_t defined = 0;
  for (const std::string& line : lines_of(table)) {
    for (const char* kind : {"CounterFamily", "GaugeFamily", "HistogramFamily"}) {
      defined += line.starts_with(fmt::format("inline constexpr {} k", kind));
    }
  }
  std::size_t process = 0;
  for (const std::string& line : lines_of(table)) {
    process += line.find("Family kProcess") != std::string::npos;
  }
  REQUIRE(defined > 40);
  CHECK(defined == all_families().size() + process);
}

TEST_CASE("the README has a row for every family, and no other") {
  std::set<std::string> documented, declared;
  for (const std::string& line : lines_of(file("engine/metrics/README.md"))) {
    if (line.starts_with("| `")) documented.insert(line.substr(3, line.find('`', 3) - 3));
  }
  const std::string table = file("engine/metrics/families.h");
  for (std::size_t at = 0; (at = table.find('"', at)) != std::string::npos; ++at) {
    const std::size_t end = table.find('"', at + 1);
    const std::string text = table.substr(at + 1, end - at - 1);
    if (text.starts_with("tocsin_") || text.starts_with("process_")) declared.insert(text);
    at = end;
  }
  for (const FamilyInfo* family : all_families()) CHECK(declared.count(std::string(family->name)));
  CHECK(documented == declared);
}

TEST_CASE("names, labels and buckets are in order") {
  std::set<std::string_view> names;
  for (const FamilyInfo* family : all_families()) {
    INFO(family->name);
    CHECK(names.insert(family->name).second);
    CHECK(family->name.starts_with("tocsin_"));
    CHECK_FALSE(family->help.empty());
    CHECK(family->labels.size() <= 3);
    for (std::size_t i = 1; i < family->buckets.size(); ++i) {
      CHECK(family->buckets[i - 1] < family->buckets[i]);
    }
  }
  for (const CounterFamily* family : kCounterFamilies) CHECK(family->name.ends_with("_total"));
  for (const HistogramFamily* family : kHistogramFamilies) CHECK_FALSE(family->buckets.empty());
}

TEST_CASE("promtool has nothing to say") {
  if (std::system("command -v promtool >/dev/null 2>&1") != 0) {
    WARN("skipped: promtool is not installed (package prometheus)");
    return;
  }
  Registry registry;
  for (const CounterFamily* family : kCounterFamilies) {
    if (family->labels.size() == 1) registry.counter(*family, {"a \"b\" \\c\n"}).add();
    if (family->labels.size() == 2) registry.counter(*family, {"a", "b"}).add();
    if (family->labels.size() == 3) registry.counter(*family, {"a", "b", "c"}).add();
  }
  for (const GaugeFamily* family : kGaugeFamilies) {
    if (family->labels.size() == 1) registry.gauge(*family, {"a"}).set(0.1);
    if (family->labels.size() == 2) registry.gauge(*family, {"a", "b"}).set(1e300);
    if (family->labels.size() == 3) registry.gauge(*family, {"a", "b", "c"}).set(-1);
  }
  for (const HistogramFamily* family : kHistogramFamilies) {
    if (family->labels.size() == 1) registry.histogram(*family, {"a"}).observe(0.02);
  }
  char path[] = "/tmp/tocsin-metrics-XXXXXX";
  REQUIRE(::mkdtemp(path) != nullptr);
  const auto check = [&](const std::string& text) {
    std::ofstream(fmt::format("{}/text", path)) << text;
    const std::string command =
        fmt::format("promtool check metrics <{0}/text >{0}/said 2>&1", path);
    const int status = std::system(command.c_str());
    std::ostringstream said;
    said << std::ifstream(fmt::format("{}/said", path)).rdbuf();
    return fmt::format("{}:{}", WEXITSTATUS(status), said.str());
  };
  CHECK(check(registry.text()) == "0:");
  CHECK(check("# TYPE bad counter\nbad 1\n") != "0:");  // it does look
  CHECK(std::system(fmt::format("rm -r {}", path).c_str()) == 0);
}

}  // namespace
}  // namespace tocsin::metrics
