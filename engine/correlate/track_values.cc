#include "correlate/track_values.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>

#include "base/blake2b.h"
#include "base/hash.h"
#include "base/number.h"
#include "correlate/correlator.h"

namespace tocsin::correlate {
namespace {

using Type = sigma::Correlation::Type;
using Values = std::vector<std::string_view>;

// As everywhere: an optional sign, digits, a fraction, an exponent; and not beyond a double.
std::optional<double> number_of(std::string_view text) {
  if (!Number::parse(text)) return std::nullopt;
  if (text.starts_with('+')) text.remove_prefix(1);
  double number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || !std::isfinite(number)) return std::nullopt;
  return number;
}

Values values_of(const FieldValues& fields, Slot slot) {
  Values values;
  fields.each(slot, [&](std::string_view value) {
    const bool is_new = std::find(values.begin(), values.end(), value) == values.end();
    if (is_new && values.size() < kTuples) values.push_back(value);
  });
  return values;
}

// The value of each field, when each has exactly one (most do); false otherwise.
bool single_values(const std::vector<Slot>& slots, const FieldValues& fields,
                   std::string_view* out) {
  for (const Slot slot : slots) {
    std::size_t values = 0;
    fields.each(slot, [&](std::string_view value) {
      if (++values == 1) *out = value;
    });
    if (values != 1) return false;
    ++out;
  }
  return true;
}

Value value_of(Tuple tuple) {
  Blake2b hash;
  for (const std::string_view value : tuple) {
    const std::uint64_t size = value.size();
    hash.add({reinterpret_cast<const char*>(&size), sizeof size});
    hash.add(value);
  }
  return std::bit_cast<Value>(hash.digest());
}

}  // namespace

void for_each_tuple(const std::vector<Slot>& slots, const FieldValues& fields,
                    FunctionRef<void(Tuple)> visit) {
  std::array<std::string_view, 8> single;
  if (slots.size() <= single.size() && single_values(slots, fields, single.data())) {
    return visit({single.data(), slots.size()});
  }
  std::vector<Values> all;
  std::size_t tuples = 1;
  for (const Slot slot : slots) {
    all.push_back(values_of(fields, slot));
    if (all.back().empty()) return;
    tuples = std::min(tuples * all.back().size(), kTuples);
  }
  Values tuple(slots.size());
  std::vector<std::size_t> at(slots.size(), 0);
  for (std::size_t done = 0; done < tuples; ++done) {
    for (std::size_t i = 0; i < slots.size(); ++i) tuple[i] = all[i][at[i]];
    visit(tuple);
    for (std::size_t i = slots.size(); i > 0 && ++at[i - 1] == all[i - 1].size(); --i) {
      at[i - 1] = 0;
    }
  }
}

const std::vector<Key>& GroupKeys::of(const std::vector<Slot>& group_by,
                                      const FieldValues& fields) {
  if (slots_ == nullptr || *slots_ != group_by) {
    slots_ = &group_by;
    keys_.clear();
    for_each_tuple(group_by, fields, [&](Tuple values) { keys_.push_back(group_key(values)); });
  }
  return keys_;
}

void for_each_value(const CompiledCorrelation& correlation, const Input& input,
                    const FieldValues& fields, FunctionRef<void(const Value&)> visit) {
  const Type type = correlation.source->type;
  switch (type) {
    case Type::value_count:
      for_each_tuple(input.value, fields, [&](Tuple values) { visit(value_of(values)); });
      return;
    case Type::value_sum:
    case Type::value_avg:
    case Type::value_median:
    case Type::value_percentile:
      for_each_tuple(input.value, fields, [&](Tuple values) {
        const std::optional<double> number = number_of(values.front());
        if (number && (type != Type::value_sum || *number >= 0)) {
          visit({0, std::bit_cast<std::uint64_t>(*number)});
        }
      });
      return;
    default:
      visit({});
  }
}

void for_each_new_value(const CompiledCorrelation& correlation, const Input& input,
                        const FieldValues& fields, FunctionRef<void(const Key&)> visit) {
  std::vector<Key> seen;
  for_each_tuple(input.value, fields, [&](Tuple values) {
    KeyHash hash;
    std::string scratch;
    for (std::size_t i = 0; i < values.size(); ++i) {
      hash.add_field(canonical_value(correlation.forms[i], values[i], scratch));
    }
    const Key key = hash.bytes();
    if (std::find(seen.begin(), seen.end(), key) != seen.end()) return;
    seen.push_back(key);
    visit(key);
  });
}

}  // namespace tocsin::correlate
