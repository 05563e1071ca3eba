// What a batch does to detections over time, in its transaction.
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <utility>

#include "alert/occurrences.h"
#include "base/log.h"
#include "base/text.h"
#include "base/time.h"
#include "correlate/hit_blob.h"
#include "metrics/families.h"
#include "pipeline/correlation_state.h"
#include "pipeline/episodes.h"
#include "pipeline/self_alert.h"

namespace tocsin::pipeline {
namespace {

void count(metrics::Registry& registry, std::string_view result, std::uint64_t hits) {
  if (hits > 0) {
    registry.counter(metrics::kCorrelationHits, {result}).add(static_cast<double>(hits));
  }
}

// Hits that were found before the rules changed, as they are known now.
Result<correlate::HitBatch> translated(const correlate::HitBatch& hits,
                                       const correlate::Correlations& from,
                                       const correlate::Correlations& to) {
  correlate::BlobWriter writer(from);
  writer.add(hits, 0);
  Result<correlate::KeptHits> kept = correlate::read_blob(writer.finish(), to);
  if (!kept) return tl::unexpected(std::move(kept.error()));
  return std::move(kept->hits);
}

void append(const correlate::Hit& hit, std::deque<correlate::HitBatch>& out) {
  if (out.empty() || out.back().full()) out.emplace_back();
  out.back().add(hit);
}

// The hits of a batch from `begin` to `end`.
correlate::HitBatch cut(const correlate::HitBatch& hits, std::size_t begin, std::size_t end) {
  correlate::HitBatch out;
  for (std::size_t i = begin; i < end; ++i) out.add(hits[i]);
  return out;
}

}  // namespace

struct CorrelationState::Work {
  store::Transaction& transaction;
  Recorder& recorder;
  Episodes episodes;
  // In hand until the end: they do not move. Those of silent_source are taken after all others:
  // the journal keeps them as rows of their own, which must not stand in the middle of another row.
  std::deque<correlate::HitBatch> batches, heard;
  std::deque<correlate::Output> outputs;
};

void CorrelationState::hear(const Findings& findings, bool time) {
  for (const auto& [account, newest] : findings.times.newest()) {
    clocks_.received(findings.source, account, time ? newest : correlate::kNoTime, steady());
  }
}

Status CorrelationState::decide(const std::vector<Part>& parts, bool tells_time,
                                store::Transaction& transaction, Recorder& recorder) {
  if (is_idle()) return {};
  const MutexLock lock(mutex_);
  Work work{
      transaction, recorder, Episodes(*live_, journal_, transaction, recorder, clock_.wall_ms()),
      {},          {},       {}};
  for (const Part& part : parts) {
    hear(*part.of, tells_time && part.is_last);
    gather(part, work);
  }
  known_.look_in(&transaction);
  Status status;
  for (const auto* const batches : {&work.batches, &work.heard}) {
    for (const correlate::HitBatch& batch : *batches) {
      if (status) status = take(work, batch);
    }
  }
  if (status) status = pass_time(work);
  if (status) status = tell_crowded(recorder);
  known_.look_in(nullptr);
  journal_.let_go();
  count_evictions();
  const bool is_held = journal_.has_pending() || known_.has_changes() || journal_.heard().has_due();
  if (!held_since_ && is_held) held_since_ = clock_.steady_ms();
  return status;
}

void CorrelationState::gather(const Part& part, Work& work) {
  const Correlations& found_for = *part.of->live->ruleset.correlations;
  const Correlations& now = *live_->ruleset.correlations;
  const auto add = [&](const correlate::HitBatch& hits) {
    for (std::size_t i = 0; i < hits.size(); ++i) {
      append(hits[i], hits[i].rule >= now.heard_by(0) ? work.heard : work.batches);
    }
  };
  std::size_t first = 0;  // of the batch, in the count of all
  for (const correlate::HitBatch& hits : part.of->hits) {
    const std::size_t begin = std::clamp(part.hit_begin, first, first + hits.size()) - first;
    const std::size_t end = std::clamp(part.hit_end, first, first + hits.size()) - first;
    first += hits.size();
    if (begin == end) continue;
    const correlate::HitBatch wanted = cut(hits, begin, end);
    if (&found_for == &now) {
      add(wanted);
      continue;
    }
    const Result<correlate::HitBatch> known = translated(wanted, found_for, now);
    if (known) add(*known);
    count_lost(wanted.size() - (known ? known->size() : 0));
  }
}

void CorrelationState::count_lost(std::size_t hits) {
  if (hits == 0) return;
  count(registry_, "reloaded", hits);
  log::warning("hits that were found before a reload are not correlated: their rules have changed",
               {{"hits", hits}});
}

void CorrelationState::count_suspended(const Part& part) {
  count(registry_, "suspended", part.hit_end - part.hit_begin);
}

Status CorrelationState::take(Work& work, const correlate::HitBatch& batch) {
  correlate::Output& output = work.outputs.emplace_back();
  const correlate::HitRef first = journal_.next();
  const std::uint64_t late = correlator_->stats().late;
  if (Status added = correlator_->add(batch, first, output); !added) return added;
  const std::uint64_t new_late = correlator_->stats().late - late;
  count(registry_, "late", new_late);
  count(registry_, "accepted", batch.size() - new_late);
  journal_.take(correlator_->correlations(), batch);
  keep(batch, first, output);
  return finish(work, output);
}

void CorrelationState::keep(const correlate::HitBatch& batch, correlate::HitRef first,
                            correlate::Output& output) {
  const Correlations& correlations = correlator_->correlations();
  const std::uint32_t heard = correlations.heard_by(0);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (!output.keep[i] || batch[i].rule < heard) continue;
    output.keep[i] = false;
    journal_.heard().take(live_->ruleset.correlations, batch[i], first + i,
                          correlations[batch[i].rule - heard].timespan);
  }
  journal_.keep(correlations, batch, first, &output.keep, output.keep_until);
}

