#include "correlate/hit.h"

#include "base/hash.h"

namespace tocsin::correlate {
namespace {

constexpr std::size_t kShownOfLong = 64;

// The facts that a hit keeps, in the order in which they are packed. Hits are kept on disk: this
// order stays, and a new fact is added behind the later ones.
constexpr std::string_view EvidenceView::*kTexts[] = {
    &EvidenceView::event_id,     &EvidenceView::event_time, &EvidenceView::event_name,
    &EvidenceView::event_source, &EvidenceView::principal,  &EvidenceView::identity_kind,
    &EvidenceView::mfa,          &EvidenceView::source_ip,  &EvidenceView::source_ip_kind,
    &EvidenceView::user_agent,   &EvidenceView::account,    &EvidenceView::region,
    &EvidenceView::error_code,   &EvidenceView::input_path,
};

constexpr std::string_view EvidenceView::*kLaterTexts[] = {
    &EvidenceView::person,
    &EvidenceView::session_name,
};

// At most `bytes` of it, without half a code point at the end.
std::string_view cut(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

}  // namespace

bool is_whole(const FieldValues& fields) {
  Unpacker in(fields.packed());
  while (!in.done()) {
    in.number_below(std::uint64_t{UINT16_MAX} + 1);
    for (std::uint64_t left = in.number(); left > 0 && in.good(); --left) in.text();
  }
  return in.good();
}

void FieldPacker::begin_field(Slot slot, std::size_t values) {
  pack_number(slot, out_);
  pack_number(values, out_);
}

void FieldPacker::value(std::string_view text) {
  if (text.size() <= kValueBytes) return pack_text(text, out_);
  const std::string_view shown = cut(text, kShownOfLong);
  char digits[KeyHash::kDigits];
  KeyHash().add_field(text).write(digits);
  pack_number(shown.size() + 1 + sizeof digits, out_);
  out_.append(shown).append("#").append(digits, sizeof digits);
}

void pack_evidence(const EvidenceView& evidence, std::string& out) {
  for (const auto text : kTexts) {
    pack_text(cut(evidence.*text, kValueBytes), out);
  }
  pack_number(evidence.input_record, out);
  for (const auto text : kLaterTexts) pack_text(cut(evidence.*text, kValueBytes), out);
}

std::optional<EvidenceView> evidence_of(std::string_view packed) {
  Unpacker in(packed);
  EvidenceView evidence;
  for (const auto text : kTexts) evidence.*text = in.text();
  evidence.input_record = in.number();
  for (const auto text : kLaterTexts) {
    if (in.done()) break;  // packed before there was such a fact
    evidence.*text = in.text();
  }
  if (!in.good() || !in.done()) return std::nullopt;
  return evidence;
}

Hit HitBatch::operator[](std::size_t index) const {
  const Entry& entry = entries_[index];
  const std::string_view text = text_;
  Hit hit;
  hit.rule = entry.rule;
  hit.time = entry.time;
  hit.since = entry.since;
  hit.event = entry.event;
  hit.fields = FieldValues(text.substr(entry.begin, entry.fields_end - entry.begin));
  hit.evidence = text.substr(entry.fields_end, entry.end - entry.fields_end);
  return hit;
}

void HitBatch::begin_hit(std::uint32_t rule, Time time, const Key& event, Time since) {
  Entry& entry = entries_.emplace_back();
  entry.rule = rule;
  entry.time = time;
  entry.since = since;
  entry.event = event;
  entry.begin = static_cast<std::uint32_t>(text_.size());
}

void HitBatch::end_hit(const EvidenceView& evidence) {
  Entry& entry = entries_.back();
  entry.fields_end = static_cast<std::uint32_t>(text_.size());
  pack_evidence(evidence, text_);
  entry.end = static_cast<std::uint32_t>(text_.size());
}

void HitBatch::drop_hit() {
  text_.resize(entries_.back().begin);
  entries_.pop_back();
}

void HitBatch::add(const Hit& hit) {
  begin_hit(hit.rule, hit.time, hit.event, hit.since);
  text_ += hit.fields.packed();
  entries_.back().fields_end = static_cast<std::uint32_t>(text_.size());
  text_ += hit.evidence;
  entries_.back().end = static_cast<std::uint32_t>(text_.size());
}

void HitBatch::clear() {
  entries_.clear();
  text_.clear();
}

}  // namespace tocsin::correlate
