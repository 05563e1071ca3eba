// The alternatives of a correlation's boolean condition: negations pushed down to the names, `and`
// multiplied out, what contradicts itself left out.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "base/limits.h"
#include "sigma/ast.h"

namespace tocsin::sigma {

// What must and what must not have a hit: a bit for each of the document's rules.
struct ConditionAlternative {
  std::uint64_t must = 0, must_not = 0;
  auto operator<=>(const ConditionAlternative&) const = default;
};
static_assert(limits::kConditionAlternatives <= 64);
// Each once; those that ask for nothing come first.
using ConditionAlternatives = std::set<ConditionAlternative>;

// nullopt when there are more than kConditionAlternatives, of rules too, or when finding them takes
// too long. A name that is none of `rules` is never true.
std::optional<ConditionAlternatives> alternatives_of(const Condition& condition,
                                                     const std::vector<RuleReference>& rules);

}  // namespace tocsin::sigma
