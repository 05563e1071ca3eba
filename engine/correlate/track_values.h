// The values of a hit's fields: which groups it belongs to, and what it counts with.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/function_ref.h"
#include "correlate/correlations.h"
#include "correlate/group.h"
#include "correlate/hit.h"

namespace tocsin::correlate {

// Of fields with several values, so many combinations count.
inline constexpr std::size_t kTuples = 32;

// Visits each combination of the fields' values once, the first field slowest. None when a field
// has no value; one, empty, when there are no fields.
using Tuple = std::span<const std::string_view>;
void for_each_tuple(const std::vector<Slot>& slots, const FieldValues& fields,
                    FunctionRef<void(Tuple)> visit);

// The groups of one hit. Computed once for all inputs with the same group-by.
class GroupKeys {
 public:
  // Those of another hit are asked for next.
  void clear() { slots_ = nullptr; }
  // Valid until the next call.
  const std::vector<Key>& of(const std::vector<Slot>& group_by, const FieldValues& fields);

 private:
  const std::vector<Slot>* slots_ = nullptr;  // whose keys these are; null: there are none yet
  std::vector<Key> keys_;
};

// Visits what a hit counts with, as Entry::value says: once for types that measure no field, not at
// all when there is nothing to measure.
void for_each_value(const CompiledCorrelation& correlation, const Input& input,
                    const FieldValues& fields, FunctionRef<void(const Value&)> visit);

// Visits the values (tuples) of a new_value's field, in the form in which they are compared.
void for_each_new_value(const CompiledCorrelation& correlation, const Input& input,
                        const FieldValues& fields, FunctionRef<void(const Key&)> visit);

}  // namespace tocsin::correlate
