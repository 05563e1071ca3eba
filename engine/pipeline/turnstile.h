// Turnstile: gives out batches one after the other and takes what they came to back in the same
// order.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "alert/alert.h"
#include "base/mutex.h"
#include "base/text_buffer.h"
#include "correlate/hit.h"
#include "event/batch_reader.h"
#include "event/record_reader.h"
#include "pipeline/scan_correlation.h"
#include "pipeline/scan_pipeline.h"
#include "program/program.h"

namespace tocsin::pipeline {

// What a batch, or a part of one, came to: ready to be handed over.
struct BatchResult {
  // An alert and the record that raised it.
  struct Raised {
    alert::Alert alert;
    event::Origin origin;
  };
  // Where the number of a record stands in `lines`.
  struct NumberPlace {
    std::size_t at;
    const std::string* path;
  };

  std::vector<Raised> alerts;
  TextBuffer lines;
  std::vector<NumberPlace> numbers;  // in ascending order
  std::vector<RecordNote> notes;
  std::vector<event::RecordError> errors;
  std::vector<program::RuleIndex> matches;
  correlate::HitBatch hits;
  correlate::Time newest = correlate::kNoTime;           // that is known of the events
  std::uint64_t untimed = 0, future = 0, forgotten = 0;  // as ScanStats has them
  std::uint64_t records = 0;
  std::uint64_t input_bytes = 0;

  void clear();
  // So much that it is better handed over than added to.
  bool is_large() const;
};

// Numbers the records of an input that spans batches: a batch knows only by how much its own lines
// turned out to be more records than one.
class Numbering {
 public:
  using Renumberings = std::vector<event::BatchReader::Renumbering>;

  // Of a part of the batch that comes next.
  void apply(BatchResult& result) const;
  // That batch is complete.
  void pass(const event::Batch& batch, const Renumberings& renumberings);

 private:
  bool concerns(const std::string* path) const { return path == path_.get(); }
  void apply(event::Origin& origin) const;
  void apply(TextBuffer& lines, const std::vector<BatchResult::NumberPlace>& numbers) const;

  std::shared_ptr<const std::string> path_;  // of the last input so far
  std::int64_t by_ = 0;
};

class Turnstile {
 public:
  Turnstile(event::RecordReader& reader, ScanSink& sink, std::size_t rules,
            ScanCorrelation& correlation, const std::atomic<bool>& stop);

  // False at the end.
  bool take(event::Batch& batch);
  // Waits until all batches before are given back; delivers the result and clears it.
  void give_part(const event::Batch& batch, BatchResult& result);
  // The same, and the batch is done.
  void give(const event::Batch& batch, BatchResult& result,
            const Numbering::Renumberings& renumberings);

  // Once all threads have ended:
  ScanStats& stats() NO_THREAD_SAFETY_ANALYSIS { return stats_; }
  // Whether all hits could be collected.
  const Status& collected() const NO_THREAD_SAFETY_ANALYSIS { return collected_; }

 private:
  void wait_for_turn(const event::Batch& batch) REQUIRES(writing_);
  void deliver(BatchResult& result) REQUIRES(writing_);

  event::RecordReader& reader_;
  ScanSink& sink_;
  ScanCorrelation& correlation_;
  const std::atomic<bool>& stop_;

  Mutex reading_;
  std::uint64_t next_read_ GUARDED_BY(reading_) = 0;
  std::uint64_t errors_read_ GUARDED_BY(reading_) = 0;

  Mutex writing_;
  CondVar turn_;
  std::uint64_t next_written_ GUARDED_BY(writing_) = 0;
  Numbering numbering_ GUARDED_BY(writing_);
  ScanStats stats_ GUARDED_BY(writing_);
  Status collected_ GUARDED_BY(writing_);
};

}  // namespace tocsin::pipeline
