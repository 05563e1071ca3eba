// FieldSet: the fields that somebody wants to read, compiled into a trie that the EventReader walks
// in document order. Built once, then shared read-only by all threads.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/string_table.h"

namespace tocsin::event {

// A field's slot in a FieldSet and in every Event read with it.
using FieldRef = std::uint32_t;
inline constexpr FieldRef kNoField = UINT32_MAX;

// The path that stands for every scalar of the event (Sigma keywords).
inline constexpr std::string_view kWholeEvent;
// Paths with this prefix are facts computed by Tocsin (event/cloudtrail.h); an event's own key of
// that name is never read, so nobody can forge one.
inline constexpr std::string_view kFactPrefix = "tocsin.";

class FieldSet {
 public:
  using NodeId = std::uint32_t;
  static constexpr NodeId kRoot = 0;
  static constexpr NodeId kNoNode = UINT32_MAX;
  // Top-level keys that are in every trie, whoever asks: what kind of object this is.
  static constexpr NodeId kEventName = 1;
  static constexpr NodeId kEventSource = 2;
  static constexpr NodeId kFirstMark = 3;  // kFirstMark … kLastKnown: kEnvelopeMarks
  static constexpr NodeId kLastKnown = 13;

  static constexpr std::size_t kJoinedSegments = 8;

  FieldSet();

  // The slot of a dotted path, which is read from now on; the same path always gives the same slot.
  FieldRef add(std::string_view path);
  // kNoField when the path was never added.
  FieldRef find(std::string_view path) const {
    const std::uint32_t number = paths_.find(path);
    return number == StringTable::kMissing ? kNoField : number;
  }

  // The same slots, but of these only `wanted` are read, and what the facts among them need
  // (FactFields::complete() was called for the whole set, if it has facts).
  FieldSet only(std::span<const FieldRef> wanted) const;

  std::size_t size() const { return paths_.size(); }
  const std::string& path(FieldRef field) const { return paths_.texts()[field]; }
  bool is_read(FieldRef field) const { return read_[field]; }

  // The trie: where `key` of an object at `node` leads. A key that itself contains dots leads as
  // far as its segments do, so {"a.b": 1} and {"a": {"b": 1}} are the same field; a key of more
  // than kJoinedSegments segments leads nowhere.
  NodeId child(NodeId node, std::string_view key) const {
    return edge(nodes_.data()[node], key, ends_of(key));
  }
  // The same when eight bytes from the key's beginning on are readable, however short it is.
  NodeId child_in_text(NodeId node, std::string_view key) const {
    return edge(nodes_.data()[node], key, ends_in_text(key));
  }

  // A thousand bits, most of them clear: says of most keys that lead nowhere that they do not.
  class Filter {
   public:
    // `key` is followed by its closing quote and follows the opening one.
    bool may_have(const char* key, std::size_t size) const {
      if (size < kShortest) return true;
      const std::uint32_t bit = digest(key + size - 3, size);
      return (words_[bit / 64] >> bit % 64 & 1) != 0;
    }
    void add(std::string_view key) {
      if (key.size() < kShortest) return;
      const std::string quoted = '"' + std::string(key);
      const std::uint32_t bit = digest(quoted.data() + quoted.size() - 3, key.size());
      words_[bit / 64] |= std::uint64_t{1} << bit % 64;
    }

   private:
    static constexpr std::size_t kShortest = 2;

    // By two bytes before the last, as many keys begin and end alike: eventName, eventTime.
    static std::uint32_t digest(const char* two, std::size_t size) {
      std::uint16_t word;
      std::memcpy(&word, two, sizeof word);
      return (word | static_cast<std::uint32_t>(size) << 16) * 0x9E3779B1u >> 22;
    }
    std::uint64_t words_[16] = {};
  };
  // Of the keys of objects at `node`; quicker than child().
  const Filter& filter(NodeId node) const {
    static constexpr Filter kNothing;
    return node == kNoNode ? kNothing : nodes_.data()[node].filter;
  }
  // The field that ends at `node`, or kNoField.
  FieldRef field_at(NodeId node) const { return nodes_.data()[node].field; }

 private:
  // A key's first and last eight bytes; a shorter one is filled up with zeros and is both.
  struct Ends {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    bool operator==(const Ends&) const = default;
  };
  struct Edge {
    Ends ends;
    NodeId child = kNoNode;
    std::uint32_t size = 0;   // of the key
    std::uint32_t begin = 0;  // of the key, in keys_
  };
  struct Node {
    FieldRef field = kNoField;
    std::uint32_t mask = 0;  // number of slots, a power of two, minus 1
    Filter filter;
    std::vector<Edge> slots = std::vector<Edge>(1);  // open addressing, at most a quarter full
    std::uint32_t edges = 0;
  };

  static std::uint64_t load(const char* bytes) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, sizeof word);
    return word;
  }
  static Ends ends_in_text(std::string_view key) {
    if (key.size() >= 8) return {load(key.data()), load(key.data() + key.size() - 8)};
    static_assert(std::endian::native == std::endian::little);
    const std::uint64_t word =
        key.empty() ? 0 : load(key.data()) & ~std::uint64_t{0} >> (64 - 8 * key.size());
    return {word, word};
  }
  static Ends ends_of(std::string_view key) {
    char text[8] = {};
    if (key.size() >= 8) return ends_in_text(key);
    std::copy(key.begin(), key.end(), text);
    return ends_in_text({text, key.size()});
  }
  static std::size_t hash_of(const Ends& ends, std::size_t size) {
    const std::uint64_t mixed =
        (ends.first ^ ends.last * 31 ^ size * 0x9E3779B97F4A7C15u) * 0xD6E8FEB86659FD93u;
    return static_cast<std::size_t>(mixed >> 32);
  }
  NodeId edge(const Node& from, std::string_view key, const Ends& ends) const {
    const Edge* const slots = from.slots.data();
    for (std::size_t at = hash_of(ends, key.size()) & from.mask;; at = (at + 1) & from.mask) {
      const Edge& slot = slots[at];
      if (slot.child == kNoNode) return kNoNode;
      if (slot.ends == ends && slot.size == key.size() &&
          (key.size() <= 16 ||
           std::memcmp(keys_.data() + slot.begin + 8, key.data() + 8, key.size() - 16) == 0)) {
        return slot.child;
      }
    }
  }
  NodeId add_edge(NodeId node, std::string_view key);
  void add_edge(NodeId node, std::string_view key, NodeId child);
  void add_to_trie(FieldRef field);
  static void place(Node& node, const Edge& edge);

  std::vector<Node> nodes_;
  std::string keys_;
  StringTable paths_;
  std::vector<bool> read_;
};

// Top-level keys without which an object is no envelope (envelope.h) and no container (framer.h).
inline constexpr std::string_view kEnvelopeMarks[] = {
    "Records",     "records", "logEvents", "TopicArn",       "awslogs", "detail-type",
    "specversion", "s3",      "s3Bucket",  "digestS3Object", "Service"};

}  // namespace tocsin::event
