#include "pipeline/intake.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <utility>

#include "base/log.h"
#include "base/sabotage.h"
#include "metrics/families.h"

namespace tocsin::pipeline {
namespace {

using Steady = std::chrono::steady_clock;

double seconds_since(Steady::time_point start) {
  return std::chrono::duration<double>(Steady::now() - start).count();
}

// How long one submission keeps a worker while others may wait. Short enough that nobody notices a
// few of them, long enough that going on costs nothing.
constexpr std::int64_t kSliceMs = 50;

}  // namespace

Intake::Intake(const IntakeOptions& options, const LiveHolder& live, Committer& committer,
               Readiness& readiness, store::Store& store, metrics::Registry& registry,
               const Clock& clock)
    : options_(options),
      live_(live),
      committer_(committer),
      readiness_(readiness),
      store_(store),
      registry_(registry),
      clock_(clock),
      batch_seconds_(registry.histogram(metrics::kBatchEvaluationSeconds)),
      event_seconds_(registry.histogram(metrics::kEventEvaluationSeconds)),
      untimed_(registry.counter(metrics::kCorrelationHits, {"untimed"})),
      future_(registry.counter(metrics::kCorrelationHits, {"future"})) {
  for (unsigned i = 0; i < std::max(1u, options.workers); ++i) {
    threads_.emplace_back([this] { work(); });
  }
}

Intake::~Intake() {
  stop();
}

bool Intake::try_to_take(source::Submission& submission, source::AckToken& token) {
  const std::size_t bytes = submission.bytes.size();
  if (stopping_ || load_.submissions >= options_.in_flight_submissions) return false;
  if (load_.submissions > 0 && load_.bytes + bytes > options_.in_flight_bytes) return false;
  load_.bytes += bytes;
  ++load_.submissions;
  new_.push_back({std::move(submission), nullptr, std::move(token), bytes});
  wake_.notify_one();
  return true;
}

void Intake::release(std::size_t bytes) {
  const MutexLock lock(mutex_);
  load_.bytes -= bytes;
  --load_.submissions;
  room_.notify_all();
}

void Intake::submit(source::Submission submission, source::AckToken token) {
  if (submission.received_ms == 0) submission.received_ms = clock_.wall_ms();
  readiness_.submission_tried();
  {
    const MutexLock lock(mutex_);
    if (try_to_take(submission, token)) return;
  }
  if (sabotage::on("drop_when_full")) return token.commit({});
  metrics_of(submission.source).refused.add();
  token.refuse({Code::busy, "too much is waiting to be matched"}, std::move(submission));
}

source::Receipt Intake::submit_and_wait(source::Submission submission, std::stop_token stop) {
  if (submission.received_ms == 0) submission.received_ms = clock_.wall_ms();
  readiness_.submission_tried();
  std::promise<source::Receipt> promise;
  std::future<source::Receipt> receipt = promise.get_future();
  source::AckToken token([promise = std::move(promise)](source::Receipt got) mutable {
    promise.set_value(std::move(got));
  });
  const std::stop_callback wake(stop, [this] {
    const MutexLock lock(mutex_);
    room_.notify_all();
  });
  bool is_taken = false;
  {
    const MutexLock lock(mutex_);
    room_.wait(mutex_, [&]() REQUIRES(mutex_) {
      is_taken = !stop.stop_requested() && try_to_take(submission, token);
      return is_taken || stopping_ || stop.stop_requested();
    });
  }
  if (!is_taken) token.refuse({Code::busy, "shutting down"}, std::move(submission));
  return receipt.get();
}

void Intake::set_aside(source::Submission submission, std::string reason, source::AckToken token) {
  Findings findings;
  findings.live = live_.get();
  findings.source = std::move(submission.source);
  findings.place = std::move(submission.place);
  findings.received = submission.received_ms == 0 ? clock_.wall_ms() : submission.received_ms;
  findings.bytes = std::move(submission.bytes);
  findings.receipt.status = fail(Code::unsupported, std::move(reason));
  committer_.submit(std::move(findings), std::move(token));
}

Result<source::Reading> Intake::resume(const std::string& source) {
  Result<std::optional<std::string>> found = store_.checkpoint(source);
  if (!found) return tl::unexpected(std::move(found.error()));
  return source::Reading(std::move(*found).value_or(std::string()));
}

void Intake::stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
    room_.notify_all();
  }
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

