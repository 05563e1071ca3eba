// Gates: which of a set of rules an event can fulfil at all.
//
// Every rule waits behind the signs of its witness. The signs of all rules are sorted by field and
// kind, so that a value is looked up once among the exact texts, once among the literals and once
// among the networks, however many rules ask. Rules without a witness are candidates always.
//
// Keyword rules wait for literals in the bytes of the record; when it does not spell out its texts,
// in a copy of it that does.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/network_table.h"
#include "base/string_table.h"
#include "base/text.h"
#include "event/event.h"
#include "program/literal_scanner.h"
#include "program/program.h"
#include "program/witness.h"

namespace tocsin::program {

// How much of an event has to be read.
enum class Reading : std::uint8_t {
  first,   // the fields of the gates
  fields,  // all fields of the program but the whole event
  all,     // the whole event too
};

class Gates {
 public:
  static Gates derive(const Program& program, std::span<const RuleIndex> rules,
                      const CompileOptions& options);

  // To be called for every ScanScratch before it is used here.
  void prepare(ScanScratch& scratch) const;

  // The fields that find_candidates() looks at, and those that Reading::first means.
  const std::vector<event::FieldRef>& fields() const { return fields_; }
  // They are all that the predicate looks at.
  bool tells(const Predicate& predicate) const {
    const auto* field = std::get_if<MatchField>(&predicate.matcher);
    return is_first_[predicate.field] && (field == nullptr || is_first_[field->other]);
  }
  // What it takes to evaluate a rule.
  Reading reading(RuleIndex rule) const { return readings_[rule]; }
  // Rules that are candidates on every event.
  const std::vector<RuleIndex>& always() const { return always_; }

  // A rule that a sign brings up, and a predicate that holds then (or kNoPredicate).
  struct Waiting {
    RuleIndex rule;
    PredicateId proven;
    bool operator==(const Waiting&) const = default;
  };
  // Calls visit(Waiting) for every rule that the event may fulfil, some of them more than once.
  // Needs fields() only. Where `work` runs out, all rules that wait there are visited.
  template <class Visit>
  void find_candidates(event::Event& event, ScanScratch& scratch, Work& work, Visit visit) const;

 private:
  using Rules = std::vector<Waiting>;
  template <class Literals>
  struct LiteralGate {
    Literals literals;
    std::vector<Rules> rules;  // by number of the literal
  };
  struct FieldGate {
    event::FieldRef field;
    Rules if_present;  // whatever the value
    StringTable texts;
    std::vector<Rules> text_rules;  // by number of the text
    LiteralGate<LiteralSet> literals;
    NetworkTable networks;
    std::vector<Rules> network_rules;  // by number of the network
    std::size_t first_sign = 0;        // of those of all gates: texts, literals, networks

    std::size_t signs() const {
      return text_rules.size() + literals.rules.size() + network_rules.size();
    }
    template <class Visit>
    void for_each(Visit visit) const {
      for (const auto* rules : {&text_rules, &literals.rules, &network_rules}) {
        for (const Rules& waiting : *rules) visit(waiting);
      }
    }
  };

  // Copies the record so that every text without quotes, backslashes and control characters that
  // some folded value contains stands there, whatever its case; but what is not ASCII is blanked.
  static void spell_out(std::string_view json, std::string& out);
  void add(const Sign& sign, RuleIndex rule);
  FieldGate& gate_of(event::FieldRef field);
  void find_readings(const Program& program, std::span<const RuleIndex> rules,
                     std::span<const RuleIndex> frequent);
  template <class Visit>
  static bool find_in(const FieldGate& gate, event::Event& event, event::Value& value, Work& work,
                      Visit& visit);
  template <class Visit>
  bool find_keywords(const event::Event& event, ScanScratch& scratch, Work& work,
                     Visit& visit) const;

  std::vector<FieldGate> gates_;
  static constexpr std::uint32_t kNoGate = UINT32_MAX;
  std::vector<std::uint32_t> gate_numbers_;  // by field
  std::vector<event::FieldRef> fields_;      // of gates_ first
  std::vector<bool> is_first_;               // by field: among fields_
  std::vector<Reading> readings_;            // by rule
  LiteralGate<LiteralScanner> keywords_;
  std::size_t signs_ = 0;  // of gates_; those of keywords_ follow
  std::vector<RuleIndex> always_;
};

template <class Visit>
void Gates::find_candidates(event::Event& event, ScanScratch& scratch, Work& work,
                            Visit visit) const {
  const auto visit_all = [&](const Rules& rules) {
    for (const Waiting& waiting : rules) visit(waiting);
  };
  const auto visit_unproven = [&](const Rules& rules) {
    for (const Waiting& waiting : rules) visit(Waiting{waiting.rule, kNoPredicate});
  };
  work.begin_set(signs_ + keywords_.rules.size());
  for (const event::FieldRef field : event.filled()) {
    if (gate_numbers_[field] == kNoGate) continue;
    const FieldGate& gate = gates_[gate_numbers_[field]];
    visit_all(gate.if_present);
    bool complete = true;
    for (event::Value* value = event.first(gate.field); value != nullptr && complete;
         value = event.next(*value)) {
      complete = find_in(gate, event, *value, work, visit_all);
    }
    if (!complete) gate.for_each(visit_unproven);
  }
  if (!keywords_.literals.empty() && !find_keywords(event, scratch, work, visit_all)) {
    for (const Rules& rules : keywords_.rules) visit_unproven(rules);
  }
  for (const RuleIndex rule : always_) visit(Waiting{rule, kNoPredicate});
}

// False when `work` ran out.
template <class Visit>
bool Gates::find_in(const FieldGate& gate, event::Event& event, event::Value& value, Work& work,
                    Visit& visit) {
  if (value.kind == event::Value::Kind::null) return true;
  const bool ascii = text::is_ascii(value.text);
  const std::string_view text = ascii ? value.text : event.folded(value);
  // Once for each sign: what follows from it is the same the second time.
  const auto show = [&](std::size_t sign, const Rules& rules) {
    if (work.insert(gate.first_sign + sign)) visit(rules);
  };
  if (!gate.texts.empty()) {
    const auto number = ascii ? gate.texts.find_caseless(text) : gate.texts.find(text);
    if (number != StringTable::kMissing) show(number, gate.text_rules[number]);
  }
  const std::size_t literals = gate.text_rules.size();
  const Truth scanned = gate.literals.literals.scan(text, work, [&](std::uint32_t number) {
    show(literals + number, gate.literals.rules[number]);
    return false;
  });
  if (scanned == Truth::unknown) return false;
  if (gate.networks.empty() || value.kind != event::Value::Kind::string) return true;
  const std::size_t networks = literals + gate.literals.rules.size();
  if (const auto address = parse_ip(value.text)) {
    gate.networks.find(*address, [&](std::uint32_t number) {
      show(networks + number, gate.network_rules[number]);
      return false;
    });
  }
  return true;
}

template <class Visit>
bool Gates::find_keywords(const event::Event& event, ScanScratch& scratch, Work& work,
                          Visit& visit) const {
  std::string_view text = event.json();
  if (!event.is_spelled_out()) {
    spell_out(text, scratch.text);
    text = scratch.text;
  }
  return keywords_.literals.scan(text, scratch, work, [&](std::uint32_t number) {
    if (work.insert(signs_ + number)) visit(keywords_.rules[number]);
  });
}

}  // namespace tocsin::program
