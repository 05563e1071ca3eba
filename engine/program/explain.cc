#include "program/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tocsin::program {
namespace {

std::string spelled(const event::Value& value) {
  return value.kind == event::Value::Kind::null ? "null" : std::string(value.text);
}

Explained explain_predicate(const Predicate& predicate, event::Event& event) {
  Explained out;
  out.kind = Node::Kind::predicate;
  Work work = Work::unlimited();
  out.holds = predicate.test(event, work) == Truth::yes;
  out.field = predicate.field_name;
  out.operation = predicate.operation;
  out.patterns = predicate.patterns;
  out.present = event.present(predicate.field);
  for (const event::Value* v = event.first(predicate.field); v != nullptr; v = event.next(*v)) {
    if (out.values.size() < kShownValues) {
      out.values.push_back(spelled(*v));
    } else {
      ++out.more_values;
    }
  }
  if (event::Value* met = predicate.witness(event, work); met != nullptr) {
    out.met_value = spelled(*met);
    out.met_pattern = predicate.met_pattern(event, *met, work);
  } else if (!out.patterns.empty()) {
    if (out.holds && !out.values.empty()) out.met_value = out.values.front();  // `exists`
    out.met_pattern = out.patterns.front();
  }
  return out;
}

bool combine(Node::Kind kind, const std::vector<Explained>& children) {
  const auto holds = [](const Explained& child) { return child.holds; };
  switch (kind) {
    case Node::Kind::all:
      return std::all_of(children.begin(), children.end(), holds);
    case Node::Kind::any:
      return std::any_of(children.begin(), children.end(), holds);
    case Node::Kind::negation:
      return !children.front().holds;
    case Node::Kind::selection:
      return children.front().holds;
    case Node::Kind::predicate:
      break;
  }
  return false;
}

Explained explain_node(const Program& program, NodeId id, event::Event& event) {
  const Node& node = program.node(id);
  if (node.kind == Node::Kind::predicate) {
    return explain_predicate(program.predicates()[node.index], event);
  }
  Explained out;
  out.kind = node.kind;
  if (node.kind == Node::Kind::selection) out.selection = program.selection_name(node);
  for (const NodeId child : program.children(node)) {
    out.children.push_back(explain_node(program, child, event));
  }
  out.holds = combine(out.kind, out.children);
  return out;
}

std::string joined(const std::vector<std::string>& texts, std::string_view separator) {
  std::string out;
  for (std::size_t i = 0; i < texts.size() && i < 3; ++i) {
    if (i > 0) out += separator;
    out += '`' + texts[i] + '`';
  }
  if (texts.size() > 3) out += fmt::format(" (and {} more)", texts.size() - 3);
  return out;
}

std::string field_of(const Explained& leaf) {
  return leaf.field.empty() ? "any value of the event" : '`' + leaf.field + '`';
}

std::string expectation(const Explained& leaf) {
  return fmt::format("{} {} {}", field_of(leaf), leaf.operation, joined(leaf.patterns, " or "));
}

std::string finding(const Explained& leaf) {
  if (!leaf.present) return "the event has no such field";
  if (leaf.values.empty()) return "the field holds no scalar";
  if (leaf.field.empty()) return "no value does";
  return "the event has " + joined(leaf.values, ", ");
}

// The reason for a node's value, from the first child that decides it.
std::string reason(const Explained& node) {
  switch (node.kind) {
    case Node::Kind::predicate:
      if (!node.holds) return fmt::format("{} is wanted, but {}", expectation(node), finding(node));
      if (node.met_value.empty()) return expectation(node);
      return fmt::format("{} is `{}`", field_of(node), node.met_value);
    case Node::Kind::selection:
      return fmt::format("`{}` is {}, because {}", node.selection, node.holds ? "true" : "false",
                         reason(node.children.front()));
    case Node::Kind::negation:
      return reason(node.children.front());
    case Node::Kind::all:
    case Node::Kind::any: {
      if (node.children.empty()) return "no search identifier has that name";
      const bool one_decides = node.holds == (node.kind == Node::Kind::any);
      if (!one_decides && node.kind == Node::Kind::any && node.children.size() > 1) {
        return fmt::format("none of {} alternatives holds, among them: {}", node.children.size(),
                           reason(node.children.front()));
      }
      std::string out;
      for (const Explained& child : node.children) {
        if (child.holds != node.holds) continue;
        if (!out.empty()) out += ", and ";
        out += reason(child);
        if (one_decides) break;
      }
      return out;
    }
  }
  return {};
}

}  // namespace

Explained explain(const Program& program, RuleIndex rule, event::Event& event) {
  return explain_node(program, program.rules()[rule].root, event);
}

std::string closing_sentence(const Explained& root) {
  return fmt::format("The rule {}: {}.", root.holds ? "fires" : "does not fire", reason(root));
}

}  // namespace tocsin::program
