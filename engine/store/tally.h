// Tally: the one row of correlation_state: sums over tables that would take long to count, and how
// far time has come. Used under the writer's lock; known() and evicted() from anywhere.
#pragma once

#include <atomic>
#include <cstdint>

#include "store/database.h"

namespace tocsin::store {

class Tally {
 public:
  struct State {
    std::int64_t watermark = CorrelationClock::kNone, next_seq = 0;
    std::uint64_t hit_bytes = 0;  // in the journal
    std::uint64_t known = 0;      // values
    std::uint64_t evicted = 0;    // of them, since the start; not on disk
    bool operator==(const State&) const = default;
  };

  Status load(Database& database);
  State& state() { return state_; }
  // At the end of a transaction: writes what changed.
  Status save(Database& database);
  void committed();
  void rolled_back() { state_ = saved_; }

  std::uint64_t known() const { return known_.load(std::memory_order_relaxed); }
  std::uint64_t evicted() const { return evicted_.load(std::memory_order_relaxed); }

 private:
  State state_, saved_;
  std::atomic<std::uint64_t> known_{0}, evicted_{0};
};

}  // namespace tocsin::store
