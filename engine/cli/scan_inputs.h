// ScanInputs: what `scan` reads: files and folders, trails in S3 (s3://BUCKET/PREFIX) and the event
// history of an account (cloudtrail://REGION), in the order in which they were given.
#pragma once

#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "aws/session.h"
#include "base/result.h"
#include "cli/finished_inputs.h"
#include "cli/scan_output.h"
#include "event/input_queue.h"
#include "metrics/registry.h"

namespace tocsin::cli {

// Options of s3:// and cloudtrail://.
struct CloudOptions {
  std::string since, until;  // 7d before now, or 2026-01-31T12:00Z
  std::vector<std::string> accounts, regions;
  std::string profile, role_arn, external_id;
  std::vector<std::string> networks;  // that may be connected to although they are private
  std::string resume;
  unsigned fetchers = 8;
  bool requester_pays = false;

  void add_to(CLI::App& command);
};

class ScanInputs {
 public:
  // `stop` ends listing and fetching.
  ScanInputs(CloudOptions options, const std::atomic<bool>& stop);
  ~ScanInputs();
  ScanInputs(const ScanInputs&) = delete;
  ScanInputs& operator=(const ScanInputs&) = delete;

  // Checks names and options. Paths that name nothing are in errors(), and the others are read.
  Status add(const std::vector<std::string>& inputs);
  const std::vector<Error>& errors() const { return errors_; }
  bool empty() const { return queues_.empty(); }

  // Once, after add(). ScanInputs must outlive it.
  std::unique_ptr<event::InputQueue> queue();
  const ScanTotals& totals() const { return totals_; }

  // An input was read to its end and its alerts were written. False: --resume cannot be written.
  bool finished(const std::string& input);
  // Inputs that an earlier scan with the same --resume had finished.
  std::uint64_t skipped() const { return skipped_.load(); }
  bool is_resumable() const { return finished_.is_open(); }

 private:
  class Bucket;
  Status add_bucket(const std::string& url);
  Status add_history(const std::string& url);
  Result<aws::Session*> session();
  Status read_times();

  const CloudOptions options_;
  const std::atomic<bool>& stop_;
  std::optional<std::int64_t> since_, until_;  // seconds since 1970
  metrics::Registry metrics_;
  std::unique_ptr<aws::Session> session_;
  FinishedInputs finished_;
  ScanTotals totals_;
  std::atomic<std::uint64_t> skipped_{0};
  std::vector<Error> errors_;
  std::vector<std::unique_ptr<event::InputQueue>> queues_;
};

}  // namespace tocsin::cli
