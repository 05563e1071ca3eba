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
//
// An event is matched in two steps, so that only few of its fields need to be read when no rule is
// about it: open() finds the rules that may be fulfilled, finish() evaluates them.
class Matching {
 public:
  // `clock`: work.h.
  explicit Matching(const Program& program, Work::Clock clock = nullptr);

  // False when the event fulfils none of the rules behind `gates`. Looks only at gates.fields():
  // a rule that what they say excludes is not opened.
  // `gates` must live as long as this.
  bool open(event::Event& event, const Gates& gates);
  // After open() said true: what finish() needs.
  Reading reading() const { return reading_; }
  // The rules that finish() will evaluate.
  std::span<const RuleIndex> opened() const { return candidates_; }
  // Appends to `out` the rules that the event fulfils, in ascending order. `event` is the same
  // record, read as far as reading() says, now or at open() already.
  void finish(event::Event& event, std::vector<RuleIndex>& out);
  // Both steps, for an event that is read completely.
  void run_gated(event::Event& event, const Gates& gates, std::vector<RuleIndex>& out) {
    if (open(event, gates)) finish(event, out);
  }

  // Appends to `out` the rules of `candidates` that the event fulfils, in their order: each of them
  // is evaluated, unless its budget ends.
  void run(event::Event& event, std::span<const RuleIndex> candidates, std::vector<RuleIndex>& out);

  // The rules to try on an event: those of its log source when the record tells it.
  std::span<const RuleIndex> candidates(const event::Event& event) const {
    return event.is_cloudtrail() ? program_.cloudtrail_rules() : program_.all_rules();
  }

  // Rules of the last finish() or run() that are neither fulfilled nor not: their budget ended
  // before (work.h). Whoever sent the event may hide in it from them: it must be reported.
  std::span<const RuleIndex> unevaluated() const { return unevaluated_; }
  // What that event took.
  std::uint64_t work() const { return gate_work_.spent() + work_.spent(); }

  // Whether one node is known to be true for the event of the last finish() or run().
  bool holds(NodeId node, event::Event& event) { return truth(node, event) == Truth::yes; }

  // A regex saw only the beginning of a value of that event (Regex::subject_limit).
  bool cut_subject() const { return work_.cut_subject(); }

 private:
  void begin();
  void add_candidate(RuleIndex rule);
  void evaluate(RuleIndex rule, event::Event& event, std::vector<RuleIndex>& out);
  Truth predicate(PredicateId id, event::Event& event);
  // While an event is opened: by the fields of the gates alone.
  Truth truth(NodeId id, event::Event& event);

  const Program& program_;
  struct Known {
    std::uint32_t epoch = 0;
    std::uint32_t units = 0;  // of work
    Truth truth = Truth::unknown;
  };
  std::vector<Known> known_;          // by predicate
  std::vector<std::uint32_t> tried_;  // by rule: epoch in which it became a candidate
  std::uint32_t epoch_ = 0;
  ScanScratch scratch_;
  Work work_, gate_work_ = Work::of_gates();
  bool is_opening_ = false;

  // Of the event that was opened.
  std::vector<RuleIndex> candidates_;
  const Gates* gates_ = nullptr;
  Reading reading_ = Reading::first;
  std::vector<const Gates*> prepared_;  // for scratch_
  std::vector<RuleIndex> unevaluated_;
};

}  // namespace tocsin::program
