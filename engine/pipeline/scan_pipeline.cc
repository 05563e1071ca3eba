#include "pipeline/scan_pipeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <thread>

#include "alert/alert_maker.h"
#include "alert/correlation.h"
#include "base/clock.h"
#include "base/time.h"
#include "correlate/event_fields.h"
#include "correlate/hit_maker.h"
#include "correlate/watermark.h"
#include "event/batch_reader.h"
#include "pipeline/turnstile.h"
#include "program/match.h"

namespace tocsin::pipeline {
namespace {

// The files of a scan are one source: where a trail's files lie says nothing about it.
constexpr std::string_view kScanSource = "scan";

// Everything one thread needs; nothing in it is shared.
class Worker : private event::BatchReader::Visitor {
 public:
  Worker(const Ruleset& ruleset, const ScanOptions& options, const Plan& plan, Turnstile& turnstile)
      : program_(ruleset.program),
        correlates_(!ruleset.correlations->empty()),
        options_(options),
        plan_(plan),
        turnstile_(turnstile),
        reader_(plan.phases()),
        matching_(program_, &thread_cpu_ns),
        alerts_(program_, &thread_cpu_ns),
        hits_(*ruleset.correlations) {}

  void run() {
    while (turnstile_.take(batch_)) {
      result_.input_bytes = batch_.input_bytes;
      now_ = now_milliseconds();
      reader_.read(batch_, *this);
      result_.untimed = hits_.untimed() - untimed_;
      untimed_ = hits_.untimed();
      result_.forgotten = hits_.overflowed() - overflowed_;
      overflowed_ = hits_.overflowed();
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
    if (plan_.time() != event::kNoField) {
      const correlate::Time time = correlate::time_of(event.text(plan_.time()));
      result_.newest = std::max(result_.newest, correlate::clock_time(time, now_ * kMillisecond));
    }
    const bool is_other = plan_.is_other(event);
    if (is_other) reader_.read_again(event, static_cast<std::size_t>(program::Reading::all));
    if (matching_.open(event, is_other ? plan_.other_gates() : plan_.gates())) {
      reader_.read_again(event, static_cast<std::size_t>(matching_.reading()));
      matching_.finish(event, fired_);
    }
    note(event, origin);
    if (correlates_) correlate(event, origin);
    if (fired_.empty()) return;
    if (options_.alerts == AlertForm::none) {
      result_.matches.insert(result_.matches.end(), fired_.begin(), fired_.end());
    } else {
      raise_alerts(event, origin);
    }
  }

  void note(const event::Event& event, const event::Origin& origin) {
    std::uint8_t notes = event.notes();
    const auto unevaluated = matching_.unevaluated();
    if (matching_.cut_subject()) notes |= event::kLongSubject;
    if (!unevaluated.empty()) notes |= event::kUnevaluated;
    if (notes == event::kNoNote) return;
    result_.notes.push_back({origin, notes, {unevaluated.begin(), unevaluated.end()}});
  }

  // Takes the hits out of what has fired. Leaves the rules that raise alerts of their own.
  void correlate(event::Event& event, const event::Origin& origin) {
    const auto read_with = [&](event::EventReader& reader, event::Event& out) {
      reader_.read_with(reader, out);
    };
    bool begun = false;
    for (const program::RuleIndex rule : fired_) {
      if (!hits_.wants(rule)) continue;
      if (!begun) hits_.begin(event, origin, kScanSource, read_with);
      begun = true;
      if (hits_.time() > now_ * kMillisecond + correlate::kFuture) {
        ++result_.future;
      } else {
        hits_.add(rule, result_.hits);
      }
    }
    std::erase_if(fired_, [&](program::RuleIndex rule) { return !program_.raises_alert(rule); });
  }

  void raise_alerts(event::Event& event, const event::Origin& origin) {
    alerts_.begin(event, origin, now_, [&](event::EventReader& shown, event::Event& out) {
      reader_.read_with(shown, out);
    });
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

  const program::Program& program_;
  const bool correlates_;
  const ScanOptions& options_;
  const Plan& plan_;
  Turnstile& turnstile_;
  event::BatchReader reader_;
  program::Matching matching_;
  alert::AlertMaker alerts_;
  correlate::HitMaker hits_;
  std::uint64_t untimed_ = 0, overflowed_ = 0;  // of hits_, so far told
  event::Batch batch_;
  std::int64_t now_ = 0;         // when it was taken up: what is found in it has this time
  BatchResult result_;           // of batch_ so far
  std::size_t whole_lines_ = 0;  // of result_.lines
  std::vector<program::RuleIndex> fired_;  // by the record at hand
};

// Shows the alerts of correlations.
Status tell_episodes(ScanCorrelation& correlation, AlertForm form, ScanSink& sink) {
  if (form == AlertForm::none) return correlation.run(now_milliseconds(), nullptr);
  return correlation.run(now_milliseconds(), [&](const alert::CorrelationAlert& alert) {
    if (form == AlertForm::lines) return sink.lines(alert::correlation_json(alert) + "\n");
    sink.alert(alert::alert_of(alert));
  });
}

}  // namespace

Result<ScanStats> scan(const Ruleset& ruleset, const Plan& plan, event::RecordReader& reader,
                       const ScanOptions& options, ScanCorrelation& correlation, ScanSink& sink,
                       const std::atomic<bool>& stop) {
  Turnstile turnstile(reader, sink, ruleset.program.rules().size(), correlation, stop);
  const auto work = [&] {
    Worker worker(ruleset, options, plan, turnstile);
    worker.run();
  };
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < options.threads; ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();

  ScanStats stats = std::move(turnstile.stats());
  Status told = turnstile.collected();
  if (told) told = tell_episodes(correlation, options.alerts, sink);
  if (!told) return tl::unexpected(std::move(told.error()));
  stats.correlation_matches = correlation.matches();
  const correlate::CorrelatorStats kept = correlation.stats();
  stats.forgotten += kept.evicted_hits + kept.evicted_groups;
  for (const std::uint64_t matches : stats.correlation_matches) stats.matches += matches;
  return stats;
}

std::int64_t now_milliseconds() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace tocsin::pipeline
