#include "pipeline/turnstile.h"

#include <charconv>
#include <utility>

namespace tocsin::pipeline {
namespace {

// Twice what a batch of ordinary records comes to when each raises one alert.
constexpr std::size_t kLinesBytes = std::size_t{1} << 20;
constexpr std::size_t kHeldAlerts = 1000;

std::string_view digits_at(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
  return text.substr(at, end - at);
}

}  // namespace

void BatchResult::clear() {
  alerts.clear();
  lines.clear(2 * kLinesBytes);
  numbers.clear();
  notes.clear();
  errors.clear();
  matches.clear();
  hits.clear();
  newest = correlate::kNoTime;
  untimed = future = forgotten = 0;
  records = 0;
  input_bytes = 0;
}

bool BatchResult::is_large() const {
  return lines.size() >= kLinesBytes || alerts.size() >= kHeldAlerts;
}

void Numbering::apply(BatchResult& result) const {
  if (by_ == 0) return;
  for (RecordNote& note : result.notes) apply(note.origin);
  for (event::RecordError& error : result.errors) apply(error.origin);
  for (BatchResult::Raised& raised : result.alerts) {
    apply(raised.origin);
    raised.alert.input_record = raised.origin.record;
  }
  apply(result.lines, result.numbers);
}

void Numbering::apply(event::Origin& origin) const {
  if (concerns(origin.path) && origin.record != 0) origin.record += static_cast<std::uint64_t>(by_);
}

void Numbering::apply(TextBuffer& lines,
                      const std::vector<BatchResult::NumberPlace>& numbers) const {
  const std::string_view before = lines.text();
  TextBuffer after;
  std::size_t copied = 0;
  for (const BatchResult::NumberPlace& place : numbers) {
    if (!concerns(place.path)) continue;
    const std::string_view digits = digits_at(before, place.at);
    std::uint64_t record = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), record);
    after.append(before.substr(copied, place.at - copied));
    after.append(std::to_string(record + static_cast<std::uint64_t>(by_)));
    copied = place.at + digits.size();
  }
  after.append(before.substr(copied));
  lines.swap(after);
}

void Numbering::pass(const event::Batch& batch, const Renumberings& renumberings) {
  if (batch.paths.empty()) return;
  if (batch.paths.back() != path_) by_ = 0;
  path_ = batch.paths.back();
  for (std::size_t i = renumberings.size(); i-- > 0;) {
    if (!concerns(renumberings[i].path)) continue;
    by_ += renumberings[i].by;
    break;
  }
}

Turnstile::Turnstile(event::RecordReader& reader, ScanSink& sink, std::size_t rules,
                     ScanCorrelation& correlation, const std::atomic<bool>& stop)
    : reader_(reader), sink_(sink), correlation_(correlation), stop_(stop) {
  stats_.rule_matches.assign(rules, 0);
}

bool Turnstile::take(event::Batch& batch) {
  const MutexLock lock(reading_);
  if (stop_.load(std::memory_order_relaxed) || !reader_.next(batch)) return false;
  batch.sequence = next_read_++;
  errors_read_ += batch.errors.size();
  reader_.set_brief(errors_read_ >= kWordedErrors);
  return true;
}

void Turnstile::give_part(const event::Batch& batch, BatchResult& result) {
  const MutexLock lock(writing_);
  wait_for_turn(batch);
  deliver(result);
}

void Turnstile::give(const event::Batch& batch, BatchResult& result,
                     const Numbering::Renumberings& renumberings) {
  const MutexLock lock(writing_);
  wait_for_turn(batch);
  deliver(result);
  numbering_.pass(batch, renumberings);
  for (const std::shared_ptr<const std::string>& input : batch.ended) sink_.ended(*input);
  ++next_written_;
  turn_.notify_all();
}

void Turnstile::wait_for_turn(const event::Batch& batch) {
  turn_.wait(writing_, [&]() REQUIRES(writing_) { return next_written_ == batch.sequence; });
}

void Turnstile::deliver(BatchResult& result) {
  numbering_.apply(result);
  stats_.records += result.records;
  stats_.untimed += result.untimed;
  stats_.future += result.future;
  stats_.forgotten += result.forgotten;
  stats_.rejected += result.errors.size();
  stats_.repaired += result.notes.size();
  stats_.input_bytes += result.input_bytes;
  stats_.matches += result.matches.size();
  for (const program::RuleIndex rule : result.matches) ++stats_.rule_matches[rule];
  if (collected_ && (!result.hits.empty() || result.newest != correlate::kNoTime)) {
    collected_ = correlation_.add(result.hits, result.newest);
  }
  for (const event::RecordError& error : result.errors) sink_.error(error);
  for (const RecordNote& note : result.notes) {
    stats_.unevaluated += note.unevaluated.size();
    sink_.note(note);
  }
  for (BatchResult::Raised& raised : result.alerts) sink_.alert(std::move(raised.alert));
  if (!result.lines.empty()) sink_.lines(result.lines.text());
  sink_.progress(stats_);
  result.clear();
}

}  // namespace tocsin::pipeline
