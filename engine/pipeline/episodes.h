// Episodes: what a correlator said has changed, as alerts: one for each episode, which is updated
// for as long as it lives. For one transaction.
#pragma once

#include <string>
#include <vector>

#include "correlate/correlator.h"
#include "pipeline/hit_journal.h"
#include "pipeline/recorder.h"
#include "store/store.h"

namespace tocsin::pipeline {

// Alerts of correlations come from no single source; routes know them by this name.
inline constexpr char kCorrelationSource[] = "correlations";

class Episodes {
 public:
  // All must outlive it.
  Episodes(const Live& live, HitJournal& journal, store::Transaction& transaction,
           Recorder& recorder, store::Milliseconds now);

  // `ended`: episodes to which nothing will be added any more, of these changes or of earlier ones.
  Status add(const std::vector<correlate::Change>& changes,
             const std::vector<correlate::Key>& ended);

 private:
  Status update(const correlate::Change& change);
  Status merge(const correlate::Change& change);
  Result<FoundAlert> alert_of(const correlate::Change& change);
  Result<store::Episode> find(const correlate::Change& change);

  const Live& live_;
  HitJournal& journal_;
  store::Transaction& transaction_;
  Recorder& recorder_;
  const std::string source_ = kCorrelationSource;
  const store::Milliseconds now_;
};

}  // namespace tocsin::pipeline
