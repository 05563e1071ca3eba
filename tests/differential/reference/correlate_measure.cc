#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>

#include "differential/reference/correlate_group.h"

namespace tocsin::reference {
namespace {

constexpr std::size_t kCombinations = 32;

using Type = Description::Type;
using Operator = sigma::Correlation::Operator;

__extension__ using Millionths = __int128;

Millionths millionths(double number) {
  return static_cast<Millionths>(std::round(number * 1e6));  // half away from zero
}

// Those of one hit that count, each once.
std::vector<Millionths> numbers_of(const Description& rules, const Sighting& hit, Mistake mistake) {
  const bool positive = rules.type == Type::value_sum && mistake != Mistake::negative_numbers;
  std::set<double> different;
  for (const std::string& field : rules.fields) {
    for (const std::string& text : values_of(rules, hit, field, mistake)) {
      const auto number = number_of(text);
      if (number && (*number >= 0 || !positive)) different.insert(*number);
    }
  }
  std::vector<Millionths> numbers;
  for (const double number : different) numbers.push_back(millionths(number));
  return numbers;
}

// Ascending.
std::vector<Millionths> numbers_in(const Description& rules, const Sightings& hits,
                                   Mistake mistake) {
  std::vector<Millionths> all;
  for (const Sighting* hit : hits) {
    const auto numbers = numbers_of(rules, *hit, mistake);
    all.insert(all.end(), numbers.begin(), numbers.end());
  }
  std::sort(all.begin(), all.end());
  return all;
}

double sum_of(const std::vector<Millionths>& numbers) {
  Millionths sum = 0;
  for (const Millionths number : numbers) sum += number;
  return static_cast<double>(sum) / 1e6;
}

std::optional<double> percentile_of(const std::vector<Millionths>& numbers, double percentile) {
  if (numbers.empty()) return std::nullopt;
  const double rank = percentile / 100 * static_cast<double>(numbers.size() - 1);
  const auto below = static_cast<std::size_t>(std::floor(rank));
  const std::size_t above = std::min(below + 1, numbers.size() - 1);
  const double low = static_cast<double>(numbers[below]);
  const double high = static_cast<double>(numbers[above]);
  return (low + (high - low) * (rank - std::floor(rank))) / 1e6;
}

std::optional<double> average_of(const std::vector<Millionths>& numbers) {
  if (numbers.empty()) return std::nullopt;
  return sum_of(numbers) / static_cast<double>(numbers.size());
}

std::size_t distinct_values(const Description& rules, const Sightings& hits, Mistake mistake) {
  std::multiset<Texts> uses;
  for (const Sighting* hit : hits) {
    for (const Texts& tuple : combinations_of(rules, *hit, rules.fields, mistake)) {
      uses.insert(tuple);
    }
  }
  if (mistake == Mistake::repeated_values) return uses.size();
  return std::set<Texts>(uses.begin(), uses.end()).size();
}

std::size_t inputs_with_a_hit(const Description& rules, const Sightings& hits) {
  std::set<std::size_t> positions;
  for (const Sighting* hit : hits) {
    for (const std::size_t position : positions_of(rules, *hit)) positions.insert(position);
  }
  return positions.size();
}

std::size_t longest_chain(const Description& rules, const Sightings& hits, Mistake mistake) {
  // Of the chains that begin with a hit in the place of a position: filled from the last place.
  std::map<std::pair<std::size_t, const Sighting*>, std::size_t> longest;
  std::size_t best = 0;
  for (std::size_t place = rules.targets.size(); place-- > 0;) {
    for (const Sighting* hit : hits) {
      if (hit->target != rules.targets[place]) continue;
      std::size_t length = 1;
      for (const auto& [rest, rest_length] : longest) {
        const auto& [next_place, next] = rest;
        if (next_place == place || next->time < hit->time) continue;
        if (next->event == hit->event && mistake != Mistake::same_event_chains) continue;
        length = std::max(length, 1 + rest_length);
      }
      longest[{place, hit}] = length;
      best = std::max(best, length);
    }
  }
  return best;
}

}  // namespace

Texts values_of(const Description& rules, const Sighting& hit, const std::string& field,
                Mistake mistake) {
  const auto alias = rules.aliases.find({hit.target, field});
  const auto found = hit.fields->find(alias == rules.aliases.end() ? field : alias->second);
  if (found == hit.fields->end()) return {};
  Texts values = found->second;
  if (mistake == Mistake::first_value_only && values.size() > 1) values.resize(1);
  return values;
}

std::vector<Texts> combinations_of(const Description& rules, const Sighting& hit,
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

std::optional<double> measure_of(const Description& rules, const Sightings& hits, Mistake mistake) {
  switch (rules.type) {
    case Type::event_count:
      return static_cast<double>(hits.size());
    case Type::value_count:
      return static_cast<double>(distinct_values(rules, hits, mistake));
    case Type::value_sum:
      return sum_of(numbers_in(rules, hits, mistake));
    case Type::value_avg:
      return average_of(numbers_in(rules, hits, mistake));
    case Type::value_median: {
      const auto numbers = numbers_in(rules, hits, mistake);
      if (mistake == Mistake::upper_median && !numbers.empty())
        return percentile_of({numbers[numbers.size() / 2]}, 0);
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

bool has_something_to_measure(const Description& rules, const Sighting& hit, Mistake mistake) {
  if (mistake == Mistake::fieldless_hits) return true;
  switch (rules.type) {
    case Type::value_count:
      return !combinations_of(rules, hit, rules.fields, mistake).empty();
    case Type::value_sum:
    case Type::value_avg:
    case Type::value_median:
    case Type::value_percentile:
      return !numbers_of(rules, hit, mistake).empty();
    default:
      return true;
  }
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

std::vector<std::size_t> positions_of(const Description& rules, const Sighting& hit) {
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < rules.targets.size(); ++i) {
    if (rules.targets[i] == hit.target) positions.push_back(i);
  }
  return positions;
}

}  // namespace tocsin::reference
