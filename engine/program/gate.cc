#include "program/gate.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

#include "base/text.h"

namespace tocsin::program {
namespace {

// Signs that so many of 10,000 records show make their rules candidates nearly always.
constexpr double kFrequent = 2'500;

// Adds `rule` to the rules of the sign with this number. Signs are numbered in order, and rules
// come in order.
void add_rule(std::vector<std::vector<Gates::Waiting>>& rules, std::uint32_t number,
              const Gates::Waiting& rule) {
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

// There are backslashes or bytes beyond ASCII among the eight of `word`; sometimes true without.
bool hides_something(std::uint64_t word) {
  constexpr std::uint64_t kOnes = 0x0101010101010101u;
  const std::uint64_t differs = word ^ std::uint64_t{'\\'} * kOnes;
  return (((differs - kOnes) & ~differs) | word) & (0x80 * kOnes);
}

// The code point at json[at], which no plain ASCII character stands for itself; moves `at` behind
// it. Half a surrogate pair is as good as any: none of them becomes ASCII.
char32_t hidden_character(std::string_view json, std::size_t& at) {
  if (json[at] != '\\') return text::next_code_point(json, at);
  unsigned code = 0;
  const char* const digits = json.data() + at + 2;
  std::from_chars(digits, digits + 4, code, 16);
  at += 6;
  return code;
}

}  // namespace

void Gates::spell_out(std::string_view json, std::string& out) {
  out.resize(json.size());  // it only gets shorter
  char* to = out.data();
  for (std::size_t at = 0; at < json.size();) {
    for (std::uint64_t word; at + sizeof word <= json.size(); at += sizeof word) {
      std::memcpy(&word, json.data() + at, sizeof word);
      if (hides_something(word)) break;
      std::memcpy(to, &word, sizeof word);
      to += sizeof word;
    }
    if (at == json.size()) break;
    const char c = json[at];
    if (c != '\\' && static_cast<signed char>(c) >= 0) {
      *to++ = c;
      ++at;
      continue;
    }
    const char escaped = c == '\\' && at + 1 < json.size() ? json[at + 1] : '\0';
    const bool is_code = escaped == 'u' && at + 6 <= json.size();
    if (c == '\\' && !is_code) {  // \/ becomes /; others hide no text that is looked for
      if (escaped != '/') *to++ = c;
      if (at + 1 < json.size()) *to++ = escaped;
      at += 2;
      continue;
    }
    const char32_t folded = text::fold(hidden_character(json, at));
    *to++ = folded < 0x80 ? static_cast<char>(folded) : '\x7F';
  }
  out.resize(static_cast<std::size_t>(to - out.data()));
}

Gates::FieldGate& Gates::gate_of(event::FieldRef field) {
  const auto known = std::find(fields_.begin(), fields_.end(), field);
  if (known != fields_.end()) return gates_[static_cast<std::size_t>(known - fields_.begin())];
  fields_.push_back(field);
  gates_.emplace_back();
  gates_.back().field = field;
  return gates_.back();
}

void Gates::add(const Sign& sign, RuleIndex index) {
  const Waiting rule{index, sign.proves};
  if (sign.kind == Sign::Kind::keyword) {
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
  std::vector<RuleIndex> frequent;
  for (const RuleIndex rule : rules) {
    const std::optional<Witness> witness = find_witness(program, program.rules()[rule].root);
    if (!witness) {
      gates.always_.push_back(rule);
      frequent.push_back(rule);
      continue;
    }
    if (witness->frequency >= kFrequent) frequent.push_back(rule);
    for (const Sign& sign : witness->signs) gates.add(sign, rule);
  }
  gates.gate_numbers_.assign(program.fields().size(), kNoGate);
  for (std::uint32_t i = 0; i < gates.gates_.size(); ++i) {
    gates.gate_numbers_[gates.gates_[i].field] = i;
  }
  for (FieldGate& gate : gates.gates_) {
    gate.literals.literals.build();
    gate.first_sign = std::exchange(gates.signs_, gates.signs_ + gate.signs());
  }
  gates.keywords_.literals.build(options.hyperscan_literals);
  gates.find_readings(program, rules, frequent);
  return gates;
}

void Gates::find_readings(const Program& program, std::span<const RuleIndex> rules,
                          std::span<const RuleIndex> frequent) {
  const event::FieldRef whole = program.fields().find(event::kWholeEvent);
  is_first_.assign(program.fields().size(), false);
  for (const event::FieldRef field : fields_) is_first_[field] = true;
  // Rules that are tried all the time are better evaluated at once.
  for (const RuleIndex rule : frequent) {
    for_each_field(program, program.rules()[rule].root, [&](event::FieldRef field) {
      if (field != whole && !is_first_[field]) fields_.push_back(field);
      is_first_[field] = field != whole;
    });
  }
  readings_.assign(program.rules().size(), Reading::first);
  for (const RuleIndex rule : rules) {
    Reading& reading = readings_[rule];
    for_each_field(program, program.rules()[rule].root, [&](event::FieldRef field) {
      if (!is_first_[field]) {
        reading = std::max(reading, field == whole ? Reading::all : Reading::fields);
      }
    });
  }
}

void Gates::prepare(ScanScratch& scratch) const {
  keywords_.literals.prepare(scratch);
}

}  // namespace tocsin::program
