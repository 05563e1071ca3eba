#include "program/gate.h"

#include <algorithm>
#include <optional>

namespace tocsin::program {
namespace {

// Adds `rule` to the rules of the sign with this number. Signs are numbered in order, and rules
// come in order.
void add_rule(std::vector<std::vector<RuleIndex>>& rules, std::uint32_t number, RuleIndex rule) {
  if (number == rules.size()) rules.emplace_back();
  if (rules[number].empty() || rules[number].back() != rule) rules[number].push_back(rule);
}

// Calls visit(FieldRef) for every field that a condition asks for.
template <class Visit>
void for_each_field(const Program& program, NodeId id, Visit visit) {
  const Node& node = program.node(id);
  for (const NodeId child : program.children(node)) for_each_field(program, child, visit);
  if (node.kind != Node::Kind::predicate) return;
  const Predicate& predicate = program.predicates()[node.index];
  visit(predicate.field);
  if (const auto* field = std::get_if<MatchField>(&predicate.matcher)) visit(field->other);
}

}  // namespace

bool Gates::is_ascii(std::string_view text) {
  unsigned seen = 0;
  for (const char c : text) seen |= static_cast<unsigned char>(c);
  return seen < 0x80;
}

Gates::FieldGate& Gates::gate_of(event::FieldRef field) {
  const auto known = std::find(fields_.begin(), fields_.end(), field);
  if (known != fields_.end()) return gates_[static_cast<std::size_t>(known - fields_.begin())];
  fields_.push_back(field);
  gates_.emplace_back();
  gates_.back().field = field;
  return gates_.back();
}

void Gates::add(const Sign& sign, RuleIndex rule) {
  if (sign.kind == Sign::Kind::keyword) {
    whole_event_ = sign.field;
    return add_rule(keywords_.rules, keywords_.literals.insert(sign.text), rule);
  }
  FieldGate& gate = gate_of(sign.field);
  switch (sign.kind) {
    case Sign::Kind::text:
      return add_rule(gate.text_rules, gate.texts.insert(sign.text), rule);
    case Sign::Kind::literal:
      return add_rule(gate.literals.rules, gate.literals.literals.insert(sign.text), rule);
    case Sign::Kind::network:
      return add_rule(gate.network_rules, gate.networks.insert(sign.network), rule);
    case Sign::Kind::presence:
      gate.if_present.push_back(rule);
      return;
    case Sign::Kind::keyword:
      return;
  }
}

Gates Gates::derive(const Program& program, std::span<const RuleIndex> rules,
                    const CompileOptions& options) {
  Gates gates;
  for (const RuleIndex rule : rules) {
    const std::optional<Witness> witness = find_witness(program, program.rules()[rule].root);
    if (!witness) {
      gates.always_.push_back(rule);
      continue;
    }
    for (const Sign& sign : witness->signs) gates.add(sign, rule);
  }
  for (FieldGate& gate : gates.gates_) gate.literals.literals.build();
  gates.keywords_.literals.build(options.hyperscan_literals);
  gates.find_readings(program, rules);
  return gates;
}

void Gates::find_readings(const Program& program, std::span<const RuleIndex> rules) {
  const event::FieldRef whole = program.fields().find(event::kWholeEvent);
  std::vector<bool> is_first(program.fields().size(), false);
  for (const event::FieldRef field : fields_) is_first[field] = true;
  // Rules that are always tried are better evaluated at once.
  for (const RuleIndex rule : always_) {
    for_each_field(program, program.rules()[rule].root, [&](event::FieldRef field) {
      if (field != whole && !is_first[field]) fields_.push_back(field);
      is_first[field] = field != whole;
    });
  }
  readings_.assign(program.rules().size(), Reading::first);
  for (const RuleIndex rule : rules) {
    Reading& reading = readings_[rule];
    for_each_field(program, program.rules()[rule].root, [&](event::FieldRef field) {
      if (!is_first[field]) {
        reading = std::max(reading, field == whole ? Reading::all : Reading::fields);
      }
    });
  }
}

void Gates::prepare(ScanScratch& scratch) const {
  keywords_.literals.prepare(scratch);
}

}  // namespace tocsin::program
