// What the state of detections over time costs: memory of live groups, and memory and disk of known
// values. Prints one JSON object.
//   bench_state groups N FOLDER   N live groups with a hit each
//   bench_state values N FOLDER   N known values of new_value, in a store in FOLDER
// FOLDER is there and empty.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>

#include "base/time.h"
#include "correlate/correlator.h"
#include "correlate/map_memory.h"
#include "pipeline/known_values.h"
#include "program/program.h"
#include "sigma/loader.h"
#include "store/store.h"

namespace {

using namespace tocsin;
using Clock = std::chrono::steady_clock;

constexpr const char* kRule = R"(
title: Call
name: call
logsource: {product: aws, service: cloudtrail}
detection: {selection: {eventName: Call}, condition: selection}
---
title: Correlation
correlation:
    rules: [call]
    group-by: [who]
)";
constexpr const char* kCount = R"(
    type: event_count
    timespan: 1h
    condition: {gte: 10}
)";
constexpr const char* kNew = R"(
    type: new_value
    field: what
)";

// Kilobytes, as /proc/self/status names them.
std::uint64_t status_kb(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::uint64_t value = 0;
    if (word == name + ":" && status >> value) return value;
  }
  return 0;
}

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

[[noreturn]] void give_up(const std::string& why) {
  fmt::print(stderr, "bench_state: {}\n", why);
  std::exit(2);
}

struct Rules {
  std::shared_ptr<const sigma::RuleSet> set;
  program::Program program;
  std::shared_ptr<const correlate::Correlations> correlations;
};

Rules load(const std::string& correlation, const std::string& folder) {
  const std::string path = folder + "/rules.yml";
  std::ofstream(path) << kRule << correlation;
  Rules rules;
  sigma::Loaded loaded = sigma::load_paths({path});
  rules.set = std::make_shared<const sigma::RuleSet>(std::move(loaded.rules));
  Diagnostics diagnostics;
  rules.program = program::Program::compile(rules.set, {}, diagnostics);
  rules.correlations = std::make_shared<const correlate::Correlations>(
      correlate::Correlations::compile(rules.set, rules.program, diagnostics));
  if (rules.correlations->empty()) give_up("the rules do not compile");
  return rules;
}

correlate::Slot slot_of(const correlate::Correlations& correlations, const std::string& field) {
  return correlations.slot_of(field).value_or(0);
}

void add_hit(correlate::HitBatch& hits, const correlate::Correlations& correlations,
             std::uint64_t number, const std::string& who, const std::string& what) {
  correlate::Key event{};
  for (std::size_t i = 0; i < 8; ++i) event[i] = static_cast<std::uint8_t>(number >> 8 * i);
  hits.begin_hit(0, 1'700'000'000 * kSecond + static_cast<correlate::Time>(number), event);
  correlate::FieldPacker fields = hits.fields();
  fields.begin_field(slot_of(correlations, "who"), 1);
  fields.value(who);
  if (correlations.slot_of("what")) {
    fields.begin_field(slot_of(correlations, "what"), 1);
    fields.value(what);
  }
  hits.end_hit({});
}

int groups(std::uint64_t count, const std::string& folder) {
  const Rules rules = load(kCount, folder);
  correlate::MapMemory memory;
  correlate::Limits limits;
  limits.groups_per_correlation = limits.groups = count;
  const std::uint64_t before = status_kb("VmRSS");
  const auto start = Clock::now();
  correlate::Correlator correlator(rules.correlations, limits, memory);
  correlate::Output output;
  correlate::HitBatch hits;
  for (std::uint64_t i = 0; i < count;) {
    hits.clear();
    output.clear();
    const std::uint64_t first = i;
    for (; i < count && i < first + 1000; ++i) {
      add_hit(hits, *rules.correlations, i, fmt::format("arn:aws:iam::123456789012:user/{}", i),
              "");
    }
    if (const Status added = correlator.add(hits, first, output); !added) {
      give_up(added.error().message);
    }
  }
  fmt::print("{{\"groups\": {}, \"rss_mb\": {:.1f}, \"seconds\": {:.2f}}}\n",
             correlator.stats().groups, static_cast<double>(status_kb("VmHWM") - before) / 1024,
             seconds_since(start));
  return 0;
}

int values(std::uint64_t count, const std::string& folder) {
  const Rules rules = load(kNew, folder);
  store::StoreOptions options;
  options.folder = folder + "/store";
  options.max_bytes = std::uint64_t{4} << 30;
  options.reserve_bytes = 0;
  auto store = store::Store::open(options);
  if (!store) give_up(store.error().message);
  pipeline::KnownValues known(**store);
  correlate::Limits limits;
  limits.known_per_group = count;
  correlate::Correlator correlator(rules.correlations, limits, known);
  correlate::Output output;
  correlate::HitBatch hits;
  std::uint64_t changes = 0;
  // Many values of each of a thousand principals: first all new, then known ones.
  const auto pass = [&](std::uint64_t of, std::uint64_t step) {
    const auto start = Clock::now();
    for (std::uint64_t i = 0; i < of;) {
      auto transaction = (*store)->begin();
      if (!transaction) give_up(transaction.error().message);
      known.look_in(&*transaction);
      const std::uint64_t end = std::min(of, i + 20'000);
      while (i < end) {
        hits.clear();
        output.clear();
        const std::uint64_t first = i;
        for (; i < end && i < first + 1000; ++i) {
          const std::uint64_t value = i * step % count;
          add_hit(hits, *rules.correlations, step == 1 ? i : count + i,
                  fmt::format("arn:aws:iam::123456789012:role/{}", value % 1000),
                  fmt::format("agent-{}", value));
        }
        Status done = correlator.add(hits, first, output);
        if (done) {
          done = correlator.advance(
              1'700'000'000 * kSecond + static_cast<correlate::Time>((step == 1 ? 0 : count) + i),
              0, output);
        }
        if (!done) give_up(done.error().message);
        changes += output.changes.size();
        (void)correlator.take_ended();
      }
      Status done = known.write(*transaction);
      if (done) done = transaction->commit();
      if (!done) give_up(done.error().message);
      known.look_in(nullptr);
      known.committed();
    }
    return static_cast<double>(of) / seconds_since(start);
  };
  const double new_rate = pass(count, 1);
  const std::uint64_t told = changes;
  const double known_rate = pass(std::min<std::uint64_t>(count, 1'000'000), 7919);
  const auto stats = (*store)->stats();
  fmt::print(
      "{{\"values\": {}, \"told\": {}, \"told_again\": {}, \"disk_mb\": {:.1f}, \"rss_mb\": "
      "{:.1f}, "
      "\"new_per_second\": {:.0f}, \"known_per_second\": {:.0f}}}\n",
      count, told, changes - told, stats ? static_cast<double>(stats->bytes) / 1048576 : 0,
      static_cast<double>(status_kb("VmHWM")) / 1024, new_rate, known_rate);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  const std::uint64_t count = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0;
  if (mode == "groups" && count > 0 && argc == 4) return groups(count, argv[3]);
  if (mode == "values" && count > 0 && argc == 4) return values(count, argv[3]);
  fmt::print(stderr, "usage: bench_state groups|values N FOLDER\n");
  return 2;
}
