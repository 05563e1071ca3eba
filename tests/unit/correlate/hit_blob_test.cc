#include "correlate/hit_blob.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "base/hash.h"
#include "unit/correlate/rules.h"

namespace tocsin::correlate {
namespace {

const std::string kDeep = correlation_yaml(
    "deep", "{type: event_count, rules: [many], timespan: 1h, condition: {gte: 2}}");
const std::string kMany = correlation_yaml(
    "many",
    "{type: event_count, rules: [a, b], timespan: 1m, group-by: [who, where], condition: "
    "{gte: 2}}");
const std::string kA = rule_yaml("a", "{eventName: A}");
const std::string kB = rule_yaml("b", "{eventName: B}");

std::vector<std::string> values_of(const FieldValues& fields, const Correlations& correlations,
                                   const char* field) {
  std::vector<std::string> out;
  const auto slot = correlations.slot_of(field);
  if (!slot) return {"no such field"};
  fields.each(*slot, [&](std::string_view value) { out.emplace_back(value); });
  return out;
}

// Of rule i % 2, and a firing of `many` at the end.
HitBatch some_hits(const Correlations& correlations, std::size_t count) {
  HitBatch out;
  for (std::size_t i = 0; i < count; ++i) {
    const Time time = static_cast<Time>(i) * kSecond;
    const auto rule = i + 1 == count ? correlations.firing_of(*correlations.find("many"))
                                     : static_cast<std::uint32_t>(i % 2);
    out.begin_hit(rule, time, Key{static_cast<std::uint8_t>(i)}, time - (i % 3 == 0 ? 0 : 7));
    FieldPacker fields = out.fields();
    fields.begin_field(*correlations.slot_of("where"), 2);
    fields.value("region " + std::to_string(i));
    fields.value("another");
    fields.begin_field(*correlations.slot_of("who"), 1);
    fields.value("user " + std::to_string(i));
    EvidenceView evidence;
    const std::string id = "event " + std::to_string(i);
    evidence.event_id = id;
    evidence.input_record = i;
    out.end_hit(evidence);
  }
  return out;
}

std::string blob_of(const HitBatch& hits, const Correlations& correlations,
                    const std::vector<bool>* keep = nullptr, std::uint32_t first = 0) {
  BlobWriter writer(correlations);
  writer.add(hits, first, keep);
  return writer.finish();
}

TEST_CASE("kept hits come back as they were, with the numbers that they had") {
  const auto compiled = compile_yaml(kA + kB + kMany + kDeep);
  const Correlations& correlations = *compiled.correlations;
  const HitBatch hits = some_hits(correlations, 20);
  std::vector<bool> keep(20, false);
  for (const std::size_t i : {1u, 4u, 19u}) keep[i] = true;
  const auto read = read_blob(blob_of(hits, correlations, &keep, 100), correlations);
  REQUIRE(read);
  CHECK(read->index == std::vector<std::uint32_t>{101, 104, 119});
  REQUIRE(read->hits.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    const Hit found = read->hits[i], wanted = hits[read->index[i] - 100];
    CHECK(found.rule == wanted.rule);
    CHECK(found.time == wanted.time);
    CHECK(found.since == wanted.since);
    CHECK(found.event == wanted.event);
    CHECK(found.evidence == wanted.evidence);
    for (const char* field : {"who", "where"}) {
      CHECK(values_of(found.fields, correlations, field) ==
            values_of(wanted.fields, correlations, field));
    }
  }
  BlobWriter none(correlations);
  CHECK(none.empty());
  const auto nothing = read_blob(none.finish(), correlations);
  REQUIRE(nothing);
  CHECK(nothing->hits.empty());
}

TEST_CASE("hits are read with other rules: what is gone is skipped, what stayed is found") {
  const auto before = compile_yaml(kMany + kA + kB + kDeep);
  const std::string blob = blob_of(some_hits(*before.correlations, 20), *before.correlations);
  // Rule b has changed, so has `many`; the slots are others, and `who` is not read any more.
  const auto after = compile_yaml(
      rule_yaml("b", "{eventName: C}") + kA +
      correlation_yaml("other",
                       "{type: value_count, rules: [a], timespan: 1m, group-by: [what, "
                       "where], condition: {field: how, gte: 2}}"));
  const auto read = read_blob(blob, *after.correlations);
  REQUIRE(read);
  REQUIRE(read->hits.size() == 10);
  const Hit hit = read->hits[3];
  CHECK(read->index[3] == 6);
  CHECK(after.correlations->finders()[hit.rule].meta->name == "a");
  CHECK(values_of(hit.fields, *after.correlations, "where") ==
        std::vector<std::string>{"region 6", "another"});
  CHECK(values_of(hit.fields, *after.correlations, "what").empty());
  CHECK(read_blob(blob, Correlations())->hits.empty());
}

TEST_CASE("one hit can be read without any rules") {
  const auto compiled = compile_yaml(kA + kB + kMany + kDeep);
  const std::string blob =
      blob_of(some_hits(*compiled.correlations, 20), *compiled.correlations, nullptr, 5);
  const auto read = read_hit(blob, 17);
  REQUIRE(read);
  REQUIRE(*read);
  const KeptHit& hit = **read;
  CHECK(hit.finder_title == "Rule a");
  CHECK(hit.time == 12 * kSecond);
  CHECK(hit.evidence.event_id == "event 12");
  REQUIRE(hit.fields.size() == 2);
  CHECK(hit.fields[0].first == "where");
  CHECK(hit.fields[0].second == std::vector<std::string>{"region 12", "another"});
  CHECK(hit.fields[1].second == std::vector<std::string>{"user 12"});
  CHECK((*read_hit(blob, 24))->finder_title == "Correlation many");
  REQUIRE(read_hit(blob, 25));
  CHECK_FALSE(*read_hit(blob, 25));
}

TEST_CASE("a damaged blob is an error") {
  const auto compiled = compile_yaml(kA + kB + kMany + kDeep);
  const Correlations& correlations = *compiled.correlations;
  const std::string blob = blob_of(some_hits(correlations, 6), correlations);
  REQUIRE(read_blob(blob, correlations));
  for (std::size_t size = 0; size < blob.size(); ++size) {
    CHECK_FALSE(read_blob(std::string_view(blob).substr(0, size), correlations));
  }
  CHECK_FALSE(read_blob(blob + "x", correlations));
  // Every byte is under a checksum, or is a size that one is found by.
  for (std::size_t at = 0; at < blob.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string other = blob;
      other[at] = static_cast<char>(other[at] ^ (1 << bit));
      INFO(at << ' ' << bit);
      CHECK_FALSE(read_blob(other, correlations));
      const auto one = read_hit(other, 3);  // an error or the right hit, if it is untouched
      if (one && *one) CHECK((*one)->evidence.event_id == "event 3");
    }
  }
  std::mt19937 random(5);
  for (int i = 0; i < 3000; ++i) {
    std::string other = blob;
    for (int changes = 0; changes < 1 + i % 4; ++changes) {
      const std::size_t at = random() % other.size();
      if (random() % 2 == 0) {
        other[at] = static_cast<char>(random());
      } else {
        other.insert(at, random() % 9, static_cast<char>(random()));
      }
    }
    if (other != blob) CHECK_FALSE(read_blob(other, correlations));
    static_cast<void>(read_hit(other, static_cast<std::uint32_t>(random() % 8)));
  }
}

TEST_CASE("a field that the head does not name is damage, though it has no values") {
  const auto compiled = compile_yaml(kA + kB + kMany);
  const Correlations& correlations = *compiled.correlations;
  HitBatch hits;
  Key event;
  event.fill(0xEE);
  hits.begin_hit(0, kSecond, event);
  hits.fields().begin_field(*correlations.slot_of("who"), 0);
  hits.end_hit({});
  const std::string blob = blob_of(hits, correlations);
  REQUIRE(read_blob(blob, correlations));

  Unpacker in(blob);
  in.bytes(4);
  in.text();
  std::string hit(in.text());
  REQUIRE(in.done());
  const std::string before = blob.substr(0, blob.size() - hit.size());
  const std::size_t fields = hit.find(as_text(event)) + event.size();
  REQUIRE(hit.substr(fields, 3) == std::string("\x02\0\0", 3));
  const auto with_field = [&](char number) {
    hit[fields + 1] = number;
    hit.resize(hit.size() - 4);
    const std::uint64_t sum = Fnv64().add(hit).value();
    for (int i = 0; i < 4; ++i) hit += static_cast<char>(sum >> (8 * i + 32));
    return before + hit;
  };
  CHECK(read_blob(with_field(0), correlations));
  CHECK_FALSE(read_blob(with_field(1), correlations));
  CHECK_FALSE(read_hit(with_field(100), 0));
}

}  // namespace
}  // namespace tocsin::correlate
