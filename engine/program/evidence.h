// Evidence: what an alert says of a match. The selections that are true and are asked to be true,
// and in them the leaves that hold: what stands in the tree of explain() (explain.h), without it.
#pragma once

#include <cstddef>
#include <deque>
#include <string>

#include "event/event.h"
#include "program/match_details.h"
#include "program/program.h"

namespace tocsin::program {

// The scratch memory of one thread. It has a budget of its own (work.h), which all rules of an
// event share: evidence that would cost more is left out.
class Evidence {
 public:
  explicit Evidence(const Program& program, Work::Clock clock = nullptr)
      : program_(program), work_(Work::of_evidence(clock)) {}

  // Another event is next.
  void begin_event() { work_.begin_event(); }

  // Precondition: `event` was read with program.fields() and fulfils the rule. What `out` shows is
  // valid until the next call, and no longer than the event's values.
  void find(RuleIndex rule, event::Event& event, MatchView& out);

 private:
  // Each says whether the node holds, and adds the evidence for that; if it does not, nothing.
  bool collect(NodeId id, event::Event& event);
  bool collect_leaf(const Predicate& predicate, event::Event& event);
  bool collect_selection(const Node& node, event::Event& event);
  bool collect_all(const Node& node, event::Event& event);
  bool collect_any(const Node& node, event::Event& event);
  // The same without evidence.
  bool holds(NodeId id, event::Event& event);

  struct Mark {
    std::size_t selections, fields;
  };
  Mark mark() const { return {out_->selections.size(), out_->fields.size()}; }
  void forget_since(const Mark& mark) {
    out_->selections.resize(mark.selections);
    out_->fields.resize(mark.fields);
  }

  const Program& program_;
  Work work_;
  std::deque<std::string> patterns_;  // some of those that are shown
  MatchView* out_ = nullptr;
};

}  // namespace tocsin::program