Intake::Load Intake::load() const {
  const MutexLock lock(mutex_);
  return load_;
}

void Intake::rules_changed() {
  const MutexLock lock(mutex_);
  wake_.notify_all();
}

bool Intake::is_outdated(const Evaluator* evaluator) const {
  return evaluator != nullptr && &evaluator->live() != live_.get().get();
}

// Until there is a job or the worker's evaluator is outdated. False: it is over.
bool Intake::wait_for_work(const Evaluator* evaluator) {
  const MutexLock lock(mutex_);
  wake_.wait(mutex_, [&]() REQUIRES(mutex_) {
    return !new_.empty() || !under_way_.empty() || stopping_ || is_outdated(evaluator);
  });
  return !new_.empty() || !under_way_.empty() || !stopping_;
}

// A job to go on with; nullopt: there is none.
std::optional<Intake::Job> Intake::take() {
  const MutexLock lock(mutex_);
  if (new_.empty() && under_way_.empty()) return std::nullopt;
  took_new_ = under_way_.empty() || (!new_.empty() && !took_new_);
  std::deque<Job>& from = took_new_ ? new_ : under_way_;
  Job job = std::move(from.front());
  from.pop_front();
  return job;
}

void Intake::work() {
  std::unique_ptr<Evaluator> evaluator;
  Readiness::Pulse pulse(readiness_, "worker");
  for (; wait_for_work(evaluator.get()); pulse.rest()) {
    std::optional<Job> job = take();
    if (!job) {
      if (is_outdated(evaluator.get())) evaluator.reset();
      continue;
    }
    pulse.step();
    if (is_over()) {
      refuse(std::move(*job), "shutting down");
      continue;
    }
    if (job->evaluation == nullptr) {
      job->evaluation = std::make_unique<Evaluation>(live_.get(), std::move(job->submission),
                                                     options_.inflated_bytes);
    }
    const std::shared_ptr<const Live>& live = job->evaluation->live;
    if (evaluator == nullptr || &evaluator->live() != live.get()) {
      evaluator = std::make_unique<Evaluator>(live);
    }
    evaluate(*evaluator, std::move(*job));
  }
}

void Intake::evaluate(Evaluator& evaluator, Job job) {
  const std::int64_t slice_end = clock_.steady_ms() + kSliceMs;
  const auto is_enough = [&] {
    const std::int64_t now = clock_.steady_ms();
    return now >= slice_end || now >= end_;
  };
  const Steady::time_point start = Steady::now();
  const bool is_done = evaluator.advance(*job.evaluation, is_enough);
  job.seconds += seconds_since(start);
  if (is_done) return finish(std::move(job));
  put_back(std::move(job));
}

// Behind the others that are under way. What it holds counts from now on.
void Intake::put_back(Job job) {
  const std::size_t bytes =
      job.evaluation->submission.bytes.size() + job.evaluation->reader.memory();
  const std::size_t more = bytes - std::min(bytes, job.bytes);
  {
    const MutexLock lock(mutex_);
    if (load_.submissions == 1 || load_.bytes + more <= options_.in_flight_bytes) {
      load_.bytes += more;
      job.bytes += more;
      under_way_.push_back(std::move(job));
      wake_.notify_one();
      return;
    }
  }
  refuse(std::move(job), "too many long submissions are under way");
}

void Intake::refuse(Job job, std::string why) {
  source::Submission submission =
      std::move(job.evaluation ? job.evaluation->submission : job.submission);
  job.evaluation.reset();
  metrics_of(submission.source).refused.add();
  release(job.bytes);
  job.token.refuse({Code::busy, std::move(why)}, std::move(submission));
}

