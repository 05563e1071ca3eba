// StringTable: text → number, for look-ups on every record. Open addressing, built once.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

// Length, first and last bytes: enough to tell the values of audit events apart, and the cost does
// not grow with the text. Equal hashes are told apart by comparing the texts.
inline std::uint64_t quick_hash(std::string_view text) {
  const auto load = [](const char* from, std::size_t size) {
    std::uint64_t word = 0;
    std::memcpy(&word, from, size);
    return word;
  };
  constexpr std::uint64_t kMix = 0x9E3779B97F4A7C15u;
  const std::size_t size = text.size();
  std::uint64_t hash = size * kMix;
  if (size >= 8) {
    hash ^= load(text.data(), 8);
    hash *= kMix;
    hash ^= load(text.data() + size - 8, 8);
    if (size > 16) {
      hash *= kMix;
      hash ^= load(text.data() + size / 2 - 4, 8);
    }
  } else if (size >= 4) {
    hash ^= load(text.data(), 4) << 32 | load(text.data() + size - 4, 4);
  } else if (size > 0) {
    hash ^= load(text.data(), 1) << 16 | load(text.data() + size / 2, 1) << 8 |
            load(text.data() + size - 1, 1);
  }
  hash *= kMix;
  return hash ^ hash >> 32;
}

class StringTable {
 public:
  static constexpr std::uint32_t kMissing = UINT32_MAX;

  // The number of `text`: 0, 1, 2, … in the order of first insertion.
  std::uint32_t insert(std::string_view text) {
    const std::uint32_t known = find(text);
    if (known != kMissing) return known;
    const auto number = static_cast<std::uint32_t>(texts_.size());
    texts_.emplace_back(text);
    if (texts_.size() * 2 > slots_.size()) {
      slots_.assign(slots_.empty() ? 8 : slots_.size() * 2, Slot{});
      for (std::uint32_t i = 0; i < texts_.size(); ++i) place(i);
    } else {
      place(number);
    }
    return number;
  }

  std::uint32_t find(std::string_view text) const {
    if (slots_.empty()) return kMissing;
    const std::uint64_t hash = quick_hash(text);
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
      const Slot& slot = slots_[at];
      if (slot.number == kMissing) return kMissing;
      if (slot.hash == hash && texts_[slot.number] == text) return slot.number;
    }
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
  void place(std::uint32_t number) {
    const std::uint64_t hash = quick_hash(texts_[number]);
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = hash & mask;
    while (slots_[at].number != kMissing) at = (at + 1) & mask;
    slots_[at] = {hash, number};
  }

  std::vector<Slot> slots_;  // a power of two, at most half full
  std::vector<std::string> texts_;
};

}  // namespace tocsin
