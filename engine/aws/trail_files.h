// TrailFiles: the log files of a trail in a bucket, found by their layout:
//
//   [prefix/]AWSLogs/[o-ORGANIZATION/]ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/…_YYYYMMDDTHHMMZ_….json.gz
//
// A region is listed from its first day on, and no further than its last: what lies outside costs
// no request. Digests, Insights and other services' files are passed over. A prefix without AWSLogs
// below or above it is listed whole.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/failure.h"
#include "aws/s3.h"

namespace tocsin::aws {

struct TrailQuery {
  std::string bucket;
  std::string prefix;  // a folder, with or without a slash at its end, or one object's key
  // Log files that were delivered in [since, until], seconds since 1970; nothing: no bound.
  std::optional<std::int64_t> since, until;
  std::vector<std::string> accounts, regions;  // empty: all
  bool requester_pays = false;
};

// When a log file was delivered, by its name; nothing when it has no such name. Pure.
std::optional<std::int64_t> delivery_time(std::string_view key);

// Where a prefix lies in the layout. Pure.
struct TrailPlace {
  bool is_below_logs = false;           // AWSLogs/ is part of it
  std::vector<std::string> components;  // after AWSLogs and the organization: account, service, …
};
TrailPlace trail_place(std::string_view prefix);

class TrailFiles {
 public:
  // `found` gets each log file, in the order of the listing; false ends the walk.
  using Found = std::function<bool(ListedObject)>;

  TrailFiles(S3 s3, TrailQuery query) : s3_(s3), query_(std::move(query)) {}

  // Lists until `found` or `stop` ends it. A failure is final; what came before it was found.
  Outcome<void> walk(const Found& found, const std::atomic<bool>& stop);

  // Objects below the prefix that were no log files, so far: digests and the like.
  std::uint64_t passed_over() const { return passed_over_; }

 private:
  // False: `found` ended the walk.
  using Walked = Outcome<bool>;
  Walked walk_folder(const std::string& prefix);
  Walked walk_below_logs(const std::string& prefix, std::size_t depth);
  Walked walk_children(const std::string& prefix, std::size_t depth);
  Walked walk_region(const std::string& prefix);
  Walked list(const std::string& prefix, const std::string& start_after, const std::string& end);
  bool is_wanted(const ListedObject& object) const;
  Outcome<std::vector<std::string>> folders(const std::string& prefix);
  ListRequest request(const std::string& prefix) const;

  S3 s3_;
  const TrailQuery query_;
  const Found* found_ = nullptr;
  const std::atomic<bool>* stop_ = nullptr;
  std::uint64_t passed_over_ = 0;
};

}  // namespace tocsin::aws
