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
  // Needs fields() only.
  template <class Visit>
  void find_candidates(event::Event& event, ScanScratch& scratch, Visit visit) const;

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
  };

  // Copies the record so that every text without quotes, backslashes and control characters that
  // some folded value contains stands there, whatever its case; but what is not ASCII is blanked.
  static void spell_out(std::string_view json, std::string& out);
  void add(const Sign& sign, RuleIndex rule);
  FieldGate& gate_of(event::FieldRef field);
  void find_readings(const Program& program, std::span<const RuleIndex> rules,
                     std::span<const RuleIndex> frequent);
  template <class Visit>
  static void find_in(const FieldGate& gate, event::Event& event, event::Value& value,
                      Visit& visit);
  template <class Visit>
  void find_keywords(const event::Event& event, ScanScratch& scratch, Visit& visit) const;

  std::vector<FieldGate> gates_;
  static constexpr std::uint32_t kNoGate = UINT32_MAX;
  std::vector<std::uint32_t> gate_numbers_;  // by field
  std::vector<event::FieldRef> fields_;      // of gates_ first
  std::vector<bool> is_first_;               // by field: among fields_
  std::vector<Reading> readings_;            // by rule
  LiteralGate<LiteralScanner> keywords_;
  std::vector<RuleIndex> always_;
};

template <class Visit>
void Gates::find_candidates(event::Event& event, ScanScratch& scratch, Visit visit) const {
  for (const event::FieldRef field : event.filled()) {
    if (gate_numbers_[field] == kNoGate) continue;
    const FieldGate& gate = gates_[gate_numbers_[field]];
    for (const Waiting& waiting : gate.if_present) visit(waiting);
    for (event::Value* value = event.first(gate.field); value != nullptr;
         value = event.next(*value)) {
      find_in(gate, event, *value, visit);
    }
  }
  if (!keywords_.literals.empty()) find_keywords(event, scratch, visit);
  for (const RuleIndex rule : always_) visit(Waiting{rule, kNoPredicate});
}

template <class Visit>
void Gates::find_in(const FieldGate& gate, event::Event& event, event::Value& value, Visit& visit) {
  if (value.kind == event::Value::Kind::null) return;
  const bool ascii = text::is_ascii(value.text);
  const std::string_view text = ascii ? value.text : event.folded(value);
  if (!gate.texts.empty()) {
    const auto number = ascii ? gate.texts.find_caseless(text) : gate.texts.find(text);
    if (number != StringTable::kMissing) {
      for (const Waiting& waiting : gate.text_rules[number]) visit(waiting);
    }
  }
  gate.literals.literals.scan(text, [&](std::uint32_t number) {
    for (const Waiting& waiting : gate.literals.rules[number]) visit(waiting);
    return false;
  });
  if (gate.networks.empty() || value.kind != event::Value::Kind::string) return;
  if (const auto address = parse_ip(value.text)) {
    gate.networks.find(*address, [&](std::uint32_t number) {
      for (const Waiting& waiting : gate.network_rules[number]) visit(waiting);
      return false;
    });
  }
}

template <class Visit>
void Gates::find_keywords(const event::Event& event, ScanScratch& scratch, Visit& visit) const {
  std::string_view text = event.json();
  if (!event.is_spelled_out()) {
    spell_out(text, scratch.text);
    text = scratch.text;
  }
  keywords_.literals.scan(text, scratch, [&](std::uint32_t number) {
    for (const Waiting& waiting : keywords_.rules[number]) visit(waiting);
  });
}

}  // namespace tocsin::program
