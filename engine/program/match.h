// Match: a Program meets an Event.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "event/event.h"
#include "program/gate.h"
#include "program/program.h"

namespace tocsin::program {

// The scratch memory of one thread. Each predicate is tested at most once per event, and only when
// a rule's condition really needs it. A warm Matching allocates nothing.
class Matching {
 public:
  explicit Matching(const Program& program)
      : program_(program),
        results_(program.predicates().size(), 0),
        tried_(program.rules().size(), 0) {}

  // Appends to `out` the rules of `candidates` that the event fulfils, in their order: each of them
  // is evaluated.
  void run(event::Event& event, std::span<const RuleIndex> candidates, std::vector<RuleIndex>& out);

  // The same for the alerting rules that `mask` allows, in ascending order; only rules whose gate
  // the event opens are evaluated.
  void run_gated(event::Event& event, const RuleMask& mask, std::vector<RuleIndex>& out);

  // run_gated() in two steps. The first needs no other fields than Gates::fields(); true when there
  // are candidates. The second needs all fields.
  bool open(event::Event& event, const RuleMask& mask);
  void finish(event::Event& event, std::vector<RuleIndex>& out);

  // The rules to try on an event: those of its log source when the record tells it.
  std::span<const RuleIndex> candidates(const event::Event& event) const {
    return event.is_cloudtrail() ? program_.cloudtrail_rules() : program_.all_rules();
  }

  // The value of one node for the event of the last run().
  bool holds(NodeId node, event::Event& event);

 private:
  void begin();
  bool predicate(PredicateId id, event::Event& event);

  const Program& program_;
  std::vector<std::uint32_t> results_;  // by predicate: epoch << 1 | result
  std::vector<std::uint32_t> tried_;    // by rule: epoch in which it was evaluated
  std::uint32_t epoch_ = 0;
  std::vector<RuleIndex> candidates_;
};

}  // namespace tocsin::program
