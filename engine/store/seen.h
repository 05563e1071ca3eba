// Seen: the firings that were seen, in two generations. New ones go into the current one; when that
// has lasted `for_at_least` or is full, the previous one is emptied at once and becomes the current
// one. So a firing is remembered for one to two such times, and forgetting costs no search.
// Used under the writer's lock; total() and evicted() from anywhere.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>

#include "store/database.h"

namespace tocsin::store {

class Seen {
 public:
  struct Options {
    std::uint64_t most = 0;  // of both generations
    Milliseconds for_at_least = 0;
  };

  explicit Seen(Options options) : options_(options) {}
  Status load(Database& database);

  Result<bool> remember(Database& database, const Key& firing, Milliseconds event_time,
                        Milliseconds now);
  Status rotate_if_due(Database& database, Milliseconds now);
  // At the end of a transaction: writes what changed.
  Status save(Database& database);
  void committed();
  void rolled_back() { state_ = saved_; }

  std::uint64_t total() const { return total_.load(std::memory_order_relaxed); }
  std::uint64_t evicted() const { return evicted_.load(std::memory_order_relaxed); }

 private:
  static constexpr Milliseconds kNone = std::numeric_limits<Milliseconds>::min();

  struct State {
    unsigned current = 0;  // 0 or 1
    Milliseconds began = 0;
    std::uint64_t count[2] = {0, 0};
    Milliseconds newest[2] = {kNone, kNone};  // event times; only these need to be looked up
    std::uint64_t evicted = 0;
    bool operator==(const State&) const = default;
  };

  std::uint64_t total_held() const { return state_.count[0] + state_.count[1]; }

  Options options_;
  State state_, saved_;
  std::atomic<std::uint64_t> total_{0}, evicted_{0};
};

}  // namespace tocsin::store
