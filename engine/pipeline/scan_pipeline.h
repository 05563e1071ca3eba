// ScanPipeline: inputs → batches → workers → alerts in input order. Files and stdin, no daemon.
//
// Workers take turns reading (a batch is read under one lock), then parse and match in parallel,
// then hand over their results in batch order, so that the output does not depend on the number of
// threads. At most one batch per worker is in memory; a worker whose batch comes to very many
// alerts hands them over in parts, when its turn has come.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>
#include <vector>

#include "alert/alert.h"
#include "event/record_reader.h"
#include "pipeline/plan.h"
#include "pipeline/ruleset.h"
#include "pipeline/scan_correlation.h"

namespace tocsin::pipeline {

struct ScanStats {
  std::uint64_t records = 0;      // read and matched
  std::uint64_t rejected = 0;     // reported as errors
  std::uint64_t repaired = 0;     // matched, but not exactly as the bytes said (ReadNote)
  std::uint64_t input_bytes = 0;  // as stored (compressed size)
  std::uint64_t matches = 0;
  std::vector<std::uint64_t> rule_matches;         // by RuleIndex
  std::vector<std::uint64_t> correlation_matches;  // by CorrelationIndex: episodes
  std::uint64_t untimed = 0;    // events that correlations could not use: no usable eventTime
  std::uint64_t future = 0;     // hits that they did not use: dated more than 15 min after the scan
  std::uint64_t forgotten = 0;  // hits and groups that correlations forgot early, at a limit
  std::uint64_t unevaluated = 0;  // rules, by event: their budget ended (program/work.h)
};

// What the sink gets of alerts.
enum class AlertForm : std::uint8_t {
  none,     // nothing: they are only counted
  lines,    // their JSON, one a line, which the workers write in parallel
  objects,  // Alert after Alert
};

struct ScanOptions {
  unsigned threads = 1;
  AlertForm alerts = AlertForm::objects;
};

// A record that was matched with a reservation.
struct RecordNote {
  event::Origin origin;
  std::uint8_t notes = 0;                         // event::ReadNote bits
  std::vector<program::RuleIndex> unevaluated{};  // with event::kUnevaluated
};

// After so many errors about records, further ones do not say what is wrong.
inline constexpr std::uint64_t kWordedErrors = 1000;

// All calls come one at a time and in input order, from any of the worker threads.
class ScanSink {
 public:
  virtual ~ScanSink() = default;
  virtual void alert(alert::Alert alert) = 0;           // AlertForm::objects
  virtual void lines(std::string_view json_lines) = 0;  // AlertForm::lines; one or more of them
  virtual void error(const event::RecordError& error) = 0;
  virtual void note(const RecordNote& note) = 0;
  virtual void progress(const ScanStats& so_far) = 0;  // after each batch, or part of one
  // An input was read to its proper end, and all that was found in it has been handed over, but for
  // correlations.
  virtual void ended(const std::string& input) = 0;
};

// Runs until the inputs end or `stop` becomes true; then finishes what has been read. Alerts of
// correlations come last. An error is one of collecting what these need: what was found without
// them has been told. `correlation` is that of the rule set, and new.
Result<ScanStats> scan(const Ruleset& ruleset, const Plan& plan, event::RecordReader& reader,
                       const ScanOptions& options, ScanCorrelation& correlation, ScanSink& sink,
                       const std::atomic<bool>& stop);

// Milliseconds since 1970, from the system clock.
std::int64_t now_milliseconds();

}  // namespace tocsin::pipeline
