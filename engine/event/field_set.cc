#include "event/field_set.h"

#include <algorithm>

namespace tocsin::event {
namespace {

// Calls `step` for each segment of a dotted path; stops when it returns false.
template <class Step>
bool for_each_segment(std::string_view path, Step step) {
  for (;;) {
    const std::size_t dot = path.find('.');
    if (!step(path.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    path.remove_prefix(dot + 1);
  }
}

}  // namespace

FieldSet::FieldSet() : nodes_(1) {}

FieldRef FieldSet::find(std::string_view path) const {
  const auto found = std::find(paths_.begin(), paths_.end(), path);
  return found == paths_.end() ? kNoField : static_cast<FieldRef>(found - paths_.begin());
}

FieldRef FieldSet::add(std::string_view path) {
  const bool in_trie = !path.starts_with(kFactPrefix);
  NodeId node = kRoot;
  if (in_trie && path != kWholeEvent) {
    for_each_segment(path, [&](std::string_view segment) {
      node = add_edge(node, segment);
      return true;
    });
  }
  if (in_trie && nodes_[node].field != kNoField) return nodes_[node].field;
  if (!in_trie) {
    const FieldRef known = find(path);
    if (known != kNoField) return known;
  }
  paths_.emplace_back(path);
  const auto field = static_cast<FieldRef>(paths_.size() - 1);
  if (in_trie) nodes_[node].field = field;
  return field;
}

FieldSet::NodeId FieldSet::edge(NodeId node, std::string_view key) const {
  const Node& from = nodes_[node];
  if ((from.shapes >> shape_of(key) & 1) == 0) return kNoNode;
  const std::uint32_t number = from.keys.find(key);
  return number == StringTable::kMissing ? kNoNode : from.children[number];
}

FieldSet::NodeId FieldSet::add_edge(NodeId node, std::string_view key) {
  const NodeId known = edge(node, key);
  if (known != kNoNode) return known;
  const auto added = static_cast<NodeId>(nodes_.size());
  nodes_.emplace_back();
  Node& from = nodes_[node];
  from.keys.insert(key);
  from.children.push_back(added);
  from.shapes |= std::uint64_t{1} << shape_of(key);
  return added;
}

FieldSet::NodeId FieldSet::child(NodeId node, std::string_view key) const {
  const NodeId direct = edge(node, key);
  if (direct != kNoNode || key.find('.') == std::string_view::npos) return direct;
  for_each_segment(key, [&](std::string_view segment) {
    node = edge(node, segment);
    return node != kNoNode;
  });
  return node;
}

}  // namespace tocsin::event
