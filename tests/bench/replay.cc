// Measures a restart and reloads with hits that correlations keep: a service without HTTP receives
// N hits, starts again, and then its rules are replaced three times while another thread submits
// hits one by one. Prints one JSON object (tests/bench/README.md says what its members are).
//   bench_replay N FOLDER    FOLDER is empty, or holds what an earlier call left: for a profiler,
//                            hits are then not received again
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/time.h"
#include "pipeline/committer.h"
#include "pipeline/correlation_state.h"
#include "pipeline/readiness.h"
#include "pipeline/recorder.h"
#include "store/store.h"

namespace {

using namespace tocsin;

constexpr std::uint64_t kPrincipals = 10'000;
constexpr std::uint64_t kHitsAtOnce = 1000;

// Of the hit with that number: 1,000,000 hits are of 28 hours.
correlate::Time time_of(std::uint64_t number) {
  return 1'700'000'000 * kSecond + static_cast<correlate::Time>(number) * (kSecond / 10);
}

// Each hit is one of three correlations, and pairs are hits of a fourth; nothing of it fires often.
constexpr const char* kRules = R"(
title: Call
name: call
logsource: {product: aws, service: cloudtrail}
detection: {selection: {eventName: Call}, condition: selection}
---
title: Other
name: other
logsource: {product: aws, service: cloudtrail}
detection: {selection: {eventName: Other}, condition: selection}
---
title: Many
name: many
correlation: {type: event_count, rules: [call], group-by: [who], timespan: 2d, condition: {gte: 5000}}
---
title: Kinds
correlation: {type: value_count, rules: [call], group-by: [who], timespan: 2d, condition: {gte: 5000, field: what}}
---
title: Both
correlation: {type: temporal, rules: [call, other], group-by: [who], timespan: 2d}
---
title: Chain
correlation: {type: temporal, rules: [many, other], group-by: [who], timespan: 2d}
)";
// Comes first, so that numbers of fields and correlations change.
constexpr const char* kAdded = R"(
title: Added
correlation: {type: event_count, rules: [other], group-by: [added], timespan: 1h, condition: {gte: 5}}
---)";

[[noreturn]] void give_up(const std::string& why) {
  fmt::print(stderr, "bench_replay: {}\n", why);
  std::exit(2);
}

void must(const Status& status) {
  if (!status) give_up(status.error().message);
}

double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct Cost {
  double cpu = 0, wall = 0;  // seconds; cpu: of all threads
};

template <class Work>
Cost cost_of(Work work) {
  const double cpu = cpu_seconds(), wall = wall_seconds();
  work();
  return {cpu_seconds() - cpu, wall_seconds() - wall};
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos) give_up("the rules do not contain " + from);
  return text.replace(at, from.size(), to);
}

class Service {
 public:
  explicit Service(const std::string& folder) : folder_(folder) {
    store::StoreOptions options;
    options.folder = folder + "/store";
    options.max_bytes = std::uint64_t{8} << 30;
    options.reserve_bytes = 0;
    auto opened = store::Store::open(options);
    if (!opened) give_up(opened.error().message);
    store_ = std::move(*opened);
    config_.journal_bytes = std::uint64_t{2} << 30;
    config_.limits.groups_per_correlation = config_.limits.groups = 10'000'000;
    config_.limits.bytes = std::uint64_t{8} << 30;  // nothing is evicted
    state_ = std::make_unique<pipeline::CorrelationState>(*store_, registry_, system_clock(),
                                                          config_, reclaimer_);
  }

  // Puts the rules into force.
  void load(const std::string& rules) {
    const std::string path = folder_ + "/rules.yml";
    std::ofstream(path) << rules;
    pipeline::Ruleset ruleset = pipeline::load_ruleset({{path}, {}});
    if (ruleset.diagnostics.has_errors()) give_up("the rules do not compile");
    live_.set(std::make_shared<pipeline::Live>(std::move(ruleset), pipeline::Source(), registry_,
                                               nullptr, false));
  }
  void prepare() { must(state_->prepare(live_.get())); }

  void take(std::uint64_t first, std::uint64_t hits) {
    const pipeline::Findings findings = make_findings(first, hits);
    auto transaction = store_->begin();
    if (!transaction) give_up(transaction.error().message);
    pipeline::Recorder recorder(*transaction, findings.received);
    must(recorder.add(findings));
    must(state_->decide({pipeline::whole(findings)}, true, *transaction, recorder));
    must(state_->write(*transaction, recorder, false));
    must(recorder.finish());
    must(transaction->commit());
    state_->committed();
  }

  // Submits hits one by one to a committer while `work` is done and for a second afterwards.
  // Returns the longest time that one of them waited for its receipt, in seconds.
  double longest_commit(std::uint64_t& next, const std::function<void()>& work) {
    pipeline::Readiness readiness(registry_, system_clock());
    pipeline::Committer committer(*store_, live_, *state_, readiness, registry_, system_clock(), 64,
                                  {[] {}, [] {}});
    std::atomic<bool> is_over = false;
    double longest = 0;
    std::thread sender([&] {
      while (!is_over) {
        pipeline::Findings findings = make_findings(next++, 1);
        const double begin = wall_seconds();
        std::promise<source::Receipt> receipt;
        committer.submit(std::move(findings),
                         [&](source::Receipt got) { receipt.set_value(std::move(got)); });
        must(receipt.get_future().get().status);
        longest = std::max(longest, wall_seconds() - begin);
      }
    });
    work();
    std::this_thread::sleep_for(std::chrono::seconds(1));
    is_over = true;
    sender.join();
    return longest;
  }

