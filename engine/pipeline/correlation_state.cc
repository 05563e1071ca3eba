#include "pipeline/correlation_state.h"

#include <utility>

#include "base/log.h"
#include "base/time.h"
#include "correlate/hit_blob.h"
#include "metrics/families.h"

namespace tocsin::pipeline {
namespace {

// What may be lost in a crash (what was heard of silent sources) is written at least so often.
constexpr std::int64_t kHeldMs = 10'000;
constexpr std::uint64_t kHeldBytes = std::uint64_t{1} << 20;

std::unordered_map<store::Key, store::CorrelationRule, correlate::KeyHasher> by_key(
    std::vector<store::CorrelationRule> rows) {
  std::unordered_map<store::Key, store::CorrelationRule, correlate::KeyHasher> out;
  for (store::CorrelationRule& row : rows) {
    const store::Key key = row.key;
    out[key] = std::move(row);
  }
  return out;
}

}  // namespace

CorrelationState::CorrelationState(store::Store& store, metrics::Registry& registry,
                                   const Clock& clock, const CorrelationConfig& config,
                                   Reclaimer& reclaimer)
    : store_(store),
      clock_(clock),
      config_(config),
      registry_(registry),
      reclaimer_(reclaimer),
      clocks_(config.lateness_ms * kMillisecond),
      known_(store) {}

correlate::Time CorrelationState::steady() const {
  return clock_.steady_ms() * kMillisecond;
}

Status CorrelationState::prepare(std::shared_ptr<const Live> live) {
  const bool is_same =
      live_ != nullptr && live_->ruleset.correlations == live->ruleset.correlations;
  if (is_same && correlator_ != nullptr) {
    const MutexLock lock(mutex_);
    live_ = std::move(live);
    return {};
  }
  if (Status flushed = flush(); !flushed) return flushed;
  if (!began_) {
    Result<store::CorrelationClock> clock = store_.clock();
    if (!clock) return tl::unexpected(std::move(clock.error()));
    clocks_.restore(clock->watermark, clock->newest, steady());
    saved_watermark_ = clock->watermark;
    journal_.begin(static_cast<correlate::HitRef>(clock->next_seq));
    began_ = true;
  }
  Result<Since> since = enroll(*live->ruleset.correlations);
  if (!since) return tl::unexpected(std::move(since.error()));
  if (correlator_ != nullptr) {
    hand_over(std::move(live), std::move(*since));
    return {};
  }
  return rebuild(std::move(live), std::move(*since));
}

// To the rules that are in force now. A correlation that goes on keeps its state as it is; one that
// is new takes hits from now on only. So nothing is read back, and everything that the correlator
// asked to keep is in the store (flush()).
void CorrelationState::hand_over(std::shared_ptr<const Live> live, Since since) {
  count_evictions();
  auto correlator =
      std::make_unique<correlate::Correlator>(live->ruleset.correlations, config_.limits, known_);
  correlator->take_over(*correlator_);
  journal_.heard().clear();  // flush() has written all of it; it names finders by old numbers
  {
    const MutexLock lock(mutex_);
    counted_ = correlator->stats();
    live_ = std::move(live);
    since_ = std::move(since);
    correlator_.swap(correlator);
  }
  retire(std::move(correlator));
}

// It may hold a million hits.
void CorrelationState::retire(std::unique_ptr<correlate::Correlator> correlator) {
  reclaimer_.retire(std::shared_ptr<correlate::Correlator>(std::move(correlator)));
}

// Before the correlator gives way to another one.
Status CorrelationState::flush() {
  if (correlator_ == nullptr || !has_changes()) return {};
  Result<store::Transaction> transaction = store_.begin();
  if (!transaction) return tl::unexpected(std::move(transaction.error()));
  Recorder recorder(*transaction, clock_.wall_ms());
  Status status = write(*transaction, recorder, true);
  if (status) status = recorder.finish();
  if (status) status = transaction->commit();
  if (status) {
    committed();
  } else {
    failed();
  }
  return status;
}

// Which correlations there are, and since when each has been taking hits.
Result<CorrelationState::Since> CorrelationState::enroll(const Correlations& correlations) {
  Result<std::vector<store::CorrelationRule>> rows = store_.correlation_rules();
  if (!rows) return tl::unexpected(std::move(rows.error()));
  auto gone = by_key(std::move(*rows));
  std::vector<store::CorrelationRule> added;
  Since since;
  for (const correlate::CompiledCorrelation& correlation : correlations.all()) {
    if (const auto row = gone.find(correlation.key); row != gone.end()) {
      since[correlation.key] = row->second.since;
      gone.erase(row);
      continue;
    }
    const auto next = static_cast<std::int64_t>(journal_.next());
    since[correlation.key] = next;
    added.push_back({correlation.key, name_of(*correlation.facts), next});
  }
  std::vector<store::Key> gone_keys;
  gone_keys.reserve(gone.size());
  for (const auto& [key, row] : gone) gone_keys.push_back(key);
  if (Status written = write_enrolled(added, gone_keys); !written) {
    return tl::unexpected(std::move(written.error()));
  }
  for (const auto& [key, row] : gone) {
    for (const store::CorrelationRule& fresh : added) {
      if (fresh.name != row.name) continue;
      registry_.counter(metrics::kCorrelationsRestarted).add();
      log::warning(
          "a correlation starts anew, without what it knew: its meaning has changed (its own, or "
          "that "
          "of a rule, filter or list that it uses)",
          {{"correlation", row.name}});
    }
  }
  return since;
}

Status CorrelationState::write_enrolled(const std::vector<store::CorrelationRule>& added,
                                        const std::vector<store::Key>& gone) {
  if (added.empty() && gone.empty()) return {};
  Result<store::Transaction> transaction = store_.begin();
  if (!transaction) return tl::unexpected(std::move(transaction.error()));
  for (const store::CorrelationRule& rule : added) {
    if (Status saved = transaction->save_rule(rule); !saved) return saved;
  }
  for (const store::Key& key : gone) {
    if (Status forgotten = transaction->forget_rule(key); !forgotten) return forgotten;
  }
  return transaction->commit();
}

// From what is on disk. The clocks go on: what they heard is true whatever was written.
Status CorrelationState::rebuild(std::shared_ptr<const Live> live, Since since) {
  const std::int64_t start = clock_.steady_ms();
  registry_.counter(metrics::kCorrelationRebuilds).add();
  const Result<store::CorrelationClock> clock = store_.clock();
  if (!clock) return tl::unexpected(clock.error());
  known_.clear();
  journal_.begin(std::max(journal_.next(), static_cast<correlate::HitRef>(clock->next_seq)));
  matters_ = false;
  held_since_.reset();
  auto correlator =
      std::make_unique<correlate::Correlator>(live->ruleset.correlations, config_.limits, known_);
  if (clock->watermark != correlate::kNoTime) correlator->restore_watermark(clock->watermark);
  const Result<std::vector<store::Episode>> episodes = store_.episodes();
  if (!episodes) return tl::unexpected(episodes.error());
  for (const store::Episode& row : *episodes) {
    correlator->restore(
        {row.correlation, row.group, row.episode, row.firings, row.first, row.last});
  }
  if (Status replayed = replay(*correlator, since); !replayed) return replayed;
  if (Status heard = hear_again(*correlator); !heard) return heard;
  if (Status ended = correlator->end_restore(); !ended) return ended;
  const correlate::CorrelatorStats stats = correlator->stats();
  if (!live->ruleset.correlations->empty() && live != live_) {
    log::info("correlations are ready", {{"correlations", live->ruleset.correlations->all().size()},
                                         {"groups", stats.groups},
                                         {"hits", stats.hits},
                                         {"milliseconds", clock_.steady_ms() - start}});
  }
  const MutexLock lock(mutex_);
  counted_ = stats;
  live_ = std::move(live);
  since_ = std::move(since);
  correlator_ = std::move(correlator);
  return {};
}

Status CorrelationState::replay(correlate::Correlator& correlator, const Since& since) {
  const Correlations& correlations = correlator.correlations();
  if (correlations.empty()) return {};
  std::vector<std::int64_t> takes_since;  // by correlation
  for (const correlate::CompiledCorrelation& correlation : correlations.all()) {
    takes_since.push_back(since.at(correlation.key));
  }
  return store_.each_hits([&](std::int64_t seq, std::string_view blob) -> Status {
    const Result<correlate::KeptHits> kept = correlate::read_blob(blob, correlations);
    if (!kept) {
      registry_.counter(metrics::kInternalErrors, {"journal"}).add();
      log::error("hits that correlations still needed cannot be read, and are left out",
                 {{"row", seq}, {"reason", kept.error().message}});
      return {};
    }
    const auto ref = [&](std::size_t i) {
      return static_cast<correlate::HitRef>(seq) + kept->index[i];
    };
    const auto wanted = [&](correlate::CorrelationIndex index) {
      return takes_since[index] <= seq;
    };
    return correlator.restore(kept->hits, ref, wanted);
  });
}

// What was heard and not yet written is as true as before.
Status CorrelationState::hear_again(correlate::Correlator& correlator) {
  const Correlations* const correlations = &correlator.correlations();
  if (live_ == nullptr || live_->ruleset.correlations.get() != correlations) {
    journal_.heard().clear();
    return {};
  }
  return journal_.heard().each_unwritten(correlations, [&](const correlate::HitBatch& hit,
                                                           correlate::HitRef ref) {
    return correlator.restore(
        hit, [&](std::size_t) { return ref; }, [](correlate::CorrelationIndex) { return true; });
  });
}

void CorrelationState::excuse() {
  clocks_.excuse(steady());
}

bool CorrelationState::has_changes() const {
  return correlator_ != nullptr &&
         (matters_ || journal_.has_pending() || known_.has_changes() ||
          journal_.heard().has_unwritten() || correlator_->watermark() != saved_watermark_);
}

bool CorrelationState::must_be_written() const {
  if (correlator_ == nullptr) return false;
  return matters_ || journal_.pending_bytes() > kHeldBytes ||
         (held_since_ && clock_.steady_ms() - *held_since_ >= kHeldMs);
}

void CorrelationState::failed() {
  std::unique_ptr<correlate::Correlator> old;
  {
    const MutexLock lock(mutex_);
    old.swap(correlator_);
  }
  retire(std::move(old));
}

void CorrelationState::drop_unwritten() {
  failed();
  journal_.heard().clear();
}

std::vector<CorrelationState::Row> CorrelationState::rows() const {
  const MutexLock lock(mutex_);
  std::vector<Row> rows;
  if (correlator_ == nullptr) return rows;
  const auto& correlations = live_->ruleset.correlations;
  for (correlate::CorrelationIndex i = 0; i < correlations->all().size(); ++i) {
    rows.push_back({correlations, i, correlator_->stats(i), since_.at((*correlations)[i].key)});
  }
  return rows;
}

correlate::CorrelatorStats CorrelationState::stats() const {
  const MutexLock lock(mutex_);
  return correlator_ == nullptr ? correlate::CorrelatorStats() : correlator_->stats();
}

correlate::Time CorrelationState::watermark() const {
  const MutexLock lock(mutex_);
  return correlator_ == nullptr ? correlate::kNoTime : correlator_->watermark();
}

std::optional<CorrelationState::Groups> CorrelationState::groups(std::string_view reference,
                                                                 std::size_t limit) const {
  const MutexLock lock(mutex_);
  if (correlator_ == nullptr) return std::nullopt;
  Groups out;
  out.correlations = live_->ruleset.correlations;
  const std::optional<correlate::CorrelationIndex> index = out.correlations->find(reference);
  if (!index) return std::nullopt;
  out.index = *index;
  for (const correlate::LiveGroup& group : correlator_->live(*index, limit)) {
    out.groups.push_back({group, journal_.find_held(group.newest_hit)});
  }
  return out;
}

}  // namespace tocsin::pipeline
