#include "event/field_set.h"

#include <algorithm>
#include <utility>

#include "event/cloudtrail.h"

namespace tocsin::event {

static_assert(std::size(kEnvelopeMarks) == FieldSet::kLastKnown - FieldSet::kFirstMark + 1);

FieldSet::FieldSet() : nodes_(1) {
  add_edge(kRoot, "eventName");
  add_edge(kRoot, "eventSource");
  for (const std::string_view mark : kEnvelopeMarks) add_edge(kRoot, mark);
}

FieldRef FieldSet::add(std::string_view path) {
  FieldRef field = find(path);
  if (field == kNoField) {
    field = paths_.insert(path);
    read_.push_back(false);
  }
  if (!read_[field]) {
    read_[field] = true;
    add_to_trie(field);
  }
  return field;
}

FieldSet FieldSet::only(std::span<const FieldRef> wanted) const {
  FieldSet out;
  out.paths_ = paths_;
  out.read_.assign(paths_.size(), false);
  for (const FieldRef field : wanted) out.add(path(field));
  FactFields::complete(out);
  return out;
}

void FieldSet::add_to_trie(FieldRef field) {
  const std::string_view path = this->path(field);
  if (path.starts_with(kFactPrefix)) return;
  struct Step {
    NodeId from;
    std::size_t begin;  // of the segment that leads on
  };
  std::vector<Step> steps;  // the last ones, kJoinedSegments at most
  NodeId node = kRoot;
  for (std::size_t begin = 0; path != kWholeEvent && begin <= path.size();) {
    const std::size_t end = std::min(path.find('.', begin), path.size());
    if (steps.size() == kJoinedSegments) steps.erase(steps.begin());
    steps.push_back({node, begin});
    node = add_edge(node, path.substr(begin, end - begin));
    for (const Step& step : steps) {
      add_edge(step.from, path.substr(step.begin, end - step.begin), node);
    }
    begin = end + 1;
  }
  nodes_[node].field = field;
}

void FieldSet::place(Node& node, const Edge& edge) {
  std::size_t at = hash_of(edge.ends, edge.size) & node.mask;
  while (node.slots[at].child != kNoNode) at = (at + 1) & node.mask;
  node.slots[at] = edge;
}

FieldSet::NodeId FieldSet::add_edge(NodeId from, std::string_view key) {
  const NodeId known = child(from, key);
  if (known != kNoNode) return known;
  const auto added = static_cast<NodeId>(nodes_.size());
  nodes_.emplace_back();
  add_edge(from, key, added);
  return added;
}

// A key that is there already stays as it is.
void FieldSet::add_edge(NodeId from, std::string_view key, NodeId child) {
  Node& node = nodes_[from];
  if (this->child(from, key) != kNoNode) return;
  if (std::size_t{++node.edges} * 4 > node.slots.size()) {
    const std::size_t size = std::max<std::size_t>(8, node.slots.size() * 2);
    const std::vector<Edge> before = std::exchange(node.slots, std::vector<Edge>(size));
    node.mask = static_cast<std::uint32_t>(size - 1);
    for (const Edge& moved : before) {
      if (moved.child != kNoNode) place(node, moved);
    }
  }
  place(node, {ends_of(key), child, static_cast<std::uint32_t>(key.size()),
               static_cast<std::uint32_t>(keys_.size())});
  node.filter.add(key);
  keys_ += key;
}

}  // namespace tocsin::event
