// Reclaimer: destroys large objects that were replaced (rule sets, correlators) on a thread of its
// own, so that no thread that serves spends time on it, and returns their memory to the system.
//
// An object is destroyed when the Reclaimer is its only owner: others finish with it first. All
// functions may be called from any thread. There is nothing that can fail.
#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace tocsin::pipeline {

class Reclaimer {
 public:
  Reclaimer();
  // Gives up its part in what others still own.
  ~Reclaimer();
  Reclaimer(const Reclaimer&) = delete;
  Reclaimer& operator=(const Reclaimer&) = delete;

  // Precondition: whoever does not own a part of `object` now cannot get one later.
  void retire(std::shared_ptr<const void> object);

 private:
  using Objects = std::vector<std::shared_ptr<const void>>;

  void run();
  Objects take_unused() REQUIRES(mutex_);

  Mutex mutex_;
  CondVar wake_;
  Objects retired_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace tocsin::pipeline
