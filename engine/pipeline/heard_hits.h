// HeardHits: the hits of silent_source correlations, of which every submission has some. Of each
// group the latest stretch (a time in which no gap is longer than the correlation's T) is held in
// memory and written now and then: after a kill, a stretch may end earlier than it did by a small
// part of T (kSteps). A service that ends in peace loses nothing.
//
// Invariants
// - A stretch knows how much of it is in the store. `over_` holds only stretches of which something
//   is not.
// - A row that is written again has the same number and covers at least what it covered before;
//   store::Transaction::add_hits() replaces it.
// Used by the committer's thread: take(), then due(), then committed() or failed(). find() may be
// called from any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "correlate/correlations.h"
#include "correlate/hit.h"
#include "correlate/hit_blob.h"

namespace tocsin::pipeline {

class HeardHits {
 public:
  // Parts of a correlation's T after which an extension of a stretch is worth a row.
  static constexpr correlate::Time kSteps = 32;

  struct Row {
    correlate::HitRef ref = 0;
    correlate::Time until = 0;
    std::string hits;  // a blob in which the hit has number 0
  };

  // A hit that is heard_by() one of `correlations`, whose T is `span`.
  void take(const std::shared_ptr<const correlate::Correlations>& correlations,
            const correlate::Hit& hit, correlate::HitRef ref, correlate::Time span);
  // Rows to write now; `all`: of every stretch that is not in the store as it is. They count as
  // stored once committed() is called.
  std::vector<Row> due(bool all);
  void committed();
  void failed();
  // Some stretch is not in the store at all, or ends there too early by more than T / kSteps.
  bool has_due() const;
  bool has_unwritten() const;

  // Drops, now and then, groups whose silence `watermark` has decided. Call it when that decision
  // is in the store.
  void forget_before(correlate::Time watermark);
  void clear();

  // The hit at the end of a stretch that is held.
  std::optional<correlate::KeptHit> find(correlate::HitRef ref) const;
  // Calls visit(hits, ref) for each stretch of `correlations` that is not in the store as it is:
  // one hit each, which stands for the whole stretch.
  template <class Visit>
  Status each_unwritten(const correlate::Correlations* correlations, Visit visit) const {
    const MutexLock lock(mutex_);
    Status status;
    const auto look = [&](const Stretch& stretch) {
      const bool wanted = stretch.correlations.get() == correlations && !stretch.is_stored();
      if (status && wanted) status = visit(hit_of(stretch), stretch.ref);
    };
    for (const auto& [key, stretch] : latest_) look(stretch);
    for (const Stretch& stretch : over_) look(stretch);
    return status;
  }

 private:
  struct Range {
    correlate::Time begin = 0, end = 0;
    correlate::HitRef ref = 0;  // of the hit at the end
  };
  struct Stretch {
    std::shared_ptr<const correlate::Correlations> correlations;
    correlate::HitBatch hit;  // one, at the end
    correlate::HitRef ref = 0;
    correlate::Time begin = 0, end = 0, span = 0;
    std::optional<Range> stored;   // what rows of the store cover
    std::optional<Range> writing;  // what they will cover after committed()
    bool is_touched = false;       // its group is in touched_

    // Of several hits at one time the store may have another: the correlator asks for this one.
    bool is_stored() const {
      return stored && stored->begin <= begin && stored->end == end && stored->ref == ref;
    }
    bool is_due() const {
      return !stored || stored->begin > begin || end - stored->end > span / kSteps;
    }
  };

  static correlate::HitBatch hit_of(const Stretch& stretch);
  static Row row_of(const Stretch& stretch);
  void touch(const correlate::Key& key, Stretch& stretch) REQUIRES(mutex_);
  void set_aside(Stretch stretch) REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::unordered_map<correlate::Key, Stretch, correlate::KeyHasher> latest_
      GUARDED_BY(mutex_);                                                            // by group
  std::unordered_map<correlate::HitRef, correlate::Key> by_ref_ GUARDED_BY(mutex_);  // of latest_
  std::vector<correlate::Key> touched_
      GUARDED_BY(mutex_);  // groups of latest_ that changed since due()
  std::vector<correlate::Key> writing_
      GUARDED_BY(mutex_);                         // groups of latest_ that due() gave a row
  std::vector<Stretch> over_ GUARDED_BY(mutex_);  // beside the latest one of their group
  bool has_due_ GUARDED_BY(mutex_) = false;
  std::size_t forget_at_ GUARDED_BY(mutex_) = 1000;  // groups
};

}  // namespace tocsin::pipeline
