#include "pipeline/heard_hits.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/hash.h"

namespace tocsin::pipeline {

void HeardHits::take(const std::shared_ptr<const correlate::Correlations>& correlations,
                     const correlate::Hit& hit, correlate::HitRef ref, correlate::Time span) {
  Stretch heard;
  heard.correlations = correlations;
  heard.hit.add(hit);
  heard.ref = ref;
  heard.begin = hit.since;
  heard.end = hit.time;
  heard.span = span;
  const correlate::Key key =
      KeyHash().add_field(std::to_string(hit.rule)).add_field(hit.fields.packed()).bytes();
  const std::lock_guard lock(mutex_);
  const auto [at, is_new] = latest_.try_emplace(key);
  Stretch& latest = at->second;
  if (!is_new && latest.begin - heard.end > span) {
    over_.push_back(std::move(heard));
    return;
  }
  if (!is_new && heard.begin - latest.end > span) {
    over_.push_back(latest);
    latest.written = correlate::kNoTime;
  } else if (!is_new) {
    heard.begin = std::min(latest.begin, heard.begin);
    latest.begin = heard.begin;
    if (heard.end <= latest.end) return;
  }
  replace(key, latest, std::move(heard));
}

void HeardHits::replace(const correlate::Key& key, Stretch& latest, Stretch heard) {
  by_ref_.erase(latest.ref);
  by_ref_[heard.ref] = key;
  heard.written = latest.written;
  if (!latest.is_touched) touched_.push_back(key);
  heard.is_touched = true;
  latest = std::move(heard);
}

HeardHits::Row HeardHits::row_of(const Stretch& stretch) {
  correlate::Hit hit = stretch.hit[0];
  hit.since = stretch.begin;
  correlate::HitBatch one;
  one.add(hit);
  correlate::BlobWriter writer(*stretch.correlations);
  writer.add(one, 0);
  return {stretch.ref, stretch.end + stretch.span, writer.finish()};
}

std::vector<HeardHits::Row> HeardHits::due(bool all) {
  const std::lock_guard lock(mutex_);
  std::vector<Row> rows;
  for (const Stretch& stretch : over_) rows.push_back(row_of(stretch));
  writing_.clear();
  const auto look = [&](const correlate::Key& key, Stretch& stretch) {
    stretch.is_touched = false;
    if (stretch.is_written() || !(all || stretch.is_due())) return;
    stretch.writing = stretch.end;
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
  return rows;
}

void HeardHits::committed() {
  const std::lock_guard lock(mutex_);
  over_.clear();
  for (const correlate::Key& key : writing_) {
    if (const auto at = latest_.find(key); at != latest_.end()) {
      at->second.written = at->second.writing;
    }
  }
  writing_.clear();
}

void HeardHits::failed() {
  const std::lock_guard lock(mutex_);
  for (const correlate::Key& key : writing_) {
    const auto at = latest_.find(key);
    if (at == latest_.end() || std::exchange(at->second.is_touched, true)) continue;
    touched_.push_back(key);
  }
  writing_.clear();
}

bool HeardHits::has_unwritten() const {
  const std::lock_guard lock(mutex_);
  return !over_.empty() || std::any_of(latest_.begin(), latest_.end(), [](const auto& entry) {
    return !entry.second.is_written();
  });
}

void HeardHits::forget_before(correlate::Time watermark) {
  const std::lock_guard lock(mutex_);
  if (latest_.size() < forget_at_) return;
  std::erase_if(latest_, [&](const auto& entry) {
    const bool is_over = entry.second.end + entry.second.span < watermark;
    if (is_over) by_ref_.erase(entry.second.ref);
    return is_over;
  });
  forget_at_ = std::max<std::size_t>(1000, 2 * latest_.size());
}

void HeardHits::clear() {
  const std::lock_guard lock(mutex_);
  latest_.clear();
  by_ref_.clear();
  touched_.clear();
  writing_.clear();
  over_.clear();
}

std::optional<correlate::KeptHit> HeardHits::find(correlate::HitRef ref) const {
  const std::lock_guard lock(mutex_);
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
