// Kept hits: any bytes are either read or refused, and what was read is written and read again as
// it was. The first byte says what the others are: a blob as it is (0); one whose checksums are
// mended, so that more than the first check is seen (1); hits under a head that is right (2), each
// with its size in two bytes before it.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "correlate/hit_blob.h"
#include "unit/correlate/rules.h"

namespace {

using namespace tocsin;
using namespace tocsin::correlate;

void require(bool condition) {
  if (!condition) std::abort();
}

const Correlations& correlations() {
  static const Compiled compiled = compile_yaml(
      rule_yaml("a", "{eventName: A}") + rule_yaml("b", "{eventName: B}") +
      correlation_yaml("many",
                       "{type: value_count, rules: [a, b], timespan: 1m, group-by: [who, where], "
                       "condition: {field: what, gte: 2}}") +
      correlation_yaml("deep",
                       "{type: event_count, rules: [many], timespan: 1h, condition: {gte: 2}}"));
  require(compiled.correlations->all().size() == 2);
  return *compiled.correlations;
}

void add_part(std::string_view part, std::string& out) {
  constexpr int kChecksumBytes = 4;
  pack_number(part.size() + kChecksumBytes, out);
  out += part;
  const std::uint64_t sum = Fnv64().add(part).value();
  for (int i = 0; i < kChecksumBytes; ++i) out += static_cast<char>(sum >> (8 * i + 32));
}

std::string mended(std::string_view blob) {
  constexpr std::size_t kMagicBytes = 4;
  std::string out(blob.substr(0, kMagicBytes));
  Unpacker in(blob.substr(std::min(blob.size(), kMagicBytes)));
  while (!in.done()) {
    const std::string_view part = in.text();
    if (in.good())
      add_part(part.substr(0, part.size() - std::min<std::size_t>(part.size(), 4)), out);
  }
  return out;
}

// A head that knows every field and finder, and one of each that is gone.
std::string head(std::uint64_t hits) {
  std::string out;
  pack_number(correlations().fields().size() + 1, out);
  for (const std::string& field : correlations().fields()) pack_text(field, out);
  pack_text("gone", out);
  pack_number(correlations().finders().size() + 1, out);
  for (const Correlations::Finder& finder : correlations().finders()) {
    out += as_text(finder.key);
    pack_text(finder.meta->id, out);
    pack_text(finder.meta->title, out);
  }
  out += as_text(Key{});
  pack_text("", out);
  pack_text("Gone", out);
  pack_number(hits, out);
  return out;
}

std::string under_a_head(std::string_view hits) {
  std::string parts;
  std::uint64_t count = 0;
  while (hits.size() >= 2) {
    const std::size_t size =
        static_cast<unsigned char>(hits[0]) | std::size_t{static_cast<unsigned char>(hits[1])} << 8;
    hits.remove_prefix(2);
    add_part(hits.substr(0, size), parts);
    hits.remove_prefix(std::min(size, hits.size()));
    ++count;
  }
  std::string out = "TCH1";
  add_part(head(count), out);
  return out + parts;
}

void check_same(const Hit& hit, const Hit& again) {
  require(hit.rule == again.rule && hit.time == again.time && hit.since == again.since);
  require(hit.event == again.event && hit.evidence == again.evidence);
  require(hit.fields.packed() == again.fields.packed());
}

void check(std::string_view blob) {
  const Result<KeptHits> read = read_blob(blob, correlations());
  for (const std::uint32_t index : {0u, 1u, 7u}) (void)read_hit(blob, index);
  (void)read_blob(blob, Correlations());
  if (!read) return;
  require(read->index.size() == read->hits.size());
  BlobWriter writer(correlations());
  writer.add(read->hits, 0);
  const std::string written = writer.finish();
  const Result<KeptHits> again = read_blob(written, correlations());
  require(again && again->hits.size() == read->hits.size());
  for (std::size_t i = 0; i < read->hits.size(); ++i) {
    require(again->index[i] == i);
    check_same(read->hits[i], again->hits[i]);
  }
  constexpr std::size_t kLookedUp = 16;  // each reads the blob from its beginning
  for (std::size_t i = 0; i < std::min(read->hits.size(), kLookedUp); ++i) {
    const auto found = read_hit(blob, read->index[i]);
    require(found && *found);
    const auto kept = read_hit(written, static_cast<std::uint32_t>(i));
    require(kept && *kept && (*kept)->time == read->hits[i].time);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 3) {
    case 0:
      check(bytes);
      break;
    case 1:
      check(mended(bytes));
      break;
    default:
      check(under_a_head(bytes));
  }
  return 0;
}
