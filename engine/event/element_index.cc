#include "event/element_index.h"

#include <algorithm>
#include <array>

namespace tocsin::event {
namespace {

enum Bracket : std::uint8_t { kNone, kOpenObject, kOpenArray, kCloseObject, kCloseArray };

constexpr auto kBrackets = [] {
  std::array<Bracket, 256> brackets{};
  brackets['{'] = kOpenObject;
  brackets['['] = kOpenArray;
  brackets['}'] = kCloseObject;
  brackets[']'] = kCloseArray;
  return brackets;
}();

// Whether an element, or a part of one, ends at text[at]: what follows would hardly stand in a
// string, where a line break is illegal and most quotes are escaped.
bool is_end(std::string_view text, std::size_t at) {
  std::string_view next = text.substr(at + 1, 4);
  for (const char c : {',', ' '}) {
    if (next.starts_with(c)) next.remove_prefix(1);
  }
  return next.starts_with("{\"") || next.starts_with('\n') || next.starts_with('\r');
}

std::size_t last_end(std::string_view text) {
  std::size_t at = text.rfind('}');
  while (at != 0 && at != text.npos && !is_end(text, at)) at = text.rfind('}', at - 1);
  return at;
}

}  // namespace

std::optional<std::size_t> ElementIndex::end_of(std::string_view window, std::size_t pos,
                                                std::uint64_t offset, bool at_end) {
  const std::uint64_t at = offset + pos;
  if (at < refused_) return std::nullopt;
  if (at < begin_ || at >= end_) {
    begin_ = at;
    grows_ = !at_end && window.size() - pos < kIndexedBytes;
    if (!index(window, pos, at_end)) return std::nullopt;
  }
  const std::uint32_t* const tokens = index_.positions();
  const std::uint64_t begin = begin_ - offset;  // in the window, or before it: then it wraps
  while (next_ < index_.size() && tokens[next_] < at - begin_) ++next_;
  if (next_ == index_.size() || tokens[next_] != at - begin_) return std::nullopt;
  std::uint64_t open = 1;  // a bit for each open bracket, 1 for arrays, below one more 1
  for (std::size_t token = next_; token < index_.size(); ++token) {
    const Bracket bracket =
        kBrackets[static_cast<unsigned char>(window.data()[begin + tokens[token]])];
    if (bracket == kNone) continue;
    if (bracket <= kOpenArray) {
      if (open >> 63 != 0) break;  // too deep
      open = open << 1 | (bracket == kOpenArray ? 1 : 0);
      continue;
    }
    if ((open & 1) != (bracket == kCloseArray ? 1 : 0)) break;  // one is missing
    open >>= 1;
    if (open != 1) continue;
    next_ = token + 1;
    return static_cast<std::size_t>(begin_ - offset) + tokens[token] + 1;
  }
  refuse();  // the rest is a part of one element, or broken
  return std::nullopt;
}

// Neither now, nor again as long as the text would be the same.
void ElementIndex::refuse() {
  if (!grows_) refused_ = end_;
  end_ = begin_;
}

// Indexes what follows pos, up to a place between two tokens.
bool ElementIndex::index(std::string_view window, std::size_t pos, bool at_end) {
  std::string_view text = window.substr(pos, kIndexedBytes);
  end_ = begin_ + text.size();
  if (!at_end || pos + text.size() != window.size()) {
    const std::size_t cut = last_end(text);
    if (cut == text.npos) {
      refuse();
      return false;
    }
    text = text.substr(0, cut + 1);
  }
  next_ = 0;
  end_ = begin_ + text.size();
  if (index_.build(text) == StructuralIndex::Outcome::ok) return true;
  grows_ = false;
  refuse();
  return false;
}

}  // namespace tocsin::event
