// StringTable: text → number, for look-ups on every record. Open addressing, built once.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/text_hash.h"

namespace tocsin {

class StringTable {
 public:
  static constexpr std::uint32_t kMissing = UINT32_MAX;

  // The number of `text`: 0, 1, 2, … in the order of first insertion.
  std::uint32_t insert(std::string_view text) {
    const std::uint32_t known = find(text);
    if (known != kMissing) return known;
    const auto number = static_cast<std::uint32_t>(texts_.size());
    texts_.emplace_back(text);
    longest_ = std::max(longest_, text.size());
    if (texts_.size() * 2 > slots_.size()) {
      slots_.assign(slots_.empty() ? 8 : slots_.size() * 2, Slot{});
      for (std::uint32_t i = 0; i < texts_.size(); ++i) place(i);
    } else {
      place(number);
    }
    return number;
  }

  std::uint32_t find(std::string_view text) const {
    if (slots_.empty() || text.size() > longest_) return kMissing;
    return find_hashed(text_hash(text), [text](std::string_view known) { return known == text; });
  }
  // The number of `text` with its ASCII capitals made small.
  std::uint32_t find_caseless(std::string_view text) const {
    if (slots_.empty() || text.size() > longest_) return kMissing;
    return find_hashed(caseless_hash(text),
                       [text](std::string_view known) { return equals_caseless(text, known); });
  }
  bool contains(std::string_view text) const { return find(text) != kMissing; }

  std::size_t size() const { return texts_.size(); }
  bool empty() const { return texts_.empty(); }
  const std::vector<std::string>& texts() const { return texts_; }

 private:
  struct Slot {
    std::uint64_t hash = 0;
    std::uint32_t number = kMissing;
  };
  template <class Equals>
  std::uint32_t find_hashed(std::uint64_t hash, Equals equals) const {
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
      const Slot& slot = slots_[at];
      if (slot.number == kMissing) return kMissing;
      if (slot.hash == hash && equals(texts_[slot.number])) return slot.number;
    }
  }
  void place(std::uint32_t number) {
    const std::uint64_t hash = text_hash(texts_[number]);
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = hash & mask;
    while (slots_[at].number != kMissing) at = (at + 1) & mask;
    slots_[at] = {hash, number};
  }

  std::vector<Slot> slots_;  // a power of two, at most half full
  std::vector<std::string> texts_;
  std::size_t longest_ = 0;  // of texts_
};

}  // namespace tocsin
