// What `scan` shows: alerts (cards or JSON lines) on stdout; record errors, progress and the
// summary on stderr.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "alert/alert.h"
#include "pipeline/scan_pipeline.h"
#include "program/program.h"

namespace tocsin::cli {

enum class OutputFormat { table, jsonl, none };

class ScanOutput : public pipeline::ScanSink {
 public:
  ScanOutput(OutputFormat format, const program::Program& program, std::uint64_t total_bytes);

  void alert(alert::Alert alert) override;
  void error(const event::RecordError& error) override;
  void note(const pipeline::RecordNote& note) override;
  void progress(const pipeline::ScanStats& so_far) override;

  // The summary by rule and level.
  void finish(const pipeline::ScanStats& stats, bool interrupted);

  bool write_failed() const { return write_failed_; }

 private:
  void write(const std::string& text);
  void clear_progress();

  using Clock = std::chrono::steady_clock;

  const OutputFormat format_;
  const program::Program& program_;
  const std::uint64_t total_bytes_;
  const bool progress_wanted_;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point last_progress_ = start_;
  bool progress_shown_ = false;
  std::uint64_t problems_printed_ = 0;
  std::string line_;
  bool write_failed_ = false;
};

// A card of a few lines for one alert.
std::string render_card(const alert::Alert& alert, bool color, std::size_t width);

}  // namespace tocsin::cli
