#include "pipeline/scan_pipeline.h"

#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <exception>
#include <thread>

#include "event/event_reader.h"
#include "program/match.h"

namespace tocsin::pipeline {
namespace {

// What one batch came to, ready to be handed over.
struct Result {
  std::vector<alert::Alert> alerts;
  std::vector<RecordNote> notes;
  std::vector<event::RecordError> errors;
  std::vector<program::RuleIndex> matches;
  std::uint64_t records = 0;
  std::uint64_t input_bytes = 0;
};

// Everything one thread needs; nothing in it is shared.
class Worker {
 public:
  Worker(const program::Program& program, const ScanOptions& options,
         const program::RuleMask& declared)
      : options_(options),
        declared_(declared),
        program_(program),
        reader_(program.fields()),
        matching_(program),
        alerts_(program) {}

  void process(event::Batch& batch, Result& result) {
    result = Result{};
    result.input_bytes = batch.input_bytes;
    result.errors = std::move(batch.errors);
    for (const event::Record& record : batch.records) guarded(record, result);
  }

 private:
  // The last resort: nothing below throws by design, but a library might; one record then fails,
  // not the run.
  void guarded(const event::Record& record, Result& result) {
    try {
      one(record, result);
    } catch (const std::exception& error) {
      result.errors.push_back({{Code::unsupported, fmt::format("internal error: {}", error.what())},
                               record.origin,
                               false});
    }
  }

  void one(const event::Record& record, Result& result) {
    if (auto read = reader_.read(record.json, event_); !read) {
      result.errors.push_back({std::move(read.error()), record.origin, false});
      return;
    }
    ++result.records;
    if (event_.notes() != event::kNoNote) result.notes.push_back({record.origin, event_.notes()});
    matched_.clear();
    matching_.run_gated(event_, mask(), matched_);
    result.matches.insert(result.matches.end(), matched_.begin(), matched_.end());
    if (!options_.make_alerts || matched_.empty()) return;
    const std::int64_t now = now_milliseconds();
    for (const program::RuleIndex rule : matched_) {
      result.alerts.push_back(alerts_.make(rule, event_, record.origin, now));
    }
  }

  const program::RuleMask& mask() const {
    switch (options_.policy) {
      case LogsourcePolicy::by_shape:
        return event_.is_cloudtrail() ? program_.cloudtrail_mask() : program_.all_mask();
      case LogsourcePolicy::declared:
        return declared_;
      case LogsourcePolicy::ignore:
        break;
    }
    return program_.all_mask();
  }

  const ScanOptions& options_;
  const program::RuleMask& declared_;
  const program::Program& program_;
  event::EventReader reader_;
  event::Event event_;
  program::Matching matching_;
  alert::AlertMaker alerts_;
  std::vector<program::RuleIndex> matched_;
};

// Gives out batches one after the other and takes the results back in the same order.
class Turnstile {
 public:
  Turnstile(event::RecordReader& reader, ScanSink& sink, std::size_t rules,
            const std::atomic<bool>& stop)
      : reader_(reader), sink_(sink), stop_(stop) {
    stats_.rule_matches.assign(rules, 0);
  }

  bool take(event::Batch& batch) {
    const std::lock_guard lock(reading_);
    if (stop_.load(std::memory_order_relaxed) || !reader_.next(batch)) return false;
    batch.sequence = next_read_++;
    return true;
  }

  void give(std::uint64_t sequence, Result& result) {
    std::unique_lock lock(writing_);
    turn_.wait(lock, [&] { return next_written_ == sequence; });
    deliver(result);
    ++next_written_;
    turn_.notify_all();
  }

  ScanStats& stats() { return stats_; }

 private:
  void deliver(Result& result) {
    stats_.records += result.records;
    stats_.rejected += result.errors.size();
    stats_.repaired += result.notes.size();
    stats_.input_bytes += result.input_bytes;
    stats_.matches += result.matches.size();
    for (const program::RuleIndex rule : result.matches) ++stats_.rule_matches[rule];
    for (const event::RecordError& error : result.errors) sink_.error(error);
    for (const RecordNote& note : result.notes) sink_.note(note);
    for (alert::Alert& alert : result.alerts) sink_.alert(std::move(alert));
    sink_.progress(stats_);
  }

  event::RecordReader& reader_;
  ScanSink& sink_;
  const std::atomic<bool>& stop_;

  std::mutex reading_;
  std::uint64_t next_read_ = 0;

  std::mutex writing_;
  std::condition_variable turn_;
  std::uint64_t next_written_ = 0;
  ScanStats stats_;
};

}  // namespace

ScanStats scan(const program::Program& program, event::RecordReader& reader,
               const ScanOptions& options, ScanSink& sink, const std::atomic<bool>& stop) {
  program::RuleMask declared = program.all_mask();
  for (program::RuleIndex i = 0; i < declared.size(); ++i) {
    if (!program::accepts(program.rules()[i].source.logsource, options.declared)) declared[i] = 0;
  }
  Turnstile turnstile(reader, sink, program.rules().size(), stop);
  const auto work = [&] {
    Worker worker(program, options, declared);
    event::Batch batch;
    Result result;
    while (turnstile.take(batch)) {
      worker.process(batch, result);
      turnstile.give(batch.sequence, result);
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < options.threads; ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  return std::move(turnstile.stats());
}

std::int64_t now_milliseconds() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace tocsin::pipeline