Status CorrelationState::pass_time(Work& work) {
  const correlate::Time watermark = clocks_.advance(steady());
  if (watermark == correlate::kNoTime) return {};
  correlate::Output& output = work.outputs.emplace_back();
  if (Status passed = correlator_->advance(watermark, journal_.next(), output); !passed) {
    return passed;
  }
  return finish(work, output);
}

Status CorrelationState::finish(Work& work, const correlate::Output& output) {
  const correlate::HitRef first = journal_.next();
  journal_.take(correlator_->correlations(), output.derived);
  journal_.keep(correlator_->correlations(), output.derived, first, nullptr, output.keep_until);
  const std::vector<correlate::Key> ended = correlator_->take_ended();
  matters_ = matters_ || output.matters || !ended.empty();
  return work.episodes.add(output.changes, ended);
}

// Once a second at most for each: it is told and counted like any other alert.
Status CorrelationState::tell_crowded(Recorder& recorder) {
  for (const correlate::CorrelationIndex index : correlator_->take_crowded()) {
    const alert::RuleFacts& facts = *(*live_->ruleset.correlations)[index].facts;
    Status told = tell_of_itself(
        recorder, name_of(facts),
        fmt::format(
            "correlation {} ({}) had more groups, hits or values than it may have, or all took "
            "more memory than they may, and the oldest were evicted; see "
            "tocsin_correlation_evicted_total and /api/v1/correlations, and "
            "the limits of `correlation` in the configuration",
            text::printable(name_of(facts)), text::printable(facts.title)));
    if (!told) return told;
  }
  return {};
}

Status CorrelationState::tell_of_itself(Recorder& recorder, const std::string& about,
                                        const std::string& detail) {
  matters_ = true;
  const std::int64_t now = clock_.wall_ms();
  return recorder.add(findings_of(
      {alert::kCorrelationStateFull, about, std::to_string(now / 1000), detail}, live_, now));
}

void CorrelationState::count_evictions() {
  if (correlator_ == nullptr) return;
  const correlate::CorrelatorStats now = correlator_->stats();
  const auto add = [&](std::string_view what, std::uint64_t more) {
    if (more > 0) {
      registry_.counter(metrics::kCorrelationEvicted, {what}).add(static_cast<double>(more));
    }
  };
  add("group", now.evicted_groups - counted_.evicted_groups);
  add("hit", now.evicted_hits - counted_.evicted_hits);
  counted_ = now;
}

// Before Recorder::finish(): what had to be forgotten for it is told.
Status CorrelationState::write(store::Transaction& transaction, Recorder& recorder, bool all) {
  if (Status written = journal_.write(transaction, all); !written) return written;
  if (Status written = known_.write(transaction); !written) return written;
  const correlate::Time watermark = correlator_->watermark();
  if (Status saved = transaction.save_clock(
          {watermark, static_cast<std::int64_t>(journal_.next()), clocks_.sources()});
      !saved) {
    return saved;
  }
  const Result<store::DroppedHits> dropped =
      transaction.prune_hits(watermark == correlate::kNoTime ? INT64_MIN : watermark / kMillisecond,
                             config_.journal_bytes);
  if (!dropped) return tl::unexpected(dropped.error());
  dropped_ = *dropped;
  if (dropped_.rows > 0) {
    Status told = tell_of_itself(
        recorder, "journal",
        "the hits that correlations need after a restart take more than correlation.journal; the "
        "oldest were forgotten, and a restart now could miss detections");
    if (!told) return told;
  }
  const std::uint64_t evicted = store_.known_evicted();
  if (evicted == known_evicted_) return {};
  known_evicted_ = evicted;
  return tell_of_itself(recorder, "values",
                        "new_value correlations remember as many values as correlation.max_values "
                        "allows; those not used for longest are forgotten, and are new again when "
                        "they come");
}

void CorrelationState::committed() {
  journal_.committed();
  known_.committed();
  const correlate::Time watermark = correlator_->watermark();
  saved_watermark_ = watermark;
  if (watermark != correlate::kNoTime) journal_.heard().forget_before(watermark);
  matters_ = false;
  held_since_.reset();
  if (dropped_.rows > 0) {
    registry_.counter(metrics::kCorrelationEvicted, {"journal"})
        .add(static_cast<double>(dropped_.rows));
  }
  dropped_ = {};
}

}  // namespace tocsin::pipeline
