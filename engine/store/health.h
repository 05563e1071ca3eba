// Health: whether what is written can still be believed. Shared by the connections of one store.
// Thread-safe.
#pragma once

#include <atomic>
#include <string>

#include "base/mutex.h"
#include "base/result.h"

namespace tocsin::store {

class Health {
 public:
  bool failed() const { return failed_.load(std::memory_order_acquire); }

  // For ever. The first reason is kept.
  void fail_for_ever(const std::string& reason) {
    const MutexLock lock(mutex_);
    if (reason_.empty()) reason_ = reason;
    failed_.store(true, std::memory_order_release);
  }

  Status status() const {
    if (!failed()) return {};
    const MutexLock lock(mutex_);
    return fail(Code::io, "the store has failed and is not written any more: " + reason_);
  }

 private:
  std::atomic<bool> failed_{false};
  mutable Mutex mutex_;
  std::string reason_ GUARDED_BY(mutex_);
};

}  // namespace tocsin::store
