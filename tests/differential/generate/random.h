// Seeded randomness that is the same on every platform.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <random>

namespace tocsin::differential {

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  // Below `n`; n > 0.
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(engine_() % n); }
  bool percent(std::size_t chance) { return below(100) < chance; }

  template <class Range>
  const auto& pick(const Range& range) {
    return *(std::begin(range) + static_cast<std::ptrdiff_t>(below(std::size(range))));
  }

 private:
  std::mt19937_64 engine_;
};

// TOCSIN_DIFF_SCALE multiplies the work of tests that try very much ("0.01" under sanitizers, "100"
// over night); TOCSIN_DIFF_SEED changes it.
inline double scale() {
  const char* text = std::getenv("TOCSIN_DIFF_SCALE");
  const double factor = text == nullptr ? 1.0 : std::strtod(text, nullptr);
  return std::max(factor, 1e-6);
}
inline std::size_t scaled(std::size_t count) {
  return std::max<std::size_t>(1, static_cast<std::size_t>(static_cast<double>(count) * scale()));
}
// Of all cases there are: one of so many is tried, at most one of `most`.
inline std::size_t stride(std::size_t most) {
  return static_cast<std::size_t>(std::clamp(1 / scale(), 1.0, static_cast<double>(most)));
}
inline std::uint64_t seed() {
  const char* text = std::getenv("TOCSIN_DIFF_SEED");
  return text == nullptr ? 20240131 : std::strtoull(text, nullptr, 10);
}

}  // namespace tocsin::differential
