// Committer: the one thread that writes findings to the store. All findings that wait are written
// in one transaction (group commit); only after its COMMIT is any of them acknowledged. It also
// runs detections over time, which need the order of findings, ends the intervals of groups and
// lets the store forget.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "metrics/registry.h"
#include "pipeline/correlation_state.h"
#include "pipeline/findings.h"
#include "pipeline/recorder.h"
#include "store/store.h"

namespace tocsin::pipeline {

class Committer {
 public:
  using Done = std::function<void(source::Receipt)>;
  struct Hooks {
    std::function<void()> enqueued;      // there is something new in the outbox
    std::function<void()> store_failed;  // nothing more can be promised: the process should end
  };

  // All must outlive it. One COMMIT takes at most `at_once` submissions.
  Committer(store::Store& store, const LiveHolder& live, CorrelationState& correlations,
            metrics::Registry& registry, const Clock& clock, std::size_t at_once, Hooks hooks);
  ~Committer();  // stop()
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  // `done` is called from the committer's thread, once. Its receipt is the findings' own when all
  // that must be of them is on disk, and otherwise says why it is not.
  void submit(Findings findings, Done done);
  // Writes what waits, then ends. Later submissions get Code::busy.
  void stop();

  std::size_t waiting() const;

 private:
  struct Item {
    Findings findings;
    Done done;
  };

  void run();
  std::vector<Item> take();
  void commit(std::vector<Item>& items);
  bool is_over() const;
  // One transaction, in which time passes for correlations, too. `all`: also what could wait.
  Status write(const std::vector<Item>& items, bool all);
  Result<bool> record(const std::vector<Item>& items, bool all, store::Transaction& transaction,
                      Recorder& recorder);
  void keep_house();
  void let_time_pass(bool is_last);
  Result<Recorded> end_intervals(bool& more);
  void count(const Recorded& recorded);
  void report(const Error& error);
  void refuse();

  store::Store& store_;
  const LiveHolder& live_;
  CorrelationState& correlations_;
  metrics::Registry& registry_;
  const Clock& clock_;
  const std::size_t at_once_;
  Hooks hooks_;
  metrics::Counter committed_, failed_, duplicates_, grouped_, over_budget_;
  metrics::Histogram commit_seconds_;
  metrics::Gauge full_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Item> queue_;
  bool stopping_ = false;
  std::int64_t refused_at_;  // steady, ms: when a write failed last
  std::int64_t next_housekeeping_ = 0;
  std::thread thread_;  // last: it uses the others
};

}  // namespace tocsin::pipeline