  correlate::CorrelatorStats stats() const { return state_->stats(); }

 private:
  pipeline::Findings make_findings(std::uint64_t first, std::uint64_t hits) const {
    pipeline::Findings findings;
    findings.live = live_.get();
    findings.source = "bench";
    findings.received = system_clock().wall_ms();
    correlate::HitBatch& batch = findings.hits.emplace_back();
    for (std::uint64_t i = first; i < first + hits; ++i) {
      add_hit(i, *findings.live->ruleset.correlations, batch);
    }
    findings.times = pipeline::EventTimes(findings.received * kMillisecond);
    findings.times.add("123456789012", time_of(first + hits - 1));
    return findings;
  }

  static void add_hit(std::uint64_t number, const correlate::Correlations& correlations,
                      correlate::HitBatch& batch) {
    const std::uint64_t mixed = number * 0x9E3779B97F4A7C15u;
    correlate::Key event{};
    for (std::size_t i = 0; i < 8; ++i) {
      event[i] = static_cast<std::uint8_t>(mixed >> 8 * i);
      event[i + 8] = static_cast<std::uint8_t>(number >> 8 * i);
    }
    const std::string_view wanted = number % 16 == 0 ? "other" : "call";
    std::uint32_t rule = 0;
    while (correlations.rules()[rule].source->meta.name != wanted) ++rule;
    batch.begin_hit(rule, time_of(number), event);
    const auto field = [&](const char* name, const std::string& value) {
      const auto slot = correlations.slot_of(name);
      if (!slot) return;
      correlate::FieldPacker fields = batch.fields();
      fields.begin_field(*slot, 1);
      fields.value(value);
    };
    const std::uint64_t principal = (mixed >> 32) % kPrincipals;
    field("who", fmt::format("arn:aws:iam::123456789012:user/{}", principal));
    field("what", fmt::format("value {}", number % 1000));
    correlate::EvidenceView evidence;
    evidence.event_id = "7c1f0d3e-3f0e-4d58-9d0a-000000000000";
    evidence.event_time = "2023-11-14T22:13:20Z";
    evidence.event_name = "Call";
    evidence.event_source = "iam.amazonaws.com";
    evidence.principal = "arn:aws:iam::123456789012:user/somebody";
    evidence.source_ip = "203.0.113.7";
    evidence.account = "123456789012";
    evidence.region = "eu-west-1";
    batch.end_hit(evidence);
  }

  const std::string folder_;
  metrics::Registry registry_;
  pipeline::CorrelationConfig config_;
  pipeline::Reclaimer reclaimer_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<pipeline::CorrelationState> state_;
  pipeline::LiveHolder live_;
};

int run(std::uint64_t count, const std::string& folder) {
  log::configure(log::Level::error, log::Format::text);
  std::uint64_t kept = 0;
  Cost ingest;
  const bool is_new = !std::filesystem::exists(folder + "/store");
  if (is_new) {
    Service service(folder);
    service.load(kRules);
    service.prepare();
    ingest = cost_of([&] {
      for (std::uint64_t i = 0; i < count; i += kHitsAtOnce) service.take(i, kHitsAtOnce);
    });
    kept = service.stats().hits;
  }
  Service service(folder);
  service.load(kRules);
  const Cost restart = cost_of([&] { service.prepare(); });
  if (is_new && service.stats().hits != kept) give_up("hits were lost over the restart");
  const Cost first = cost_of([&] { service.take(count, kHitsAtOnce); });

  std::uint64_t next = count + kHitsAtOnce;
  const auto longest = [&](const std::string& rules) {
    return service.longest_commit(next, [&] {
      if (!rules.empty()) service.load(rules);
    });
  };
  const double quiet = longest(""), same = longest(kRules);
  if (service.stats().hits < kept) give_up("hits were lost when nothing changed");
  const std::string added = std::string(kAdded) + kRules;
  const double numbers = longest(added);
  if (service.stats().hits < kept) give_up("hits were lost when a correlation was added");
  const double changed = longest(replaced(added, "gte: 5000, field", "gte: 5001, field"));
  fmt::print(
      "{{\"hits\": {}, \"in_groups\": {}, \"ingest_cpu_s\": {:.3f}, \"restart_cpu_s\": {:.3f}, "
      "\"restart_wall_s\": {:.3f}, \"first_batch_cpu_s\": {:.3f}, \"restart_by_ingest\": {:.3f}, "
      "\"longest_commit_ms\": {{\"without_reload\": {:.1f}, \"unchanged\": {:.1f}, "
      "\"one_added\": {:.1f}, \"one_changed\": {:.1f}}}}}\n",
      count, kept, ingest.cpu, restart.cpu, restart.wall, first.cpu,
      is_new ? (restart.cpu + first.cpu) / ingest.cpu : 0, 1000 * quiet, 1000 * same,
      1000 * numbers, 1000 * changed);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 0;
  if (count > 0 && argc == 3) return run(count, argv[2]);
  fmt::print(stderr, "usage: bench_replay N FOLDER\n");
  return 2;
}
