// ObjectQueue: objects of a bucket as inputs, in the order in which they were added, while threads
// fetch the beginnings of those that come next. What fits into kHeadBytes is then in memory; the
// rest of a larger object comes at the reader's pace. Memory: at most kAhead × threads ×
// kHeadBytes.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "aws/s3.h"
#include "base/mutex.h"
#include "event/input_queue.h"

namespace tocsin::aws {

class ObjectQueue final : public event::InputQueue {
 public:
  static constexpr std::size_t kHeadBytes = std::size_t{1} << 20;
  static constexpr std::size_t kAhead = 2;       // objects of each thread
  static constexpr std::size_t kNamed = 10'000;  // objects that were added and not fetched

  // Of `bucket` all but the key counts. `stop` ends everything early.
  ObjectQueue(S3 s3, ObjectName bucket, unsigned threads, const std::atomic<bool>& stop);
  ~ObjectQueue() override;
  ObjectQueue(const ObjectQueue&) = delete;
  ObjectQueue& operator=(const ObjectQueue&) = delete;

  // Waits while kNamed objects are named. False: stopped. One thread adds.
  bool add(std::string key) EXCLUDES(mutex_);
  // Nothing more is added. `failure`: why, when that is too early; it comes as the last input's.
  void finish(std::optional<Error> failure = std::nullopt) EXCLUDES(mutex_);

  // Ends adding and fetching.
  void close();

  std::optional<Input> next() override EXCLUDES(mutex_);
  bool would_wait() const override EXCLUDES(mutex_);

  // "s3://bucket/key"
  std::string input_name(const std::string& key) const;

 private:
  struct Slot {
    std::string key;
    bool is_ready = false;
    Result<std::unique_ptr<event::ByteSource>> source = nullptr;
  };
  void fetch_all();
  std::shared_ptr<Slot> take_slot() EXCLUDES(mutex_);

  S3 s3_;
  const ObjectName bucket_;
  const std::size_t window_;  // objects that may be fetched ahead
  const std::atomic<bool>& stop_;
  mutable Mutex mutex_;
  CondVar changed_;
  std::deque<std::shared_ptr<Slot>> slots_ GUARDED_BY(mutex_);
  std::size_t taken_ GUARDED_BY(mutex_) = 0;  // of the slots' beginning
  bool is_finished_ GUARDED_BY(mutex_) = false;
  std::optional<Error> failure_ GUARDED_BY(mutex_);
  std::atomic<bool> is_closing_{false};
  std::vector<std::thread> threads_;
};

}  // namespace tocsin::aws
