// CorrelationState: detections over time in the service: the correlator of the rules in force, the
// clocks of sources, and what of them is in the store. What it knows is never ahead of what is on
// disk but by what may be lost: after a write that failed it is made anew from the store.
//
// The committer's thread uses it, in this order: prepare(), then in one transaction decide(), and
// when must_be_written() says so, write() and, after the COMMIT, committed(). Anything that goes
// wrong after decide() was called ends in failed(). That costs a replay of all hits that are kept:
// whatever is refused for its own sake must be refused before decide().
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "correlate/correlator.h"
#include "correlate/watermark.h"
#include "metrics/registry.h"
#include "pipeline/config.h"
#include "pipeline/findings.h"
#include "pipeline/hit_journal.h"
#include "pipeline/known_values.h"
#include "pipeline/reclaimer.h"
#include "pipeline/recorder.h"
#include "store/store.h"

namespace tocsin::pipeline {

class CorrelationState {
 public:
  // All must outlive it.
  CorrelationState(store::Store& store, metrics::Registry& registry, const Clock& clock,
                   const CorrelationConfig& config, Reclaimer& reclaimer);
  CorrelationState(const CorrelationState&) = delete;
  CorrelationState& operator=(const CorrelationState&) = delete;

  // --- for the committer's thread ----------------------------------------------------------------
  // Is ready for `live` afterwards: what was known about correlations that mean the same is kept.
  Status prepare(std::shared_ptr<const Live> live);
  bool is_idle() const { return live_ == nullptr || live_->ruleset.correlations->empty(); }
  // The accounts of their events are not silent; with `time`, their clocks move.
  void hear(const Findings& findings, bool time);
  // Nothing can be taken at the moment, which is not the sources' fault.
  void excuse();
  // Takes the hits of all parts, then lets time pass: with `tells_time`, as far as the events of
  // those say that are last parts. What has changed is given to `recorder`.
  Status decide(const std::vector<Part>& parts, bool tells_time, store::Transaction& transaction,
                Recorder& recorder);
  // It is not taken, and never will be.
  void count_suspended(const Part& part);
  // Something has to be on disk now; otherwise it may wait.
  bool must_be_written() const;
  // The same when there will be no later.
  bool has_changes() const;
  // `all`: nothing is held back.
  Status write(store::Transaction& transaction, Recorder& recorder, bool all);
  void committed();
  void failed();
  // failed(), and what was heard and is not yet written is dropped with it.
  void drop_unwritten();

  // --- for any thread ----------------------------------------------------------------------------
  struct Row {
    std::shared_ptr<const correlate::Correlations> correlations;
    correlate::CorrelationIndex index = 0;
    correlate::CorrelatorStats stats;
    std::int64_t since = 0;
  };
  std::vector<Row> rows() const;
  correlate::CorrelatorStats stats() const;
  correlate::Time watermark() const;  // kNoTime: none yet
  struct Group {
    correlate::LiveGroup group;
    HitJournal::Found newest;  // nullopt: it is in the store, if anywhere
  };
  struct Groups {
    std::shared_ptr<const correlate::Correlations> correlations;
    correlate::CorrelationIndex index = 0;
    std::vector<Group> groups;
  };
  // Of the correlation with that id, name or title; nullopt when there is none.
  std::optional<Groups> groups(std::string_view reference, std::size_t limit) const;

 private:
  using Correlations = correlate::Correlations;

  // correlation_state.cc
  using Since = std::unordered_map<correlate::Key, std::int64_t, correlate::KeyHasher>;
  Result<Since> enroll(const Correlations& correlations);
  Status write_enrolled(const std::vector<store::CorrelationRule>& added,
                        const std::vector<store::Key>& gone);
  void retire(std::unique_ptr<correlate::Correlator> correlator);
  void hand_over(std::shared_ptr<const Live> live, Since since);
  Status rebuild(std::shared_ptr<const Live> live, Since since);
  Status replay(correlate::Correlator& correlator, const Since& since);
  Status hear_again(correlate::Correlator& correlator);
  Status flush();
  correlate::Time steady() const;

  // correlation_decide.cc
  struct Work;  // of one decide()
  void gather(const Part& part, Work& work);
  // Hits that cannot be translated to the rules in force.
  void count_lost(std::size_t hits);
  Status take(Work& work, const correlate::HitBatch& batch);
  void keep(const correlate::HitBatch& batch, correlate::HitRef first, correlate::Output& output);
  Status pass_time(Work& work);
  Status finish(Work& work, const correlate::Output& output);
  Status tell_crowded(Recorder& recorder);
  Status tell_of_itself(Recorder& recorder, const std::string& about, const std::string& detail);
  void count_evictions();

  store::Store& store_;
  const Clock& clock_;
  const CorrelationConfig config_;
  metrics::Registry& registry_;
  Reclaimer& reclaimer_;

  correlate::Watermark clocks_;
  KnownValues known_;
  HitJournal journal_;
  bool began_ = false;  // the clocks are those of the store
  bool matters_ = false;
  correlate::Time saved_watermark_ = correlate::kNoTime;  // in the store
  std::optional<std::int64_t> held_since_;  // when something was first not written; steady, ms
  store::DroppedHits dropped_;              // by the write that is under way
  std::uint64_t known_evicted_ = 0;         // that were told of

  // What others look at: changed by the committer's thread only, under the mutex.
  mutable Mutex mutex_;
  std::shared_ptr<const Live> live_;
  Since since_;                                        // by correlation; numbers of the journal
  std::unique_ptr<correlate::Correlator> correlator_;  // null: to be made anew
  correlate::CorrelatorStats counted_;                 // of it, what the metrics have
};

}  // namespace tocsin::pipeline
