#include "sigma/alternatives.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace tocsin::sigma {
namespace {

class Expansion {
 public:
  explicit Expansion(const std::vector<RuleReference>& rules) : rules_(rules) {}

  ConditionAlternatives of(const Condition& condition, bool negated) {
    using Kind = Condition::Kind;
    if (condition.kind == Kind::negation) return of(condition.args.at(0), !negated);
    if (condition.kind == Kind::identifier) return name(condition.name, negated);
    const bool both = (condition.kind == Kind::conjunction) != negated;
    return both ? all(condition.args, negated) : any(condition.args, negated);
  }
  bool too_many() const { return too_many_; }

 private:
  // Some of those on the way may contradict themselves later on.
  static constexpr std::size_t kOnTheWay = 16 * limits::kConditionAlternatives;
  // Equal and contradicting ones are not counted there, but they take their time.
  static constexpr std::size_t kSteps = std::size_t{1} << 18;

  ConditionAlternatives name(std::string_view name, bool negated) const {
    const auto rule = std::find_if(rules_.begin(), rules_.end(),
                                   [&](const RuleReference& one) { return one.text == name; });
    if (rule == rules_.end()) {
      return negated ? ConditionAlternatives{{}} : ConditionAlternatives();
    }
    const std::uint64_t bit = std::uint64_t{1} << (rule - rules_.begin());
    return {negated ? ConditionAlternative{0, bit} : ConditionAlternative{bit, 0}};
  }

  ConditionAlternatives any(const std::vector<Condition>& args, bool negated) {
    ConditionAlternatives out;
    for (const Condition& arg : args) {
      ConditionAlternatives more = of(arg, negated);
      step(more.size());
      out.merge(more);
      if (too_many_ = too_many_ || out.size() > kOnTheWay; too_many_) break;
    }
    return out;
  }

  ConditionAlternatives all(const std::vector<Condition>& args, bool negated) {
    ConditionAlternatives out{{}};
    for (const Condition& arg : args) {
      if (too_many_) break;
      const ConditionAlternatives more = of(arg, negated);
      out = multiplied(out, more);
    }
    return out;
  }

  ConditionAlternatives multiplied(const ConditionAlternatives& a, const ConditionAlternatives& b) {
    ConditionAlternatives out;
    for (const ConditionAlternative& x : a) {
      step(b.size());
      for (const ConditionAlternative& y : b) {
        const ConditionAlternative both{x.must | y.must, x.must_not | y.must_not};
        if ((both.must & both.must_not) == 0) out.insert(both);
        if (too_many_ = too_many_ || out.size() > kOnTheWay; too_many_) return out;
      }
    }
    return out;
  }

  void step(std::size_t count) {
    steps_ += count;
    too_many_ = too_many_ || steps_ > kSteps;
  }

  const std::vector<RuleReference>& rules_;
  std::size_t steps_ = 0;
  bool too_many_ = false;
};

}  // namespace

std::optional<ConditionAlternatives> alternatives_of(const Condition& condition,
                                                     const std::vector<RuleReference>& rules) {
  if (rules.size() > limits::kConditionAlternatives) return std::nullopt;
  Expansion expansion(rules);
  ConditionAlternatives out = expansion.of(condition, false);
  if (expansion.too_many() || out.size() > limits::kConditionAlternatives) return std::nullopt;
  return out;
}

}  // namespace tocsin::sigma
