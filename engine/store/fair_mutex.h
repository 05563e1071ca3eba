// FairMutex: whoever waits longest is next. The committer gives the lock back only to ask for it
// again; with a plain mutex it could keep deliveries from ever getting it.
#pragma once

#include <cstdint>

#include "base/mutex.h"

namespace tocsin::store {

class CAPABILITY("mutex") FairMutex {
 public:
  void lock() ACQUIRE() {
    const MutexLock lock(mutex_);
    const std::uint64_t ticket = next_++;
    turn_.wait(mutex_, [&]() REQUIRES(mutex_) { return serving_ == ticket; });
  }
  void unlock() RELEASE() {
    {
      const MutexLock lock(mutex_);
      ++serving_;
    }
    turn_.notify_all();
  }

 private:
  Mutex mutex_;
  CondVar turn_;
  std::uint64_t next_ GUARDED_BY(mutex_) = 0;
  std::uint64_t serving_ GUARDED_BY(mutex_) = 0;
};

}  // namespace tocsin::store
