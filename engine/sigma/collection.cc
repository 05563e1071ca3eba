#include "sigma/collection.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "base/hash.h"
#include "base/text.h"

namespace tocsin::sigma {
namespace {

void merge_over(YamlNode& target, const YamlNode& source) {
  std::unordered_map<std::string, std::size_t> positions;
  for (std::size_t i = 0; i < target.entries.size(); ++i) {
    positions.emplace(target.entries[i].key.text, i);
  }
  for (const YamlEntry& entry : source.entries) {
    const auto found = positions.find(entry.key.text);
    if (found == positions.end()) {
      target.entries.push_back(entry);
      continue;
    }
    YamlNode& value = target.entries[found->second].value;
    if (value.is_map() && entry.value.is_map()) {
      merge_over(value, entry.value);
    } else {
      value = entry.value;
    }
  }
}

void remove_entry(YamlNode& map, std::string_view key) {
  std::erase_if(map.entries, [&](const YamlEntry& entry) { return entry.key.text == key; });
}

class Merger {
 public:
  // `keep`: some document has an action, so that rules are needed again.
  Merger(bool keep, Reporter& report) : keep_(keep), report_(report) {}

  void add(YamlDocument document) {
    if (!document.valid) return reject();
    YamlNode& root = document.root;
    if (!root.is_map()) {
      report_.error("S101", root.at(), "a document must be a map of attributes");
      return reject();
    }
    const YamlEntry* entry = root.find("action");
    if (entry == nullptr) return add_rule(std::move(root), document.text);
    const YamlScalar action = entry->value.scalar;
    remove_entry(root, "action");
    if (action.text == "global") {
      previous_ = global_ = std::move(root);
      previous_hash_ = global_hash_ = Fnv64().add_field(document.text);
    } else if (action.text == "reset") {
      global_ = {};
      global_hash_ = {};
    } else if (action.text == "repeat") {
      repeat(root, document.text, action.at);
    } else {
      report_.error("S110", action.at,
                    fmt::format("unknown action `{}`; it is one of global, repeat, reset",
                                text::printable(action.text)),
                    std::string(text::nearest(action.text, {"global", "repeat", "reset"})));
      reject();
    }
  }

  std::vector<CollectionItem> take() { return std::move(items_); }

 private:
  void add_rule(YamlNode root, std::string_view text) {
    Fnv64 hash;
    const bool is_rule = root.find("correlation") == nullptr && root.find("filter") == nullptr;
    if (is_rule && keep_) {
      hash = global_hash_;
      merge_over(root, global_);
      previous_ = root;
    }
    hash.add_field(text);
    if (is_rule) previous_hash_ = hash;
    push(std::move(root), hash);
  }

  void repeat(const YamlNode& root, std::string_view text, Span at) {
    if (!previous_.is_map()) {
      report_.error("S110", at, "there is no document before this one to repeat");
      return reject();
    }
    merge_over(previous_, root);
    push(previous_, previous_hash_.add_field(text));
  }

  void push(YamlNode root, const Fnv64& hash) {
    items_.push_back({std::move(root), fmt::format("{:016x}", hash.value()), true});
  }

  void reject() { items_.push_back({{}, {}, false}); }

  const bool keep_;
  Reporter& report_;
  std::vector<CollectionItem> items_;
  YamlNode global_, previous_;
  Fnv64 global_hash_, previous_hash_;
};

}  // namespace

std::vector<CollectionItem> merge_collection(std::vector<YamlDocument> documents,
                                             Reporter& report) {
  const bool has_action =
      documents.size() > 1 &&
      std::any_of(documents.begin(), documents.end(), [](const YamlDocument& document) {
        return document.root.find("action") != nullptr;
      });
  Merger merger(has_action, report);
  for (YamlDocument& document : documents) merger.add(std::move(document));
  return merger.take();
}

}  // namespace tocsin::sigma
