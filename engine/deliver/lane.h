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
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
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
  using Lock = std::unique_lock<std::mutex>;

  void run(bool first);
  bool ending() const { return finish_ || stop_.load(std::memory_order_relaxed); }

  // lane_pick.cc
  bool wait_until_ready(Lock& lock);
  std::optional<std::int64_t> ready_at(std::int64_t now);
  Batch pick(Lock& lock);
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

  mutable std::mutex mutex_;
  std::condition_variable picker_;   // who waits to pick
  std::condition_variable changed_;  // whom the picker waits for, and who waits for the store
  std::condition_variable ended_;
  std::atomic<bool> stop_{false};
  // All below: under mutex_.
  bool finish_ = false;
  bool picking_ = true;  // until the first thread lets the others in
  bool look_ = true;     // in the outbox, whatever look_at_ says
  std::int64_t look_at_ = 0;
  std::int64_t hold_until_ = 0;
  std::int64_t store_ready_at_ = 0, store_pause_ms_ = 0;
  std::set<std::int64_t> taken_;
  TokenBucket bucket_;
  Breaker breaker_;
  Backoff backoff_;
  Digests digests_;
  bool gone_ = false;
  std::string last_error_;
  std::int64_t last_delivered_ms_ = 0;
  unsigned running_ = 0;

  std::vector<std::thread> threads_;
};

}  // namespace tocsin::deliver
