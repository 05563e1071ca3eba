#include "program/match.h"

#include <algorithm>

namespace tocsin::program {

void Matching::run(event::Event& event, std::span<const RuleIndex> candidates,
                   std::vector<RuleIndex>& out) {
  constexpr std::uint32_t kLastEpoch = UINT32_MAX >> 1;
  if (++epoch_ > kLastEpoch) {
    std::fill(results_.begin(), results_.end(), 0);
    epoch_ = 1;
  }
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
    case Node::Kind::predicate: return predicate(node.index, event);
    case Node::Kind::all: return std::all_of(children.begin(), children.end(), child_holds);
    case Node::Kind::any: return std::any_of(children.begin(), children.end(), child_holds);
    case Node::Kind::negation: return !holds(children[0], event);
    case Node::Kind::selection: return holds(children[0], event);
  }
  return false;
}

}  // namespace tocsin::program
