// The commit path: nothing that is submitted stops what comes after it.
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

}  // namespace
}  // namespace tocsin::pipeline
