// Backfill: finds objects by listing: those from before there was a queue, and those whose notices
// never came. One thread lists; others read what it offers.
//
// CloudTrail's log files are listed by account, region and day, from `since` on. A day is complete
// when it is over for more than a day and all of its objects are done; until then it is listed
// again and again, because files arrive late and their names are in no order: the last name that
// was seen says nothing. Objects that are done, by the queue's messages too, are marked
// (object_marks.h); the marks are the position of the source.
//
// Failures: a listing that fails is tried again with the next pass; nothing is complete meanwhile.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "aws/s3.h"
#include "base/mutex.h"
#include "source/object_marks.h"
#include "source/object_reader.h"
#include "source/s3_notice.h"
#include "source/source.h"

namespace tocsin::source {

struct BackfillOptions {
  std::string bucket;  // "": there is no backfill
  std::string prefix;
  std::int64_t since_ms = 0;
  std::int64_t every_ms = 300'000;
};

class Backfill {
 public:
  struct Hooks {
    // The session that may list the bucket for an account.
    std::function<Result<aws::Session*>(const S3Pointer&)> session;
    // Takes an object to be read; blocks while many wait. ended() is called for each. False: it is
    // over.
    std::function<bool(S3Pointer)> offer;
  };

  // All must outlive it.
  Backfill(const BackfillOptions& options, std::string source, bool requester_pays, Host& host,
           const S3Metrics& metrics, Hooks hooks);

  // Lists until it is over. An error: the position cannot be read.
  Status run(const std::atomic<bool>& stop, const std::stop_token& token);

  // Whether the object is done. From any thread.
  bool is_done(const S3Pointer& object) const;
  // An object has ended, whoever found it. From any thread.
  void ended(const S3Pointer& object, ObjectEnd::Kind end, bool was_offered);

 private:
  enum class Depth : std::uint8_t { days, above, elsewhere };

  bool pass();
  bool find_regions(const std::string& prefix, int depth);
  Depth depth_of(const std::string& prefix) const;
  bool list_day(const std::string& region, std::int64_t day);
  bool list(const std::string& prefix, const std::string& delimiter,
            const std::function<bool(aws::ListPage&)>& use);
  bool offer(const aws::ListedObject& object);
  void wait_for_offered();
  Status save();
  std::int64_t today() const;

  const BackfillOptions& options_;
  const std::string source_;
  const bool requester_pays_;
  Host& host_;
  const S3Metrics& metrics_;
  const Hooks hooks_;
  ObjectMarks marks_;

  // Of run().
  const std::atomic<bool>* stop_ = nullptr;
  std::stop_token token_;
  Reading reading_;
  std::vector<std::string> regions_;
  std::int64_t saved_at_ = 0;  // steady, ms

  Mutex mutex_;
  CondVar changed_;
  std::size_t offered_ GUARDED_BY(mutex_) = 0;           // and not ended
  std::set<std::int64_t> open_days_ GUARDED_BY(mutex_);  // with objects that are not done
};

}  // namespace tocsin::source
