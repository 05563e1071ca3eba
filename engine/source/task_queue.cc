#include "source/task_queue.h"

#include <system_error>
#include <utility>

namespace tocsin::source {

TaskQueue::~TaskQueue() {
  std::deque<std::function<void()>> dropped;
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    dropped.swap(tasks_);
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool TaskQueue::post(std::function<void()> task) {
  {
    const MutexLock lock(mutex_);
    if (stopping_ || tasks_.size() >= capacity_) return false;
    if (!thread_.joinable()) {
      try {
        thread_ = std::thread([this] { run(); });
      } catch (const std::system_error&) {
        return false;  // the system has no thread to give: busy
      }
    }
    tasks_.push_back(std::move(task));
  }
  changed_.notify_one();
  return true;
}

void TaskQueue::run() {
  for (;;) {
    std::function<void()> task;
    {
      const MutexLock lock(mutex_);
      changed_.wait(mutex_, [&]() REQUIRES(mutex_) { return stopping_ || !tasks_.empty(); });
      if (stopping_) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }
}

}  // namespace tocsin::source
