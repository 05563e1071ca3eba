// Why the service is not ready.
#include "pipeline/readiness.h"

#include <chrono>
#include <thread>

#include "metrics/families.h"
#include "unit/pipeline/over_time.h"

namespace tocsin::pipeline {
namespace {

using Cause = Readiness::Cause;

TEST_CASE("it is starting, then ready, and says every cause that holds") {
  metrics::Registry registry;
  SetClock clock;
  Readiness readiness(registry, clock);
  CHECK(readiness.why_not() == "starting");
  CHECK(readiness.problem().empty());
  CHECK(registry.gauge(metrics::kReady).value() == 0);
  readiness.set(Cause::lifecycle, "");
  CHECK(readiness.why_not().empty());
  readiness.set(Cause::disk, "little room");
  readiness.set(Cause::commits, "commits fail: x");
  CHECK(readiness.why_not() == "commits fail: x; little room");
  CHECK(readiness.problem() == readiness.why_not());
  readiness.publish();
  CHECK(registry.gauge(metrics::kReady).value() == 0);
  CHECK(registry.gauge(metrics::kNotReady, {"disk"}).value() == 1);
  CHECK(registry.gauge(metrics::kNotReady, {"stalled"}).value() == 0);
  readiness.set(Cause::disk, "");
  readiness.set(Cause::commits, "");
  readiness.publish();
  CHECK(registry.gauge(metrics::kReady).value() == 1);
  CHECK(registry.gauge(metrics::kNotReady, {"disk"}).value() == 0);
}

TEST_CASE("stalled: for a minute none got through, although some were tried") {
  metrics::Registry registry;
  SetClock clock;
  Readiness readiness(registry, clock);
  readiness.set(Cause::lifecycle, "");
  clock.advance(3600'000);
  CHECK(readiness.why_not().empty());  // nobody tried
  for (int i = 0; i < 6; ++i) {
    readiness.submission_tried();
    CHECK(readiness.why_not().empty());
    clock.advance(10'000);
  }
  CHECK_FALSE(readiness.why_not().empty());
  readiness.submission_got_through();
  CHECK(readiness.why_not().empty());
  // A single try long ago says nothing: whoever waits for readiness may try again.
  readiness.submission_tried();
  clock.advance(59'999);
  CHECK(readiness.why_not().empty());
  clock.advance(1);
  CHECK(readiness.why_not().empty());
  readiness.submission_tried();
  CHECK(readiness.why_not().empty());
  clock.advance(30'000);
  readiness.submission_tried();
  clock.advance(30'000);
  CHECK_FALSE(readiness.why_not().empty());
}

TEST_CASE("a thread is stuck when one step takes too long, not when it rests or goes on") {
  metrics::Registry registry;
  SetClock clock;
  const Readiness readiness(registry, clock);
  CHECK(readiness.stuck().empty());
  {
    Readiness::Pulse one(readiness, "one"), two(readiness, "two");
    clock.advance(10 * Readiness::kStuckMs);
    CHECK(readiness.stuck().empty());  // they have done nothing yet
    one.step();
    two.step();
    clock.advance(Readiness::kStuckMs - 1);
    CHECK(readiness.stuck().empty());
    two.step();
    clock.advance(1);
    CHECK(readiness.stuck() == "the one has been at one step for 120 s");
    one.rest();
    CHECK(readiness.stuck().empty());
    clock.advance(Readiness::kStuckMs);
    CHECK(readiness.stuck().starts_with("the two has"));
  }
  CHECK(readiness.stuck().empty());  // the threads have ended
}

// Time passes until somebody is stuck; "": nobody is, whatever the time.
std::string stuck_in_time(const Readiness& readiness, SetClock& clock) {
  for (int i = 0; i < 200 && readiness.stuck().empty(); ++i) {
    clock.advance(Readiness::kStuckMs);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return readiness.stuck();
}

TEST_CASE("a committer that waits for its store for ever is stuck, until it goes on") {
  Machine machine;
  Running service(machine, rule_yaml("Single"));
  Findings findings = service.evaluate(record("e", "arn:a", "Single", at(0)));
  std::future<source::Receipt> receipt;
  {
    const auto held = service.store().begin();
    REQUIRE(held);
    receipt = service.begin_commit(std::move(findings));
    CHECK(stuck_in_time(service.readiness(), machine.clock).starts_with("the committer has"));
  }
  CHECK(receipt.get().status);
  while (!service.readiness().stuck().empty()) std::this_thread::yield();
}

TEST_CASE("a store below its reserve is not ready from the start") {
  Machine machine;
  store::StoreOptions options = machine.options;
  options.reserve_bytes = std::uint64_t{1} << 60;
  auto store = store::Store::open(options);
  REQUIRE(store);
  metrics::Registry registry;
  LiveHolder live;
  live.set(live_of(rule_yaml("Single"), registry));
  Reclaimer reclaimer;
  CorrelationState correlations(**store, registry, machine.clock, machine.config, reclaimer);
  Readiness readiness(registry, machine.clock);
  readiness.set(Cause::lifecycle, "");
  const Committer committer(**store, live, correlations, readiness, registry, machine.clock, 64,
                            Committer::Hooks{[] {}, [] {}});
  CHECK(readiness.why_not().find("reserve") != std::string::npos);
}

}  // namespace
}  // namespace tocsin::pipeline
