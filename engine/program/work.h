// Work: what one event may cost, whatever it holds and whatever the rules are. Counted in units of
// about a nanosecond, by what is done to the event's bytes and never by a clock, so that the same
// event and rules always come to the same count.
//
// Every rule has a budget for each event, and all rules together have one: whoever fills one
// rule's budget with a hostile event cannot hold up a worker. What a predicate costs is charged to
// every rule that asks it, though it is tested once: whether a rule keeps to its own budget does
// not depend on the other rules. A rule that runs out is not evaluated for this event, which must
// be reported (Matching::unevaluated()).
//
// What RE2 will take is known as a bound only, and nearly always takes a hundredth of it. Regexes
// have an account of their own: up to limits::kRegexesWork by their bounds, and beyond that as long
// as the processor time that they really took, by the clock that the caller gives, leaves room for
// the bound of the next. Only there does an answer depend on time: for events that really take
// long.
//
// One per thread. Warm, it allocates nothing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/limits.h"

namespace tocsin::program {

// An answer; unknown when the budget ended before it was found.
enum class Truth : std::uint8_t { no, yes, unknown };

class Work {
 public:
  // With less left, the budget has ended.
  static constexpr std::uint64_t kLeast = 64;
  // A predicate that costs no more is tested even then: it may decide without the costly one.
  static constexpr std::uint64_t kSmall = 1024;
  // Processor time of this thread in nanoseconds.
  using Clock = std::uint64_t (*)();

  // Without a clock no more is done than the bounds allow.
  explicit Work(Clock clock = nullptr) : clock_(clock) { begin_event(); }
  // For finding out which rules to try.
  static Work of_gates() { return Work(nullptr, limits::kGateWork, 0); }
  // For showing why rules fired.
  static Work of_evidence(Clock clock) {
    return Work(clock, limits::kEvidenceWork, limits::kEvidenceWork);
  }
  // For whoever has time: one event, to be explained.
  static Work unlimited() { return Work(nullptr, UINT64_MAX, UINT64_MAX); }

  void begin_event() {
    event_left_ = per_event_;
    risked_ = 0;
    regexes_since_ = 0;
    cut_subject_ = false;
    begin_rule();
  }
  void begin_rule() { rule_left_ = std::min(per_rule_, event_left_); }
  // Of the event that was begun, by all rules, regexes by their bounds.
  std::uint64_t spent() const { return per_event_ - event_left_ + risked_; }
  std::uint64_t event_left() const { return event_left_; }
  // Nothing more will be done for the rule that was begun.
  bool is_spent() const { return rule_left_ < kLeast || event_left_ < kLeast; }

  // Before something that costs `units`, or at most that: false when it must not be done.
  bool spend(std::uint64_t units) {
    if (units > rule_left_ || units > event_left_) return false;
    charge(units);
    return true;
  }
  // After something whose cost is known only then.
  void charge(std::uint64_t units) {
    event_left_ -= std::min(units, event_left_);
    rule_left_ -= std::min(units, rule_left_);
  }
  // Before a regex that takes at most `bound`: false when it must not be run.
  bool spend_on_regex(std::uint64_t bound) {
    constexpr std::uint64_t kNotWorthMeasuring = 1'000'000;
    if (risked_ > kNotWorthMeasuring && regexes_since_ == 0 && clock_ != nullptr) {
      regexes_since_ = clock_();
    }
    const bool fits = bound <= per_regexes_ - std::min(risked_, per_regexes_) ||
                      (regexes_since_ != 0 && clock_() - regexes_since_ + bound <= per_regexes_);
    if (fits) risked_ += bound;
    return fits;
  }
  // What was done for another rule already: false when it is more than this rule has left.
  bool recall(std::uint64_t units) {
    if (units > rule_left_ && units > kSmall) return false;
    rule_left_ -= std::min(units, rule_left_);
    return true;
  }

  // A set of numbers below `count`, empty at first; there is one set at a time.
  void begin_set(std::size_t count) {
    if (set_.size() < count) set_.resize(count, 0);
    if (++set_epoch_ != 0) return;
    std::fill(set_.begin(), set_.end(), 0);
    set_epoch_ = 1;
  }
  // Adds `number`; false when it was there.
  bool insert(std::size_t number) {
    if (set_[number] == set_epoch_) return false;
    set_[number] = set_epoch_;
    return true;
  }

  // A regex saw only the beginning of a value (subject_limit()).
  void note_cut_subject() { cut_subject_ = true; }
  bool cut_subject() const { return cut_subject_; }

 private:
  Work(Clock clock, std::uint64_t units, std::uint64_t regexes)
      : clock_(clock), per_event_(units), per_rule_(units), per_regexes_(regexes) {
    begin_event();
  }

  Clock clock_;
  std::uint64_t per_event_ = limits::kEventWork, per_rule_ = limits::kRuleWork;
  std::uint64_t per_regexes_ = limits::kRegexesWork;
  std::uint64_t event_left_ = 0, rule_left_ = 0;
  std::uint64_t risked_ = 0;         // by regexes: their bounds
  std::uint64_t regexes_since_ = 0;  // 0: they are not measured yet
  bool cut_subject_ = false;
  std::vector<std::uint32_t> set_;  // by number: the epoch in which it was added
  std::uint32_t set_epoch_ = 0;
};

}  // namespace tocsin::program
