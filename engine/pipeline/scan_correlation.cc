#include "pipeline/scan_correlation.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "pipeline/episode_alert.h"

namespace tocsin::pipeline {
namespace {

using correlate::Change;

constexpr std::size_t kAtOnce = 1000;

// Nobody else's memory is at stake in a scan.
correlate::Limits limits() {
  correlate::Limits limits;
  limits.groups_per_correlation = limits.groups;
  limits.bytes = UINT64_MAX;
  return limits;
}

correlate::Time longest_retention(const correlate::Correlations& correlations) {
  correlate::Time longest = 0;
  for (const correlate::CompiledCorrelation& correlation : correlations.all()) {
    longest = std::max(longest, correlation.retention);
  }
  return longest;
}

}  // namespace

ScanCorrelation::ScanCorrelation(std::shared_ptr<const correlate::Correlations> correlations,
                                 std::optional<correlate::CorrelationIndex> explained)
    : correlations_(std::move(correlations)),
      explained_(explained),
      correlator_(correlations_, limits(), memory_),
      retention_(longest_retention(*correlations_)),
      matches_(correlations_->all().size()) {}

Status ScanCorrelation::add(const correlate::HitBatch& hits, correlate::Time newest) {
  newest_ = std::max(newest_, newest);
  return spool_.add(hits);
}

Status ScanCorrelation::run(std::int64_t detected_at, const Tell& tell) {
  HitSpool::Sorted sorted;
  correlate::Output output;
  for (;;) {
    if (Status read = spool_.read(kAtOnce, sorted); !read) return read;
    if (sorted.places.empty()) break;
    if (Status taken = take(sorted, output); !taken) return taken;
    // Hits that are dated ahead do not move time.
    const correlate::Time now = std::min(newest_, sorted.hits[sorted.places.size() - 1].time);
    if (now == correlate::kNoTime) continue;
    if (Status passed = pass(now, output); !passed) return passed;
    if (Status told = tell_ended(detected_at, tell); !told) return told;
  }
  if (newest_ != correlate::kNoTime) {
    if (Status passed = pass(newest_ + 1, output); !passed) return passed;
    if (Status told = tell_ended(detected_at, tell); !told) return told;
  }
  return tell_open(detected_at, tell);
}

Status ScanCorrelation::take(const HitSpool::Sorted& sorted, correlate::Output& output) {
  const correlate::HitRef first = next_ref();
  places_.insert(places_.end(), sorted.places.begin(), sorted.places.end());
  output.clear();
  if (Status added = correlator_.add(sorted.hits, first, output); !added) return added;
  return remember(output);
}

Status ScanCorrelation::pass(correlate::Time watermark, correlate::Output& output) {
  output.clear();
  if (Status passed = correlator_.advance(watermark, next_ref(), output); !passed) return passed;
  if (Status remembered = remember(output); !remembered) return remembered;
  marks_.push_back({watermark, next_ref()});
  for (; marks_.front().newest < watermark - retention_; marks_.pop_front()) {
    const auto count = static_cast<std::ptrdiff_t>(marks_.front().end - first_place_);
    places_.erase(places_.begin(), places_.begin() + count);
    first_place_ = marks_.front().end;
  }
  return {};
}

Status ScanCorrelation::remember(const correlate::Output& output) {
  for (std::size_t i = 0; i < output.derived.size(); ++i) {
    const correlate::Hit hit = output.derived[i];
    const Result<HitSpool::Place> place = spool_.keep(hit);
    if (!place) return tl::unexpected(place.error());
    places_.push_back(*place);
  }
  for (const Change& change : output.changes) {
    if (change.kind == Change::Kind::merged) {
      open_.erase(change.episode);
      continue;
    }
    const bool is_told = !(*correlations_)[change.correlation].silent ||
                         explained_ == std::optional(change.correlation);
    if (!is_told) continue;
    Kept& kept = open_[change.episode];
    kept.change = change;
    kept.places.clear();
    for (const correlate::HitRef ref : change.evidence) kept.places.emplace(ref, place_of(ref));
    kept.places.emplace(change.closing, place_of(change.closing));
  }
  return {};
}

std::optional<HitSpool::Place> ScanCorrelation::place_of(correlate::HitRef ref) const {
  if (ref < first_place_ || ref >= next_ref()) return std::nullopt;
  return places_[ref - first_place_];
}

Status ScanCorrelation::tell_ended(std::int64_t detected_at, const Tell& tell) {
  for (const correlate::Key& episode : correlator_.take_ended()) {
    const auto found = open_.find(episode);
    if (found == open_.end()) continue;
    if (Status told = tell_one(found->second, detected_at, tell); !told) return told;
    open_.erase(found);
  }
  return {};
}

Status ScanCorrelation::tell_open(std::int64_t detected_at, const Tell& tell) {
  std::vector<const Kept*> rest;
  for (const auto& [episode, kept] : open_) rest.push_back(&kept);
  std::sort(rest.begin(), rest.end(), [](const Kept* a, const Kept* b) {
    return std::tie(a->change.last, a->change.correlation, a->change.group, a->change.episode) <
           std::tie(b->change.last, b->change.correlation, b->change.group, b->change.episode);
  });
  for (const Kept* kept : rest) {
    if (Status told = tell_one(*kept, detected_at, tell); !told) return told;
  }
  open_.clear();
  return {};
}

Result<std::optional<correlate::KeptHit>> ScanCorrelation::kept_hit(
    const HitSpool::Place& place) const {
  std::string text;
  const Result<correlate::Hit> hit = spool_.hit(place, text);
  if (!hit) return tl::unexpected(hit.error());
  correlate::HitBatch one;
  one.add(*hit);
  correlate::BlobWriter blob(*correlations_);
  blob.add(one, 0);
  return correlate::read_hit(blob.finish(), 0);
}

Result<std::vector<ScanCorrelation::Live>> ScanCorrelation::live(
    correlate::CorrelationIndex correlation, std::size_t limit) const {
  std::vector<Live> all;
  for (const correlate::LiveGroup& group : correlator_.live(correlation, limit)) {
    Live live{group, {}};
    if (const auto place = place_of(group.newest_hit)) {
      const Result<std::optional<correlate::KeptHit>> hit = kept_hit(*place);
      if (!hit) return tl::unexpected(hit.error());
      if (*hit) live.values = group_values(*correlations_, correlation, **hit, group.group);
    }
    all.push_back(std::move(live));
  }
  return all;
}

Status ScanCorrelation::tell_one(const Kept& kept, std::int64_t detected_at, const Tell& tell) {
  ++matches_[kept.change.correlation];
  if (!tell) return {};
  const FindHit find = [&](correlate::HitRef ref) -> Result<std::optional<correlate::KeptHit>> {
    const auto place = kept.places.find(ref);
    if (place == kept.places.end() || !place->second) return std::nullopt;
    return kept_hit(*place->second);
  };
  const Result<alert::CorrelationAlert> alert =
      make_episode_alert(*correlations_, kept.change, find, detected_at);
  if (!alert) return tl::unexpected(alert.error());
  tell(*alert);
  return {};
}

}  // namespace tocsin::pipeline
