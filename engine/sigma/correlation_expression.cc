#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "base/limits.h"
#include "base/text.h"
#include "sigma/alternatives.h"
#include "sigma/condition.h"
#include "sigma/correlation_section.h"

namespace tocsin::sigma {
namespace {

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
    const auto alternatives = alternatives_of(*out_.expression, out_.rules);
    if (!alternatives) {
      report_.error(
          "S412", scalar_.at,
          fmt::format("multiplied out, the condition has more than {} alternatives; split it "
                      "into several correlations",
                      limits::kConditionAlternatives));
    } else if (alternatives->empty()) {
      report_.error("S412", scalar_.at, "the condition contradicts itself");
    } else if (alternatives->begin()->must == 0) {
      report_unbound(alternatives->begin()->must_not);
    }
  }

  void report_unbound(std::uint64_t must_not) {
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
