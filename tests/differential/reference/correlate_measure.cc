#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>

#include "differential/reference/correlate_group.h"

namespace tocsin::reference {
namespace {

constexpr std::size_t kCombinations = 32;

using Type = Description::Type;
using Operator = sigma::Correlation::Operator;

std::vector<double> numbers_in(const Description& rules, const Members& hits, Mistake mistake) {
  std::vector<double> numbers;
  for (const Member* hit : hits) {
    for (const std::string& field : rules.fields) {
      for (const std::string& text : values_of(rules, *hit, field, mistake)) {
        if (const auto number = number_of(text)) numbers.push_back(*number);
      }
    }
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

// In millionths, which add up without error.
double sum_of(const std::vector<double>& numbers, Mistake mistake) {
  __int128 millionths = 0;
  for (const double number : numbers) {
    if (number < 0 && mistake != Mistake::negative_numbers) continue;
    millionths += static_cast<__int128>(std::llround(std::min(number, 9e12) * 1e6));
  }
  return static_cast<double>(millionths) / 1e6;
}

std::optional<double> percentile_of(const std::vector<double>& numbers, double percentile) {
  if (numbers.empty()) return std::nullopt;
  const double rank = percentile / 100 * static_cast<double>(numbers.size() - 1);
  const auto below = static_cast<std::size_t>(std::floor(rank));
  const std::size_t above = std::min(below + 1, numbers.size() - 1);
  const double part = rank - std::floor(rank);
  return numbers[below] + (numbers[above] - numbers[below]) * part;
}

std::optional<double> average_of(const std::vector<double>& numbers) {
  if (numbers.empty()) return std::nullopt;
  double sum = 0;
  for (const double number : numbers) sum += number;
  return sum / static_cast<double>(numbers.size());
}

std::size_t distinct_values(const Description& rules, const Members& hits, Mistake mistake) {
  std::multiset<Texts> uses;
  for (const Member* hit : hits) {
    for (const Texts& tuple : combinations_of(rules, *hit, rules.fields, mistake)) {
      uses.insert(tuple);
    }
  }
  if (mistake == Mistake::repeated_values) return uses.size();
  return std::set<Texts>(uses.begin(), uses.end()).size();
}

std::size_t inputs_with_a_hit(const Description& rules, const Members& hits) {
  std::set<std::size_t> positions;
  for (const Member* hit : hits) {
    for (const std::size_t position : positions_of(rules, *hit)) positions.insert(position);
  }
  return positions.size();
}

// The longest chain that begins at `hit` in the place of `position`.
std::size_t chain_from(const Description& rules, const Members& hits, const Member& hit,
                       std::size_t position, Mistake mistake) {
  std::size_t longest = 1;
  for (const Member* next : hits) {
    if (next->time < hit.time) continue;
    if (next->event == hit.event && mistake != Mistake::same_event_chains) continue;
    for (const std::size_t place : positions_of(rules, *next)) {
      if (place <= position) continue;
      longest = std::max(longest, 1 + chain_from(rules, hits, *next, place, mistake));
    }
  }
  return longest;
}

std::size_t longest_chain(const Description& rules, const Members& hits, Mistake mistake) {
  std::size_t longest = 0;
  for (const Member* hit : hits) {
    for (const std::size_t place : positions_of(rules, *hit)) {
      longest = std::max(longest, chain_from(rules, hits, *hit, place, mistake));
    }
  }
  return longest;
}

}  // namespace

Texts values_of(const Description& rules, const Member& hit, const std::string& field,
                Mistake mistake) {
  const auto alias = rules.aliases.find({hit.target, field});
  const auto found = hit.fields->find(alias == rules.aliases.end() ? field : alias->second);
  if (found == hit.fields->end()) return {};
  Texts values = found->second;
  if (mistake == Mistake::first_value_only && values.size() > 1) values.resize(1);
  return values;
}

std::vector<Texts> combinations_of(const Description& rules, const Member& hit,
                                   const std::vector<std::string>& fields, Mistake mistake) {
  std::vector<Texts> out = {{}};
  for (const std::string& field : fields) {
    std::vector<Texts> longer;
    for (const Texts& start : out) {
      for (const std::string& value : values_of(rules, hit, field, mistake)) {
        Texts one = start;
        one.push_back(value);
        if (std::find(longer.begin(), longer.end(), one) == longer.end()) longer.push_back(one);
      }
    }
    out = longer;
  }
  if (out.size() > kCombinations) out.resize(kCombinations);
  return out;
}

std::optional<double> number_of(const std::string& text) {
  // JSON's grammar, with an optional sign.
  std::size_t at = text.starts_with('-') || text.starts_with('+') ? 1 : 0;
  const auto digits = [&] {
    const std::size_t begin = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    return at - begin;
  };
  if (digits() == 0) return std::nullopt;
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (digits() == 0) return std::nullopt;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    if (digits() == 0) return std::nullopt;
  }
  if (at != text.size()) return std::nullopt;
  return std::strtod(text.c_str(), nullptr);
}

std::optional<double> measure_of(const Description& rules, const Members& hits, Mistake mistake) {
  switch (rules.type) {
    case Type::event_count:
      return static_cast<double>(hits.size());
    case Type::value_count:
      return static_cast<double>(distinct_values(rules, hits, mistake));
    case Type::value_sum:
      return sum_of(numbers_in(rules, hits, mistake), mistake);
    case Type::value_avg:
      return average_of(numbers_in(rules, hits, mistake));
    case Type::value_median: {
      const auto numbers = numbers_in(rules, hits, mistake);
      if (mistake == Mistake::upper_median && !numbers.empty()) return numbers[numbers.size() / 2];
      return percentile_of(numbers, 50);
    }
    case Type::value_percentile:
      return percentile_of(numbers_in(rules, hits, mistake), rules.percentile);
    case Type::temporal:
      return static_cast<double>(inputs_with_a_hit(rules, hits));
    case Type::temporal_ordered:
      return static_cast<double>(mistake == Mistake::order_ignored
                                     ? inputs_with_a_hit(rules, hits)
                                     : longest_chain(rules, hits, mistake));
    case Type::new_value:
    case Type::silent_source:
      break;
  }
  return std::nullopt;
}

bool bounds_hold(const Description& rules, double measure) {
  return std::all_of(rules.bounds.begin(), rules.bounds.end(), [&](const auto& bound) {
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
  });
}

std::vector<std::size_t> positions_of(const Description& rules, const Member& hit) {
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < rules.targets.size(); ++i) {
    if (rules.targets[i] == hit.target) positions.push_back(i);
  }
  return positions;
}

}  // namespace tocsin::reference
