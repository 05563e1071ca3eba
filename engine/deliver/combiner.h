// Combiner: what several threads want to write at the same time is written together, so that a
// COMMIT, which waits for the disk, is shared. Thread-safe.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tocsin::deliver {

class Combiner {
 public:
  using Rows = std::vector<std::int64_t>;
  using Write = std::function<Status(const Rows&)>;

  explicit Combiner(Write write) : write_(std::move(write)) {}

  // Returns when `rows` have been written, or not, by this thread or another.
  Status write(const Rows& rows) {
    std::unique_lock<std::mutex> lock(mutex_);
    if (next_ == nullptr) next_ = std::make_shared<Round>();
    const std::shared_ptr<Round> round = next_;
    round->rows.insert(round->rows.end(), rows.begin(), rows.end());
    while (!round->done) {
      if (writing_) {
        changed_.wait(lock);
        continue;
      }
      // Nobody writes and this round is not done: it is the next one.
      writing_ = true;
      next_.reset();
      lock.unlock();
      Status status = write_(round->rows);
      lock.lock();
      round->status = std::move(status);
      round->done = true;
      writing_ = false;
      changed_.notify_all();
    }
    return round->status;
  }

 private:
  struct Round {
    Rows rows;
    bool done = false;
    Status status;
  };

  const Write write_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool writing_ = false;
  std::shared_ptr<Round> next_;
};

}  // namespace tocsin::deliver
