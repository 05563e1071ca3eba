#include "pipeline/hit_journal.h"

#include <memory>
#include <utility>

#include "base/sabotage.h"
#include "base/time.h"

namespace tocsin::pipeline {
namespace {

// Hits in one row: evidence is looked up one by one, a restart reads all.
constexpr std::uint64_t kRowHits = 128;
constexpr std::size_t kRowsHeld = 512;

// Rounded up: a row stays until the watermark has passed all of its hits.
store::Milliseconds milliseconds_of(correlate::Time time) {
  return time / kMillisecond + 1;
}

HitJournal::Found as_found(Result<HitJournal::Found> read) {
  return read ? std::move(*read) : std::nullopt;
}

}  // namespace

void HitJournal::begin(correlate::HitRef next) {
  let_go();
  heard_.failed();
  next_ = next;
  const MutexLock lock(mutex_);
  pending_.clear();
  pending_bytes_ = 0;
}

void HitJournal::take(const correlate::Correlations& correlations,
                      const correlate::HitBatch& hits) {
  if (hits.empty()) return;
  in_hand_.push_back({next_, &correlations, &hits});
  next_ += hits.size();
}

void HitJournal::keep(const correlate::Correlations& correlations, const correlate::HitBatch& hits,
                      correlate::HitRef first, const std::vector<bool>* keep,
                      correlate::Time until) {
  correlate::HitBatch one;
  std::unique_ptr<correlate::BlobWriter> row;
  correlate::HitRef row_begin = 0;
  const auto end_row = [&] {
    if (row != nullptr) add_row(row_begin, until, row->finish());
    row.reset();
  };
  for (std::size_t i = 0; i < hits.size(); ++i) {
    if (keep != nullptr && !(*keep)[i]) continue;
    const correlate::HitRef ref = first + i;
    if (row != nullptr && ref - row_begin >= kRowHits) end_row();
    if (row == nullptr) {
      row = std::make_unique<correlate::BlobWriter>(correlations);
      row_begin = ref;
    }
    one.clear();
    one.add(hits[i]);
    row->add(one, static_cast<std::uint32_t>(ref - row_begin));
  }
  end_row();
}

void HitJournal::add_row(correlate::HitRef seq, correlate::Time until, std::string hits) {
  const MutexLock lock(mutex_);
  pending_bytes_ += hits.size();
  pending_[seq] = {milliseconds_of(until), std::move(hits)};
}

void HitJournal::let_go() {
  in_hand_.clear();
  read_.clear();
}

bool HitJournal::has_pending() const {
  const MutexLock lock(mutex_);
  return !pending_.empty();
}

std::uint64_t HitJournal::pending_bytes() const {
  const MutexLock lock(mutex_);
  return pending_bytes_;
}

Status HitJournal::write(store::Transaction& transaction, bool all) {
  if (sabotage::on("forget_state")) return {};
  for (const HeardHits::Row& row : heard_.due(all)) {
    Status added = transaction.add_hits(static_cast<std::int64_t>(row.ref),
                                        milliseconds_of(row.until), row.hits);
    if (!added) return added;
  }
  const MutexLock lock(mutex_);
  for (const auto& [seq, row] : pending_) {
    Status added = transaction.add_hits(static_cast<std::int64_t>(seq), row.until, row.hits);
    if (!added) return added;
  }
  return {};
}

void HitJournal::committed() {
  heard_.committed();
  const MutexLock lock(mutex_);
  pending_.clear();
  pending_bytes_ = 0;
}

HitJournal::Found HitJournal::find_in_hand(correlate::HitRef ref) const {
  for (const InHand& batch : in_hand_) {
    if (ref < batch.first || ref - batch.first >= batch.hits->size()) continue;
    correlate::HitBatch one;
    one.add((*batch.hits)[static_cast<std::size_t>(ref - batch.first)]);
    correlate::BlobWriter writer(*batch.correlations);
    writer.add(one, 0);
    return as_found(correlate::read_hit(writer.finish(), 0));
  }
  return std::nullopt;
}

HitJournal::Found HitJournal::find_in(const Rows& rows, correlate::HitRef ref) {
  auto row = rows.upper_bound(ref);
  if (row == rows.begin()) return std::nullopt;
  --row;
  if (ref - row->first >= kRowHits) return std::nullopt;
  return as_found(
      correlate::read_hit(row->second.hits, static_cast<std::uint32_t>(ref - row->first)));
}

HitJournal::Found HitJournal::find_in(const std::optional<store::Hits>& row,
                                      correlate::HitRef ref) {
  if (!row) return std::nullopt;
  Rows rows;
  rows[static_cast<correlate::HitRef>(row->seq)] = {0, row->hits};
  return find_in(rows, ref);
}

HitJournal::Found HitJournal::find_held(correlate::HitRef ref) const {
  if (Found heard = heard_.find(ref)) return heard;
  const MutexLock lock(mutex_);
  return find_in(pending_, ref);
}

Result<HitJournal::Found> HitJournal::find(correlate::HitRef ref, store::Transaction& transaction) {
  if (Found found = find_in_hand(ref)) return found;
  if (Found heard = heard_.find(ref)) return heard;
  {
    const MutexLock lock(mutex_);
    if (Found found = find_in(pending_, ref)) return found;
  }
  if (Found found = find_in(read_, ref)) return found;
  Result<std::optional<store::Hits>> row = transaction.hits_at(static_cast<std::int64_t>(ref));
  if (!row) return tl::unexpected(std::move(row.error()));
  if (!*row) return std::nullopt;
  if (read_.size() >= kRowsHeld) read_.clear();
  const auto seq = static_cast<correlate::HitRef>((*row)->seq);
  read_[seq] = {0, std::move((*row)->hits)};
  return find_in(read_, ref);
}

}  // namespace tocsin::pipeline
