#include "pipeline/evaluator.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <utility>

#include "alert/occurrences.h"
#include "base/hash.h"
#include "base/text.h"
#include "base/time.h"
#include "correlate/event_fields.h"
#include "correlate/watermark.h"
#include "net/crypto.h"
#include "pipeline/ahead_alert.h"

namespace tocsin::pipeline {
namespace {

constexpr std::size_t kKeptLine = std::size_t{1} << 20;
// Of so many events without hits the time of one is read, to know how far time has come.
constexpr std::size_t kSampled = 64;

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

}  // namespace

std::size_t Evaluator::KeyHasher::operator()(const store::Key& key) const {
  std::size_t hash = 0;
  std::memcpy(&hash, key.data(), sizeof hash);
  return hash;
}

Evaluator::Evaluator(std::shared_ptr<const Live> live, std::uint64_t inflated_bytes)
    : live_(std::move(live)),
      inflated_bytes_(inflated_bytes),
      reader_(live_->plan.phases()),
      matching_(live_->program()),
      alerts_(live_->program()) {
  const correlate::Correlations& correlations = *live_->ruleset.correlations;
  if (correlations.empty()) return;
  hit_maker_.emplace(correlations);
  if (!correlations.watching_all().empty()) presence_.emplace(correlations);
}

Findings Evaluator::evaluate(const source::Submission& submission) {
  submission_ = &submission;
  findings_ = Findings();
  findings_.live = live_;
  findings_.source = submission.source;
  findings_.position = submission.position;
  findings_.received = submission.received_ms;
  findings_.times = EventTimes(submission.received_ms * kMillisecond);
  by_fingerprint_.clear();
  event_times_.clear();
  digest_.clear();
  const std::uint64_t untimed = hit_maker_ ? hit_maker_->untimed() : 0;
  try {
    read(submission.bytes);
    if (presence_) take_heard();
    if (hit_maker_) {
      findings_.hits_untimed = hit_maker_->untimed() - untimed;
      sift_hits();
      add_ahead_alert(submission, findings_);
    }
  } catch (const std::exception& thrown) {
    findings_ = Findings();
    findings_.receipt.status =
        fail(Code::unsupported, fmt::format("internal error: {}", thrown.what()));
  }
  line_.clear(kKeptLine);
  return std::move(findings_);
}

void Evaluator::read(std::string_view bytes) {
  event::RecordReader reader(bytes, findings_.source, event::RecordReader::Trust::unchecked);
  for (std::uint64_t inflated = 0; reader.next(batch_); inflated += batch_.text_bytes) {
    if (inflated > inflated_bytes_) {
      return reject({Code::limit, fmt::format("the rest of the input was not read: it inflates to "
                                              "more than {} bytes (limits.max_inflated)",
                                              inflated_bytes_)},
                    {});
    }
    seen_ = 0;
    reader_.read(batch_, *this);
  }
}

// Nothing below throws by design, but a library might; one record then fails, not its neighbours.
void Evaluator::event(event::Event& event, const event::Origin& origin) {
  try {
    examine(event, origin);
    ++findings_.receipt.accepted;
  } catch (const std::exception& thrown) {
    reject({Code::unsupported, fmt::format("internal error: {}", thrown.what())}, origin);
  }
}

void Evaluator::examine(event::Event& event, const event::Origin& origin) {
  const bool is_sampled = seen_ == 0 || (hit_maker_ && seen_ % kSampled == 0);
  if (is_sampled) sample_time();
  ++seen_;
  if (presence_) {
    presence_->see(findings_.source, [&](event::EventReader& reader, event::Event& out) {
      reader_.read_with(reader, out);
    });
  }
  match(event);
  for (const program::RuleIndex rule : fired_) live_->count_match(rule);
  if (hit_maker_ && find_hits(event, origin) && !is_sampled) {
    findings_.times.add(hit_maker_->account(), hit_maker_->time());
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
          event, {nullptr, origin.record, origin.line, origin.offset}, findings_.source,
          [&](event::EventReader& reader, event::Event& out) { reader_.read_with(reader, out); });
    }
    hit_maker_->add(rule, hits());
  }
  return begun;
}

correlate::HitBatch& Evaluator::hits() {
  if (findings_.hits.empty() || findings_.hits.back().full()) findings_.hits.emplace_back();
  return findings_.hits.back();
}

