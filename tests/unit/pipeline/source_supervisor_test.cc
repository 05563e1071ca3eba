#include "pipeline/source_supervisor.h"

#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>
#include <string>

#include "metrics/families.h"
#include "unit/pipeline/over_time.h"

namespace tocsin::pipeline {
namespace {

// Fails as its script says, and then runs until it is stopped.
class Scripted final : public source::Source {
 public:
  explicit Scripted(std::vector<Error> failures) : failures_(std::move(failures)) {}

  Status run(source::Host&, std::stop_token stop) override {
    std::unique_lock lock(mutex_);
    if (runs_ < failures_.size()) {
      Error failure = failures_[runs_++];
      changed_.notify_all();
      if (failure.message == "throws") throw std::runtime_error("thrown");
      return tl::unexpected(std::move(failure));
    }
    ++runs_;
    changed_.notify_all();
    changed_.wait(lock, stop, [] { return false; });
    return {};
  }
  void wait_for_runs(std::size_t runs) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return runs_ >= runs; });
  }

 private:
  const std::vector<Error> failures_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::size_t runs_ = 0;
};

class NoIntake final : public source::Intake {
 public:
  void submit(source::Submission, source::AckToken) override {}
  void set_aside(source::Submission, std::string, source::AckToken) override {}
  source::Receipt submit_and_wait(source::Submission, std::stop_token) override { return {}; }
  Result<source::Reading> resume(const std::string&) override { return source::Reading(); }
};

struct SupervisorBench {
  NoIntake intake;
  SetClock clock;
  metrics::Registry registry;
  std::mutex mutex;
  std::vector<std::string> raised;
  source::Host host{intake, clock, registry,
                    [this](const alert::SelfRule& rule, const std::string& about,
                           const std::string&, const std::string& detail) {
                      const std::lock_guard lock(mutex);
                      raised.push_back(std::string(rule.id) + " " + about + " " + detail);
                    }};

  double failures(std::string_view name) {
    return registry.counter(metrics::kSourceFailures, {name}).value();
  }
  double up(std::string_view name) { return registry.gauge(metrics::kSourceUp, {name}).value(); }
};

std::string status_of(const SourceSupervisor& supervisor) {
  std::string out;
  JsonWriter json(out);
  supervisor.write_status(json);
  return out;
}

TEST_CASE("a source that fails is run again, counted and told of; the others go on") {
  SupervisorBench bench;
  const auto failing = std::make_shared<Scripted>(std::vector<Error>{
      {Code::io, "no network"}, {Code::io, "no network"}, {Code::refused, "throws"}});
  const auto other = std::make_shared<Scripted>(std::vector<Error>{});
  SourceSupervisor supervisor(bench.host, {1, 2});
  supervisor.start({"failing", "test", failing, ""});
  supervisor.start({"other", "test", other, ""});
  failing->wait_for_runs(4);
  other->wait_for_runs(1);
  CHECK(bench.failures("failing") == 3);
  CHECK(bench.failures("other") == 0);
  CHECK(bench.up("failing") == 1);
  CHECK(bench.up("other") == 1);
  REQUIRE(bench.raised.size() == 2);  // one for each reason
  CHECK(bench.raised[0].starts_with("tocsin.source_failed failing source failing has failed"));
  CHECK(bench.raised[0].find("no network") != std::string::npos);
  CHECK(bench.raised[1].find("internal error: thrown") != std::string::npos);
  CHECK(status_of(supervisor) ==
        R"([{"name":"failing","type":"test","state":"running","failures":3,)"
        R"("last_error":"internal error: thrown"},)"
        R"({"name":"other","type":"test","state":"running","failures":0}])");
  supervisor.stop();
  CHECK(bench.up("failing") == 0);
}

TEST_CASE("a source whose input is damaged for good is not run again") {
  SupervisorBench bench;
  const auto damaged =
      std::make_shared<Scripted>(std::vector<Error>{{Code::invalid_input, "damaged"}});
  {
    SourceSupervisor supervisor(bench.host, {1, 2});
    supervisor.start({"in", "test", damaged, ""});
    damaged->wait_for_runs(1);
    while (status_of(supervisor).find(R"("state":"failed")") == std::string::npos) {
      std::this_thread::yield();
    }
  }
  CHECK(bench.failures("in") == 1);
  REQUIRE(bench.raised.size() == 1);
  CHECK(bench.raised[0].find("is not run again") != std::string::npos);
}

TEST_CASE("a source that waits to be run again is stopped at once") {
  SupervisorBench bench;
  const auto failing = std::make_shared<Scripted>(std::vector<Error>{{Code::io, "x"}});
  SourceSupervisor supervisor(bench.host, {3'600'000, 3'600'000});
  supervisor.start({"in", "test", failing, ""});
  while (status_of(supervisor).find(R"("state":"waiting")") == std::string::npos) {
    std::this_thread::yield();
  }
  supervisor.stop();  // hangs if it waits for the hour
  CHECK(status_of(supervisor).find(R"("state":"ended")") != std::string::npos);
}

}  // namespace
}  // namespace tocsin::pipeline
