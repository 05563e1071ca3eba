#include "correlate/alternatives.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/limits.h"

namespace tocsin::correlate {
namespace {

using Type = sigma::Correlation::Type;
using Operator = sigma::Correlation::Operator;
using Positions = std::vector<std::uint16_t>;

// On the way there may be more than are left in the end.
constexpr std::size_t kOnTheWay = limits::kConditionAlternatives * limits::kConditionAlternatives;

Positions joined(const Positions& a, const Positions& b) {
  Positions out;
  std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(out));
  return out;
}

bool contradicts_itself(const Alternative& alternative) {
  return std::any_of(alternative.must.begin(), alternative.must.end(), [&](std::uint16_t position) {
    return std::binary_search(alternative.must_not.begin(), alternative.must_not.end(), position);
  });
}

// Disjunctive normal form, negations pushed down to the names.
class Expansion {
 public:
  explicit Expansion(const sigma::Correlation& document) : document_(document) {}

  bool too_many() const { return too_many_; }

  std::vector<Alternative> of(const sigma::Condition& condition, bool negated) {
    using Kind = sigma::Condition::Kind;
    switch (condition.kind) {
      case Kind::negation:
        return of(condition.args.at(0), !negated);
      case Kind::conjunction:
        return negated ? any(condition.args, negated) : all(condition.args, negated);
      case Kind::disjunction:
        return negated ? all(condition.args, negated) : any(condition.args, negated);
      default:
        return name(condition.name, negated);
    }
  }

 private:
  std::vector<Alternative> name(const std::string& name, bool negated) const {
    const auto& rules = document_.rules;
    const auto found = std::find_if(rules.begin(), rules.end(),
                                    [&](const auto& rule) { return rule.text == name; });
    if (found == rules.end()) return {};  // the parser lets no such name pass
    Alternative one;
    (negated ? one.must_not : one.must)
        .push_back(static_cast<std::uint16_t>(found - rules.begin()));
    return {std::move(one)};
  }

  std::vector<Alternative> any(const std::vector<sigma::Condition>& args, bool negated) {
    std::vector<Alternative> out;
    for (const sigma::Condition& arg : args) {
      for (Alternative& one : of(arg, negated)) add(std::move(one), out);
    }
    return out;
  }

  std::vector<Alternative> all(const std::vector<sigma::Condition>& args, bool negated) {
    std::vector<Alternative> out(1);
    for (const sigma::Condition& arg : args) {
      const std::vector<Alternative> more = of(arg, negated);
      std::vector<Alternative> both;
      for (const Alternative& a : out) {
        for (const Alternative& b : more) {
          add({joined(a.must, b.must), joined(a.must_not, b.must_not)}, both);
        }
      }
      out = std::move(both);
    }
    return out;
  }

  void add(Alternative one, std::vector<Alternative>& out) {
    if (contradicts_itself(one)) return;
    const auto same = [&](const Alternative& other) {
      return other.must == one.must && other.must_not == one.must_not;
    };
    if (std::any_of(out.begin(), out.end(), same)) return;
    too_many_ = too_many_ || out.size() >= kOnTheWay;
    if (!too_many_) out.push_back(std::move(one));
  }

  const sigma::Correlation& document_;
  bool too_many_ = false;
};

bool is_average(Type type) {
  return type == Type::value_avg || type == Type::value_median || type == Type::value_percentile;
}

bool only_grows(const sigma::Correlation::Bound& bound) {
  return bound.op == Operator::gt || bound.op == Operator::gte;
}

}  // namespace

Result<std::vector<Alternative>> alternatives_of(const sigma::Correlation& document) {
  if (!document.expression) return std::vector<Alternative>();
  Expansion expansion(document);
  std::vector<Alternative> out = expansion.of(*document.expression, false);
  if (expansion.too_many() || out.size() > limits::kConditionAlternatives) {
    return fail(Code::limit, fmt::format("its condition has more than {} alternatives; split it",
                                         limits::kConditionAlternatives));
  }
  if (out.empty()) return fail(Code::invalid_input, "its condition contradicts itself");
  if (std::any_of(out.begin(), out.end(),
                  [](const Alternative& one) { return one.must.empty(); })) {
    return fail(Code::invalid_input, "its condition can hold without any event");
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
