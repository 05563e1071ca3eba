#include "program/match.h"

#include <algorithm>

namespace tocsin::program {

Matching::Matching(const Program& program, Work::Clock clock)
    : program_(program),
      known_(program.predicates().size()),
      tried_(program.rules().size(), 0),
      work_(clock) {
  candidates_.reserve(program.rules().size());
}

void Matching::begin() {
  work_.begin_event();
  gate_work_.begin_event();
  unevaluated_.clear();
  if (++epoch_ != 0) return;
  std::fill(known_.begin(), known_.end(), Known{});
  std::fill(tried_.begin(), tried_.end(), 0);
  epoch_ = 1;
}

void Matching::add_candidate(RuleIndex rule) {
  if (tried_[rule] == epoch_) return;
  tried_[rule] = epoch_;
  candidates_.push_back(rule);
}

bool Matching::open(event::Event& event, const Gates& gates) {
  begin();
  candidates_.clear();
  if (gates_ != &gates &&
      std::find(prepared_.begin(), prepared_.end(), &gates) == prepared_.end()) {
    gates.prepare(scratch_);
    prepared_.push_back(&gates);
  }
  gates_ = &gates;
  gates.find_candidates(event, scratch_, gate_work_, [this](const Gates::Waiting& waiting) {
    add_candidate(waiting.rule);
    if (waiting.proven != kNoPredicate) known_[waiting.proven] = {epoch_, 0, Truth::yes};
  });
  is_opening_ = true;
  std::erase_if(candidates_, [&](RuleIndex rule) {
    if (gates.reading(rule) == Reading::first) return false;
    work_.begin_rule();
    return truth(program_.root(rule), event) == Truth::no;
  });
  is_opening_ = false;
  reading_ = Reading::first;
  for (const RuleIndex rule : candidates_) reading_ = std::max(reading_, gates.reading(rule));
  return !candidates_.empty();
}

void Matching::finish(event::Event& event, std::vector<RuleIndex>& out) {
  std::sort(candidates_.begin(), candidates_.end());
  for (const RuleIndex rule : candidates_) evaluate(rule, event, out);
}

void Matching::run(event::Event& event, std::span<const RuleIndex> candidates,
                   std::vector<RuleIndex>& out) {
  begin();
  for (const RuleIndex rule : candidates) evaluate(rule, event, out);
}

void Matching::evaluate(RuleIndex rule, event::Event& event, std::vector<RuleIndex>& out) {
  work_.begin_rule();
  const Truth fulfilled = truth(program_.root(rule), event);
  if (fulfilled == Truth::yes) out.push_back(rule);
  if (fulfilled == Truth::unknown) unevaluated_.push_back(rule);
}

Truth Matching::predicate(PredicateId id, event::Event& event) {
  Known& known = known_[id];
  if (known.epoch == epoch_) return work_.recall(known.units) ? known.truth : Truth::unknown;
  const std::uint64_t before = work_.event_left();
  const Truth truth = program_.predicates()[id].test(event, work_);
  // Another rule may have more left for it.
  if (truth != Truth::unknown) {
    known = {epoch_, static_cast<std::uint32_t>(before - work_.event_left()), truth};
  }
  return truth;
}

Truth Matching::truth(NodeId id, event::Event& event) {
  const Node& node = program_.node(id);
  const auto children = program_.children(node);
  // `decisive` as soon as one child is; the opposite when all children are that.
  const auto combined = [&](Truth decisive, Truth opposite) {
    Truth result = opposite;
    for (const NodeId child : children) {
      const Truth part = truth(child, event);
      if (part == decisive) return decisive;
      if (part == Truth::unknown) result = Truth::unknown;
    }
    return result;
  };
  switch (node.kind) {
    case Node::Kind::predicate:
      if (is_opening_ && !gates_->tells(program_.predicates()[node.index])) return Truth::unknown;
      return predicate(node.index, event);
    case Node::Kind::all:
      return combined(Truth::no, Truth::yes);
    case Node::Kind::any:
      return combined(Truth::yes, Truth::no);
    case Node::Kind::negation: {
      const Truth part = truth(children[0], event);
      return part == Truth::unknown ? part : part == Truth::yes ? Truth::no : Truth::yes;
    }
    case Node::Kind::selection:
      return truth(children[0], event);
  }
  return Truth::unknown;
}

}  // namespace tocsin::program
