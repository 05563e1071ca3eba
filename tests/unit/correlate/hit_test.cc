#include "correlate/hit.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "base/text.h"

namespace tocsin::correlate {
namespace {

std::vector<std::string> values_of(const FieldValues& fields, Slot slot) {
  std::vector<std::string> out;
  fields.each(slot, [&](std::string_view value) { out.emplace_back(value); });
  return out;
}

using Texts = std::vector<std::string>;

TEST_CASE("a hit has its fields with all their values, and its evidence") {
  HitBatch batch;
  for (std::uint32_t i = 0; i < 3; ++i) {
    batch.begin_hit(i, Time{i} * kSecond, Key{static_cast<std::uint8_t>(i)});
    FieldPacker fields = batch.fields();
    fields.begin_field(700, 2);
    fields.value("first " + std::to_string(i));
    fields.value("");
    fields.begin_field(3, 0);
    fields.begin_field(0, 1);
    fields.value(std::string(300, 'x'));
    EvidenceView evidence;
    evidence.event_id = "id";
    evidence.error_code = "AccessDenied";
    evidence.input_record = 1'000'000 + i;
    batch.end_hit(evidence);
  }
  batch.begin_hit(9, 9, {});
  batch.fields().begin_field(1, 1);
  batch.drop_hit();

  REQUIRE(batch.size() == 3);
  CHECK_FALSE(batch.full());
  const Hit hit = batch[1];
  CHECK(hit.rule == 1);
  CHECK(hit.time == kSecond);
  CHECK(hit.since == kSecond);
  CHECK(hit.event == Key{1});
  CHECK(values_of(hit.fields, 700) == Texts{"first 1", ""});
  CHECK(values_of(hit.fields, 3).empty());
  CHECK(values_of(hit.fields, 0) == Texts{std::string(300, 'x')});
  CHECK(values_of(hit.fields, 1).empty());
  Texts all;
  hit.fields.each([&](Slot slot, std::string_view value) {
    all.push_back(std::to_string(slot) + std::string(value.substr(0, 5)));
  });
  CHECK(all == Texts{"700first", "700", "0xxxxx"});
  const auto evidence = evidence_of(hit.evidence);
  REQUIRE(evidence);
  CHECK(evidence->event_id == "id");
  CHECK(evidence->principal.empty());
  CHECK(evidence->error_code == "AccessDenied");
  CHECK(evidence->input_record == 1'000'001);
  Evidence copy;
  alert::copy_facts(*evidence, copy);
  CHECK(copy.error_code == "AccessDenied");

  HitBatch other;
  for (std::size_t i = batch.size(); i-- > 0;) other.add(batch[i]);
  CHECK(other[2].fields.packed() == batch[0].fields.packed());
  CHECK(other[0].evidence == batch[2].evidence);
  CHECK(other[0].time == 2 * kSecond);
  other.clear();
  CHECK(other.empty());
}

TEST_CASE("a long value is replaced by a short one that stays distinct") {
  const auto packed = [](const std::string& value) {
    std::string out;
    FieldPacker fields(out);
    fields.begin_field(1, 1);
    fields.value(value);
    return values_of(FieldValues(out), 1).at(0);
  };
  const std::string at_the_limit(kValueBytes, 'a');
  CHECK(packed(at_the_limit) == at_the_limit);
  const std::string longer = packed(at_the_limit + "b");
  CHECK(longer.size() == 64 + 1 + 32);
  CHECK(longer.substr(0, 65) == std::string(64, 'a') + '#');
  CHECK(packed(at_the_limit + "b") == longer);
  CHECK(packed(at_the_limit + "c") != longer);
  // No half code point: 63 bytes of text, then one of two bytes.
  const std::string umlaut = packed(std::string(63, 'a') + std::string(2000, '\xC3') + "\xA4");
  CHECK(packed(std::string(63, 'a') + "ä" + at_the_limit).substr(0, 64) ==
        std::string(63, 'a') + '#');
  CHECK(umlaut.size() <= kValueBytes);
}

TEST_CASE("long texts of evidence are cut between code points") {
  std::string text(kValueBytes - 1, 'x');
  text += "ä and more";
  EvidenceView evidence;
  evidence.user_agent = text;
  evidence.input_path = "p";
  std::string packed;
  pack_evidence(evidence, packed);
  const auto found = evidence_of(packed);
  REQUIRE(found);
  CHECK(found->user_agent == std::string(kValueBytes - 1, 'x'));
  CHECK(found->input_path == "p");
}

TEST_CASE("evidence that was packed before there were facts of persons is read") {
  EvidenceView evidence;
  evidence.event_id = "e";
  evidence.input_record = 7;
  evidence.person = "alice";
  evidence.session_name = "s";
  std::string packed;
  pack_evidence(evidence, packed);
  auto found = evidence_of(packed);
  REQUIRE(found);
  CHECK(*found == evidence);
  packed.resize(packed.size() - std::string_view("\5alice\1s").size());
  found = evidence_of(packed);
  REQUIRE(found);
  evidence.person = evidence.session_name = {};
  CHECK(*found == evidence);
}

TEST_CASE("damaged fields and evidence are read to their end and no further") {
  std::string fields;
  FieldPacker packer(fields);
  packer.begin_field(5, 3);
  for (const char* value : {"one", "two", "three"}) packer.value(value);
  packer.begin_field(6, 1);
  packer.value("four");
  std::string evidence;
  EvidenceView view;
  view.event_id = "1";
  pack_evidence(view, evidence);
  CHECK(is_whole(FieldValues(fields)));
  for (std::size_t cut = 1; cut < fields.size(); ++cut) {
    const std::string part(fields, 0, cut);
    std::size_t bytes = 0;
    FieldValues(part).each([&](Slot, std::string_view value) { bytes += value.size(); });
    FieldValues(part).each(6, [&](std::string_view value) { bytes += value.size(); });
    CHECK(bytes <= 2 * part.size());
  }
  for (std::size_t at = 0; at < fields.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string other = fields;
      other[at] = static_cast<char>(other[at] ^ (1 << bit));
      std::size_t bytes = 0;
      FieldValues(other).each([&](Slot, std::string_view value) { bytes += value.size(); });
      CHECK(bytes <= other.size());
      if (is_whole(FieldValues(other))) CHECK(bytes > 0);
    }
  }
  CHECK(evidence_of(evidence));
  // What has lost its end is no evidence, or evidence without the facts that came later.
  for (std::size_t cut = 1; cut < evidence.size(); ++cut) {
    const auto found = evidence_of(std::string_view(evidence).substr(0, cut));
    CHECK((!found || *found == view));
  }
  CHECK_FALSE(evidence_of(evidence + "x"));
  CHECK_FALSE(evidence_of(""));
}

}  // namespace
}  // namespace tocsin::correlate
