#include "program/lower.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "base/text.h"
#include "program/codes.h"

namespace tocsin::program {
namespace {

// `*` stands for any number of characters, at any place of a pattern of names.
bool name_matches(std::string_view pattern, std::string_view name) {
  Work work = Work::unlimited();
  return Glob(Pattern::parse(pattern)).matches(name, work) == Truth::yes;
}

}  // namespace

struct Lowering::Scope {
  const std::vector<sigma::NamedDetection>& detections;
  std::vector<std::optional<NodeId>> nodes;  // a selection is compiled once, however often named
};

Lowering::Lowering(Program& program, const sigma::Lists& lists, Diagnostics& diagnostics)
    : program_(program), lists_(lists), list_meanings_(lists), diagnostics_(diagnostics) {}

bool Lowering::add(const sigma::Rule& rule, const std::vector<const sigma::Filter*>& filters) {
  failed_ = false;
  lists_used_.clear();

  file_ = &rule.meta.file;
  Scope scope{rule.detections, std::vector<std::optional<NodeId>>(rule.detections.size())};
  std::vector<NodeId> parts = {conditions(rule.conditions, scope)};
  CompiledRule compiled{rule, 0, {}, {}, {}};
  for (const sigma::Filter* filter : filters) {
    file_ = &filter->meta.file;
    Scope own{filter->detections, std::vector<std::optional<NodeId>>(filter->detections.size())};
    parts.push_back(conditions(filter->conditions, own));
    compiled.filters.push_back(filter->meta.title);
  }
  if (failed_) return false;

  compiled.root = branch(Node::Kind::all, std::move(parts));
  Fnv64 hash;
  hash.add_field(rule.meta.hash);
  for (const sigma::Filter* filter : filters) hash.add_field(filter->meta.hash);
  for (const std::string& name : lists_used_) {
    hash.add_field(name);
    for (const std::string& value : *lists_.find(name)) hash.add_field(value);
  }
  compiled.hash = fmt::format("{:016x}", hash.value());
  compiled.meaning = meaning_of(rule, filters, lists_used_, list_meanings_);
  program_.rules_.push_back(std::move(compiled));
  return true;
}

void Lowering::error(const char* code, const Span& at, std::string message, Severity severity) {
  if (severity == Severity::error) failed_ = true;
  Diagnostic diagnostic;
  diagnostic.severity = severity;
  diagnostic.code = code;
  diagnostic.file = *file_;
  diagnostic.at = at;
  diagnostic.message = std::move(message);
  diagnostics_.add(std::move(diagnostic));
}

NodeId Lowering::branch(Node::Kind kind, std::vector<NodeId> children, std::uint32_t index) {
  const bool transparent = kind == Node::Kind::all || kind == Node::Kind::any;
  if (transparent && children.size() == 1) return children[0];
  Node node{kind, index, static_cast<std::uint32_t>(program_.children_.size()),
            static_cast<std::uint32_t>(children.size())};
  program_.children_.insert(program_.children_.end(), children.begin(), children.end());
  program_.nodes_.push_back(node);
  return static_cast<NodeId>(program_.nodes_.size() - 1);
}

NodeId Lowering::leaf(Predicate predicate, const std::string& identity) {
  const auto [known, added] =
      predicate_ids_.try_emplace(identity, static_cast<PredicateId>(program_.predicates_.size()));
  if (added) program_.predicates_.push_back(std::move(predicate));
  return branch(Node::Kind::predicate, {}, known->second);
}

NodeId Lowering::conditions(const std::vector<sigma::Condition>& conditions, Scope& scope) {
  std::vector<NodeId> parts;
  parts.reserve(conditions.size());
  for (const sigma::Condition& one : conditions) parts.push_back(condition(one, scope));
  return branch(Node::Kind::any, std::move(parts));
}

NodeId Lowering::condition(const sigma::Condition& source, Scope& scope) {
  using Kind = sigma::Condition::Kind;
  std::vector<NodeId> args;
  for (const sigma::Condition& arg : source.args) args.push_back(condition(arg, scope));
  switch (source.kind) {
    case Kind::conjunction:
      return branch(Node::Kind::all, std::move(args));
    case Kind::disjunction:
      return branch(Node::Kind::any, std::move(args));
    case Kind::negation:
      return branch(Node::Kind::negation, std::move(args));
    case Kind::one_of:
    case Kind::all_of:
      return pattern_of_names(source, scope);
    case Kind::identifier:
      break;
  }
  const auto named = std::find_if(scope.detections.begin(), scope.detections.end(),
                                  [&](const auto& d) { return d.name == source.name; });
  return selection(static_cast<std::size_t>(named - scope.detections.begin()), scope);
}

NodeId Lowering::pattern_of_names(const sigma::Condition& source, Scope& scope) {
  const bool them = source.name == "them";
  const bool private_names = source.name.starts_with('_');
  std::vector<NodeId> parts;
  for (std::size_t i = 0; i < scope.detections.size(); ++i) {
    const std::string& name = scope.detections[i].name;
    if (name.starts_with('_') && !private_names) continue;
    if (them || name_matches(source.name, name)) parts.push_back(selection(i, scope));
  }
  // The parser drops a pattern that names nothing and warns; one that comes here all the same is
  // false, whatever its quantifier.
  const bool all = source.kind == sigma::Condition::Kind::all_of && !parts.empty();
  return branch(all ? Node::Kind::all : Node::Kind::any, std::move(parts));
}

NodeId Lowering::selection(std::size_t index, Scope& scope) {
  if (!scope.nodes[index]) {
    const sigma::NamedDetection& named = scope.detections[index];
    const NodeId child = detection(named.detection);
    program_.names_.push_back(named.name);
    scope.nodes[index] = branch(Node::Kind::selection, {child},
                                static_cast<std::uint32_t>(program_.names_.size() - 1));
  }
  return *scope.nodes[index];
}

NodeId Lowering::detection(const sigma::Detection& source) {
  std::vector<NodeId> parts;
  if (!source.groups.empty()) {
    for (const sigma::Detection& group : source.groups) parts.push_back(detection(group));
    return branch(Node::Kind::any, std::move(parts));
  }
  for (const sigma::DetectionItem& one : source.items) parts.push_back(item(one));
  return branch(Node::Kind::all, std::move(parts));
}

NodeId Lowering::item(const sigma::DetectionItem& source) {
  static const sigma::Value kNull{};
  std::vector<std::vector<Alternative>> linked(1);  // each inner list is linked by OR
  const bool all = source.has(sigma::Modifier::all);
  const std::size_t count = std::max<std::size_t>(source.values.size(), 1);
  for (std::size_t i = 0; i < count; ++i) {
    const sigma::Value& value = source.values.empty() ? kNull : source.values[i];
    auto operands = apply_modifiers(source, value, lists_, lists_used_);
    if (!operands) {
      const bool list = operands.error().code == Code::not_found;
      std::string message = operands.error().message;
      // apply_modifiers() stops at the list that it does not find.
      const std::string_view near =
          list ? text::nearest(lists_used_.back(), lists_.names()) : std::string_view();
      if (!near.empty()) message += fmt::format("; did you mean `%{}%`?", near);
      error(list ? codes::kUnknownList : codes::kExpansion,
            value.at.line != 0 ? value.at : source.at, std::move(message), Severity::error);
      continue;
    }
    if (all && i > 0) linked.emplace_back();
    for (Operand& operand : *operands) linked.back().push_back({std::move(operand), &value});
  }

  std::vector<NodeId> parts;
  for (const std::vector<Alternative>& alternatives : linked) {
    std::vector<GroupProblem> problems;
    const Span at = alternatives.empty() ? source.at : alternatives.front().value->at;
    std::vector<NodeId> leaves;
    for (GroupedPredicate& group :
         group_alternatives(source, alternatives, program_.fields_, problems)) {
      leaves.push_back(leaf(std::move(group.predicate), group.identity));
    }
    for (GroupProblem& problem : problems) {
      error(problem.code, at.line != 0 ? at : source.at, std::move(problem.message),
            problem.fatal ? Severity::error : Severity::warning);
    }
    parts.push_back(branch(Node::Kind::any, std::move(leaves)));
  }
  const NodeId linked_parts = branch(Node::Kind::all, std::move(parts));
  if (!source.has(sigma::Modifier::neq)) return linked_parts;
  return branch(Node::Kind::negation, {linked_parts});
}

}  // namespace tocsin::program
