// The conformance kit of sources: what a source must do, whatever it reads. A driver for each type
// puts records where the source finds them; the pipeline here answers as the real one does.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "event/record_reader.h"
#include "source/source.h"
#include "unit/source/fakes.h"

namespace tocsin::source {

// Puts records where a source finds them. They hold {"n":1}, {"n":2} …
class Driver {
 public:
  virtual ~Driver() = default;
  virtual std::string settings() const = 0;  // of the source, as YAML
  virtual void put(const std::string& record) = 0;
  virtual void end() {}  // no more records
  // What a stop cut off is read again by the next run.
  virtual bool is_read_again() const { return true; }
  virtual bool keeps_order() const { return true; }
  // Records that were not acknowledged to whoever sent them; of a source that acknowledges.
  virtual std::size_t unacknowledged() const { return 0; }
};

struct DriverEntry {
  std::string type;
  std::function<std::unique_ptr<Driver>()> make;
};
const std::vector<DriverEntry>& drivers();
DriverEntry queue_driver();

// A pipeline that reads what it is given and keeps positions as the committer does.
class KitPipeline final : public Intake {
 public:
  void submit(Submission submission, AckToken token) override {
    token.answer(take(std::move(submission)));
  }
  void set_aside(Submission submission, std::string, AckToken token) override {
    token.answer(take(std::move(submission)));
  }
  Receipt submit_and_wait(Submission submission, std::stop_token stop) override {
    {
      std::unique_lock lock(mutex_);
      has_waited_ = is_full;
      changed_.notify_all();
      changed_.wait(lock, stop, [&] { return !is_full; });
    }
    if (stop.stop_requested() && is_full) return refusal(std::move(submission));
    return take(std::move(submission));
  }
  Result<Reading> resume(const std::string&) override {
    const std::lock_guard lock(mutex_);
    return Reading(saved_);
  }

  // Until `count` records were taken.
  void wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return records_.size() >= count; });
  }
  void wait_for_call_while_full() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return has_waited_; });
  }
  std::vector<std::string> records() {
    const std::lock_guard lock(mutex_);
    return records_;
  }
  std::size_t calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
  }

  std::atomic<bool> is_full = false;  // submit_and_wait() waits
  std::function<bool(std::size_t)> refuses = [](std::size_t) { return false; };  // by call
  std::function<void()> on_refusal;

 private:
  static Receipt refusal(Submission submission) {
    Receipt receipt;
    receipt.status = fail(Code::busy, "busy");
    receipt.returned = std::move(submission);
    return receipt;
  }
  Receipt take(Submission submission) {
    const std::lock_guard lock(mutex_);
    if (refuses(++calls_)) {
      if (on_refusal) on_refusal();
      return refusal(std::move(submission));
    }
    const event::Batch batch = event::read_records(submission.bytes);
    for (const event::Record& record : batch.records) records_.emplace_back(record.json);
    Receipt receipt;
    receipt.accepted = batch.records.size();
    receipt.rejected = batch.errors.size();
    if (const Place& place = submission.place; place.sequence != nullptr) {
      Sequence::Done done{{place.number, place.position}};
      if (std::string reached = place.sequence->reach(done); !reached.empty()) saved_ = reached;
      place.sequence->add(std::move(done));
    }
    changed_.notify_all();
    return receipt;
  }

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<std::string> records_;
  std::string saved_;
  std::size_t calls_ = 0;
  bool has_waited_ = false;
};

}  // namespace tocsin::source
