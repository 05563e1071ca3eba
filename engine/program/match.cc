#include "program/match.h"

#include <algorithm>

namespace tocsin::program {

Matching::Matching(const Program& program)
    : program_(program),
      results_(program.predicates().size(), 0),
      tried_(program.rules().size(), 0) {
  candidates_.reserve(program.rules().size());
}

void Matching::begin() {
  constexpr std::uint32_t kLastEpoch = UINT32_MAX >> 1;
  cut_subject_ = false;
  if (++epoch_ <= kLastEpoch) return;
  std::fill(results_.begin(), results_.end(), 0);
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
  gates.find_candidates(event, scratch_, [this](const Gates::Waiting& waiting) {
    add_candidate(waiting.rule);
    if (waiting.proven != kNoPredicate) results_[waiting.proven] = epoch_ << 1 | 1;
  });
  std::erase_if(candidates_, [&](RuleIndex rule) {
    return gates.reading(rule) != Reading::first && truth(program_.root(rule), event) == Truth::no;
  });
  reading_ = Reading::first;
  for (const RuleIndex rule : candidates_) reading_ = std::max(reading_, gates.reading(rule));
  return !candidates_.empty();
}

void Matching::finish(event::Event& event, std::vector<RuleIndex>& out) {
  std::sort(candidates_.begin(), candidates_.end());
  for (const RuleIndex rule : candidates_) {
    if (holds(program_.root(rule), event)) out.push_back(rule);
  }
}

void Matching::run(event::Event& event, std::span<const RuleIndex> candidates,
                   std::vector<RuleIndex>& out) {
  begin();
  for (const RuleIndex rule : candidates) {
    if (holds(program_.root(rule), event)) out.push_back(rule);
  }
}

bool Matching::predicate(PredicateId id, event::Event& event) {
  std::uint32_t& known = results_[id];
  if (known >> 1 != epoch_) {
    const Predicate& asked = program_.predicates()[id];
    known = epoch_ << 1 | (asked.test(event) ? 1u : 0u);
    cut_subject_ = cut_subject_ || asked.cuts_subject(event);
  }
  return (known & 1) != 0;
}

Matching::Truth Matching::truth(NodeId id, event::Event& event) {
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
      if (!gates_->tells(program_.predicates()[node.index])) return Truth::unknown;
      return predicate(node.index, event) ? Truth::yes : Truth::no;
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

bool Matching::holds(NodeId id, event::Event& event) {
  const Node& node = program_.node(id);
  const auto children = program_.children(node);
  const auto child_holds = [&](NodeId child) { return holds(child, event); };
  switch (node.kind) {
    case Node::Kind::predicate:
      return predicate(node.index, event);
    case Node::Kind::all:
      return std::all_of(children.begin(), children.end(), child_holds);
    case Node::Kind::any:
      return std::any_of(children.begin(), children.end(), child_holds);
    case Node::Kind::negation:
      return !holds(children[0], event);
    case Node::Kind::selection:
      return holds(children[0], event);
  }
  return false;
}

}  // namespace tocsin::program