void Intake::finish(Job job) {
  count(*job.evaluation);
  Findings& findings = job.evaluation->findings;
  const std::uint64_t events = findings.receipt.accepted + findings.receipt.rejected;
  batch_seconds_.observe(job.seconds);
  if (events > 0) event_seconds_.observe(job.seconds / static_cast<double>(events));

  source::AckToken token(
      [this, bytes = job.bytes, given = std::move(job.token)](source::Receipt receipt) mutable {
        release(bytes);
        if (receipt.status) readiness_.submission_got_through();
        given.answer(std::move(receipt));
      });
  Findings found = std::move(findings);
  source::Submission submission = std::move(job.evaluation->submission);
  job.evaluation.reset();       // not needed any more, while the commit is waited for
  if (!found.receipt.status) {  // nothing is in the findings: the committer sets it aside
    found.live = live_.get();
    found.source = submission.source;
    found.received = submission.received_ms;
  }
  found.place = std::move(submission.place);
  const bool is_nothing = found.is_empty() && !found.moves_clock();
  if (found.receipt.status && is_nothing) return token.commit(std::move(found.receipt));
  // Kept until it is committed, in case it cannot be; they are part of load_ until then.
  found.bytes = std::move(submission.bytes);
  committer_.submit(std::move(found), std::move(token));
}

void Intake::count(const Evaluation& evaluation) {
  const source::Submission& submission = evaluation.submission;
  const Findings& findings = evaluation.findings;
  const source::Receipt& receipt = findings.receipt;
  untimed_.add(static_cast<double>(findings.hits_untimed));
  future_.add(static_cast<double>(findings.hits_future));
  const SourceMetrics& source = metrics_of(submission.source);
  source.received.add(static_cast<double>(receipt.accepted + receipt.rejected));
  source.rejected.add(static_cast<double>(receipt.rejected));
  source.bytes.add(static_cast<double>(submission.bytes.size()));
  source.ahead.add(static_cast<double>(findings.times.ahead().events));
  count_limits(submission, findings);
  if (receipt.accepted > 0) {
    source.last_event.set(static_cast<double>(submission.received_ms) / 1000);
  }
  for (const store::Milliseconds time : evaluation.event_times) {
    source.lag.observe(static_cast<double>(submission.received_ms - time) / 1000);
  }
  if (!receipt.status) {
    registry_.counter(metrics::kInternalErrors, {"evaluation"}).add();
    log::error("a batch could not be matched",
               {{"source", submission.source}, {"reason", receipt.status.error().message}});
  }
  if (!receipt.errors.empty()) {
    const source::Receipt::Rejected& first = receipt.errors.front();
    log::warning("events could not be read", {{"source", submission.source},
                                              {"records", receipt.rejected},
                                              {"line", first.line},
                                              {"reason", first.reason}});
  }
}

void Intake::count_limits(const source::Submission& submission, const Findings& findings) {
  const MatchingLimits& limits = findings.limits;
  if (limits.cut_subjects > 0) {
    registry_.counter(metrics::kSubjectsCut, {submission.source})
        .add(static_cast<double>(limits.cut_subjects));
    log::warning("a regular expression saw only the beginning of a long value",
                 {{"source", submission.source}, {"events", limits.cut_subjects}});
  }
  for (const auto& [index, rule] : limits.unevaluated) {
    const sigma::Meta& meta = findings.live->program().rules()[index].source.meta;
    registry_
        .counter(metrics::kRuleUnevaluated,
                 {meta.id.empty() ? meta.title : meta.id,
                  meta.level.empty() ? std::string_view("medium") : meta.level})
        .add(static_cast<double>(rule.events));
    log::warning("a rule was not evaluated: the event is too costly",
                 {{"rule", meta.title},
                  {"source", submission.source},
                  {"events", rule.events},
                  {"record", rule.record},
                  {"line", rule.line}});
  }
}

Intake::SourceMetrics& Intake::metrics_of(const std::string& source) {
  const MutexLock lock(sources_mutex_);
  const auto [at, is_new] = sources_.try_emplace(source);
  if (is_new) {
    at->second = {registry_.counter(metrics::kEventsReceived, {source}),
                  registry_.counter(metrics::kReceivedBytes, {source}),
                  registry_.counter(metrics::kEventsRejected, {source, "unreadable"}),
                  registry_.counter(metrics::kSubmissionsRefused, {source, "busy"}),
                  registry_.histogram(metrics::kEventLag, {source}),
                  registry_.counter(metrics::kEventsAhead, {source}),
                  registry_.gauge(metrics::kSourceLastEvent, {source})};
  }
  return at->second;
}

}  // namespace tocsin::pipeline
