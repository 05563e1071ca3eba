// KnownValues: the store as the memory of a correlator. What changes is held back until it is
// written together with all else that a batch came to; what is asked for often is not asked again.
#pragma once

#include <cstddef>
#include <optional>
#include <unordered_map>

#include "correlate/correlator.h"
#include "store/store.h"

namespace tocsin::pipeline {

class KnownValues final : public correlate::Memory {
 public:
  // The store must outlive it.
  explicit KnownValues(store::Store& store) : store_(store) {}

  // Where to look from now on; null: in what was committed.
  void look_in(store::Transaction* transaction) { transaction_ = transaction; }

  Result<std::optional<Known>> find(const correlate::Key& key) override;
  Status save(const correlate::Key& key, const Known& known) override;
  Status forget(const correlate::Key& key) override;
  Result<std::optional<KeptRow>> find_hits(correlate::HitRef ref) override;

  bool has_changes() const { return !changed_.empty(); }
  // In the order of keys: neighbours share pages.
  Status write(store::Transaction& transaction);
  // What was written is on disk.
  void committed();
  // Forgets what was not written, too.
  void clear();

 private:
  using Values = std::unordered_map<correlate::Key, std::optional<Known>, correlate::KeyHasher>;

  void keep(const correlate::Key& key, const std::optional<Known>& known);

  store::Store& store_;
  store::Transaction* transaction_ = nullptr;
  Values changed_;  // nullopt: is to be forgotten
  // As they are in the store. When there are enough recent ones, they become the older ones.
  Values recent_, older_;
};

}  // namespace tocsin::pipeline
