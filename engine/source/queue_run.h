// QueueRun: one run of a source of type s3_sqs, from the first message to the last.
//
// Threads: the caller's receives messages, as fast as objects are read; `concurrency` others read
// objects; one extends visibilities, one deletes, one asks how deep the queue is, and one lists
// where there is a backfill. They share QueueMessages, which says what is due. A message is deleted
// only after the receipt of everything that it brought, which is after its COMMIT.
//
// Failures: what AWS refuses for good (no permission, no queue) ends the run with an error, and so
// does what fails again and again; a message or object that fails never does.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "aws/s3.h"
#include "aws/session.h"
#include "aws/sqs.h"
#include "base/mutex.h"
#include "source/backfill.h"
#include "source/object_reader.h"
#include "source/queue_messages.h"
#include "source/s3_metrics.h"
#include "source/s3_notice.h"
#include "source/s3_sqs_options.h"

namespace tocsin::source {

class QueueRun {
 public:
  // All must outlive it.
  QueueRun(const S3SqsOptions& options, Host& host, aws::Session& session);
  ~QueueRun();
  QueueRun(const QueueRun&) = delete;
  QueueRun& operator=(const QueueRun&) = delete;

  // Until `stop`, which is a success, or until it cannot go on.
  Status run(const std::stop_token& stop);
  // From any thread.
  void write_status(JsonWriter& json) const;

 private:
  // A message under way; its tasks share it.
  struct Work {
    aws::Message message;
    std::string problem;  // of the part that can never be read
  };
  struct Task {
    std::shared_ptr<Work> work;
    std::optional<S3Pointer> object;  // nullopt: the message's body is what is read
  };
  // Work without a message: an object that was found by listing.
  bool is_listed(const Task& task) const { return task.work == nullptr; }

  Status begin();
  Status receive();
  std::size_t wait_for_slots();
  void take(aws::Message message);
  bool is_wanted(const S3Pointer& object) const;
  void stop();
  void finish();

  void read_objects();
  std::optional<Task> next_task();
  void perform(const Task& task);
  ObjectEnd read_object(const S3Pointer& object);
  QueueMessages::End read_body(const Task& task);
  QueueMessages::End judge(const Task& task, const ObjectEnd& end);
  void ended(const Task& task, QueueMessages::End end);
  void keep(const Work& work);
  void reject(Work& work, std::string problem);
  Result<aws::Session*> session_of(const S3Pointer& object);
  void list_objects();
  bool offer(S3Pointer object);

  void extend();
  void extend_now(const std::vector<QueueMessages::Handle>& due, std::int64_t now);
  void remove();
  void remove_now(std::vector<QueueMessages::Handle> handles, const std::atomic<bool>& stop);
  void give_back(const std::vector<QueueMessages::Handle>& handles, const std::atomic<bool>& stop);
  void watch();
  void note(const aws::QueueAttributes& attributes);
  // Counts a call that failed; of a missing permission, raises an alert, once a day.
  void failed(std::string_view call, const aws::Failure& failure) const;

  const S3SqsOptions& options_;
  Host& host_;
  aws::Session& session_;
  aws::Sqs queue_;
  const S3Metrics metrics_;
  const ObjectReader reader_;
  std::optional<int> visibility_;  // to ask for; nullopt: the queue's own
  std::int64_t visibility_ms_ = 0;
  bool keeps_ = false;
  std::unique_ptr<QueueMessages> messages_;  // after begin()
  std::optional<Backfill> backfill_;
  std::vector<QueueMessages::Handle> interrupted_;  // deletions that a stop has cut off

  // Both say that it is over, for those who wait for one or the other.
  std::atomic<bool> stop_ = false;
  std::stop_source stopping_;
  const std::stop_token token_ = stopping_.get_token();
  mutable Mutex mutex_;
  CondVar changed_;                             // whatever of the following
  std::deque<Task> tasks_ GUARDED_BY(mutex_);   // of messages; they go first
  std::deque<Task> listed_ GUARDED_BY(mutex_);  // of the backfill
  std::size_t busy_ GUARDED_BY(mutex_) = 0;     // tasks of messages that are performed
  std::optional<Error> failure_ GUARDED_BY(mutex_);
  aws::QueueAttributes attributes_ GUARDED_BY(mutex_);

  Mutex sessions_mutex_;
  std::map<std::string, std::unique_ptr<aws::Session>> sessions_ GUARDED_BY(sessions_mutex_);

  std::vector<std::thread> threads_;
};

}  // namespace tocsin::source
