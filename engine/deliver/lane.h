// Lane: everything that is done for one receiver, in threads of its own, so that no receiver waits
// for another.
//
// One thread at a time picks: it waits until the receiver may be told something (breaker, rate) and
// the outbox has something to tell, takes it, and leaves picking to the next thread while it sends.
// - A row that a thread has taken is nobody else's until the store knows what became of it.
// - At most `concurrency` batches of at most `digest` rows are in memory.
// - When the store does not take the result of an attempt, the thread tries that again and sends
//   nothing else until it has.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "deliver/backoff.h"
#include "deliver/batch.h"
#include "deliver/breaker.h"
#include "deliver/combiner.h"
#include "deliver/digests.h"
#include "deliver/dispatcher.h"
#include "deliver/lane_metrics.h"
#include "deliver/token_bucket.h"

namespace tocsin::deliver {

// How long a change that another process made to the outbox may go unnoticed.
inline constexpr std::int64_t kPollMs = 2'000;
// While a receiver asks for patience, nothing else is sent to it either, for at most this long.
inline constexpr std::int64_t kLongestHoldMs = 60'000;

class Lane {
 public:
  struct World {
    store::Store& store;
    const Clock& clock;
    const Dispatcher::OnDead& on_dead;
  };

  // `before`: the lane of the same name that must end first, so that nothing is sent twice.
  Lane(Receiver receiver, World world, metrics::Registry& metrics, std::shared_ptr<Lane> before);
  ~Lane();  // abort(), join()
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  const Receiver& receiver() const { return receiver_; }
  ReceiverStatus status() const;
  const LaneMetrics& metrics() const { return metrics_; }

  // There may be something new in the outbox, or it is later than it was.
  void wake();
  // Ends after what is on its way, however that goes.
  void finish();
  // Ends at once; what was on its way counts as not tried.
  void abort();
  bool ended() const;
  void wait_until_ended();
  void join();

 private:
  using Lock = MutexLock;

  void run(bool first);
  bool ending() const REQUIRES(mutex_) { return finish_ || stop_.load(std::memory_order_relaxed); }

  // lane_pick.cc
  bool wait_until_ready() REQUIRES(mutex_);
  std::optional<std::int64_t> ready_at(std::int64_t now) REQUIRES(mutex_);
  Batch pick() REQUIRES(mutex_);
  Result<Batch> choose(const std::vector<std::int64_t>& taken, std::size_t tokens,
                       std::int64_t& look_at);
  Result<std::vector<store::DeliveryWithAlert>> due_rows(const std::vector<std::int64_t>& taken,
                                                         std::size_t limit, std::int64_t& look_at);
  Result<Batch> together(const Digests::Rows& ids, std::vector<store::DeliveryWithAlert> rows);

  // lane_send.cc
  // Tells a batch and writes down what became of it; whether rows of it will be due again.
  bool tell(Batch& batch, std::unique_ptr<net::HttpClient>& http);
  Notification notification(Batch& batch);
  bool settle(const Batch& batch, const Outcome& outcome);
  void learn(const Outcome& outcome);
  void settle_delivered(const Batch& batch);
  void settle_retry(const Batch& batch, const Outcome& outcome);
  void tell_one_by_one(const Batch& batch, const Outcome& outcome);
  void bury(const std::vector<store::DeliveryWithAlert>& rows, const std::string& reason,
            const metrics::Counter& counter);
  bool persist(const std::function<Status()>& write);

  const Receiver receiver_;
  const World world_;
  const LaneMetrics metrics_;
  std::shared_ptr<Lane> before_;
  Combiner delivered_;

  mutable Mutex mutex_;
  CondVar picker_;   // who waits to pick
  CondVar changed_;  // whom the picker waits for, and who waits for the store
  CondVar ended_;
  std::atomic<bool> stop_{false};
  bool finish_ GUARDED_BY(mutex_) = false;
  bool picking_ GUARDED_BY(mutex_) = true;  // until the first thread lets the others in
  bool look_ GUARDED_BY(mutex_) = true;     // in the outbox, whatever look_at_ says
  std::int64_t look_at_ GUARDED_BY(mutex_) = 0;
  std::int64_t hold_until_ GUARDED_BY(mutex_) = 0;
  std::int64_t store_ready_at_ GUARDED_BY(mutex_) = 0;
  std::int64_t store_pause_ms_ GUARDED_BY(mutex_) = 0;
  std::set<std::int64_t> taken_ GUARDED_BY(mutex_);
  TokenBucket bucket_ GUARDED_BY(mutex_);
  Breaker breaker_ GUARDED_BY(mutex_);
  Backoff backoff_ GUARDED_BY(mutex_);
  Digests digests_ GUARDED_BY(mutex_);
  bool gone_ GUARDED_BY(mutex_) = false;
  std::string last_error_ GUARDED_BY(mutex_);
  std::int64_t last_delivered_ms_ GUARDED_BY(mutex_) = 0;
  unsigned running_ GUARDED_BY(mutex_) = 0;

  std::vector<std::thread> threads_;
};

}  // namespace tocsin::deliver
