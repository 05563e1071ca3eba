// Match: a Program meets an Event.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "event/event.h"
#include "program/program.h"

namespace tocsin::program {

// The scratch memory of one thread. Each predicate is tested at most once per event, and only when
// a rule's condition really needs it. A warm Matching allocates nothing.
class Matching {
 public:
  explicit Matching(const Program& program)
      : program_(program), results_(program.predicates().size(), 0) {}

  // Appends to `out` the rules of `candidates` that the event fulfils, in their order.
  void run(event::Event& event, std::span<const RuleIndex> candidates, std::vector<RuleIndex>& out);

  // The rules to try on an event: those of its log source when the record tells it.
  std::span<const RuleIndex> candidates(const event::Event& event) const {
    return event.is_cloudtrail() ? program_.cloudtrail_rules() : program_.all_rules();
  }

  // The value of one node for the event of the last run().
  bool holds(NodeId node, event::Event& event);

 private:
  bool predicate(PredicateId id, event::Event& event);

  const Program& program_;
  std::vector<std::uint32_t> results_;  // epoch << 1 | result
  std::uint32_t epoch_ = 0;
};

}  // namespace tocsin::program
