// HeardHits: what was heard of silent sources, of which every submission has some: of each group
// the latest stretch is held, and only now and then written. What is lost by a kill is a small part
// of the time after which a source counts as silent; a service that ends in peace loses nothing.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "correlate/correlations.h"
#include "correlate/hit.h"
#include "correlate/hit_blob.h"

namespace tocsin::pipeline {

class HeardHits {
 public:
  // Parts of a correlation's T after which what was heard is worth a row.
  static constexpr correlate::Time kSteps = 32;

  struct Row {
    correlate::HitRef ref = 0;
    correlate::Time until = 0;
    std::string hits;  // a blob in which the hit has number 0
  };

  // A hit that is heard_by() one of `correlations`, whose T is `span`.
  void take(const std::shared_ptr<const correlate::Correlations>& correlations,
            const correlate::Hit& hit, correlate::HitRef ref, correlate::Time span);
  // What is to be written now; `all`: whatever was not. It is once committed() is called.
  std::vector<Row> due(bool all);
  void committed();
  void failed();  // it was not written
  bool has_unwritten() const;

  // Groups that went silent before are of no use any more, and forgotten now and then.
  void forget_before(correlate::Time watermark);
  void clear();

  // From any thread; of those that are held.
  std::optional<correlate::KeptHit> find(correlate::HitRef ref) const;
  // Calls visit(hits, ref) for each that was not written and is for `correlations`: one hit each.
  template <class Visit>
  Status each_unwritten(const correlate::Correlations* correlations, Visit visit) const {
    const std::lock_guard lock(mutex_);
    Status status;
    const auto look = [&](const Stretch& stretch) {
      const bool wanted = stretch.correlations.get() == correlations && !stretch.is_written();
      if (status && wanted) status = visit(stretch.hit, stretch.ref);
    };
    for (const auto& [key, stretch] : latest_) look(stretch);
    for (const Stretch& stretch : over_) look(stretch);
    return status;
  }

 private:
  struct Stretch {
    std::shared_ptr<const correlate::Correlations> correlations;
    correlate::HitBatch hit;  // one
    correlate::HitRef ref = 0;
    correlate::Time begin = 0, end = 0, span = 0;
    correlate::Time written = correlate::kNoTime, writing = correlate::kNoTime;  // up to where
    bool is_touched = false;                                                     // see touched_
    bool is_written() const { return written == end; }
    bool is_due() const { return written == correlate::kNoTime || end - written > span / kSteps; }
  };

  static Row row_of(const Stretch& stretch);
  void replace(const correlate::Key& key, Stretch& latest, Stretch heard);

  mutable std::mutex mutex_;
  std::unordered_map<correlate::Key, Stretch, correlate::KeyHasher> latest_;  // by group
  std::unordered_map<correlate::HitRef, correlate::Key> by_ref_;              // of latest_
  std::vector<correlate::Key> touched_;  // groups that due() has to look at
  std::vector<correlate::Key> writing_;  // that committed() has to
  std::vector<Stretch> over_;            // something later was heard, but not within T
  std::size_t forget_at_ = 1000;         // groups
};

}  // namespace tocsin::pipeline
