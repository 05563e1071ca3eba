#include "event/event.h"

#include <cstring>

#include "base/text.h"

namespace tocsin::event {
namespace {

// Memory for more values than these, which only a freak record has, is given back.
constexpr std::size_t kKeptValues = 20'000;

constexpr std::uint64_t kOnes = 0x0101010101010101u;

// Eight ASCII letters to lower case.
std::uint64_t lower(std::uint64_t word) {
  const std::uint64_t from_a = word + (0x80 - 'A') * kOnes;        // bit 7: at least 'A'
  const std::uint64_t beyond_z = word + (0x80 - 'Z' - 1) * kOnes;  // bit 7: above 'Z'
  return word | ((from_a ^ beyond_z) & kOnes << 7) >> 2;
}

// False, with `out` half written, when the text is not all ASCII.
bool fold_ascii(std::string_view text, char* out) {
  std::size_t at = 0;
  std::uint64_t seen = 0;
  for (std::uint64_t word = 0; at + sizeof word <= text.size(); at += sizeof word) {
    std::memcpy(&word, text.data() + at, sizeof word);
    seen |= word;
    word = lower(word);
    std::memcpy(out + at, &word, sizeof word);
  }
  if (at < text.size()) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, text.size() - at);
    seen |= word;
    word = lower(word);
    std::memcpy(out + at, &word, text.size() - at);
  }
  return (seen & kOnes << 7) == 0;
}

}  // namespace

void Event::begin(std::string_view json, std::size_t fields) {
  if (slots_.size() != fields) slots_.assign(fields, Slot{});
  if (++epoch_ == 0) {  // wrapped around: no stale slot may look current
    slots_.assign(fields, Slot{});
    epoch_ = 1;
  }
  if (values_.capacity() > kKeptValues) std::vector<Value>().swap(values_);
  values_.resize(1);
  filled_.clear();
  arena_.reset();
  json_ = json;
  notes_ = kNoNote;
  is_cloudtrail_ = false;
  spelling_ = Spelling::unknown;
}

void Event::find_spelling() const {
  spelling_ = text::is_ascii(json_) ? Spelling::plain : Spelling::hidden;
}

std::string_view Event::text(FieldRef field) const {
  for (const Value* value = first(field); value != nullptr; value = next(*value)) {
    if (value->kind == Value::Kind::string && !value->nested) return value->text;
  }
  return {};
}

std::string_view Event::folded(Value& value) {
  if (value.folded.data() != nullptr || value.text.empty()) return value.folded;
  const std::string_view source = value.text;
  char* out = arena_.allocate(source.size());
  if (fold_ascii(source, out)) {
    value.folded = {out, source.size()};
  } else {
    text::fold_into(source, folding_);
    value.folded = arena_.copy(folding_);
  }
  return value.folded;
}

}  // namespace tocsin::event
