// Intake: submissions → workers → committer. Bounded in bytes: what has been taken and not yet been
// acknowledged never exceeds the limit (one submission may be larger, when it is alone).
//
// No submission holds a worker for longer than a slice of time. When its slice is over, it waits
// behind the others with its state, which counts as bytes, and any worker goes on with it. Where
// new submissions and such ones wait, workers take them alternately: a new one waits for a slice or
// two, not for the end of somebody's long one, and a long one always goes on.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "metrics/registry.h"
#include "pipeline/committer.h"
#include "pipeline/evaluator.h"
#include "pipeline/live.h"
#include "pipeline/readiness.h"
#include "source/source.h"

namespace tocsin::pipeline {

struct IntakeOptions {
  unsigned workers = 1;
  std::size_t in_flight_bytes = std::size_t{64} << 20;
  std::size_t in_flight_submissions = 4096;
  std::uint64_t inflated_bytes = std::uint64_t{512} << 20;  // of one submission
};

class Intake final : public source::Intake {
 public:
  // All must outlive it.
  Intake(const IntakeOptions& options, const LiveHolder& live, Committer& committer,
         Readiness& readiness, store::Store& store, metrics::Registry& registry,
         const Clock& clock);
  ~Intake() override;  // stop()
  Intake(const Intake&) = delete;
  Intake& operator=(const Intake&) = delete;

  void submit(source::Submission submission, source::AckToken token) override;
  source::Receipt submit_and_wait(source::Submission submission, std::stop_token stop) override;
  void set_aside(source::Submission submission, std::string reason,
                 source::AckToken token) override;
  Result<source::Reading> resume(const std::string& source) override;

  // The rules in force have changed: workers that wait for submissions drop the earlier ones now.
  void rules_changed();
  // What is not evaluated at that time (steady, milliseconds) is refused with Code::busy.
  void finish_by(std::int64_t steady_ms) { end_ = steady_ms; }
  // Takes nothing more, finishes what was taken (as far as the committer), and ends the workers.
  void stop();

  struct Load {
    std::size_t bytes = 0, submissions = 0;  // taken and not yet acknowledged
  };
  Load load() const;

 private:
  struct Job {
    source::Submission submission;           // moves into the evaluation
    std::unique_ptr<Evaluation> evaluation;  // nullptr: not begun
    source::AckToken token;
    std::size_t bytes = 0;  // of load_
    double seconds = 0;     // of evaluation
  };
  struct SourceMetrics {
    metrics::Counter received, bytes, rejected, refused;
    metrics::Histogram lag;
    metrics::Counter ahead;
    metrics::Gauge last_event;
  };

  void work();
  bool wait_for_work(const Evaluator* evaluator);
  bool is_outdated(const Evaluator* evaluator) const;
  std::optional<Job> take();
  void evaluate(Evaluator& evaluator, Job job);
  void put_back(Job job);
  void finish(Job job);
  void refuse(Job job, std::string why);
  void count(const Evaluation& evaluation);
  bool is_over() const { return clock_.steady_ms() >= end_; }
  void count_limits(const source::Submission& submission, const Findings& findings);
  // Takes the submission when there is room for it.
  bool try_to_take(source::Submission& submission, source::AckToken& token) REQUIRES(mutex_);
  void release(std::size_t bytes);
  SourceMetrics& metrics_of(const std::string& source);

  const IntakeOptions options_;
  const LiveHolder& live_;
  Committer& committer_;
  Readiness& readiness_;
  store::Store& store_;
  metrics::Registry& registry_;
  const Clock& clock_;
  metrics::Histogram batch_seconds_, event_seconds_;
  metrics::Counter untimed_, future_;

  mutable Mutex mutex_;
  CondVar wake_;  // of the workers
  CondVar room_;  // of sources that wait: something was released, or it is over
  std::deque<Job> new_ GUARDED_BY(mutex_), under_way_ GUARDED_BY(mutex_);
  bool took_new_ GUARDED_BY(mutex_) = false;  // by the last take()
  Load load_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::atomic<std::int64_t> end_ = std::numeric_limits<std::int64_t>::max();

  Mutex sources_mutex_;
  std::map<std::string, SourceMetrics> sources_ GUARDED_BY(sources_mutex_);

  std::vector<std::thread> threads_;  // last: they use the others
};

}  // namespace tocsin::pipeline
