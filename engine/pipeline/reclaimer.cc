#include "pipeline/reclaimer.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace tocsin::pipeline {
namespace {

// How often it is checked whether others still own a part of what was retired.
constexpr auto kCheckInterval = std::chrono::milliseconds(100);

// Memory that was freed stays with the process otherwise. Costs milliseconds, during which other
// threads may wait for memory.
void return_free_memory() {
#ifdef __GLIBC__
  ::malloc_trim(0);
#endif
}

}  // namespace

Reclaimer::Reclaimer() : thread_([this] { run(); }) {}

Reclaimer::~Reclaimer() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }
  thread_.join();
}

void Reclaimer::retire(std::shared_ptr<const void> object) {
  if (object == nullptr) return;
  const MutexLock lock(mutex_);
  retired_.push_back(std::move(object));
  wake_.notify_one();
}

// Nobody can become an owner of these any more: their only owner is here.
Reclaimer::Objects Reclaimer::take_unused() {
  const auto unused = std::stable_partition(
      retired_.begin(), retired_.end(), [](const auto& object) { return object.use_count() > 1; });
  Objects out(std::make_move_iterator(unused), std::make_move_iterator(retired_.end()));
  retired_.erase(unused, retired_.end());
  return out;
}

// Memory is returned one interval after the last object was destroyed: what its owners freed with
// it is then free, too.
void Reclaimer::run() {
  bool has_freed = false;
  MutexLock lock(mutex_);
  while (!stopping_) {
    if (retired_.empty() && !has_freed) {
      wake_.wait(mutex_, [&]() REQUIRES(mutex_) { return stopping_ || !retired_.empty(); });
    } else {
      wake_.wait_for(mutex_, kCheckInterval, [&]() REQUIRES(mutex_) { return stopping_; });
    }
    Objects unused = take_unused();
    const bool must_return = has_freed && unused.empty() && !stopping_;
    has_freed = !unused.empty();
    lock.unlock();
    unused.clear();
    if (must_return) return_free_memory();
    lock.lock();
  }
}

}  // namespace tocsin::pipeline
