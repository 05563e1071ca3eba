// MapMemory: a Memory that ends with the process.
#pragma once

#include <optional>
#include <unordered_map>

#include "correlate/correlator.h"

namespace tocsin::correlate {

class MapMemory final : public Memory {
 public:
  Result<std::optional<Known>> find(const Key& key) override {
    const auto found = known_.find(key);
    return found == known_.end() ? std::nullopt : std::optional(found->second);
  }
  Status save(const Key& key, const Known& known) override {
    known_[key] = known;
    return {};
  }
  Status forget(const Key& key) override {
    known_.erase(key);
    return {};
  }

 private:
  std::unordered_map<Key, Known, KeyHasher> known_;
};

}  // namespace tocsin::correlate
