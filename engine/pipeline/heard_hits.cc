#include "pipeline/heard_hits.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

#include "base/hash.h"
#include "base/sabotage.h"

namespace tocsin::pipeline {
namespace {

// The order in which the correlator keeps hits: the greater one is the end of its stretch.
bool is_later(const correlate::Hit& a, const correlate::Hit& b) {
  return std::tie(a.time, a.event) > std::tie(b.time, b.event);
}

}  // namespace

void HeardHits::take(const std::shared_ptr<const correlate::Correlations>& correlations,
                     const correlate::Hit& hit, correlate::HitRef ref, correlate::Time span) {
  Stretch taken;
  taken.correlations = correlations;
  taken.hit.add(hit);
  taken.ref = ref;
  taken.begin = hit.since;
  taken.end = hit.time;
  taken.span = span;
  const correlate::Key key =
      KeyHash().add_field(std::to_string(hit.rule)).add_field(hit.fields.packed()).bytes();
  const MutexLock lock(mutex_);
  const auto [at, is_new] = latest_.try_emplace(key);
  Stretch& latest = at->second;
  if (!is_new && latest.begin - taken.end > span) return set_aside(std::move(taken));
  if (!is_new && taken.begin - latest.end > span) {
    by_ref_.erase(latest.ref);
    taken.is_touched = latest.is_touched;
    set_aside(std::exchange(latest, std::move(taken)));
    by_ref_[latest.ref] = key;
  } else if (is_new || is_later(hit, latest.hit[0])) {
    if (!is_new) {
      by_ref_.erase(latest.ref);
      taken.begin = std::min(taken.begin, latest.begin);
      taken.stored = latest.stored;
      taken.is_touched = latest.is_touched;
    }
    latest = std::move(taken);
    by_ref_[latest.ref] = key;
  } else {
    latest.begin = std::min(latest.begin, taken.begin);
  }
  touch(key, latest);
}

void HeardHits::touch(const correlate::Key& key, Stretch& stretch) {
  has_due_ = has_due_ || stretch.is_due();
  if (!std::exchange(stretch.is_touched, true)) touched_.push_back(key);
}

void HeardHits::set_aside(Stretch stretch) {
  if (stretch.is_stored() && !sabotage::on("wedge_heard_hits")) return;
  has_due_ = true;
  over_.push_back(std::move(stretch));
}

correlate::HitBatch HeardHits::hit_of(const Stretch& stretch) {
  correlate::Hit hit = stretch.hit[0];
  hit.since = stretch.begin;
  correlate::HitBatch one;
  one.add(hit);
  return one;
}

HeardHits::Row HeardHits::row_of(const Stretch& stretch) {
  correlate::BlobWriter writer(*stretch.correlations);
  writer.add(hit_of(stretch), 0);
  return {stretch.ref, stretch.end + stretch.span, writer.finish()};
}

std::vector<HeardHits::Row> HeardHits::due(bool all) {
  const MutexLock lock(mutex_);
  std::vector<Row> rows;
  for (Stretch& stretch : over_) {
    stretch.writing = Range{stretch.begin, stretch.end, stretch.ref};
    rows.push_back(row_of(stretch));
  }
  const auto look = [&](const correlate::Key& key, Stretch& stretch) REQUIRES(mutex_) {
    stretch.is_touched = false;
    if (stretch.is_stored() || !(all || stretch.is_due())) return;
    stretch.writing = Range{stretch.begin, stretch.end, stretch.ref};
    writing_.push_back(key);
    rows.push_back(row_of(stretch));
  };
  if (all) {
    for (auto& [key, stretch] : latest_) look(key, stretch);
  } else {
    for (const correlate::Key& key : touched_) {
      if (const auto at = latest_.find(key); at != latest_.end()) look(key, at->second);
    }
  }
  touched_.clear();
  has_due_ = false;
  return rows;
}

void HeardHits::committed() {
  const MutexLock lock(mutex_);
  std::erase_if(over_, [](const Stretch& stretch) { return stretch.writing.has_value(); });
  for (const correlate::Key& key : writing_) {
    const auto at = latest_.find(key);
    if (at == latest_.end() || !at->second.writing) continue;
    at->second.stored = std::exchange(at->second.writing, std::nullopt);
  }
  writing_.clear();
}

void HeardHits::failed() {
  const MutexLock lock(mutex_);
  for (Stretch& stretch : over_) stretch.writing.reset();
  has_due_ = has_due_ || !over_.empty();
  for (const correlate::Key& key : writing_) {
    const auto at = latest_.find(key);
    if (at == latest_.end()) continue;
    at->second.writing.reset();
    touch(key, at->second);
  }
  writing_.clear();
}

bool HeardHits::has_due() const {
  const MutexLock lock(mutex_);
  return has_due_;
}

bool HeardHits::has_unwritten() const {
  const MutexLock lock(mutex_);
  return !over_.empty() || std::any_of(latest_.begin(), latest_.end(),
                                       [](const auto& entry) { return !entry.second.is_stored(); });
}

void HeardHits::forget_before(correlate::Time watermark) {
  const MutexLock lock(mutex_);
  if (latest_.size() < forget_at_) return;
  std::erase_if(latest_, [&](const auto& entry) REQUIRES(mutex_) {
    const bool is_over = entry.second.end + entry.second.span < watermark;
    if (is_over) by_ref_.erase(entry.second.ref);
    return is_over;
  });
  forget_at_ = std::max<std::size_t>(1000, 2 * latest_.size());
}

void HeardHits::clear() {
  const MutexLock lock(mutex_);
  latest_.clear();
  by_ref_.clear();
  touched_.clear();
  writing_.clear();
  over_.clear();
  has_due_ = false;
}

std::optional<correlate::KeptHit> HeardHits::find(correlate::HitRef ref) const {
  const MutexLock lock(mutex_);
  const Stretch* stretch = nullptr;
  if (const auto key = by_ref_.find(ref); key != by_ref_.end()) {
    stretch = &latest_.at(key->second);
  } else {
    for (const Stretch& one : over_) {
      if (one.ref == ref) stretch = &one;
    }
  }
  if (stretch == nullptr) return std::nullopt;
  auto read = correlate::read_hit(row_of(*stretch).hits, 0);
  return read ? std::move(*read) : std::nullopt;
}

}  // namespace tocsin::pipeline
