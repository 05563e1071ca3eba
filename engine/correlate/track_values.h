// The values of a hit's fields: which groups it belongs to, and what it counts with.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "correlate/correlations.h"
#include "correlate/group.h"
#include "correlate/hit.h"

namespace tocsin::correlate {

// Of fields with several values, so many combinations count.
inline constexpr std::size_t kTuples = 32;

// Visits each combination of the fields' values once, the first field slowest. None when a field
// has no value; one, empty, when there are no fields.
void for_each_tuple(const std::vector<Slot>& slots, const FieldValues& fields,
                    const std::function<void(const std::vector<std::string_view>&)>& visit);

// Visits what a hit counts with, as Entry::value says: once for types that measure no field, not at
// all when there is nothing to measure.
void for_each_value(const CompiledCorrelation& correlation, const Input& input,
                    const FieldValues& fields, const std::function<void(const Value&)>& visit);

// Visits the values (tuples) of a new_value's field, in the form in which they are compared.
void for_each_new_value(const CompiledCorrelation& correlation, const Input& input,
                        const FieldValues& fields, const std::function<void(const Key&)>& visit);

}  // namespace tocsin::correlate
