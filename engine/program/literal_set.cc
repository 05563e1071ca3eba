#include "program/literal_set.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

#include "program/selectivity.h"

namespace tocsin::program {
namespace {

struct Range {
  std::size_t min_length, width, stride;
};
// Longest first; the last one takes what is left. stride <= min_length - width + 1.
constexpr std::array<Range, 7> kRanges = {
    {{11, 4, 8}, {7, 4, 4}, {5, 4, 2}, {4, 4, 1}, {3, 3, 1}, {2, 2, 1}, {1, 1, 1}}};

// A window that ordinary events have is as bad as one with this many literals.
constexpr std::uint32_t kOrdinaryWeight = 16;

constexpr std::size_t kMaxOffset = 24;  // of the windows of a literal: enough to choose from

constexpr unsigned kMinKnownBits = 12, kMaxKnownBits = 19;  // 512 bytes to 64 KiB

// Bits of a power of two that is at least `count`.
unsigned bits_for(std::size_t count) {
  unsigned bits = 1;
  while (std::size_t{1} << bits < count) ++bits;
  return bits;
}

}  // namespace

// Builds one probe.
class LiteralSet::Builder {
 public:
  explicit Builder(const Range& range) {
    probe_.width = range.width;
    probe_.stride = range.stride;
  }

  void add(std::uint32_t number, std::string_view literal) {
    const std::size_t last =
        std::min(literal.size() - probe_.width - probe_.stride + 1, kMaxOffset);
    std::size_t best = 0;
    std::uint64_t best_weight = UINT64_MAX;
    for (std::size_t offset = 0; offset <= last; ++offset) {
      const std::uint64_t weight = weight_at(literal, offset);
      if (weight >= best_weight) continue;
      best = offset;
      best_weight = weight;
    }
    for (std::size_t offset = best; offset < best + probe_.stride; ++offset) {
      ++weights_[window(literal, offset)];
      windows_.push_back({window(literal, offset), {number, static_cast<std::uint32_t>(offset)}});
    }
  }

  Probe finish() {
    std::stable_sort(windows_.begin(), windows_.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    const unsigned slot_bits = bits_for(windows_.size() * 2);
    const unsigned known_bits =
        std::clamp(bits_for(windows_.size() * 16), kMinKnownBits, kMaxKnownBits);
    probe_.slot_shift = 32 - slot_bits;
    probe_.known_shift = 32 - known_bits;
    probe_.slots.resize(std::size_t{1} << slot_bits);
    probe_.known.resize((std::size_t{1} << known_bits) / 64);
    for (std::size_t i = 0; i < windows_.size();) {
      const std::uint32_t window = windows_[i].first;
      const std::size_t first = i;
      for (; i < windows_.size() && windows_[i].first == window; ++i) {
        probe_.entries.push_back(windows_[i].second);
      }
      place({window, static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(i - first)});
    }
    return std::move(probe_);
  }

 private:
  std::uint32_t window(std::string_view text, std::size_t at) const {
    const char* from = text.data() + at;
    return probe_.width == 4   ? window_at<4>(from)
           : probe_.width == 3 ? window_at<3>(from)
           : probe_.width == 2 ? window_at<2>(from)
                               : window_at<1>(from);
  }

  // How often the windows of a literal are met for nothing; squares, because the worst one counts.
  std::uint64_t weight_at(std::string_view literal, std::size_t first) const {
    std::uint64_t sum = 0;
    for (std::size_t offset = first; offset < first + probe_.stride; ++offset) {
      const std::uint32_t asked = window(literal, offset);
      const auto known = weights_.find(asked);
      const std::uint64_t weight = (known == weights_.end() ? 0u : known->second) +
                                   (is_ordinary(asked) ? kOrdinaryWeight : 0u);
      sum += weight * weight;
    }
    return sum;
  }

  // Whether the ordinary text has the window.
  bool is_ordinary(std::uint32_t window) const {
    static const std::array<std::unordered_set<std::uint32_t>, 5> kByWidth = ordinary_windows();
    return kByWidth[probe_.width].contains(window);
  }
  static std::array<std::unordered_set<std::uint32_t>, 5> ordinary_windows() {
    std::array<std::unordered_set<std::uint32_t>, 5> windows;
    const std::string_view text = ordinary_text();
    for (std::size_t at = 0; at + 4 <= text.size(); ++at) {
      windows[4].insert(window_at<4>(text.data() + at));
      windows[3].insert(window_at<3>(text.data() + at));
      windows[2].insert(window_at<2>(text.data() + at));
      windows[1].insert(window_at<1>(text.data() + at));
    }
    return windows;
  }

  void place(const Slot& slot) {
    const std::uint32_t bit = hash(slot.window) >> probe_.known_shift;
    probe_.known[bit >> 6] |= std::uint64_t{1} << (bit & 63);
    const std::size_t mask = probe_.slots.size() - 1;
    std::size_t at = hash(slot.window) >> probe_.slot_shift;
    while (probe_.slots[at].count != 0) at = (at + 1) & mask;
    probe_.slots[at] = slot;
  }

  Probe probe_;
  std::unordered_map<std::uint32_t, std::uint32_t> weights_;  // by window
  std::vector<std::pair<std::uint32_t, Entry>> windows_;
};

void LiteralSet::build() {
  probes_.clear();
  std::size_t longer = SIZE_MAX;  // than the range at hand
  for (const Range& range : kRanges) {
    const auto in_range = [&](const std::string& literal) {
      return literal.size() >= range.min_length && literal.size() < longer;
    };
    const std::vector<std::string>& texts = literals_.texts();
    if (std::any_of(texts.begin(), texts.end(), in_range)) {
      Builder builder(range);
      for (std::uint32_t number = 0; number < texts.size(); ++number) {
        if (in_range(texts[number])) builder.add(number, texts[number]);
      }
      probes_.push_back(builder.finish());
    }
    longer = range.min_length;
  }
}

}  // namespace tocsin::program
