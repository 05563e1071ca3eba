// Combiner: what several threads want to write at the same time is written together, so that a
// COMMIT, which waits for the disk, is shared. Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"

namespace tocsin::deliver {

class Combiner {
 public:
  using Rows = std::vector<std::int64_t>;
  using Write = std::function<Status(const Rows&)>;

  explicit Combiner(Write write) : write_(std::move(write)) {}

  // Returns when `rows` have been written, or not, by this thread or another.
  Status write(const Rows& rows) {
    MutexLock lock(mutex_);
    if (next_ == nullptr) next_ = std::make_shared<Round>();
    const std::shared_ptr<Round> round = next_;
    round->rows.insert(round->rows.end(), rows.begin(), rows.end());
    while (!round->done) {
      if (writing_) {
        changed_.wait(mutex_);
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
  Mutex mutex_;
  CondVar changed_;
  bool writing_ GUARDED_BY(mutex_) = false;
  std::shared_ptr<Round> next_ GUARDED_BY(mutex_);
};

}  // namespace tocsin::deliver
