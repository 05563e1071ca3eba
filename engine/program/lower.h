// Lowering: sigma:: documents → the nodes and predicates of a Program. Internal to program/.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/diagnostic.h"
#include "program/meaning.h"
#include "program/operand.h"
#include "program/program.h"
#include "sigma/ast.h"
#include "sigma/lists.h"

namespace tocsin::program {

class Lowering {
 public:
  Lowering(Program& program, const sigma::Lists& lists, Diagnostics& diagnostics);

  // Compiles one rule of the Program's own set with the filters that apply to it. False when it has
  // an error (reported).
  bool add(const sigma::Rule& rule, const std::vector<const sigma::Filter*>& filters);

 private:
  struct Scope;  // the named detections that a condition may refer to

  NodeId condition(const sigma::Condition& condition, Scope& scope);
  NodeId conditions(const std::vector<sigma::Condition>& conditions, Scope& scope);
  NodeId pattern_of_names(const sigma::Condition& condition, Scope& scope);
  NodeId selection(std::size_t index, Scope& scope);
  NodeId detection(const sigma::Detection& detection);
  NodeId item(const sigma::DetectionItem& item);

  NodeId branch(Node::Kind kind, std::vector<NodeId> children, std::uint32_t index = 0);
  NodeId leaf(Predicate predicate, const std::string& identity);

  void error(const char* code, const Span& at, std::string message, Severity severity);

  Program& program_;
  const sigma::Lists& lists_;
  ListMeanings list_meanings_;
  Diagnostics& diagnostics_;
  std::unordered_map<std::string, PredicateId> predicate_ids_;  // by identity

  // Of the document being compiled.
  const std::string* file_ = nullptr;
  std::vector<std::string> lists_used_;
  bool failed_ = false;
};

// The predicates of the alternatives of one item, grouped so that each kind of question is one
// predicate. See group.cc.
struct GroupedPredicate {
  Predicate predicate;
  std::string identity;  // equal for equal questions
};
struct GroupProblem {
  const char* code;
  std::string message;
  bool fatal = true;
};
struct Alternative {
  Operand operand;
  const sigma::Value* value;  // as written
};
std::vector<GroupedPredicate> group_alternatives(const sigma::DetectionItem& item,
                                                 const std::vector<Alternative>& alternatives,
                                                 event::FieldSet& fields,
                                                 std::vector<GroupProblem>& problems);

}  // namespace tocsin::program
