#include "event/structural_index.h"

#include <simdjson.h>

#include <algorithm>

#include "base/limits.h"

namespace tocsin::event {
namespace {

// A larger index, which only a freak record needs, is given back.
constexpr std::size_t kKeptCapacity = std::size_t{2} << 20;

}  // namespace

StructuralIndex::StructuralIndex() = default;
StructuralIndex::~StructuralIndex() = default;
StructuralIndex::StructuralIndex(StructuralIndex&&) noexcept = default;
StructuralIndex& StructuralIndex::operator=(StructuralIndex&&) noexcept = default;

StructuralIndex::Outcome StructuralIndex::build(std::string_view text) {
  size_ = 0;
  const std::size_t needed = text.size() + kSentinels;
  const bool far_too_large = capacity_ > kKeptCapacity && needed <= kKeptCapacity;
  if (stage1_ == nullptr || needed > capacity_ || far_too_large) {
    const std::size_t capacity = std::max(needed + needed / 4, std::size_t{16} << 10);
    const auto error = simdjson::get_active_implementation()->create_dom_parser_implementation(
        capacity, limits::kRecordDepth, stage1_);
    capacity_ = 0;
    if (error) return Outcome::no_memory;
    capacity_ = capacity;
  }
  const auto error = stage1_->stage1(reinterpret_cast<const std::uint8_t*>(text.data()),
                                     text.size(), simdjson::stage1_mode::regular);
  if (error == simdjson::UTF8_ERROR || error == simdjson::UNESCAPED_CHARS) {
    return Outcome::bad_bytes;
  }
  if (error) return error == simdjson::MEMALLOC ? Outcome::no_memory : Outcome::bad_json;
  size_ = stage1_->n_structural_indexes;
  std::uint32_t* positions = stage1_->structural_indexes.get();
  std::fill_n(positions + size_, kSentinels, static_cast<std::uint32_t>(text.size()));
  positions_ = positions;
  return Outcome::ok;
}

}  // namespace tocsin::event
