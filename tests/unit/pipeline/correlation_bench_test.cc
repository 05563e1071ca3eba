// Measurements; not run by default: test_pipeline "[.bench]".
#include <fmt/format.h>

#include <ctime>

#include "unit/pipeline/over_time.h"

namespace tocsin::pipeline {
namespace {

using Steady = std::chrono::steady_clock;

double seconds_since(Steady::time_point start) {
  return std::chrono::duration<double>(Steady::now() - start).count();
}

// Of all threads.
double processor_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

const std::string kCounting =
    rule_yaml("Denied") +
    correlation_yaml("many",
                     "{type: event_count, rules: [Denied], group-by: [userIdentity.arn], timespan: "
                     "10m, condition: {gte: 50}}") +
    correlation_yaml("new",
                     "{type: new_value, rules: [Denied], group-by: [userIdentity.arn], field: "
                     "eventName, forget: 1d}");

// One thread does all: 10 % of the events are hits. A commit for each thousand events.
TEST_CASE("speed of a stream with and without correlations", "[.bench]") {
  for (const bool with : {false, true}) {
    Machine machine;
    machine.options.folder =
        (std::filesystem::temp_directory_path() / "tocsin-bench-store").string();
    std::filesystem::remove_all(machine.options.folder);
    machine.options.seams.synchronous = "";
    Running service(machine, with ? kCounting : rule_yaml("Denied2"));
    double evaluated = 0, committed = 0;
    constexpr int kBatches = 200, kBatch = 1000;
    for (int batch = 0; batch < kBatches; ++batch) {
      std::string bytes;
      for (int i = 0; i < kBatch; ++i) {
        const int n = batch * kBatch + i;
        bytes +=
            record("event-" + std::to_string(n), "arn:aws:iam::1:user/" + std::to_string(n % 997),
                   n % 10 == 0 ? "Denied" : "Other", at(n * 0.004));
      }
      const double start = processor_seconds();
      Findings findings = service.evaluate(bytes);
      const double half = processor_seconds();
      service.commit(std::move(findings));
      evaluated += half - start;
      committed += processor_seconds() - half;
    }
    fmt::print("{:<8} evaluation {:>6.2f} µs, commit {:>6.2f} µs CPU for each event; {} alerts\n",
               with ? "with" : "without", evaluated * 1e6 / (kBatches * kBatch),
               committed * 1e6 / (kBatches * kBatch), service.alerts("many").size());
  }
}

TEST_CASE("speed of a restart with a million hits", "[.bench]") {
  Machine machine;
  machine.options.folder = (std::filesystem::temp_directory_path() / "tocsin-bench-store").string();
  std::filesystem::remove_all(machine.options.folder);
  machine.options.max_bytes = std::uint64_t{8} << 30;
  machine.config.journal_bytes = std::uint64_t{2} << 30;
  machine.config.limits.groups_per_correlation = 1'000'000;
  const std::string yaml =
      rule_yaml("Denied") +
      correlation_yaml(
          "many",
          "{type: event_count, rules: [Denied], group-by: [userIdentity.arn], timespan: "
          "1d, condition: {gte: 50}}");
  {
    Running service(machine, yaml);
    const auto start = Steady::now();
    for (int batch = 0; batch < 100; ++batch) {
      std::string bytes;
      for (int i = 0; i < 10'000; ++i) {
        const int n = batch * 10'000 + i;
        bytes +=
            record("event-" + std::to_string(n),
                   "arn:aws:iam::1:user/" + std::to_string(n % 100'000), "Denied", at(n * 0.0005));
      }
      service.submit(bytes);
    }
    fmt::print("a million hits: {:.1f} s\n", seconds_since(start));
  }
  const auto start = Steady::now();
  Running service(machine, yaml);
  fmt::print("restart: {:.1f} s for {} hits in {} groups, {} MB\n", seconds_since(start),
             service.state().stats().hits, service.state().stats().groups,
             service.store().stats()->bytes / 1'000'000);
}

}  // namespace
}  // namespace tocsin::pipeline
