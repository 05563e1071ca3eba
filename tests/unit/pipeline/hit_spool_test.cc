// Hits come out of a HitSpool in the order of time, as they went in, wherever they were kept.
#include "pipeline/hit_spool.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

namespace tocsin::pipeline {
namespace {

struct Plain {
  correlate::Time time = 0;
  std::uint32_t rule = 0;
  std::string value, call;
  bool operator==(const Plain&) const = default;
};

Plain plain(const correlate::Hit& hit) {
  Plain out{hit.time, hit.rule, {}, {}};
  hit.fields.each(0, [&](std::string_view value) { out.value = value; });
  const auto evidence = correlate::evidence_of(hit.evidence);
  REQUIRE(evidence);
  out.call = evidence->event_name;
  return out;
}

void add(correlate::HitBatch& hits, const Plain& one) {
  hits.begin_hit(one.rule, one.time, {});
  correlate::FieldPacker fields = hits.fields();
  fields.begin_field(0, 1);
  fields.value(one.value);
  correlate::EvidenceView evidence;
  evidence.event_name = one.call;
  hits.end_hit(evidence);
}

std::vector<Plain> some_hits(std::size_t count) {
  std::mt19937_64 random(7);
  std::vector<Plain> out;
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back({static_cast<correlate::Time>(random() % 500), static_cast<std::uint32_t>(i),
                   std::string(random() % 900, 'v') + std::to_string(i), std::to_string(i * 7)});
  }
  return out;
}

}  // namespace

TEST_CASE("hits come out of a spool in the order of time, from memory and from files") {
  struct Case {
    const char* name;
    HitSpool::Options options;
  };
  const Case cases[] = {
      {"all in memory", {std::size_t{64} << 20, 1 << 20}},
      {"texts in a file", {0, 1 << 20}},
      {"texts in memory, then in a file", {std::size_t{2} << 20, 1 << 20}},
      {"many runs", {std::size_t{64} << 20, 97}},
      {"many runs, texts in a file", {0, 97}},
      {"a run ends with the last hit", {0, 100}},
  };
  const std::vector<Plain> hits = some_hits(6'000);  // about 3 MB
  std::vector<Plain> expected = hits;
  std::stable_sort(expected.begin(), expected.end(),
                   [](const Plain& a, const Plain& b) { return a.time < b.time; });
  for (const Case& one : cases) {
    INFO(one.name);
    HitSpool spool(one.options);
    correlate::HitBatch batch;
    for (std::size_t i = 0; i < hits.size();) {
      batch.clear();
      for (const std::size_t end = std::min(hits.size(), i + 331); i < end; ++i)
        add(batch, hits[i]);
      REQUIRE(spool.add(batch));
    }
    CHECK(spool.size() == hits.size());

    std::vector<Plain> got, again;
    HitSpool::Sorted sorted;
    std::string text;
    for (;;) {
      REQUIRE(spool.read(777, sorted));
      if (sorted.places.empty()) break;
      REQUIRE(sorted.places.size() <= 777);
      for (std::size_t i = 0; i < sorted.places.size(); ++i) {
        got.push_back(plain(sorted.hits[i]));
        const auto hit = spool.hit(sorted.places[i], text);
        REQUIRE(hit);
        again.push_back(plain(*hit));
      }
    }
    CHECK((got == expected));
    CHECK((again == expected));

    // What is kept while it is read is found, too, and moves nothing else.
    batch.clear();
    add(batch, {9, 4, "later", "Later"});
    const auto kept = spool.keep(batch[0]);
    REQUIRE(kept);
    const auto hit = spool.hit(*kept, text);
    REQUIRE(hit);
    CHECK((plain(*hit) == Plain{9, 4, "later", "Later"}));
  }
}

TEST_CASE("an empty spool ends at once") {
  HitSpool spool;
  HitSpool::Sorted sorted;
  REQUIRE(spool.read(10, sorted));
  CHECK(sorted.places.empty());
}

}  // namespace tocsin::pipeline
