#include "program/match.h"

#include <algorithm>

namespace tocsin::program {

void Matching::begin() {
  constexpr std::uint32_t kLastEpoch = UINT32_MAX >> 1;
  if (++epoch_ <= kLastEpoch) return;
  std::fill(results_.begin(), results_.end(), 0);
  std::fill(tried_.begin(), tried_.end(), 0);
  epoch_ = 1;
}

bool Matching::open(event::Event& event, const RuleMask& mask) {
  begin();
  candidates_.clear();
  program_.gates().for_each_candidate(event, [&](RuleIndex rule) {
    if (tried_[rule] == epoch_ || mask[rule] == 0) return;
    tried_[rule] = epoch_;
    candidates_.push_back(rule);
  });
  return !candidates_.empty();
}

void Matching::finish(event::Event& event, std::vector<RuleIndex>& out) {
  std::sort(candidates_.begin(), candidates_.end());
  run(event, candidates_, out);
}

void Matching::run_gated(event::Event& event, const RuleMask& mask, std::vector<RuleIndex>& out) {
  if (open(event, mask)) finish(event, out);
}

void Matching::run(event::Event& event, std::span<const RuleIndex> candidates,
                   std::vector<RuleIndex>& out) {
  begin();
  for (const RuleIndex rule : candidates) {
    if (holds(program_.rules()[rule].root, event)) out.push_back(rule);
  }
}

bool Matching::predicate(PredicateId id, event::Event& event) {
  std::uint32_t& known = results_[id];
  if (known >> 1 != epoch_) {
    known = epoch_ << 1 | (program_.predicates()[id].test(event) ? 1u : 0u);
  }
  return (known & 1) != 0;
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
