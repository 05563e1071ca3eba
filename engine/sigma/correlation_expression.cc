#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/limits.h"
#include "base/text.h"
#include "sigma/condition.h"
#include "sigma/correlation_section.h"

namespace tocsin::sigma {
namespace {

static_assert(limits::kConditionAlternatives <= 64);  // rules have one bit each
using Bits = std::uint64_t;

// What must and what must not have a hit. The alternatives of a condition, ordered and each once.
struct Alternative {
  Bits must = 0, must_not = 0;
  auto operator<=>(const Alternative&) const = default;
};
using Alternatives = std::set<Alternative>;

// Negations pushed down to the names, `and` multiplied out. Alternatives that contradict
// themselves are left out.
class Expansion {
 public:
  explicit Expansion(const std::vector<RuleReference>& rules) : rules_(rules) {}

  Alternatives of(const Condition& condition, bool negated) {
    using Kind = Condition::Kind;
    if (condition.kind == Kind::negation) return of(condition.args[0], !negated);
    if (condition.kind == Kind::identifier) return name(condition.name, negated);
    const bool both = (condition.kind == Kind::conjunction) != negated;
    return both ? all(condition.args, negated) : any(condition.args, negated);
  }
  bool too_many() const { return too_many_; }

 private:
  // Some of those on the way may contradict themselves later on.
  static constexpr std::size_t kOnTheWay = 16 * limits::kConditionAlternatives;

  Alternatives name(std::string_view name, bool negated) const {
    const auto rule = std::find_if(rules_.begin(), rules_.end(),
                                   [&](const RuleReference& one) { return one.text == name; });
    const Bits bit = Bits{1} << (rule - rules_.begin());
    return {negated ? Alternative{0, bit} : Alternative{bit, 0}};
  }

  Alternatives any(const std::vector<Condition>& args, bool negated) {
    Alternatives out;
    for (const Condition& arg : args) {
      out.merge(of(arg, negated));
      if (too_many_ = too_many_ || out.size() > kOnTheWay; too_many_) break;
    }
    return out;
  }

  Alternatives all(const std::vector<Condition>& args, bool negated) {
    Alternatives out{{}};
    for (const Condition& arg : args) {
      if (too_many_) break;
      const Alternatives more = of(arg, negated);
      out = multiplied(out, more);
    }
    return out;
  }

  Alternatives multiplied(const Alternatives& a, const Alternatives& b) {
    Alternatives out;
    for (const Alternative& x : a) {
      for (const Alternative& y : b) {
        const Alternative both{x.must | y.must, x.must_not | y.must_not};
        if ((both.must & both.must_not) == 0) out.insert(both);
        if (too_many_ = too_many_ || out.size() > kOnTheWay; too_many_) return out;
      }
    }
    return out;
  }

  const std::vector<RuleReference>& rules_;
  bool too_many_ = false;
};

// Where the condition names a rule first, nullptr when it does not.
const Condition* find_name(const Condition& condition, std::string_view rule) {
  if (condition.kind == Condition::Kind::identifier) {
    return condition.name == rule ? &condition : nullptr;
  }
  for (const Condition& arg : condition.args) {
    if (const Condition* found = find_name(arg, rule)) return found;
  }
  return nullptr;
}

void add_rules_named_in(const YamlScalar& scalar, std::vector<RuleReference>& rules) {
  constexpr std::string_view kBreaks = " \t\r\n()";
  const std::string_view text = scalar.text;
  for (std::size_t start = 0; (start = text.find_first_not_of(kBreaks, start)) != text.npos;) {
    const std::size_t end = std::min(text.find_first_of(kBreaks, start), text.size());
    const std::string_view word = text.substr(start, end - start);
    const bool keyword = word == "and" || word == "or" || word == "not";
    const bool known = std::any_of(rules.begin(), rules.end(),
                                   [&](const RuleReference& rule) { return rule.text == word; });
    if (!keyword && !known) rules.push_back({std::string(word), scalar.within(start, word.size())});
    if (rules.size() > limits::kConditionAlternatives) return;  // too many
    start = end;
  }
}

class ExpressionParser {
 public:
  ExpressionParser(CorrelationSection& in, const YamlScalar& scalar)
      : out_(in.out), report_(in.report), scalar_(scalar) {}

  void run() {
    const std::size_t errors = report_.errors();
    if (out_.window != Correlation::Window::sliding) {
      report_.error("S411", out_.window_at,
                    "a boolean condition looks at the sliding window; leave `window` out");
    }
    if (out_.rules.empty()) add_rules_named_in(scalar_, out_.rules);
    if (out_.rules.size() > limits::kConditionAlternatives) {
      report_.error("S412", scalar_.at,
                    fmt::format("a boolean condition has at most {} rules; split the correlation",
                                limits::kConditionAlternatives));
      return;
    }
    ConditionNames names{{}, false};
    for (const RuleReference& rule : out_.rules) names.names.push_back(rule.text);
    out_.expression = parse_condition(scalar_, names, report_);
    if (!out_.expression) return;
    check_names();
    if (report_.errors() == errors) check_alternatives();
  }

 private:
  void check_names() {
    for (std::size_t i = 0; i < out_.rules.size(); ++i) {
      const RuleReference& rule = out_.rules[i];
      const auto end = out_.rules.begin() + static_cast<std::ptrdiff_t>(i);
      const bool twice = std::any_of(out_.rules.begin(), end, [&](const RuleReference& before) {
        return before.text == rule.text;
      });
      if (twice) {
        report_.error("S406", rule.at,
                      fmt::format("`{}` is listed twice, and the condition cannot say which of the "
                                  "two it means",
                                  text::printable(rule.text)));
      } else if (find_name(*out_.expression, rule.text) == nullptr) {
        report_.error(
            "S406", rule.at,
            fmt::format("the condition does not use the rule `{}`", text::printable(rule.text)));
      }
    }
  }

  void check_alternatives() {
    Expansion expansion(out_.rules);
    const Alternatives alternatives = expansion.of(*out_.expression, false);
    if (expansion.too_many() || alternatives.size() > limits::kConditionAlternatives) {
      report_.error(
          "S412", scalar_.at,
          fmt::format("multiplied out, the condition has more than {} alternatives; split it "
                      "into several correlations",
                      limits::kConditionAlternatives));
    } else if (alternatives.empty()) {
      report_.error("S412", scalar_.at, "the condition contradicts itself");
    } else if (alternatives.begin()->must == 0) {
      report_unbound(alternatives.begin()->must_not);
    }
  }

  void report_unbound(Bits must_not) {
    for (std::size_t i = 0; i < out_.rules.size(); ++i) {
      if ((must_not >> i & 1) == 0) continue;
      const std::string name = text::printable(out_.rules[i].text);
      report_.error("S413", find_name(*out_.expression, out_.rules[i].text)->at,
                    fmt::format("that `{0}` is absent is true nearly always: say after or beside "
                                "what, for example `something and not {0}`",
                                name));
      return;
    }
    report_.error("S413", scalar_.at, "the condition is always true");
  }

  Correlation& out_;
  Reporter& report_;
  const YamlScalar& scalar_;
};

}  // namespace

void parse_correlation_expression(CorrelationSection& in, const YamlScalar& scalar) {
  ExpressionParser(in, scalar).run();
}

}  // namespace tocsin::sigma
