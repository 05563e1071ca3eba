#include "pipeline/scan_pipeline.h"

#include <fmt/format.h>

#include <chrono>
#include <exception>
#include <thread>

#include "event/batch_reader.h"
#include "pipeline/turnstile.h"
#include "program/match.h"

namespace tocsin::pipeline {
namespace {

// Everything one thread needs; nothing in it is shared.
class Worker : private event::BatchReader::Visitor {
 public:
  Worker(const program::Program& program, const ScanOptions& options,
         const program::RuleMask& declared, Turnstile& turnstile)
      : options_(options),
        turnstile_(turnstile),
        declared_(declared),
        program_(program),
        first_fields_(program.fields().only(program.gates().fields())),
        reader_(program.fields(), first_fields_),
        matching_(program),
        alerts_(program) {}

  void run() {
    while (turnstile_.take(batch_)) {
      result_.input_bytes = batch_.input_bytes;
      reader_.read(batch_, *this);
      turnstile_.give(batch_, result_, reader_.renumberings());
      whole_lines_ = 0;
    }
  }

 private:
  void error(event::RecordError error) override { result_.errors.push_back(std::move(error)); }

  // Nothing below throws by design, but a library might; one record then fails, not the run.
  void event(event::Event& event, const event::Origin& origin) override {
    try {
      match(event, origin);
    } catch (const std::exception& thrown) {
      result_.lines.cut(whole_lines_);
      error({{Code::unsupported, fmt::format("internal error: {}", thrown.what())}, origin, false});
    }
  }

  void match(event::Event& event, const event::Origin& origin) {
    ++result_.records;
    fired_.clear();
    if (matching_.open(event, mask(event))) {
      reader_.read_all(event);
      matching_.finish(event, fired_);
    }
    if (event.notes() != event::kNoNote) result_.notes.push_back({origin, event.notes()});
    if (fired_.empty()) return;
    if (options_.alerts == AlertForm::none) {
      result_.matches.insert(result_.matches.end(), fired_.begin(), fired_.end());
    } else {
      raise_alerts(event, origin);
    }
  }

  void raise_alerts(event::Event& event, const event::Origin& origin) {
    alerts_.begin(
        event, origin, now_milliseconds(),
        [&](event::EventReader& shown, event::Event& out) { reader_.read_with(shown, out); });
    for (const program::RuleIndex rule : fired_) {
      result_.matches.push_back(rule);
      raise(alerts_.view(rule), origin);
      if (result_.is_large()) hand_over();
      whole_lines_ = result_.lines.size();
    }
  }

  void raise(const alert::AlertView& alert, const event::Origin& origin) {
    if (options_.alerts == AlertForm::objects) {
      result_.alerts.push_back({alert::copy_of(alert), origin});
      return;
    }
    const std::size_t number = alert::append_json(alert, result_.lines);
    if (number != alert::kNoNumber) result_.numbers.push_back({number, origin.path});
    result_.lines.append("\n");
  }

  // An exception would leave a part that was delivered and not taken away.
  void hand_over() noexcept { turnstile_.give_part(batch_, result_); }

  const program::RuleMask& mask(const event::Event& event) const {
    switch (options_.policy) {
      case LogsourcePolicy::by_shape:
        return event.is_cloudtrail() ? program_.cloudtrail_mask() : program_.all_mask();
      case LogsourcePolicy::declared:
        return declared_;
      case LogsourcePolicy::ignore:
        break;
    }
    return program_.all_mask();
  }

  const ScanOptions& options_;
  Turnstile& turnstile_;
  const program::RuleMask& declared_;
  const program::Program& program_;
  event::FieldSet first_fields_;
  event::BatchReader reader_;
  program::Matching matching_;
  alert::AlertMaker alerts_;
  event::Batch batch_;
  Result result_;                          // of batch_ so far
  std::size_t whole_lines_ = 0;            // of result_.lines
  std::vector<program::RuleIndex> fired_;  // by the record at hand
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
    Worker worker(program, options, declared, turnstile);
    worker.run();
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
