// LiteralSet: which of many literals occur in a text, in one pass whose cost hardly depends on how
// many there are.
//
// Every literal registers `stride` neighbouring windows of a few bytes; a scan looks at every
// stride-th window of the text only, so that it meets exactly one of them wherever the literal
// stands: when no literal has less than eleven bytes, it is enough to look at every eighth
// position. A bitmap turns nearly all windows away; what remains is compared in full. Windows that
// ordinary events are full of, or that other literals took, are avoided.
//
// Literals are folded. ASCII letters of a text compare without regard to case, so an ASCII text
// need not be folded; any other text must be. Immutable once built; scanning allocates nothing.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/string_table.h"
#include "base/text_hash.h"
#include "program/work.h"

namespace tocsin::program {

class LiteralSet {
 public:
  // The number of `literal`: 0, 1, 2, … in the order of first insertion. Precondition: not empty.
  std::uint32_t insert(std::string_view literal) { return literals_.insert(literal); }
  // To be called after the last insert().
  void build();

  bool empty() const { return literals_.empty(); }
  std::size_t size() const { return literals_.size(); }
  const std::string& literal(std::uint32_t number) const { return literals_.texts()[number]; }

  // Calls visit(number) at least once for every literal that occurs in `text`, until it returns
  // true: the answer is yes then, no after the last. It is unknown when `work` runs out before.
  template <class Visit>
  Truth scan(std::string_view text, Work& work, Visit visit) const {
    for (const Probe& probe : probes_) {
      if (!work.spend(kScanUnits * (text.size() / probe.stride))) return Truth::unknown;
      Scan<Visit> scan{probe, text, work, visit, Truth::no};
      const bool stopped = probe.width == 4   ? run<4>(scan)
                           : probe.width == 3 ? run<3>(scan)
                           : probe.width == 2 ? run<2>(scan)
                                              : run<1>(scan);
      if (stopped) return scan.answer;
    }
    return Truth::no;
  }

 private:
  struct Entry {
    std::uint32_t literal;
    std::uint32_t offset;  // of the window in the literal
  };
  struct Slot {
    std::uint32_t window = 0;
    std::uint32_t first = 0;  // entries [first, first + count)
    std::uint32_t count = 0;  // 0: free
  };
  // The literals that are found by windows of one width.
  struct Probe {
    std::size_t width = 4;  // bytes of a window
    std::size_t stride = 1;
    unsigned known_shift = 0;
    unsigned slot_shift = 0;
    std::vector<std::uint64_t> known;  // by hash: 1 bit, set when a window has it
    std::vector<Slot> slots;           // open addressing, at most half full
    std::vector<Entry> entries;
  };
  class Builder;

  // Case does not count: bit 0x20 is set in all bytes. What is no letter collides harmlessly.
  template <std::size_t kWidth>
  static std::uint32_t window_at(const char* from) {
    std::uint32_t window = 0;
    if constexpr (kWidth == 3) {
      std::uint16_t low;
      std::memcpy(&low, from, 2);
      window = low | std::uint32_t{static_cast<std::uint8_t>(from[2])} << 16;
    } else {
      std::memcpy(&window, from, kWidth);
    }
    return window | (0x20202020u >> (32 - 8 * kWidth));
  }
  static std::uint32_t hash(std::uint32_t window) { return window * 0x9E3779B1u; }

  // A look at one window; a comparison with one literal.
  static constexpr std::uint64_t kScanUnits = 1, kCompareUnits = 8;

  template <class Visit>
  struct Scan {
    const Probe& probe;
    std::string_view text;
    Work& work;
    Visit& visit;
    Truth answer;  // when it is stopped
  };

  // Whether it was stopped.
  template <std::size_t kWidth, class Visit>
  bool run(Scan<Visit>& scan) const {
    const Probe& probe = scan.probe;
    const std::string_view text = scan.text;
    const std::uint64_t* const known = probe.known.data();
    const unsigned shift = probe.known_shift;
    const std::size_t stride = probe.stride;
    const auto may_be_at = [&](std::size_t at) {  // 1 or 0
      const std::uint32_t bit = hash(window_at<kWidth>(text.data() + at)) >> shift;
      return known[bit >> 6] >> (bit & 63) & 1;
    };
    const auto stops_at = [&](std::size_t at) {
      return may_be_at(at) != 0 && compare(scan, window_at<kWidth>(text.data() + at), at);
    };
    std::size_t at = 0;
    for (; at + 3 * stride + kWidth <= text.size(); at += 4 * stride) {
      // No branch for each: they are independent of each other.
      const std::uint64_t some = may_be_at(at) | may_be_at(at + stride) |
                                 may_be_at(at + 2 * stride) | may_be_at(at + 3 * stride);
      if (some == 0) continue;
      for (std::size_t i = 0; i < 4; ++i) {
        if (stops_at(at + i * stride)) return true;
      }
    }
    for (; at + kWidth <= text.size(); at += stride) {
      if (stops_at(at)) return true;
    }
    return false;
  }

  template <class Visit>
  bool compare(Scan<Visit>& scan, std::uint32_t window, std::size_t at) const {
    const Probe& probe = scan.probe;
    const std::size_t mask = probe.slots.size() - 1;
    for (std::size_t i = hash(window) >> probe.slot_shift;; i = (i + 1) & mask) {
      const Slot& slot = probe.slots[i];
      if (slot.count == 0) return false;
      if (slot.window != window) continue;
      for (std::uint32_t e = slot.first; e < slot.first + slot.count; ++e) {
        const Entry& entry = probe.entries[e];
        if (at < entry.offset) continue;
        const std::string& literal = literals_.texts()[entry.literal];
        if (!scan.work.spend(kCompareUnits + literal.size() / 8)) {
          scan.answer = Truth::unknown;
          return true;
        }
        if (equals_caseless(scan.text.substr(at - entry.offset, literal.size()), literal) &&
            scan.visit(entry.literal)) {
          scan.answer = Truth::yes;
          return true;
        }
      }
      return false;
    }
  }

  StringTable literals_;
  std::vector<Probe> probes_;
};

}  // namespace tocsin::program
