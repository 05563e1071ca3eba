// Hits on their way to the store and back, and the values that correlations remember.
#include "pipeline/hit_journal.h"

#include <cstring>

#include "base/time.h"
#include "pipeline/known_values.h"
#include "unit/pipeline/over_time.h"

namespace tocsin::pipeline {
namespace {

std::unique_ptr<store::Store> open_store(const Machine& machine) {
  auto opened = store::Store::open(machine.options);
  REQUIRE(opened);
  return std::move(*opened);
}

store::Transaction begin(store::Store& store) {
  auto transaction = store.begin();
  REQUIRE(transaction);
  return std::move(*transaction);
}

std::string event_of(const HitJournal::Found& found) {
  return found ? found->evidence.event_id : "gone";
}

TEST_CASE("a hit is found in hand, while it waits, and in the store, if it was to be kept") {
  metrics::Registry registry;
  Machine machine;
  const auto live = live_of(
      rule_yaml("A") + correlation_yaml("pairs",
                                        "{type: event_count, rules: [A], timespan: 30s, condition: "
                                        "{gte: 2}}"),
      registry);
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes += record("e" + std::to_string(i), "arn:a", "A", at(-1));
  source::Submission submission;
  submission.bytes = bytes;
  submission.received_ms = machine.clock.wall_ms();
  const Findings findings = Evaluator(live).evaluate(submission, std::uint64_t{64} << 20);
  REQUIRE(findings.hits.size() == 1);
  const correlate::HitBatch& hits = findings.hits[0];
  REQUIRE(hits.size() == 1000);
  const correlate::Correlations& correlations = *live->ruleset.correlations;
  std::vector<bool> keep(1000);
  for (std::size_t i = 0; i < keep.size(); ++i) keep[i] = i % 3 != 0;

  const auto store = open_store(machine);
  HitJournal journal;
  journal.begin(70);
  journal.take(correlations, hits);
  CHECK(journal.next() == 1070);
  const auto expect = [&](bool in_hand) {
    store::Transaction transaction = begin(*store);
    for (std::size_t i = 0; i < 1000; i += 7) {
      const auto found = journal.find(70 + i, transaction);
      REQUIRE(found);
      REQUIRE(event_of(*found) == (in_hand || keep[i] ? "e" + std::to_string(i) : "gone"));
    }
    CHECK(event_of(*journal.find(69, transaction)) == "gone");
    CHECK(event_of(*journal.find(1070, transaction)) == "gone");
  };
  expect(true);
  CHECK(event_of(journal.find_held(71)) == "gone");
  journal.keep(correlations, hits, 70, &keep, 5 * kMillisecond);
  journal.let_go();
  expect(false);
  CHECK(event_of(journal.find_held(71)) == "e1");
  {
    store::Transaction transaction = begin(*store);
    REQUIRE(journal.write(transaction, false));
    REQUIRE(transaction.commit());
    journal.committed();
  }
  CHECK_FALSE(journal.has_pending());
  CHECK(event_of(journal.find_held(71)) == "gone");
  journal.let_go();
  expect(false);
  std::size_t read = 0;
  REQUIRE(store->each_hits([&](std::int64_t seq, std::string_view blob) -> Status {
    const auto kept = correlate::read_blob(blob, correlations);
    REQUIRE(kept);
    for (const std::uint32_t index : kept->index) {
      REQUIRE(keep[static_cast<std::size_t>(seq) + index - 70]);
    }
    read += kept->index.size();
    return {};
  }));
  CHECK(read == 666);
  // They go when the watermark has passed them, not before.
  store::Transaction transaction = begin(*store);
  REQUIRE(transaction.prune_hits(5, UINT64_MAX));
  CHECK(event_of(*journal.find(71, transaction)) == "e1");
  REQUIRE(transaction.prune_hits(7, UINT64_MAX));
  journal.let_go();
  CHECK(event_of(*journal.find(71, transaction)) == "gone");
}

TEST_CASE("what is remembered is as in the store, with what is not yet written over it") {
  using Known = correlate::Memory::Known;
  const correlate::Key a{1}, b{2}, c{3};
  Machine machine;
  const auto store = open_store(machine);
  KnownValues values(*store);
  CHECK(*values.find(a) == std::nullopt);
  REQUIRE(values.save(a, {1, 2, 3}));
  REQUIRE(values.save(b, {4, 5, 6}));
  CHECK(*values.find(a) == Known{1, 2, 3});
  CHECK(values.has_changes());
  {
    store::Transaction lost = begin(*store);
    REQUIRE(values.write(lost));
  }
  CHECK(*store->find_known(a) == std::nullopt);
  {
    store::Transaction transaction = begin(*store);
    REQUIRE(values.write(transaction));
    REQUIRE(transaction.commit());
    values.committed();
  }
  CHECK_FALSE(values.has_changes());
  CHECK(*store->find_known(a) == store::Known{1, 2, 3});
  REQUIRE(values.forget(a));
  REQUIRE(values.save(c, {7, 8, 9}));
  CHECK(*values.find(a) == std::nullopt);
  values.clear();  // as after a write that failed
  CHECK(*values.find(a) == Known{1, 2, 3});
  CHECK(*values.find(c) == std::nullopt);
  // More than are held in memory.
  for (std::uint32_t i = 0; i < 120'000; ++i) {
    correlate::Key key{9};
    std::memcpy(key.data() + 1, &i, sizeof i);
    REQUIRE(*values.find(key) == std::nullopt);
    REQUIRE(values.save(key, {i, i, 1}));
  }
  store::Transaction transaction = begin(*store);
  REQUIRE(values.write(transaction));
  REQUIRE(transaction.commit());
  values.committed();
  for (std::uint32_t i = 0; i < 120'000; i += 997) {
    correlate::Key key{9};
    std::memcpy(key.data() + 1, &i, sizeof i);
    REQUIRE(*values.find(key) == Known{i, i, 1});
  }
}

}  // namespace
}  // namespace tocsin::pipeline
