#include "program/evidence.h"

#include <algorithm>

namespace tocsin::program {
namespace {

std::string_view describe(const event::Value& value) {
  return value.kind == event::Value::Kind::null ? "null" : value.text;
}

}  // namespace

void Evidence::find(RuleIndex rule, event::Event& event, MatchView& out) {
  out_ = &out;
  forget_since({0, 0});
  patterns_.clear();
  collect(program_.rules()[rule].root, event);
}

bool Evidence::collect(NodeId id, event::Event& event) {
  const Node& node = program_.node(id);
  switch (node.kind) {
    case Node::Kind::predicate:
      return collect_leaf(program_.predicates()[node.index], event);
    case Node::Kind::selection:
      return collect_selection(node, event);
    case Node::Kind::all:
      return collect_all(node, event);
    case Node::Kind::any:
      return collect_any(node, event);
    case Node::Kind::negation:  // what did not happen is no evidence
      return !holds(program_.children(node).front(), event);
  }
  return false;
}

bool Evidence::holds(NodeId id, event::Event& event) {
  const Mark before = mark();
  const bool holds = collect(id, event);
  forget_since(before);
  return holds;
}

bool Evidence::collect_leaf(const Predicate& predicate, event::Event& event) {
  std::string_view value, pattern;
  if (event::Value* met = predicate.witness(event, work_); met != nullptr) {
    value = describe(*met);
    pattern = patterns_.emplace_back(predicate.met_pattern(event, *met, work_));
  } else if (predicate.test(event, work_) != Truth::yes) {
    return false;
  } else if (!predicate.patterns.empty()) {
    if (const event::Value* first = event.first(predicate.field); first != nullptr) {
      value = describe(*first);  // `exists`
    }
    pattern = predicate.patterns.front();
  }
  out_->fields.push_back({predicate.field_name, value, predicate.operation, pattern});
  return true;
}

bool Evidence::collect_selection(const Node& node, event::Event& event) {
  const std::string_view name = program_.selection_name(node);
  const NodeId child = program_.children(node).front();
  const auto& names = out_->selections;
  if (std::find(names.begin(), names.end(), name) != names.end()) return holds(child, event);
  const Mark before = mark();
  out_->selections.push_back(name);
  const bool holds = collect(child, event);
  if (!holds) forget_since(before);
  return holds;
}

bool Evidence::collect_all(const Node& node, event::Event& event) {
  const Mark before = mark();
  for (const NodeId child : program_.children(node)) {
    if (collect(child, event)) continue;
    forget_since(before);
    return false;
  }
  return true;
}

bool Evidence::collect_any(const Node& node, event::Event& event) {
  bool some = false;
  for (const NodeId child : program_.children(node)) some = collect(child, event) || some;
  return some;
}

}  // namespace tocsin::program
