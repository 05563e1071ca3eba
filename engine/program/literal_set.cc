#include "program/literal_set.h"

#include <algorithm>
#include <array>

#include "program/selectivity.h"

namespace tocsin::program {
namespace {

constexpr std::size_t kMaxWidth = 4, kMaxStride = 8;

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

// Which windows the ordinary text has, by a hash of 16 bits: some more, but no matter.
class OrdinaryWindows {
 public:
  static constexpr unsigned kShift = 32 - 16;

  bool has(std::uint32_t hash) const { return known_[hash >> kShift]; }
  void add(std::uint32_t hash) { known_[hash >> kShift] = true; }

 private:
  std::vector<bool> known_ = std::vector<bool>(std::size_t{1} << (32 - kShift));
};

}  // namespace

// Builds one probe.
class LiteralSet::Builder {
 public:
  // For `count` literals of at least `min_length` bytes.
  Builder(std::size_t min_length, std::size_t count) {
    probe_.width = std::min(min_length, kMaxWidth);
    probe_.stride = std::min(min_length - probe_.width + 1, kMaxStride);
    const unsigned weight_bits = std::min(bits_for(count * probe_.stride * 4), 20u);
    weight_shift_ = 32 - weight_bits;
    weights_.resize(std::size_t{1} << weight_bits);
    windows_.reserve(count * probe_.stride);
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
      ++weights_[hash(window(literal, offset)) >> weight_shift_];
      windows_.push_back({window(literal, offset), {number, static_cast<std::uint32_t>(offset)}});
    }
  }

  Probe finish() {
    std::stable_sort(windows_.begin(), windows_.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    const unsigned slot_bits = bits_for(windows_.size() * 2);
    const unsigned known_bits =
        std::clamp(bits_for(windows_.size() * 64), kMinKnownBits, kMaxKnownBits);
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
      const std::uint32_t hashed = hash(window(literal, offset));
      const std::uint64_t weight =
          weights_[hashed >> weight_shift_] + (is_ordinary(hashed) ? kOrdinaryWeight : 0u);
      sum += weight * weight;
    }
    return sum;
  }

  // Whether the ordinary text has the window.
  bool is_ordinary(std::uint32_t hashed) const {
    static const auto kByWidth = ordinary_windows();
    return kByWidth[probe_.width].has(hashed);
  }
  static std::array<OrdinaryWindows, kMaxWidth + 1> ordinary_windows() {
    std::array<OrdinaryWindows, kMaxWidth + 1> windows;
    const std::string_view text = ordinary_text();
    for (std::size_t at = 0; at + kMaxWidth <= text.size(); ++at) {
      windows[4].add(hash(window_at<4>(text.data() + at)));
      windows[3].add(hash(window_at<3>(text.data() + at)));
      windows[2].add(hash(window_at<2>(text.data() + at)));
      windows[1].add(hash(window_at<1>(text.data() + at)));
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
  unsigned weight_shift_ = 0;
  std::vector<std::uint32_t> weights_;  // by hash: literals that took such a window
  std::vector<std::pair<std::uint32_t, Entry>> windows_;
};

void LiteralSet::build() {
  probes_.clear();
  // The short ones by their length; what can be asked for by the widest window, together.
  for (std::size_t width = kMaxWidth; width > 0; --width) {
    const auto in_range = [&](const std::string& literal) {
      return literal.size() == width || (width == kMaxWidth && literal.size() > width);
    };
    std::size_t min_length = SIZE_MAX, count = 0;
    for (const std::string& literal : literals_.texts()) {
      if (!in_range(literal)) continue;
      min_length = std::min(min_length, literal.size());
      ++count;
    }
    if (count == 0) continue;
    Builder builder(min_length, count);
    for (std::uint32_t number = 0; number < literals_.size(); ++number) {
      if (in_range(literal(number))) builder.add(number, literal(number));
    }
    probes_.push_back(builder.finish());
  }
}

}  // namespace tocsin::program
