// TaskQueue: one thread that does what its poster must not wait for. The queue is bounded.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>

#include "base/mutex.h"

namespace tocsin::source {

class TaskQueue {
 public:
  explicit TaskQueue(std::size_t capacity) : capacity_(capacity) {}
  // Destroys the tasks that wait, and returns when the one that runs has ended.
  ~TaskQueue();
  TaskQueue(const TaskQueue&) = delete;
  TaskQueue& operator=(const TaskQueue&) = delete;

  // False: too many wait; `task` was not taken. The thread is made by the first post.
  bool post(std::function<void()> task);

 private:
  void run();

  const std::size_t capacity_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<std::function<void()>> tasks_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace tocsin::source
