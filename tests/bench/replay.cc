// What the hits that correlations keep cost when rules change and when the service starts again: a
// service without HTTP takes N hits, then its rules change, then it starts again. Prints one JSON
// object; times are CPU seconds of this process, which a busy machine does not lengthen.
//   bench_replay N FOLDER    FOLDER is there and empty
#include <fmt/format.h>
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/time.h"
#include "pipeline/correlation_state.h"
#include "pipeline/recorder.h"
#include "store/store.h"

namespace {

using namespace tocsin;

constexpr std::uint64_t kPrincipals = 10'000;
constexpr std::uint64_t kHitsAtOnce = 1000;

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

template <class Work>
double cpu_of(Work work) {
  const double begin = cpu_seconds();
  work();
  return cpu_seconds() - begin;
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
    state_ =
        std::make_unique<pipeline::CorrelationState>(*store_, registry_, system_clock(), config_);
  }

  void load(const std::string& rules) {
    const std::string path = folder_ + "/rules.yml";
    std::ofstream(path) << rules;
    pipeline::Ruleset ruleset = pipeline::load_ruleset({{path}, {}});
    if (ruleset.diagnostics.has_errors()) give_up("the rules do not compile");
    live_ = std::make_shared<pipeline::Live>(std::move(ruleset), pipeline::Source(), registry_,
                                             nullptr, false);
  }
  void prepare() { must(state_->prepare(live_)); }

  void take(std::uint64_t first, std::uint64_t hits) {
    pipeline::Findings findings;
    findings.live = live_;
    findings.source = "bench";
    findings.received = system_clock().wall_ms();
    correlate::HitBatch& batch = findings.hits.emplace_back();
    for (std::uint64_t i = first; i < first + hits; ++i) add_hit(i, batch);
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

  correlate::CorrelatorStats stats() const { return state_->stats(); }

 private:
  void add_hit(std::uint64_t number, correlate::HitBatch& batch) const {
    const correlate::Correlations& correlations = *live_->ruleset.correlations;
    const std::uint64_t mixed = number * 0x9E3779B97F4A7C15u;
    correlate::Key event{};
    for (std::size_t i = 0; i < 8; ++i) {
      event[i] = static_cast<std::uint8_t>(mixed >> 8 * i);
      event[i + 8] = static_cast<std::uint8_t>(number >> 8 * i);
    }
    const std::string_view wanted = number % 16 == 0 ? "other" : "call";
    std::uint32_t rule = 0;
    while (correlations.rules()[rule].source->meta.name != wanted) ++rule;
    batch.begin_hit(rule, 1'700'000'000 * kSecond + static_cast<correlate::Time>(number * 1000),
                    event);
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
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<pipeline::CorrelationState> state_;
  std::shared_ptr<const pipeline::Live> live_;
};

int run(std::uint64_t count, const std::string& folder) {
  log::configure(log::Level::error, log::Format::text);
  std::uint64_t kept = 0;
  double ingest = 0, reload = 0, again = 0;
  {
    Service service(folder);
    service.load(kRules);
    service.prepare();
    ingest = cpu_of([&] {
      for (std::uint64_t i = 0; i < count; i += kHitsAtOnce) service.take(i, kHitsAtOnce);
    });
    kept = service.stats().hits;
    service.load(std::string(kAdded) + kRules);
    reload = cpu_of([&] { service.prepare(); });
    if (service.stats().hits != kept) give_up("hits were lost when the rules changed");
    again = cpu_of([&] { service.take(count, kHitsAtOnce); });
    kept = service.stats().hits;
  }
  double restart = 0, first = 0;
  {
    Service service(folder);
    service.load(std::string(kAdded) + kRules);
    restart = cpu_of([&] { service.prepare(); });
    first = cpu_of([&] { service.take(count + kHitsAtOnce, kHitsAtOnce); });
    if (service.stats().hits <= kept) give_up("hits were lost over the restart");
  }
  fmt::print(
      "{{\"hits\": {}, \"in_groups\": {}, \"ingest_s\": {:.3f}, \"reload_pause_s\": {:.4f}, "
      "\"first_batch_after_reload_s\": {:.4f}, \"restart_s\": {:.3f}, "
      "\"first_batch_after_restart_s\": {:.3f}, \"restart_by_ingest\": {:.3f}}}\n",
      count, kept, ingest, reload, again, restart, first, (restart + first) / ingest);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 0;
  if (count > 0 && argc == 3) return run(count, argv[2]);
  fmt::print(stderr, "usage: bench_replay N FOLDER\n");
  return 2;
}
