#include "pipeline/scan_pipeline.h"

#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <exception>
#include <memory>
#include <thread>

#include "event/batch_reader.h"
#include "program/match.h"

namespace tocsin::pipeline {
namespace {

// An alert and the record that raised it.
struct Raised {
  alert::Alert alert;
  event::Origin origin;
};

// What one batch came to, ready to be handed over.
struct Result {
  std::vector<Raised> alerts;
  std::vector<RecordNote> notes;
  std::vector<event::RecordError> errors;
  std::vector<program::RuleIndex> matches;
  std::vector<event::BatchReader::Renumbering> renumberings;
  std::uint64_t records = 0;
  std::uint64_t input_bytes = 0;
};

// Everything one thread needs; nothing in it is shared.
class Worker : private event::BatchReader::Visitor {
 public:
  Worker(const program::Program& program, const ScanOptions& options, const Plan& plan)
      : options_(options),
        plan_(plan),
        reader_(plan.phases()),
        matching_(program),
        alerts_(program) {}

  void process(event::Batch& batch, Result& result) {
    result.alerts.clear();
    result.notes.clear();
    result.errors.clear();
    result.matches.clear();
    result.records = 0;
    result.input_bytes = batch.input_bytes;
    result_ = &result;
    reader_.read(batch, *this);
    result.renumberings = reader_.renumberings();
  }

 private:
  void error(event::RecordError error) override { result_->errors.push_back(std::move(error)); }

  // Nothing below throws by design, but a library might; one record then fails, not the run.
  void event(event::Event& event, const event::Origin& origin) override {
    try {
      match(event, origin);
    } catch (const std::exception& thrown) {
      error({{Code::unsupported, fmt::format("internal error: {}", thrown.what())}, origin, false});
    }
  }

  void match(event::Event& event, const event::Origin& origin) {
    Result& result = *result_;
    ++result.records;
    const std::size_t before = result.matches.size();
    const bool is_other = plan_.is_other(event);
    if (is_other) reader_.read_again(event, static_cast<std::size_t>(program::Reading::all));
    if (matching_.open(event, is_other ? plan_.other_gates() : plan_.gates())) {
      reader_.read_again(event, static_cast<std::size_t>(matching_.reading()));
      matching_.finish(event, result.matches);
    }
    if (event.notes() != event::kNoNote) result.notes.push_back({origin, event.notes()});
    if (!options_.make_alerts || result.matches.size() == before) return;
    const std::int64_t now = now_milliseconds();
    for (std::size_t i = before; i < result.matches.size(); ++i) {
      result.alerts.push_back({alerts_.make(result.matches[i], event, origin, now), origin});
    }
  }

  const ScanOptions& options_;
  const Plan& plan_;
  event::BatchReader reader_;
  program::Matching matching_;
  alert::AlertMaker alerts_;
  Result* result_ = nullptr;  // during process()
};

// Numbers the records of an input that spans batches: a batch knows only by how much its own lines
// turned out to be more records than one.
class Numbering {
 public:
  // Call in batch order, before the batch is delivered.
  void apply(const event::Batch& batch, Result& result) {
    if (by_ != 0) {
      for (RecordNote& note : result.notes) apply(note.origin);
      for (event::RecordError& error : result.errors) apply(error.origin);
      for (Raised& raised : result.alerts) {
        apply(raised.origin);
        raised.alert.input_record = raised.origin.record;
      }
    }
    if (batch.paths.empty()) return;
    if (batch.paths.back() != path_) by_ = 0;
    path_ = batch.paths.back();
    for (std::size_t i = result.renumberings.size(); i-- > 0;) {
      if (result.renumberings[i].path != path_.get()) continue;
      by_ += result.renumberings[i].by;
      break;
    }
  }

 private:
  void apply(event::Origin& origin) const {
    if (origin.path == path_.get() && origin.record != 0) {
      origin.record += static_cast<std::uint64_t>(by_);
    }
  }

  std::shared_ptr<const std::string> path_;  // of the last input so far
  std::int64_t by_ = 0;
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

  void give(const event::Batch& batch, Result& result) {
    std::unique_lock lock(writing_);
    turn_.wait(lock, [&] { return next_written_ == batch.sequence; });
    numbering_.apply(batch, result);
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
    for (Raised& raised : result.alerts) sink_.alert(std::move(raised.alert));
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
  Numbering numbering_;
  ScanStats stats_;
};

}  // namespace

ScanStats scan(const program::Program& program, const Plan& plan, event::RecordReader& reader,
               const ScanOptions& options, ScanSink& sink, const std::atomic<bool>& stop) {
  Turnstile turnstile(reader, sink, program.rules().size(), stop);
  const auto work = [&] {
    Worker worker(program, options, plan);
    event::Batch batch;
    Result result;
    while (turnstile.take(batch)) {
      worker.process(batch, result);
      turnstile.give(batch, result);
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
