#include "event/element_index.h"

#include <algorithm>
#include <array>

namespace tocsin::event {
namespace {

constexpr auto kDepthChange = [] {
  std::array<std::int8_t, 256> change{};
  change['{'] = change['['] = 1;
  change['}'] = change[']'] = -1;
  return change;
}();

// Between two elements; inside a string its quote would be escaped.
constexpr std::string_view kBetween = R"(},{")";

}  // namespace

std::optional<std::size_t> ElementIndex::end_of(std::string_view window, std::size_t pos,
                                                std::uint64_t offset, bool at_end) {
  const std::uint64_t at = offset + pos;
  if (at < refused_) return std::nullopt;
  if (at < begin_ || at >= end_) {
    begin_ = at;
    if (!index(window, pos, at_end)) return std::nullopt;
  }
  const std::uint32_t* const tokens = index_.positions();
  const char* const text = window.data() + (begin_ - offset);
  while (next_ < index_.size() && tokens[next_] < at - begin_) ++next_;
  if (next_ == index_.size() || tokens[next_] != at - begin_) return std::nullopt;
  int depth = 0;
  for (std::size_t token = next_; token < index_.size(); ++token) {
    depth += kDepthChange[static_cast<unsigned char>(text[tokens[token]])];
    if (depth != 0) continue;
    next_ = token + 1;
    return static_cast<std::size_t>(begin_ - offset) + tokens[token] + 1;
  }
  end_ = begin_;  // the rest is a part of one element
  return std::nullopt;
}

// Indexes what follows pos, up to a place between two elements.
bool ElementIndex::index(std::string_view window, std::size_t pos, bool at_end) {
  std::string_view text = window.substr(pos, kIndexedBytes);
  if (!at_end || pos + text.size() != window.size()) {
    const std::size_t cut = text.rfind(kBetween);
    if (cut == text.npos) return false;
    text = text.substr(0, cut + 1);
  }
  next_ = 0;
  end_ = begin_;
  if (index_.build(text) != StructuralIndex::Outcome::ok) {
    refused_ = begin_ + text.size();
    return false;
  }
  end_ = begin_ + text.size();
  return true;
}

}  // namespace tocsin::event
