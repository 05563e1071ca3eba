// FairMutex: whoever waits longest is next. The committer gives the lock back only to ask for it
// again; with a plain mutex it could keep deliveries from ever getting it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace tocsin::store {

class FairMutex {
 public:
  void lock() {
    std::unique_lock lock(mutex_);
    const std::uint64_t ticket = next_++;
    turn_.wait(lock, [&] { return serving_ == ticket; });
  }
  void unlock() {
    {
      const std::lock_guard lock(mutex_);
      ++serving_;
    }
    turn_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable turn_;
  std::uint64_t next_ = 0, serving_ = 0;
};

}  // namespace tocsin::store
