// Measure: the number that a set of hits comes to, kept up to date as hits come and go. Whatever
// the order in which they do, the result is the same to the last bit.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "correlate/correlations.h"
#include "correlate/group.h"

namespace tocsin::correlate {

// Longest chains of hits of inputs in the listed order. Hits come in the order of time and do not
// go: what begins too early does not count. Cost of a hit: the square of the number of inputs.
class Chains {
 public:
  explicit Chains(std::uint16_t positions);
  void clear();
  void add(const Entry& hit);
  // The length of the longest that begins at `begin` or later.
  std::uint16_t longest(Time begin);

 private:
  // Of all chains of some length that end at some input: the one that begins latest, and the one
  // that does among those that end with another event.
  struct Best {
    Time begin = kNoTime, other_begin = kNoTime;
    Key event{};
    void offer(Time begin, const Key& event);
    Time without(const Key& event) const;
  };

  void take_block();
  Best& best(std::size_t position, std::size_t length) {
    return best_[position * positions_ + length - 1];
  }

  const std::size_t positions_;
  std::vector<Best> best_;                            // by position and length
  std::vector<std::pair<std::uint16_t, Key>> block_;  // hits at block_time_
  Time block_time_ = kNoTime;
};

class Measure {
 public:
  explicit Measure(const CompiledCorrelation& correlation);

  void clear();
  void add(const Entry& hit);
  void remove(const Entry& hit);
  // nullopt: there is no number to speak of. Hits before `begin` do not count.
  std::optional<double> value(Time begin);
  // Whether the correlation's condition holds for value(); `measure` is set to it, 0 without one.
  bool holds(Time begin, double& measure);

 private:
  __extension__ using Micros = __int128;
  static Micros micros(const Entry& hit);
  std::optional<double> percentile(double percent) const;

  const sigma::Correlation& source_;
  std::int64_t count_ = 0;
  std::unordered_map<Value, std::uint32_t, ValueHasher> values_;
  Micros sum_ = 0;
  std::vector<Micros> sorted_;              // numbers, ascending
  std::vector<std::uint32_t> by_position_;  // hits
  std::size_t filled_positions_ = 0;
  Chains chains_;
};

// Whether `measure` is within all bounds of the condition.
bool within_bounds(const sigma::Correlation& correlation, double measure);

}  // namespace tocsin::correlate
