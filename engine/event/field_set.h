// FieldSet: the fields that somebody wants to read, compiled into a trie that the EventReader walks
// in document order. Built once, then shared read-only by all threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/string_table.h"

namespace tocsin::event {

// A field's slot in a FieldSet and in every Event read with it.
using FieldRef = std::uint32_t;
inline constexpr FieldRef kNoField = UINT32_MAX;

// The path that stands for every scalar of the event (Sigma keywords).
inline constexpr std::string_view kWholeEvent = "";
// Paths with this prefix are facts computed by Tocsin (event/cloudtrail.h); an event's own key of
// that name is never read, so nobody can forge one.
inline constexpr std::string_view kFactPrefix = "tocsin.";

class FieldSet {
 public:
  using NodeId = std::uint32_t;
  static constexpr NodeId kRoot = 0;
  static constexpr NodeId kNoNode = UINT32_MAX;

  FieldSet();

  // The slot of a dotted path; the same path always gives the same slot.
  FieldRef add(std::string_view path);
  // kNoField when the path was never added.
  FieldRef find(std::string_view path) const;

  std::size_t size() const { return paths_.size(); }
  const std::string& path(FieldRef field) const { return paths_[field]; }

  // The trie: where `key` of an object at `node` leads. A key that itself contains dots leads as
  // far as its segments do, so {"a.b": 1} and {"a": {"b": 1}} are the same field.
  NodeId child(NodeId node, std::string_view key) const;
  // The field that ends at `node`, or kNoField.
  FieldRef field_at(NodeId node) const { return nodes_[node].field; }
  bool is_leaf(NodeId node) const { return nodes_[node].keys.empty(); }

 private:
  struct Node {
    FieldRef field = kNoField;
    StringTable keys;
    std::vector<NodeId> children;  // by number of the key
    std::uint64_t shapes = 0;      // bit shape_of(key) of every key: most look-ups miss
  };
  // A cheap digest of a key, 0 to 63.
  static unsigned shape_of(std::string_view key) {
    return key.empty() ? 0u
                       : (static_cast<unsigned>(key.size()) * 9u +
                          static_cast<unsigned char>(key.front()) * 5u +
                          static_cast<unsigned char>(key.back())) &
                             63u;
  }
  NodeId edge(NodeId node, std::string_view key) const;
  NodeId add_edge(NodeId node, std::string_view key);

  std::vector<Node> nodes_;
  std::vector<std::string> paths_;
};

}  // namespace tocsin::event
