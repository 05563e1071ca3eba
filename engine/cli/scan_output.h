// What `scan` shows: alerts (cards or JSON lines) on stdout; record errors, progress and the
// summary on stderr; on demand the measurements as JSON in a file.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "alert/alert.h"
#include "pipeline/scan_pipeline.h"

namespace tocsin::cli {

// How much there is to scan, as far as it is known: listing goes on while the scan does.
struct ScanTotals {
  std::atomic<std::uint64_t> bytes{0};     // as stored
  std::atomic<std::uint64_t> objects{0};   // of buckets
  std::atomic<std::uint64_t> listings{0};  // inputs whose size is not known yet, or never
};

class ScanOutput : public pipeline::ScanSink {
 public:
  // `finished` is called for each input that was read to its end, after its alerts were written and
  // flushed; false: it could not be noted. May be empty.
  ScanOutput(const pipeline::Ruleset& ruleset, const ScanTotals& totals,
             std::function<bool(const std::string&)> finished);

  void alert(alert::Alert alert) override;
  void lines(std::string_view json_lines) override;
  void error(const event::RecordError& error) override;
  void note(const pipeline::RecordNote& note) override;
  void progress(const pipeline::ScanStats& so_far) override;
  void ended(const std::string& input) override;

  // The summary by rule and level.
  void finish(const pipeline::ScanStats& stats, bool interrupted);

  bool write_failed() const { return write_failed_; }
  bool note_failed() const { return note_failed_; }

 private:
  void write(std::string_view text);
  void flush();
  void clear_progress();

  using Clock = std::chrono::steady_clock;

  const pipeline::Ruleset& ruleset_;
  const ScanTotals& totals_;
  const std::function<bool(const std::string&)> finished_;
  const bool progress_wanted_;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point last_progress_ = start_;
  bool progress_shown_ = false;
  std::uint64_t problems_printed_ = 0;
  std::uint64_t objects_ = 0;  // of buckets, that were read to their end
  bool is_unflushed_ = false;
  bool write_failed_ = false, note_failed_ = false;
};

// What a scan cost, next to what it counted.
struct ScanCost {
  double load_seconds = 0;      // reading and compiling the rules
  double scan_seconds = 0;      // from the first read to the last result
  double scan_cpu_seconds = 0;  // the processor's time in these, of all threads
  unsigned threads = 1;
};

// The file of `scan --stats`: one JSON object, written when the scan ends. Opened before, so that a
// path that cannot be written ends the command before any work is done.
class StatsFile {
 public:
  // False when `path` cannot be opened for writing.
  bool open(const std::string& path);
  bool is_open() const { return file_ != nullptr; }
  // Writes and closes. False when that failed.
  bool write(const pipeline::ScanStats& stats, const ScanCost& cost);

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::unique_ptr<std::FILE, Closer> file_;
};

}  // namespace tocsin::cli
