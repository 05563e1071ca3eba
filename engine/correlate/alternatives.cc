#include "correlate/alternatives.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdint>

#include "base/limits.h"
#include "sigma/alternatives.h"

namespace tocsin::correlate {
namespace {

using Type = sigma::Correlation::Type;
using Operator = sigma::Correlation::Operator;

// Ascending.
std::vector<std::uint16_t> positions_of(std::uint64_t bits) {
  std::vector<std::uint16_t> out;
  for (; bits != 0; bits &= bits - 1) {
    out.push_back(static_cast<std::uint16_t>(std::countr_zero(bits)));
  }
  return out;
}

bool is_average(Type type) {
  return type == Type::value_avg || type == Type::value_median || type == Type::value_percentile;
}

bool only_grows(const sigma::Correlation::Bound& bound) {
  return bound.op == Operator::gt || bound.op == Operator::gte;
}

}  // namespace

Result<std::vector<Alternative>> alternatives_of(const sigma::Correlation& document) {
  if (!document.expression) return std::vector<Alternative>();
  const auto found = sigma::alternatives_of(*document.expression, document.rules);
  if (!found) {
    return fail(Code::limit, fmt::format("its condition has more than {} alternatives; split it",
                                         limits::kConditionAlternatives));
  }
  if (found->empty()) return fail(Code::invalid_input, "its condition contradicts itself");
  if (found->begin()->must == 0) {
    return fail(Code::invalid_input, "its condition can hold without any event");
  }
  std::vector<Alternative> out;
  for (const sigma::ConditionAlternative& one : *found) {
    out.push_back({positions_of(one.must), positions_of(one.must_not)});
  }
  return out;
}

Decision decision_of(const sigma::Correlation& document,
                     const std::vector<Alternative>& alternatives) {
  if (document.type == Type::new_value) return Decision::novelty;
  if (document.type == Type::silent_source) return Decision::silence;
  if (document.expression) {
    const auto forbids = [](const Alternative& one) { return !one.must_not.empty(); };
    return std::any_of(alternatives.begin(), alternatives.end(), forbids) ? Decision::absence
                                                                          : Decision::rising;
  }
  if (is_average(document.type)) {
    const bool sliding = document.window == sigma::Correlation::Window::sliding;
    return sliding ? Decision::averages : Decision::frames;
  }
  return std::all_of(document.bounds.begin(), document.bounds.end(), only_grows) ? Decision::rising
                                                                                 : Decision::frames;
}

}  // namespace tocsin::correlate