void Evaluator::take_heard() {
  correlate::HitBatch heard;
  presence_->take(heard);
  if (!heard.empty()) findings_.hits.push_back(std::move(heard));
}

void Evaluator::sift_hits() {
  const correlate::Time latest = findings_.received * kMillisecond + correlate::kFuture;
  for (correlate::HitBatch& batch : findings_.hits) {
    bool is_good = true;
    for (std::size_t i = 0; i < batch.size(); ++i) is_good = is_good && batch[i].time <= latest;
    if (!is_good) batch = sifted(batch, latest, findings_.hits_future);
  }
  std::erase_if(findings_.hits, [](const correlate::HitBatch& batch) { return batch.empty(); });
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
      event, {nullptr, origin.record, origin.line, origin.offset}, findings_.received,
      [&](event::EventReader& shown, event::Event& out) { reader_.read_with(shown, out); });
  for (const program::RuleIndex rule : fired_) add_firing(rule);
  findings_.receipt.alerts += fired_.size();
}

void Evaluator::add_firing(program::RuleIndex rule) {
  const alert::AlertMaker::Keys keys = alerts_.keys(rule);
  Firing firing;
  firing.id = keys.id.bytes();
  // Without grouping every firing is told by itself.
  firing.fingerprint = live_->grouping.interval == 0 ? firing.id : keys.fingerprint.bytes();
  firing.event_time = milliseconds_of(alerts_.shared().event_time);
  const auto next = static_cast<std::uint32_t>(findings_.alerts.size());
  const auto [found, is_new] = by_fingerprint_.try_emplace(firing.fingerprint, next);
  firing.alert = found->second;
  if (is_new) {
    const alert::AlertView& view = alerts_.view(rule);
    findings_.alerts.push_back({view.rule,
                                std::string(view.id),
                                render(view),
                                std::string(view.account),
                                std::string(view.principal),
                                {}});
  }
  findings_.firings.push_back(firing);
}

std::string Evaluator::render(const alert::AlertView& view) {
  line_.cut(0);
  alert::append_json(view, line_);
  return std::string(line_.text());
}

void Evaluator::error(event::RecordError error) {
  reject(error.error, error.origin);
}

// An event that cannot be understood is itself told (otherwise, being malformed would be a way to
// hide): once per source and interval, with the number of them.
void Evaluator::reject(const Error& error, const event::Origin& origin) {
  source::Receipt& receipt = findings_.receipt;
  ++receipt.rejected;
  const std::string reason = text::printable(error.message);
  if (receipt.errors.size() < source::kReceiptErrors) {
    receipt.errors.push_back({origin.record, origin.line, reason});
  }
  if (digest_.empty()) digest_ = net::as_text(net::sha256(submission_->bytes));

  static const auto facts = alert::facts_of(alert::kUnreadableRecord);
  Firing firing;
  const KeyHash id = KeyHash()
                         .add_field(facts->id)
                         .add_field(findings_.source)
                         .add_field(digest_)
                         .add_field(std::to_string(origin.record))
                         .add_field(std::to_string(origin.offset));
  firing.id = id.bytes();
  firing.fingerprint = KeyHash().add_field(facts->id).add_field(findings_.source).bytes();
  if (live_->grouping.interval == 0) firing.fingerprint = firing.id;
  const auto next = static_cast<std::uint32_t>(findings_.alerts.size());
  const auto [found, is_new] = by_fingerprint_.try_emplace(firing.fingerprint, next);
  firing.alert = found->second;
  if (is_new) {
    const std::string detail =
        fmt::format("source {}, record {}, line {}: {}", text::printable(findings_.source),
                    origin.record, origin.line, reason);
    findings_.alerts.push_back({facts,
                                hex_of(id),
                                alert::self_alert_json(alert::kUnreadableRecord, findings_.source,
                                                       detail, findings_.received),
                                {},
                                {},
                                {}});
  }
  findings_.firings.push_back(firing);
}

void Evaluator::sample_time() {
  clock_.read(
      [&](event::EventReader& reader, event::Event& out) { reader_.read_with(reader, out); });
  if (seen_ == 0) {
    const store::Milliseconds time = milliseconds_of(clock_.text());
    if (time != 0) event_times_.push_back(time);
  }
  if (hit_maker_) findings_.times.add(clock_.account(), clock_.time());
}

}  // namespace tocsin::pipeline
