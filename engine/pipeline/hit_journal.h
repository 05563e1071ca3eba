// HitJournal: hits that correlations may still need, numbered in the order in which they came, and
// kept as rows of the store (correlate/hit_blob.h). Used by the committer's thread, but for
// find_held().
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "correlate/correlations.h"
#include "correlate/hit.h"
#include "correlate/hit_blob.h"
#include "pipeline/heard_hits.h"
#include "store/store.h"

namespace tocsin::pipeline {

class HitJournal {
 public:
  using Found = std::optional<correlate::KeptHit>;

  // The number of the next hit.
  correlate::HitRef next() const { return next_; }
  // As after a restart: nothing is in hand or waits to be written, but what was heard.
  void begin(correlate::HitRef next);

  // Takes hits[i] as next() + i. They are in hand until let_go(), and must live as long, like
  // `correlations`.
  void take(const correlate::Correlations& correlations, const correlate::HitBatch& hits);
  // Those of the hits that `keep` names (null: all), which were taken as `first`, wait to be
  // written from now on.
  void keep(const correlate::Correlations& correlations, const correlate::HitBatch& hits,
            correlate::HitRef first, const std::vector<bool>* keep, correlate::Time until);
  void let_go();
  // What was heard of silent sources is held differently (heard_hits.h).
  HeardHits& heard() { return heard_; }
  const HeardHits& heard() const { return heard_; }

  bool has_pending() const;
  std::uint64_t pending_bytes() const;
  // `all`: also of what was heard whatever was not.
  Status write(store::Transaction& transaction, bool all);
  // What was written is on disk.
  void committed();

  // nullopt: it is gone, or cannot be read any more.
  Result<Found> find(correlate::HitRef ref, store::Transaction& transaction);
  // Of those that are not in the store only. From any thread.
  Found find_held(correlate::HitRef ref) const;
  // In a row of the store.
  static Found find_in(const std::optional<store::Hits>& row, correlate::HitRef ref);

 private:
  struct Row {
    store::Milliseconds until = 0;
    std::string hits;
  };
  using Rows = std::map<correlate::HitRef, Row>;
  struct InHand {
    correlate::HitRef first = 0;
    const correlate::Correlations* correlations = nullptr;
    const correlate::HitBatch* hits = nullptr;
  };

  Found find_in_hand(correlate::HitRef ref) const;
  static Found find_in(const Rows& rows, correlate::HitRef ref);
  void add_row(correlate::HitRef seq, correlate::Time until, std::string hits);

  correlate::HitRef next_ = 0;
  HeardHits heard_;
  std::vector<InHand> in_hand_;
  mutable Mutex mutex_;
  Rows pending_ GUARDED_BY(mutex_);
  std::uint64_t pending_bytes_ GUARDED_BY(mutex_) = 0;
  Rows read_;  // rows of the store, until let_go()
};

}  // namespace tocsin::pipeline
