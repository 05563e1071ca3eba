// Seeded randomness that is the same on every platform.
#pragma once

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

// A number from the environment.
inline std::uint64_t setting(const char* name, std::uint64_t or_else) {
  const char* text = std::getenv(name);
  return text == nullptr ? or_else : std::strtoull(text, nullptr, 10);
}

// TOCSIN_DIFF_SCALE multiplies the work of the tests in this folder; TOCSIN_DIFF_SEED changes it.
inline std::size_t scale() {
  return setting("TOCSIN_DIFF_SCALE", 1);
}
inline std::uint64_t seed() {
  return setting("TOCSIN_DIFF_SEED", 20240131);
}

}  // namespace tocsin::differential
