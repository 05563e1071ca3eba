// Committer: the one thread that writes findings to the store. Findings that wait are written in
// one transaction (group commit), of bounded size; only after its COMMIT is any of them
// acknowledged. It also runs detections over time, which need the order of findings, ends the
// intervals of groups and lets the store forget.
//
// Nothing that is submitted stops what comes after it. What can fail, and what follows:
// - The store takes nothing (no room, a lock, a disk that fails): Code::busy for all that wait.
// - The outbox is full: Code::busy for each submission that would add to it, found before anything
//   of it reaches detections over time; the others of its group are committed.
// - A submission cannot be written or evaluated, for any other reason: it is found by committing
//   smaller groups, set aside with its bytes (store::SetAside), and acknowledged, because it is
//   kept and told of. Alerts of single rules are still raised where they can be.
// - Detections over time cannot be written, whatever is submitted: after kStrikes failures in a row
//   they are suspended for kSuspendedMs, and everything else goes on.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "alert/occurrences.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "metrics/registry.h"
#include "pipeline/correlation_state.h"
#include "pipeline/findings.h"
#include "pipeline/positions.h"
#include "pipeline/readiness.h"
#include "pipeline/recorder.h"
#include "source/ack_token.h"
#include "store/store.h"

namespace tocsin::pipeline {

class Committer {
 public:
  struct Hooks {
    std::function<void()> enqueued;      // there is something new in the outbox
    std::function<void()> store_failed;  // nothing more can be promised: the process should end
  };
  // What one transaction takes: firings and hits together, and bytes of alerts. A submission with
  // more is committed in parts, between which others are, and acknowledged after the last. Some
  // 0.1 s of work, for which others wait.
  static constexpr std::size_t kFindingsAtOnce = 2'000;
  static constexpr std::size_t kAlertBytesAtOnce = std::size_t{8} << 20;
  static constexpr int kStrikes = 3;
  static constexpr std::int64_t kSuspendedMs = 60'000;

  // All must outlive it. One COMMIT takes at most `at_once` submissions.
  Committer(store::Store& store, const LiveHolder& live, CorrelationState& correlations,
            Readiness& readiness, metrics::Registry& registry, const Clock& clock,
            std::size_t at_once, Hooks hooks);
  ~Committer();  // stop()
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  // The token is answered from the committer's thread: committed with the findings' own receipt
  // when all that must be of them is on disk, and otherwise refused with the submission.
  void submit(Findings findings, source::AckToken token);
  // Writes what waits, then ends. Later submissions get Code::busy.
  void stop();

  std::size_t waiting() const;

 private:
  struct Item {
    Findings findings;
    source::AckToken token;
    Part part;  // of findings: what the next transaction takes; `of` is set when it is used
    bool is_answered = false;
  };
  struct Room {
    std::size_t findings = kFindingsAtOnce, bytes = kAlertBytesAtOnce;
  };
  struct Failure {
    enum class Of : std::uint8_t {
      store,  // nothing can be written
      item,   // `item` by itself, before detections over time saw anything of the group
      group,  // one of the items, or detections over time
      state,  // detections over time, before any item
    };
    Error error;
    Of of = Of::store;
    std::size_t item = 0;
  };
  using Outcome = tl::expected<void, Failure>;
  struct Outage {
    store::Milliseconds since = 0;
    std::string why;
  };

  // committer.cc
  void run();
  std::vector<Item> take();
  static void grow(Item& item, Room& room);
  void put_back(std::vector<Item>& items);
  bool is_over() const;
  void commit(std::span<Item> items);
  // One transaction, in which time passes for correlations, too. `all`: also what could wait.
  Outcome write(std::span<Item> items, bool all);
  // False: nothing has to be on disk, and nothing was written.
  tl::expected<bool, Failure> record(std::span<Item> items, bool all,
                                     store::Transaction& transaction, Recorder& recorder,
                                     Positions& positions);
  Result<bool> correlate(std::span<Item> items, bool must, bool all,
                         store::Transaction& transaction, Recorder& recorder,
                         const Positions& positions);
  void accept(Item& item);
  void refuse(Item& item, const Error& error);
  void count(const Recorded& recorded);

  // committer_failures.cc
  bool is_of_store(const Error& error) const;
  bool is_refusing() const;
  bool is_suspended() const;
  void give_up(Item& item, const Error& error);
  void set_aside(Item& item, const Error& error);
  Status write_aside(Item& item, const std::string& reason, bool with_firings);
  void strike(const Error& error, bool drops_unwritten);
  void resume();
  void report(const Error& error);
  void excuse();
  void raise(const alert::SelfRule& rule, const std::string& about, const std::string& detail);

  // committer_house.cc
  void keep_house();
  void let_time_pass(bool is_last);
  void end_due_intervals();
  Result<Recorded> end_intervals(std::size_t limit, bool& more);
  Status drop_due_group();
  void check_store();
  void watch_readiness();
  void write_own_alerts();

  store::Store& store_;
  const LiveHolder& live_;
  CorrelationState& correlations_;
  Readiness& readiness_;
  metrics::Registry& registry_;
  const Clock& clock_;
  const std::size_t at_once_;
  Hooks hooks_;
  metrics::Counter committed_, failed_, duplicates_, grouped_, over_budget_, set_aside_;
  metrics::Histogram commit_seconds_;
  metrics::Gauge full_, suspended_;

  mutable Mutex mutex_;
  CondVar wake_;
  std::deque<Item> queue_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;

  Readiness::Pulse pulse_;  // of the thread
  // Of the thread alone.
  std::int64_t refused_at_;                      // steady, ms: when something was refused last
  std::int64_t failed_at_ = 0;                   // when a write failed last
  int strikes_ = 0;                              // failures of detections over time in a row
  std::optional<std::int64_t> suspended_until_;  // steady, ms
  std::optional<Outage> outage_;
  std::deque<Findings> own_alerts_;  // about Tocsin itself, not yet written
  std::int64_t next_housekeeping_ = 0;
  std::thread thread_;  // last: it uses the others
};

}  // namespace tocsin::pipeline
