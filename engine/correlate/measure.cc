#include "correlate/measure.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace tocsin::correlate {
namespace {

using Type = sigma::Correlation::Type;
using Operator = sigma::Correlation::Operator;

constexpr double kMicrosPerUnit = 1e6;

bool fulfils(double measure, const sigma::Correlation::Bound& bound) {
  switch (bound.op) {
    case Operator::lt:
      return measure < bound.value;
    case Operator::lte:
      return measure <= bound.value;
    case Operator::gt:
      return measure > bound.value;
    case Operator::gte:
      return measure >= bound.value;
    case Operator::eq:
      return measure == bound.value;
    case Operator::neq:
      return measure != bound.value;
  }
  return false;
}

}  // namespace

bool within_bounds(const sigma::Correlation& correlation, double measure) {
  return std::all_of(correlation.bounds.begin(), correlation.bounds.end(),
                     [&](const auto& bound) { return fulfils(measure, bound); });
}

Chains::Chains(std::uint16_t positions)
    : positions_(positions), best_(std::size_t{positions} * positions) {}

void Chains::clear() {
  std::fill(best_.begin(), best_.end(), Best());
  block_.clear();
  block_time_ = kNoTime;
}

void Chains::Best::offer(Time chain_begin, const Key& chain_event) {
  if (chain_begin == kNoTime) return;
  if (chain_event == event && begin != kNoTime) {
    begin = std::max(begin, chain_begin);
  } else if (chain_begin > begin) {
    other_begin = begin;
    begin = chain_begin;
    event = chain_event;
  } else {
    other_begin = std::max(other_begin, chain_begin);
  }
}

Time Chains::Best::without(const Key& excluded) const {
  return begin != kNoTime && event == excluded ? other_begin : begin;
}

void Chains::add(const Entry& hit) {
  if (hit.time != block_time_) {
    take_block();
    block_time_ = hit.time;
  }
  block_.emplace_back(hit.position, hit.event);
}

// Hits at one time may follow each other in any order, so they are taken in the listed one.
void Chains::take_block() {
  std::sort(block_.begin(), block_.end());
  for (const auto& [position, event] : block_) {
    best(position, 1).offer(block_time_, event);
    for (std::size_t before = 0; before < position; ++before) {
      for (std::size_t length = 2; length <= before + 2; ++length) {
        best(position, length).offer(best(before, length - 1).without(event), event);
      }
    }
  }
  block_.clear();
}

std::uint16_t Chains::longest(Time begin) {
  take_block();
  for (std::size_t length = positions_; length > 0; --length) {
    for (std::size_t position = length - 1; position < positions_; ++position) {
      const Time found = best(position, length).begin;
      if (found != kNoTime && found >= begin) return static_cast<std::uint16_t>(length);
    }
  }
  return 0;
}

Measure::Measure(const CompiledCorrelation& correlation)
    : source_(*correlation.source),
      by_position_(correlation.positions),
      chains_(source_.type == Type::temporal_ordered ? correlation.positions : std::uint16_t{0}) {}

void Measure::clear() {
  count_ = 0;
  values_.clear();
  sum_ = 0;
  sorted_.clear();
  std::fill(by_position_.begin(), by_position_.end(), 0u);
  filled_positions_ = 0;
  chains_.clear();
}

Measure::Micros Measure::micros(const Entry& hit) {
  constexpr double kMost = 1e30;
  const double number = std::bit_cast<double>(hit.value.low) * kMicrosPerUnit;
  return static_cast<Micros>(std::round(std::clamp(number, -kMost, kMost)));
}

void Measure::add(const Entry& hit) {
  ++count_;
  switch (source_.type) {
    case Type::value_count:
      ++values_[hit.value];
      break;
    case Type::value_sum:
    case Type::value_avg:
      sum_ += micros(hit);
      break;
    case Type::value_median:
    case Type::value_percentile: {
      const Micros number = micros(hit);
      sorted_.insert(std::upper_bound(sorted_.begin(), sorted_.end(), number), number);
      break;
    }
    case Type::temporal:
      if (by_position_[hit.position]++ == 0) ++filled_positions_;
      break;
    case Type::temporal_ordered:
      chains_.add(hit);
      break;
    default:
      break;
  }
}

void Measure::remove(const Entry& hit) {
  --count_;
  switch (source_.type) {
    case Type::value_count: {
      const auto at = values_.find(hit.value);
      if (--at->second == 0) values_.erase(at);
      break;
    }
    case Type::value_sum:
    case Type::value_avg:
      sum_ -= micros(hit);
      break;
    case Type::value_median:
    case Type::value_percentile:
      sorted_.erase(std::lower_bound(sorted_.begin(), sorted_.end(), micros(hit)));
      break;
    case Type::temporal:
      if (--by_position_[hit.position] == 0) --filled_positions_;
      break;
    default:
      break;
  }
}

std::optional<double> Measure::value(Time begin) {
  switch (source_.type) {
    case Type::value_count:
      return static_cast<double>(values_.size());
    case Type::value_sum:
      return static_cast<double>(sum_) / kMicrosPerUnit;
    case Type::value_avg:
      if (count_ == 0) return std::nullopt;
      return static_cast<double>(sum_) / kMicrosPerUnit / static_cast<double>(count_);
    case Type::value_median:
      return percentile(50);
    case Type::value_percentile:
      return percentile(source_.percentile.value_or(50));
    case Type::temporal:
      return static_cast<double>(filled_positions_);
    case Type::temporal_ordered:
      return static_cast<double>(chains_.longest(begin));
    default:
      return static_cast<double>(count_);
  }
}

std::optional<double> Measure::percentile(double percent) const {
  if (sorted_.empty()) return std::nullopt;
  const double rank = percent / 100 * static_cast<double>(sorted_.size() - 1);
  const auto below = static_cast<std::size_t>(rank);
  const double low = static_cast<double>(sorted_[below]);
  const double high = static_cast<double>(sorted_[std::min(below + 1, sorted_.size() - 1)]);
  return (low + (high - low) * (rank - static_cast<double>(below))) / kMicrosPerUnit;
}

bool Measure::holds(Time begin, double& measure) {
  const std::optional<double> found = value(begin);
  measure = found.value_or(0);
  return found && within_bounds(source_, *found);
}

}  // namespace tocsin::correlate
