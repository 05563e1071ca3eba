#include "pipeline/evaluator.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "alert/occurrences.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/sabotage.h"
#include "base/text.h"
#include "base/time.h"
#include "correlate/event_fields.h"
#include "correlate/watermark.h"
#include "event/gzip.h"
#include "net/crypto.h"
#include "pipeline/ahead_alert.h"
#include "pipeline/unevaluated_alert.h"

namespace tocsin::pipeline {
namespace {

constexpr std::size_t kKeptLine = std::size_t{1} << 20;
// Of so many events without hits the time of one is read, to know how far time has come.
constexpr std::size_t kSampled = 64;
// Of so many unreadable records of a submission an alert says where they are and why.
constexpr std::size_t kPlacesShown = 3;

store::Milliseconds milliseconds_of(std::string_view time) {
  const std::optional<CivilTime> parsed = parse_time(time);
  return parsed ? parsed->unix_seconds() * 1000 + parsed->nanosecond / 1'000'000 : 0;
}

// Without hits after `latest`, which are counted. A stretch in which a source was heard ends there.
correlate::HitBatch sifted(const correlate::HitBatch& hits, correlate::Time latest,
                           std::uint64_t& left_out) {
  correlate::HitBatch good;
  for (std::size_t i = 0; i < hits.size(); ++i) {
    correlate::Hit hit = hits[i];
    if (hit.since > latest) {
      ++left_out;
      continue;
    }
    hit.time = std::min(hit.time, latest);
    good.add(hit);
  }
  return good;
}

std::string unreadable_detail(const std::string& source, const source::Receipt& receipt) {
  std::string detail = fmt::format("source {}", text::printable(source));
  if (receipt.rejected > 1) {
    detail += fmt::format(": {} records of one submission could not be read", receipt.rejected);
  }
  const std::size_t shown = std::min(receipt.errors.size(), kPlacesShown);
  for (std::size_t i = 0; i < shown; ++i) {
    const source::Receipt::Rejected& error = receipt.errors[i];
    detail += fmt::format("{} record {}, line {}: {}", i == 0 && receipt.rejected == 1 ? "," : ";",
                          error.record, error.line, error.reason);
  }
  return detail;
}

}  // namespace

Evaluation::Evaluation(std::shared_ptr<const Live> rules, source::Submission given,
                       std::uint64_t inflated_bytes)
    : live(std::move(rules)),
      submission(std::move(given)),
      inflated_limit(inflated_bytes),
      reader(submission.bytes, submission.source, event::RecordReader::Trust::unchecked,
             inflated_bytes) {
  findings.live = live;
  findings.source = submission.source;
  findings.received = submission.received_ms;
  findings.times = EventTimes(submission.received_ms * kMillisecond);
}

Evaluator::Evaluator(std::shared_ptr<const Live> live)
    : live_(std::move(live)),
      reader_(live_->plan.phases()),
      matching_(live_->program(), &thread_cpu_ns),
      alerts_(live_->program(), &thread_cpu_ns) {
  const correlate::Correlations& correlations = *live_->ruleset.correlations;
  if (correlations.empty()) return;
  hit_maker_.emplace(correlations);
  if (!correlations.watching_all().empty()) presence_.emplace(correlations);
}

Findings Evaluator::evaluate(source::Submission submission, std::uint64_t inflated_bytes) {
  Evaluation evaluation(live_, std::move(submission), inflated_bytes);
  while (!advance(evaluation, [] { return false; })) {
  }
  return std::move(evaluation.findings);
}

bool Evaluator::advance(Evaluation& evaluation, const std::function<bool()>& is_enough) {
  now_ = &evaluation;
  const std::uint64_t untimed = hit_maker_ ? hit_maker_->untimed() : 0;
  bool is_end = true;
  try {
    is_end = read(is_enough);
    if (presence_) take_heard();
    if (hit_maker_) findings().hits_untimed += hit_maker_->untimed() - untimed;
    if (is_end && hit_maker_) {
      sift_hits();
      add_ahead_alert(evaluation.submission, findings());
    }
    if (is_end && findings().receipt.rejected > 0) raise_unreadable();
    if (is_end) add_unevaluated_alerts(evaluation.submission, findings());
  } catch (const std::exception& thrown) {
    correlate::HitBatch dropped;
    if (presence_) presence_->take(dropped);
    findings() = Findings();
    findings().receipt.status =
        fail(Code::unsupported, fmt::format("internal error: {}", thrown.what()));
  }
  line_.clear(kKeptLine);
  return is_end;
}

// True: nothing is left.
bool Evaluator::read(const std::function<bool()>& is_enough) {
  Evaluation& now = *now_;
  while (now.reader.next(batch_)) {
    if (now.inflated > now.inflated_limit) {
      reject(event::inflates_too_much(now.inflated_limit), {});
      return true;
    }
    seen_ = 0;
    reader_.read(batch_, *this);
    now.reader.set_brief(now.findings.receipt.errors.size() == source::kReceiptErrors);
    now.inflated += batch_.text_bytes + reader_.unwrapped_bytes();
    if (is_enough()) return false;
  }
  return true;
}

// Nothing below throws by design, but a library might; one record then fails, not its neighbours.
void Evaluator::event(event::Event& event, const event::Origin& origin) {
  try {
    examine(event, origin);
    ++findings().receipt.accepted;
  } catch (const std::exception& thrown) {
    reject({Code::unsupported, fmt::format("internal error: {}", thrown.what())}, origin);
  }
}

void Evaluator::examine(event::Event& event, const event::Origin& origin) {
  const bool is_sampled = seen_ == 0 || (hit_maker_ && seen_ % kSampled == 0);
  if (is_sampled) sample_time();
  ++seen_;
  if (presence_) {
    presence_->see(findings().source, [&](event::EventReader& reader, event::Event& out) {
      reader_.read_with(reader, out);
    });
  }
  match(event);
  findings().limits.add(matching_, origin);
  for (const program::RuleIndex rule : fired_) live_->count_match(rule);
  if (hit_maker_ && find_hits(event, origin) && !is_sampled) {
    findings().times.add(hit_maker_->account(), hit_maker_->time());
  }
  std::erase_if(fired_,
                [&](program::RuleIndex rule) { return !live_->program().raises_alert(rule); });
  if (!fired_.empty()) raise(event, origin);
}

// Returns whether there are any.
bool Evaluator::find_hits(event::Event& event, const event::Origin& origin) {
  bool begun = false;
  for (const program::RuleIndex rule : fired_) {
    if (!hit_maker_->wants(rule)) continue;
    if (!std::exchange(begun, true)) {
      hit_maker_->begin(
          event, {nullptr, origin.record, origin.line, origin.offset}, findings().source,
          [&](event::EventReader& reader, event::Event& out) { reader_.read_with(reader, out); });
    }
    hit_maker_->add(rule, hits());
  }
  return begun;
}

correlate::HitBatch& Evaluator::hits() {
  if (findings().hits.empty() || findings().hits.back().full()) findings().hits.emplace_back();
  return findings().hits.back();
}

void Evaluator::take_heard() {
  correlate::HitBatch heard;
  presence_->take(heard);
  if (!heard.empty()) findings().hits.push_back(std::move(heard));
}

void Evaluator::sift_hits() {
  const correlate::Time latest = findings().received * kMillisecond + correlate::kFuture;
  for (correlate::HitBatch& batch : findings().hits) {
    bool is_good = true;
    for (std::size_t i = 0; i < batch.size(); ++i) is_good = is_good && batch[i].time <= latest;
    if (!is_good) batch = sifted(batch, latest, findings().hits_future);
  }
  std::erase_if(findings().hits, [](const correlate::HitBatch& batch) { return batch.empty(); });
}

void Evaluator::match(event::Event& event) {
  fired_.clear();
  const bool is_other = live_->plan.is_other(event);
  if (is_other) reader_.read_again(event, static_cast<std::size_t>(program::Reading::all));
  if (!matching_.open(event, is_other ? live_->plan.other_gates() : live_->plan.gates())) return;
  reader_.read_again(event, static_cast<std::size_t>(matching_.reading()));
  matching_.finish(event, fired_);
}

void Evaluator::raise(event::Event& event, const event::Origin& origin) {
  // `input` is for files that can be opened again: a submission is not one of them.
  alerts_.begin(
      event, {nullptr, origin.record, origin.line, origin.offset}, findings().received,
      [&](event::EventReader& shown, event::Event& out) { reader_.read_with(shown, out); });
  for (const program::RuleIndex rule : fired_) add_firing(rule);
  findings().receipt.alerts += fired_.size();
}

void Evaluator::add_firing(program::RuleIndex rule) {
  const alert::AlertMaker::Keys keys = alerts_.keys(rule);
  Firing firing;
  firing.id = keys.id.bytes();
  // Without grouping every firing is told by itself.
  firing.fingerprint = live_->grouping.interval == 0 ? firing.id : keys.fingerprint.bytes();
  firing.event_time = milliseconds_of(alerts_.shared().event_time);
  const auto next = static_cast<std::uint32_t>(findings().alerts.size());
  const auto [found, is_new] = now_->by_fingerprint.try_emplace(firing.fingerprint, next);
  firing.alert = found->second;
  if (is_new) {
    const alert::AlertView& view = alerts_.view(rule);
    findings().alerts.push_back({view.rule,
                                 std::string(view.id),
                                 render(view),
                                 std::string(view.account),
                                 std::string(view.principal),
                                 {}});
  }
  findings().firings.push_back(firing);
}

std::string Evaluator::render(const alert::AlertView& view) {
  line_.cut(0);
  alert::append_json(view, line_);
  return std::string(line_.text());
}

void Evaluator::error(event::RecordError error) {
  reject(error.error, error.origin);
}

void Evaluator::reject(const Error& error, const event::Origin& origin) {
  source::Receipt& receipt = findings().receipt;
  ++receipt.rejected;
  if (receipt.errors.size() < source::kReceiptErrors) {
    receipt.errors.push_back({origin.record, origin.line, text::printable(error.message)});
  }
  if (sabotage::on("flood_firings")) raise_unreadable();
}

// An event that cannot be read raises an alert itself (otherwise, being malformed would be a way to
// hide): one firing for all of a submission, which costs the store the same however many there are.
// Precondition: there is at least one.
void Evaluator::raise_unreadable() {
  static const auto facts = alert::facts_of(alert::kUnreadableRecord);
  const source::Receipt& receipt = findings().receipt;
  const KeyHash id = KeyHash()
                         .add_field(facts->id)
                         .add_field(findings().source)
                         .add_field(net::as_text(net::sha256(now_->submission.bytes)))
                         .add_field(std::to_string(receipt.rejected));
  Firing firing;
  firing.id = id.bytes();
  firing.fingerprint = live_->grouping.interval == 0
                           ? firing.id
                           : KeyHash().add_field(facts->id).add_field(findings().source).bytes();
  firing.alert = static_cast<std::uint32_t>(findings().alerts.size());
  findings().firings.push_back(firing);
  findings().alerts.push_back(
      {facts,
       hex_of(id),
       alert::self_alert_json(alert::kUnreadableRecord, findings().source,
                              unreadable_detail(findings().source, receipt), findings().received),
       {},
       {},
       {}});
}

void Evaluator::sample_time() {
  clock_.read(
      [&](event::EventReader& reader, event::Event& out) { reader_.read_with(reader, out); });
  if (seen_ == 0) {
    const store::Milliseconds time = milliseconds_of(clock_.text());
    if (time != 0) now_->event_times.push_back(time);
  }
  if (hit_maker_) findings().times.add(clock_.account(), clock_.time());
}

}  // namespace tocsin::pipeline
