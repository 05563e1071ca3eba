// Program: a set of rules compiled for matching. Immutable once compiled, shared by all threads.
//
// Predicates are stored once however many rules ask the same question. A rule is a tree of nodes
// over predicates; the tree keeps the names of the rule's selections, so that the same tree serves
// matching, alerts and `explain`.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "event/field_set.h"
#include "program/meaning.h"
#include "program/predicate.h"
#include "sigma/ast.h"
#include "sigma/lists.h"

namespace tocsin::program {

using PredicateId = std::uint32_t;
using NodeId = std::uint32_t;
using RuleIndex = std::uint32_t;
inline constexpr PredicateId kNoPredicate = UINT32_MAX;
class Gates;
// Among fields() when there are correlations.
inline constexpr std::string_view kTimeField = "eventTime";

struct Node {
  enum class Kind : std::uint8_t {
    predicate,  // `index` is a PredicateId
    all,        // every child is true (true when there are none)
    any,        // some child is true (false when there are none)
    negation,   // its one child is not true
    selection,  // a named search identifier: its one child; `index` names it
  };
  Kind kind = Kind::any;
  std::uint32_t index = 0;
  std::uint32_t first = 0;  // children are Program::children() [first, first + count)
  std::uint32_t count = 0;
};

struct CompiledRule {
  const sigma::Rule& source;  // in the set that the Program holds
  NodeId root = 0;
  std::string hash;                  // of the document and of the lists that it read
  Meaning meaning{};                 // of what it matches only: a title may change without it
  std::vector<std::string> filters;  // titles of the filters applied to it
  // A correlation refers to it and does not say `generate: true`: it is evaluated for that
  // correlation, and raises no alert of its own (correlation specification, "Generate").
  bool correlation_only = false;
};

// What a source declares of its events; "" = nothing declared.
struct LogsourceDeclaration {
  std::string product, service, category;
};

struct CompileOptions {
  // So many short keywords are searched for by Hyperscan, where it is to be had; fewer are not
  // worth the time that it takes to compile them.
  std::size_t hyperscan_literals = 4;
};

class Program {
 public:
  // Compiles every rule and applies the filters. A rule that cannot be compiled (a regex RE2 cannot
  // run, an unknown list) is left out with a diagnostic. Never throws.
  static Program compile(std::shared_ptr<const sigma::RuleSet> rules, const sigma::Lists& lists,
                         Diagnostics& diagnostics, const CompileOptions& options = {});
  // The same with a copy of the rules.
  static Program compile(const sigma::RuleSet& rules, const sigma::Lists& lists,
                         Diagnostics& diagnostics, const CompileOptions& options = {});

  const event::FieldSet& fields() const { return fields_; }
  const std::vector<CompiledRule>& rules() const { return rules_; }
  // rules()[rule].root, for those in a hurry.
  NodeId root(RuleIndex rule) const { return roots_[rule]; }
  const std::vector<Predicate>& predicates() const { return predicates_; }
  const Node& node(NodeId id) const { return nodes_[id]; }
  std::span<const NodeId> children(const Node& node) const {
    return {children_.data() + node.first, node.count};
  }
  const std::string& selection_name(const Node& node) const { return names_[node.index]; }

  // Rules that are evaluated: those that accept events of a CloudTrail trail (product aws, service
  // cloudtrail), and all of them. Whoever raises alerts must leave out those that only feed
  // correlations: raises_alert() tells.
  std::span<const RuleIndex> cloudtrail_rules() const { return cloudtrail_rules_; }
  std::span<const RuleIndex> all_rules() const { return all_rules_; }
  // A rule that an event fulfilled is an alert, not only a hit of correlations.
  bool raises_alert(RuleIndex rule) const { return !rules_[rule].correlation_only; }
  // Those of all_rules() that accept what a source declares.
  std::vector<RuleIndex> rules_for(const LogsourceDeclaration& declared) const;

  // What tells which of these rules an event can fulfil at all.
  Gates gates_of(std::span<const RuleIndex> rules) const;

 private:
  friend class Lowering;

  std::shared_ptr<const sigma::RuleSet> sources_;
  event::FieldSet fields_;
  std::vector<Predicate> predicates_;
  std::vector<Node> nodes_;
  std::vector<NodeId> children_;
  std::vector<std::string> names_;
  std::vector<CompiledRule> rules_;
  std::vector<NodeId> roots_;  // by rule
  std::vector<RuleIndex> cloudtrail_rules_;
  std::vector<RuleIndex> all_rules_;
  CompileOptions options_;
};

// A rule accepts events whose declared log source agrees with every part that the rule names.
bool accepts(const sigma::Logsource& rule, const LogsourceDeclaration& declared);

}  // namespace tocsin::program
