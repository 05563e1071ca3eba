#include "program/cost.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "program/witness.h"

namespace tocsin::program {
namespace {

using Class = RuleCost::Class;

constexpr double kRecords = 10'000;  // what frequencies count in

// The different predicates below a node.
std::vector<PredicateId> predicates_of(const Program& program, NodeId root) {
  std::vector<PredicateId> out;
  std::vector<NodeId> open = {root};
  while (!open.empty()) {
    const Node& node = program.node(open.back());
    open.pop_back();
    if (node.kind == Node::Kind::predicate) out.push_back(node.index);
    const auto children = program.children(node);
    open.insert(open.end(), children.begin(), children.end());
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::string describe(const Program& program, const Sign& sign) {
  const std::string& field = program.fields().path(sign.field);
  switch (sign.kind) {
    case Sign::Kind::text:
      return fmt::format("{} is `{}`", field, sign.text);
    case Sign::Kind::literal:
      return fmt::format("{} contains `{}`", field, sign.text);
    case Sign::Kind::network:
      return fmt::format("{} is in {}", field, to_string(sign.network));
    case Sign::Kind::presence:
      return fmt::format("{} is present", field);
    case Sign::Kind::keyword:
      return fmt::format("the record contains `{}`", sign.text);
  }
  return {};
}

Class class_of(double tried) {
  return tried <= 0.01 ? Class::low : tried <= 0.1 ? Class::medium : Class::high;
}

bool has_regex_without_literal(const Predicate& predicate) {
  const auto* regexes = std::get_if<MatchRegexes>(&predicate.matcher);
  return regexes != nullptr && std::any_of(regexes->literals.begin(), regexes->literals.end(),
                                           [](const auto& literals) { return literals.empty(); });
}

// What a rule's author can do about it.
std::vector<std::string> advice_for(const Program& program, const RuleCost& cost,
                                    const std::vector<PredicateId>& predicates) {
  std::vector<std::string> advice;
  const bool often = cost.cost == Class::high || cost.cost == Class::always;
  for (const PredicateId id : predicates) {
    const Predicate& predicate = program.predicates()[id];
    if (predicate.field_name.empty()) {
      advice.push_back(
          "It searches whole records for keywords: name the field that holds them, or put a field "
          "beside them that few records fulfil.");
      break;
    }
  }
  for (const PredicateId id : predicates) {
    const Predicate& predicate = program.predicates()[id];
    if (often && has_regex_without_literal(predicate)) {
      advice.push_back(fmt::format(
          "A regular expression over {} has no fixed text of three characters or more, so it runs "
          "whenever the rule is tried: write out a part that always occurs.",
          predicate.field_name.empty() ? "the record" : predicate.field_name));
      break;
    }
  }
  if (cost.cost == Class::always) {
    advice.push_back(
        "It can be fulfilled by what a record lacks, so it is tried on all: add what must be "
        "there, "
        "at best eventName.");
  } else if (often && advice.empty()) {
    advice.push_back(
        "Add a field with exact values that few records have, at best eventName; texts that begin "
        "with a wildcard count by their longest fixed part.");
  }
  return advice;
}

RuleCost estimate(const Program& program, RuleIndex rule,
                  const std::vector<PredicateId>& predicates) {
  RuleCost out;
  out.rule = rule;
  out.predicates = predicates.size();
  const std::optional<Witness> witness = find_witness(program, program.rules()[rule].root);
  if (!witness) {
    out.cost = Class::always;
    out.tried = 1;
  } else {
    out.tried = std::min(1.0, witness->frequency / kRecords);
    out.cost = class_of(out.tried);
    out.alternatives = witness->signs.size();
    out.waits_for = witness->signs.empty() ? "nothing: no event can fulfil it"
                                           : describe(program, witness->signs.front());
  }
  out.advice = advice_for(program, out, predicates);
  return out;
}

}  // namespace

std::string_view to_string(RuleCost::Class cost) {
  switch (cost) {
    case Class::low:
      return "low";
    case Class::medium:
      return "medium";
    case Class::high:
      return "high";
    case Class::always:
      break;
  }
  return "always";
}

std::vector<RuleCost> estimate_costs(const Program& program) {
  std::vector<std::vector<PredicateId>> asked;  // by rule
  std::vector<std::uint32_t> askers(program.predicates().size(), 0);
  for (const CompiledRule& rule : program.rules()) {
    asked.push_back(predicates_of(program, rule.root));
    for (const PredicateId id : asked.back()) ++askers[id];
  }
  std::vector<RuleCost> costs;
  for (RuleIndex rule = 0; rule < asked.size(); ++rule) {
    RuleCost cost = estimate(program, rule, asked[rule]);
    cost.shared = static_cast<std::size_t>(std::count_if(
        asked[rule].begin(), asked[rule].end(), [&](PredicateId id) { return askers[id] > 1; }));
    costs.push_back(std::move(cost));
  }
  std::stable_sort(costs.begin(), costs.end(), [](const RuleCost& a, const RuleCost& b) {
    return std::pair(a.cost, a.tried) > std::pair(b.cost, b.tried);
  });
  return costs;
}

}  // namespace tocsin::program
