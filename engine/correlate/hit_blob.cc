#include "correlate/hit_blob.h"

#include <algorithm>
#include <limits>

#include "base/hash.h"

namespace tocsin::correlate {
namespace {

constexpr std::string_view kMagic = "TCH1";
constexpr std::size_t kChecksumBytes = 4;

tl::unexpected<Error> damaged() {
  return fail(Code::invalid_input, "The kept hits of correlations are damaged");
}

// Appends `part` with its size before it and its checksum after it.
void pack_part(std::string_view part, std::string& out) {
  pack_number(part.size() + kChecksumBytes, out);
  out += part;
  const std::uint64_t sum = Fnv64().add(part).value();
  for (std::size_t i = 0; i < kChecksumBytes; ++i) out += static_cast<char>(sum >> (8 * i + 32));
}

// The part without its checksum; nullopt when it is damaged.
std::optional<std::string_view> checked(std::string_view packed) {
  if (packed.size() < kChecksumBytes) return std::nullopt;
  const std::string_view part = packed.substr(0, packed.size() - kChecksumBytes);
  const std::uint64_t sum = Fnv64().add(part).value();
  for (std::size_t i = 0; i < kChecksumBytes; ++i) {
    if (packed[part.size() + i] != static_cast<char>(sum >> (8 * i + 32))) return std::nullopt;
  }
  return part;
}

Key unpack_key(Unpacker& in) {
  Key key{};
  const std::string_view bytes = in.bytes(key.size());
  std::copy(bytes.begin(), bytes.end(), key.begin());
  return key;
}

struct Finder {
  Key key{};
  std::string_view id, title;
};

struct Head {
  std::vector<std::string_view> fields;
  std::vector<Finder> finders;
  std::uint64_t hits = 0;
};

std::optional<Head> head_of(Unpacker& in) {
  if (in.bytes(kMagic.size()) != kMagic) return std::nullopt;
  const auto part = checked(in.text());
  if (!part) return std::nullopt;
  Unpacker packed(*part);
  Head head;
  for (std::uint64_t left = packed.number(); left > 0 && packed.good(); --left) {
    head.fields.push_back(packed.text());
  }
  for (std::uint64_t left = packed.number(); left > 0 && packed.good(); --left) {
    Finder& finder = head.finders.emplace_back();
    finder.key = unpack_key(packed);
    finder.id = packed.text();
    finder.title = packed.text();
  }
  head.hits = packed.number();
  if (!packed.good() || !packed.done()) return std::nullopt;
  return head;
}

// Hit::rule is the number of the finder here, and slots are the head's.
struct StoredHit {
  std::uint32_t index = 0;
  Hit hit;
};

bool fields_are_known(const FieldValues& fields, const Head& head) {
  if (!is_whole(fields)) return false;
  Unpacker in(fields.packed());
  while (!in.done()) {
    if (in.number() >= head.fields.size()) return false;
    for (std::uint64_t values = in.number(); values > 0; --values) in.text();
  }
  return true;
}

std::optional<StoredHit> hit_of(std::string_view part, const Head& head) {
  constexpr std::uint64_t kNumbers = std::uint64_t{std::numeric_limits<std::uint32_t>::max()} + 1;
  Unpacker in(part);
  StoredHit out;
  out.index = static_cast<std::uint32_t>(in.number_below(kNumbers));
  out.hit.rule = static_cast<std::uint32_t>(in.number_below(head.finders.size()));
  out.hit.time = static_cast<Time>(in.number_below(std::uint64_t{1} << 63));
  out.hit.since = out.hit.time -
                  static_cast<Time>(in.number_below(static_cast<std::uint64_t>(out.hit.time) + 1));
  out.hit.event = unpack_key(in);
  out.hit.fields = FieldValues(in.text());
  out.hit.evidence = in.text();
  if (!in.good() || !in.done() || !fields_are_known(out.hit.fields, head) ||
      !evidence_of(out.hit.evidence)) {
    return std::nullopt;
  }
  return out;
}

// The fields with the slots that `slots` gives to them, those without one left out.
void pack_known(const FieldValues& fields, const std::vector<std::optional<Slot>>& slots,
                std::string& out) {
  out.clear();
  Unpacker in(fields.packed());
  while (!in.done()) {
    const std::optional<Slot> slot = slots[in.number()];
    const std::uint64_t values = in.number();
    if (slot) {
      pack_number(*slot, out);
      pack_number(values, out);
    }
    for (std::uint64_t left = values; left > 0; --left) {
      const std::string_view value = in.text();
      if (slot) pack_text(value, out);
    }
  }
}

KeptHit kept(const StoredHit& stored, const Head& head) {
  KeptHit out;
  const Finder& finder = head.finders[stored.hit.rule];
  out.finder_id = finder.id;
  out.finder_title = finder.title;
  out.time = stored.hit.time;
  if (const auto evidence = evidence_of(stored.hit.evidence))
    alert::copy_facts(*evidence, out.evidence);
  stored.hit.fields.each([&](Slot slot, std::string_view value) {
    const std::string_view field = head.fields[slot];
    if (out.fields.empty() || out.fields.back().first != field) {
      out.fields.emplace_back(field, std::vector<std::string>());
    }
    out.fields.back().second.emplace_back(value);
  });
  return out;
}

}  // namespace

void BlobWriter::add(const HitBatch& hits, std::uint32_t first, const std::vector<bool>* keep) {
  for (std::size_t i = 0; i < hits.size(); ++i) {
    if (keep == nullptr || (*keep)[i]) add_hit(hits[i], first + static_cast<std::uint32_t>(i));
  }
}

void BlobWriter::add_hit(const Hit& hit, std::uint32_t index) {
  ++count_;
  hit_.clear();
  pack_number(index, hit_);
  pack_number(finder(hit.rule), hit_);
  pack_number(static_cast<std::uint64_t>(hit.time), hit_);
  pack_number(static_cast<std::uint64_t>(hit.time - hit.since), hit_);
  hit_ += as_text(hit.event);
  packed_.clear();
  Unpacker in(hit.fields.packed());
  while (!in.done()) {
    pack_number(field(static_cast<Slot>(in.number())), packed_);
    const std::uint64_t values = in.number();
    pack_number(values, packed_);
    for (std::uint64_t left = values; left > 0 && in.good(); --left) pack_text(in.text(), packed_);
  }
  pack_text(packed_, hit_);
  pack_text(hit.evidence, hit_);
  pack_part(hit_, hits_);
}

std::uint64_t BlobWriter::field(Slot slot) {
  const auto [found, added] = field_numbers_.try_emplace(slot, fields_.size());
  if (added) fields_.push_back(slot);
  return found->second;
}

std::uint64_t BlobWriter::finder(std::uint32_t rule) {
  const auto [found, added] = finder_numbers_.try_emplace(rule, finders_.size());
  if (added) finders_.push_back(rule);
  return found->second;
}

std::string BlobWriter::finish() const {
  std::string head;
  pack_number(fields_.size(), head);
  for (const Slot slot : fields_) pack_text(correlations_.fields()[slot], head);
  pack_number(finders_.size(), head);
  for (const std::uint32_t rule : finders_) {
    const Correlations::Finder& finder = correlations_.finders()[rule];
    head += as_text(finder.key);
    pack_text(finder.meta->id, head);
    pack_text(finder.meta->title, head);
  }
  pack_number(count_, head);
  std::string out(kMagic);
  pack_part(head, out);
  return out.append(hits_);
}

Result<KeptHits> read_blob(std::string_view blob, const Correlations& correlations) {
  Unpacker in(blob);
  const std::optional<Head> head = head_of(in);
  if (!head) return damaged();
  std::vector<std::optional<Slot>> slots;
  for (const std::string_view field : head->fields) {
    slots.push_back(correlations.slot_of(std::string(field)));
  }
  std::vector<std::optional<std::uint32_t>> finders;
  for (const Finder& finder : head->finders) finders.push_back(correlations.finder(finder.key));

  KeptHits out;
  std::string fields;
  for (std::uint64_t left = head->hits; left > 0; --left) {
    const auto part = checked(in.text());
    const auto stored = part ? hit_of(*part, *head) : std::nullopt;
    if (!stored) return damaged();
    if (out.hits.full()) return fail(Code::limit, "There are too many kept hits in one place");
    const std::optional<std::uint32_t> finder = finders[stored->hit.rule];
    if (!finder) continue;
    Hit hit = stored->hit;
    hit.rule = *finder;
    pack_known(hit.fields, slots, fields);
    hit.fields = FieldValues(fields);
    out.hits.add(hit);
    out.index.push_back(stored->index);
  }
  if (!in.done()) return damaged();
  return out;
}

Result<std::optional<KeptHit>> read_hit(std::string_view blob, std::uint32_t index) {
  Unpacker in(blob);
  const std::optional<Head> head = head_of(in);
  if (!head) return damaged();
  for (std::uint64_t left = head->hits; left > 0; --left) {
    const std::string_view packed = in.text();
    if (!in.good()) return damaged();
    if (Unpacker(packed).number() != index) continue;
    const auto part = checked(packed);
    const auto stored = part ? hit_of(*part, *head) : std::nullopt;
    if (!stored) return damaged();
    return kept(*stored, *head);
  }
  return std::nullopt;
}

}  // namespace tocsin::correlate
