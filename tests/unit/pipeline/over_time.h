// Detections over time as the service runs them: a committer with its thread, a clock that is set,
// and a store that survives it.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <optional>
#include <set>
#include <thread>

#include "base/time.h"
#include "metrics/families.h"
#include "pipeline/committer.h"
#include "pipeline/correlation_state.h"
#include "unit/pipeline/support.h"

namespace tocsin::pipeline {

inline constexpr std::int64_t kNoonMs = 1'767'268'800'000;

// Stands still until it is set. Begins at noon.
class SetClock final : public Clock {
 public:
  std::int64_t wall_ms() const override { return wall_; }
  std::int64_t steady_ms() const override { return steady_; }
  void advance(std::int64_t ms) {
    wall_ += ms;
    steady_ += ms;
  }

 private:
  std::atomic<std::int64_t> wall_{kNoonMs}, steady_{1'000'000};
};

// Seconds after noon.
inline std::string at(double seconds) {
  const auto ms = static_cast<std::int64_t>(seconds * 1000) + 1'767'268'800'000;
  return format_time(ms / 1000, static_cast<int>(ms % 1000));
}

inline std::string rule_yaml(const std::string& name) {
  return "title: Rule " + name + "\nname: " + name +
         "\nlogsource: {product: aws, service: cloudtrail}\n"
         "detection:\n    s: {eventName: " +
         name + "}\n    condition: s\n---\n";
}
inline std::string correlation_yaml(const std::string& name, const std::string& body,
                                    const std::string& level = "high") {
  return "title: Correlation " + name + "\nname: " + name + "\nlevel: " + level +
         "\ncorrelation: " + body + "\n---\n";
}

// What outlives a process.
struct Machine {
  Machine() {
    options.reserve_bytes = 0;
    options.seams.synchronous = "OFF";
    new_folder();
  }
  void new_folder() { options.folder = folder / ("store" + std::to_string(++folders)); }
  // What the files hold at this moment becomes another folder, as after a kill.
  void copy_files() {
    const std::string from = options.folder;
    new_folder();
    std::filesystem::create_directory(options.folder);
    std::filesystem::permissions(options.folder, std::filesystem::perms::owner_all);
    // The witness first: one that is behind the database promises less.
    for (const char* const name : {"/tocsin.db-witness", "/tocsin.db", "/tocsin.db-wal"}) {
      if (std::filesystem::exists(from + name)) {
        std::filesystem::copy_file(from + name, options.folder + name);
      }
    }
  }

  Folder folder;
  int folders = 0;
  SetClock clock;
  store::StoreOptions options;
  CorrelationConfig config;
  route::GroupingOptions grouping;
};

// A process.
class Running {
 public:
  Running(Machine& machine, const std::string& yaml) : machine_(machine) {
    auto opened = store::Store::open(machine.options);
    if (!opened) FAIL(opened.error().message);
    store_ = std::move(*opened);
    put_into_force(yaml);
    state_.emplace(*store_, registry_, machine.clock, machine.config, reclaimer_);
    if (const Status ready = state_->prepare(live_.get()); !ready) FAIL(ready.error().message);
    readiness_.emplace(registry_, machine.clock);
    readiness_->set(Readiness::Cause::lifecycle, "");
    committer_.emplace(*store_, live_, *state_, *readiness_, registry_, machine.clock, 64,
                       Committer::Hooks{[] {}, [] {}});
  }
  ~Running() { committer_.reset(); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  void put_into_force(const std::string& yaml) {
    auto live = live_of(yaml, registry_, live_.get().get());
    live->grouping = machine_.grouping;
    live_.set(std::move(live));
  }

  Findings evaluate(const std::string& bytes, const std::string& source = "trail") {
    source::Submission submission;
    submission.source = source;
    submission.bytes = bytes;
    submission.received_ms = machine_.clock.wall_ms();
    const auto live = live_.get();
    if (!evaluator_ || &evaluator_->live() != live.get()) {
      evaluator_.emplace(live);
    }
    Findings findings = evaluator_->evaluate(submission, std::uint64_t{64} << 20);
    findings.bytes = bytes;
    return findings;
  }
  std::future<source::Receipt> begin_commit(Findings findings) {
    const auto promise = std::make_shared<std::promise<source::Receipt>>();
    auto receipt = promise->get_future();
    committer_->submit(std::move(findings),
                       [promise](source::Receipt got) { promise->set_value(std::move(got)); });
    return receipt;
  }
  source::Receipt commit(Findings findings) { return begin_commit(std::move(findings)).get(); }
  source::Receipt try_submit(const std::string& bytes, const std::string& source = "trail") {
    return commit(evaluate(bytes, source));
  }
  void submit(const std::string& bytes, const std::string& source = "trail") {
    const source::Receipt receipt = try_submit(bytes, source);
    if (!receipt.status) FAIL(receipt.status.error().message);
  }
  // Time passes, and the committer has seen to it.
  void pass(double seconds) {
    machine_.clock.advance(static_cast<std::int64_t>(seconds * 1000));
    for (int i = 0; i < 2; ++i) {
      Findings nothing;
      nothing.live = live_.get();
      commit(std::move(nothing));
    }
  }

  store::Store& store() { return *store_; }
  const LiveHolder& live() { return live_; }
  Committer& committer() { return *committer_; }
  CorrelationState& state() { return *state_; }
  Readiness& readiness() { return *readiness_; }
  metrics::Registry& registry() { return registry_; }
  // The oldest first.
  std::vector<store::AlertRow> alerts(const std::string& rule = "") {
    store::AlertFilter filter;
    filter.limit = 100'000;
    auto rows = store_->alerts(filter);
    REQUIRE(rows);
    if (!rule.empty()) {
      std::erase_if(*rows,
                    [&](const auto& row) { return row.rule_title != "Correlation " + rule; });
    }
    std::reverse(rows->begin(), rows->end());
    return *rows;
  }
  std::vector<store::DeliveryWithAlert> told() {
    auto rows = store_->list("one", false, 100'000);
    REQUIRE(rows);
    return *rows;
  }
  double hits(std::string_view result) {
    return registry_.counter(metrics::kCorrelationHits, {result}).value();
  }
  double evicted(std::string_view what) {
    return registry_.counter(metrics::kCorrelationEvicted, {what}).value();
  }
  double commits() { return registry_.counter(metrics::kCommits, {"success"}).value(); }

 private:
  Machine& machine_;
  metrics::Registry registry_;
  LiveHolder live_;
  std::optional<Evaluator> evaluator_;
  Reclaimer reclaimer_;
  std::unique_ptr<store::Store> store_;
  std::optional<CorrelationState> state_;
  std::optional<Readiness> readiness_;
  std::optional<Committer> committer_;
};

}  // namespace tocsin::pipeline
