// Gates: which rules an event can fulfil at all.
//
// A rule's gate is a set of keys of which at least one must occur in every event that fulfils it: a
// field with an exact text, or the mere presence of a field. An event is looked up once per gated
// field and value; rules behind gates that stay shut are never evaluated. A rule for which no such
// set can be derived (keywords, a condition that only excludes) is always tried.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/string_table.h"
#include "event/event.h"
#include "program/program.h"

namespace tocsin::program {

class Gates {
 public:
  // Derives the gates of all rules of `program`.
  static Gates derive(const Program& program);

  // Calls visit(RuleIndex) for every rule that the event may fulfil; a rule may be visited more
  // than once. Folds texts of `event` as needed.
  template <class Visit>
  void for_each_candidate(event::Event& event, Visit visit) const;

  // The fields that for_each_candidate() looks at.
  const std::vector<event::FieldRef>& fields() const { return fields_; }

  // Rules that are tried on every event.
  const std::vector<RuleIndex>& always() const { return always_; }

 private:
  struct FieldGate {
    event::FieldRef field;
    StringTable texts;
    std::vector<std::vector<RuleIndex>> rules;  // by number of the text
    std::vector<RuleIndex> if_present;          // whatever the value
  };
  FieldGate& gate_of(event::FieldRef field);

  std::vector<FieldGate> gates_;
  std::vector<RuleIndex> always_;
  std::vector<event::FieldRef> fields_;
};

template <class Visit>
void Gates::for_each_candidate(event::Event& event, Visit visit) const {
  for (const FieldGate& gate : gates_) {
    if (!event.present(gate.field)) continue;
    for (const RuleIndex rule : gate.if_present) visit(rule);
    if (gate.texts.empty()) continue;
    for (event::Value* value = event.first(gate.field); value != nullptr;
         value = event.next(*value)) {
      const std::uint32_t number = gate.texts.find(event.folded(*value));
      if (number == StringTable::kMissing) continue;
      for (const RuleIndex rule : gate.rules[number]) visit(rule);
    }
  }
  for (const RuleIndex rule : always_) visit(rule);
}

}  // namespace tocsin::program
