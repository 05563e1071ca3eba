#include "differential/reference/correlate_description.h"

#include <algorithm>

namespace tocsin::reference {
namespace {

using sigma::Condition;
using Alternative = Description::Alternative;
using Operator = sigma::Correlation::Operator;

constexpr Time kSecond = 1'000'000'000;

// Every sighting of `a` together with every sighting of `b`.
std::vector<Alternative> both(const std::vector<Alternative>& a,
                              const std::vector<Alternative>& b) {
  std::vector<Alternative> out;
  for (const Alternative& x : a) {
    for (const Alternative& y : b) {
      Alternative joined = x;
      joined.must.insert(y.must.begin(), y.must.end());
      joined.must_not.insert(y.must_not.begin(), y.must_not.end());
      out.push_back(joined);
    }
  }
  return out;
}

std::vector<Alternative> alternatives_of(const Condition& condition, bool negated,
                                         const std::vector<sigma::RuleReference>& rules) {
  if (condition.kind == Condition::Kind::identifier) {
    const auto found =
        std::find_if(rules.begin(), rules.end(),
                     [&](const sigma::RuleReference& rule) { return rule.text == condition.name; });
    const auto position = static_cast<std::size_t>(found - rules.begin());
    Alternative one;
    (negated ? one.must_not : one.must).insert(position);
    return {one};
  }
  if (condition.kind == Condition::Kind::negation) {
    return alternatives_of(condition.args.front(), !negated, rules);
  }
  const bool all = (condition.kind == Condition::Kind::conjunction) != negated;
  std::vector<Alternative> out;
  if (all) out.emplace_back();
  for (const Condition& arg : condition.args) {
    const auto more = alternatives_of(arg, negated, rules);
    if (all) {
      out = both(out, more);
    } else {
      out.insert(out.end(), more.begin(), more.end());
    }
  }
  return out;
}

bool contradicts_itself(const Alternative& one) {
  return std::any_of(one.must.begin(), one.must.end(),
                     [&](std::size_t position) { return one.must_not.count(position) != 0; });
}

// In an order that does not depend on how the condition is written: as binary numbers with a digit
// for each position, the first position being the lowest digit.
bool comes_before(const Alternative& a, const Alternative& b) {
  const auto number = [](const std::set<std::size_t>& positions) {
    std::uint64_t sum = 0;
    for (const std::size_t position : positions) sum += std::uint64_t{1} << position;
    return sum;
  };
  return std::pair(number(a.must), number(a.must_not)) <
         std::pair(number(b.must), number(b.must_not));
}

Description describe_one(const sigma::RuleSet& rules, std::size_t index) {
  const sigma::Correlation& source = rules.correlations[index];
  Description out;
  out.document = index;
  out.type = source.type;
  out.window = source.window;
  out.group_by = source.group_by;
  if (out.group_by.empty() && out.type == Description::Type::silent_source) {
    out.group_by = {"tocsin.source"};
  }
  out.fields = source.fields;
  out.timespan = static_cast<Time>(source.timespan_seconds) * kSecond;
  out.bounds = source.bounds;
  if (source.percentile) out.percentile = *source.percentile;
  for (const auto& rule : source.rules) out.targets.push_back(resolve(rules, rule.text));
  for (const auto& alias : source.aliases) {
    for (const auto& [rule, field] : alias.fields) {
      out.aliases[{resolve(rules, rule.text), alias.name}] = field;
    }
  }
  if (source.expression) {
    out.is_boolean = true;
    out.alternatives = alternatives_of(*source.expression, false, source.rules);
    std::erase_if(out.alternatives, contradicts_itself);
    std::stable_sort(out.alternatives.begin(), out.alternatives.end(), comes_before);
  }
  out.learning = static_cast<Time>(source.learning_seconds) * kSecond;
  out.forget = static_cast<Time>(source.forget_seconds) * kSecond;
  out.min_known = source.min_known;
  out.ignore_versions = {source.ignore_versions.begin(), source.ignore_versions.end()};
  for (const auto& network : source.networks) out.networks[network.field] = network;
  return out;
}

}  // namespace

bool Description::is_average() const {
  return type == Type::value_avg || type == Type::value_median || type == Type::value_percentile;
}

bool Description::is_rising() const {
  if (is_average()) return false;
  if (is_boolean) {
    return std::all_of(alternatives.begin(), alternatives.end(),
                       [](const Alternative& one) { return one.must_not.empty(); });
  }
  return std::all_of(bounds.begin(), bounds.end(), [](const sigma::Correlation::Bound& bound) {
    return bound.op == Operator::gt || bound.op == Operator::gte;
  });
}

Target resolve(const sigma::RuleSet& rules, const std::string& reference) {
  for (std::string sigma::Meta::*name :
       {&sigma::Meta::id, &sigma::Meta::name, &sigma::Meta::title}) {
    for (std::size_t i = 0; i < rules.rules.size(); ++i) {
      if (rules.rules[i].meta.*name == reference) return {Target::Kind::rule, i};
    }
    for (std::size_t i = 0; i < rules.correlations.size(); ++i) {
      if (rules.correlations[i].meta.*name == reference) return {Target::Kind::correlation, i};
    }
  }
  return {};
}

std::vector<Description> describe(const sigma::RuleSet& rules) {
  std::vector<Description> waiting, out;
  for (std::size_t i = 0; i < rules.correlations.size(); ++i) {
    waiting.push_back(describe_one(rules, i));
  }
  const auto described = [&](const Target& target) {
    return target.kind != Target::Kind::correlation ||
           std::any_of(out.begin(), out.end(),
                       [&](const Description& one) { return one.document == target.index; });
  };
  while (!waiting.empty()) {
    const auto next = std::find_if(waiting.begin(), waiting.end(), [&](const Description& one) {
      return std::all_of(one.targets.begin(), one.targets.end(), described);
    });
    if (next == waiting.end()) break;  // a circle; the linker has none of these
    out.push_back(*next);
    waiting.erase(next);
  }
  return out;
}

}  // namespace tocsin::reference
