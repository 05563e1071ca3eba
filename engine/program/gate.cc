#include "program/gate.h"

#include <algorithm>
#include <optional>
#include <string>

#include "base/text.h"

namespace tocsin::program {
namespace {

struct Key {
  event::FieldRef field;
  bool presence;     // any value of the field
  std::string text;  // folded; without `presence`
};

// At least one of the keys must occur; `cost` estimates how often one does.
struct Gate {
  std::vector<Key> keys;
  double cost = 0;
};

// Longer gates cost more memory than they save.
constexpr std::size_t kMaxKeys = 20'000;

// A field is present far more often than it has one of even a hundred values.
constexpr double kPresenceCost = 10'000;

// How common one value of a field is, roughly. Events differ most in what was called; all that is
// known of other fields is that a value of them recurs.
double commonness(const std::string& field) {
  if (field == "eventName" || field == "EventID") return 1;
  if (field == "eventSource") return 50;
  return 20;
}

class Derivation {
 public:
  explicit Derivation(const Program& program) : program_(program) {}

  std::optional<Gate> of(NodeId id) const {
    const Node& node = program_.node(id);
    switch (node.kind) {
      case Node::Kind::predicate:
        return of(program_.predicates()[node.index]);
      case Node::Kind::selection:
        return of(program_.children(node)[0]);
      case Node::Kind::negation:
        return std::nullopt;
      case Node::Kind::all:
        return best_of(node);
      case Node::Kind::any:
        return union_of(node);
    }
    return std::nullopt;
  }

 private:
  std::optional<Gate> of(const Predicate& predicate) const {
    const StringTable* texts = nullptr;
    if (const auto* strings = std::get_if<MatchStrings>(&predicate.matcher)) {
      if (strings->globs.empty()) texts = &strings->exact;
    } else if (const auto* scalars = std::get_if<MatchScalars>(&predicate.matcher)) {
      texts = &scalars->exact;
    } else if (std::holds_alternative<MatchNull>(predicate.matcher)) {
      return std::nullopt;
    } else if (const auto* exists = std::get_if<MatchExists>(&predicate.matcher)) {
      if (!exists->exists) return std::nullopt;
    }
    if (predicate.field_name.empty()) return std::nullopt;

    Gate gate;
    if (texts == nullptr) {
      gate.keys.push_back({predicate.field, true, {}});
      gate.cost = kPresenceCost;
      return gate;
    }
    for (const std::string& text : texts->texts()) {
      gate.keys.push_back({predicate.field, false, text::folded(text)});
    }
    gate.cost = commonness(predicate.field_name) * static_cast<double>(gate.keys.size());
    return gate;
  }

  std::optional<Gate> best_of(const Node& node) const {
    std::optional<Gate> best;
    for (const NodeId child : program_.children(node)) {
      std::optional<Gate> gate = of(child);
      if (gate && (!best || gate->cost < best->cost)) best = std::move(gate);
    }
    return best;
  }

  std::optional<Gate> union_of(const Node& node) const {
    Gate all;
    for (const NodeId child : program_.children(node)) {
      std::optional<Gate> gate = of(child);
      if (!gate || all.keys.size() + gate->keys.size() > kMaxKeys) return std::nullopt;
      std::move(gate->keys.begin(), gate->keys.end(), std::back_inserter(all.keys));
      all.cost += gate->cost;
    }
    return all;
  }

  const Program& program_;
};

}  // namespace

Gates::FieldGate& Gates::gate_of(event::FieldRef field) {
  for (FieldGate& gate : gates_) {
    if (gate.field == field) return gate;
  }
  return gates_.emplace_back(FieldGate{field, {}, {}, {}});
}

Gates Gates::derive(const Program& program) {
  Gates gates;
  const Derivation derivation(program);
  for (const RuleIndex rule : program.all_rules()) {
    const std::optional<Gate> gate = derivation.of(program.rules()[rule].root);
    if (!gate) {
      gates.always_.push_back(rule);
      continue;
    }
    for (const Key& key : gate->keys) {
      FieldGate& field = gates.gate_of(key.field);
      if (key.presence) {
        field.if_present.push_back(rule);
        continue;
      }
      const std::uint32_t number = field.texts.insert(key.text);
      if (number == field.rules.size()) field.rules.emplace_back();
      std::vector<RuleIndex>& rules = field.rules[number];
      if (rules.empty() || rules.back() != rule) rules.push_back(rule);
    }
  }
  for (const FieldGate& gate : gates.gates_) gates.fields_.push_back(gate.field);
  return gates;
}

}  // namespace tocsin::program
