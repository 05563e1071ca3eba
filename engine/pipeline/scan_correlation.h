// ScanCorrelation: detections over time in a scan. All hits are collected first, and only then
// taken in the order of their times, so that the files may be in any order.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "alert/correlation.h"
#include "correlate/correlator.h"
#include "correlate/hit_blob.h"
#include "correlate/map_memory.h"
#include "pipeline/hit_spool.h"

namespace tocsin::pipeline {

class ScanCorrelation {
 public:
  using Tell = std::function<void(const alert::CorrelationAlert&)>;

  // `correlations` with what they refer to must outlive it.
  // `explained` is told of even if another one speaks for it.
  explicit ScanCorrelation(std::shared_ptr<const correlate::Correlations> correlations,
                           std::optional<correlate::CorrelationIndex> explained = std::nullopt);

  // Hits, in any order, and how far time has come with the events that were read.
  Status add(const correlate::HitBatch& hits, correlate::Time newest);
  // Tells the episodes of correlations that raise alerts, each once, in the order in which they
  // end; without `tell` they are only counted. Time ends with the newest event: what would have to
  // be waited for is not decided.
  Status run(std::int64_t detected_at, const Tell& tell);

  // After run(): groups that are still being watched, those with the most hits first.
  struct Live {
    correlate::LiveGroup group;
    std::vector<std::pair<std::string, std::string>> values;  // of group-by
  };
  Result<std::vector<Live>> live(correlate::CorrelationIndex correlation, std::size_t limit) const;
  correlate::Time newest() const { return newest_; }

  // By CorrelationIndex: alerts.
  const std::vector<std::uint64_t>& matches() const { return matches_; }
  correlate::CorrelatorStats stats() const { return correlator_.stats(); }

 private:
  struct Kept {
    correlate::Change change;
    // Of what the change refers to; nullopt: it is not known any more.
    std::map<correlate::HitRef, std::optional<HitSpool::Place>> places;
  };
  // Hits before `end` are of times up to `newest`.
  struct Mark {
    correlate::Time newest = 0;
    correlate::HitRef end = 0;
  };

  correlate::HitRef next_ref() const { return first_place_ + places_.size(); }
  Status take(const HitSpool::Sorted& sorted, correlate::Output& output);
  Status pass(correlate::Time watermark, correlate::Output& output);
  Status remember(const correlate::Output& output);
  std::optional<HitSpool::Place> place_of(correlate::HitRef ref) const;
  Status tell_ended(std::int64_t detected_at, const Tell& tell);
  Status tell_open(std::int64_t detected_at, const Tell& tell);
  Result<std::optional<correlate::KeptHit>> kept_hit(const HitSpool::Place& place) const;
  Status tell_one(const Kept& kept, std::int64_t detected_at, const Tell& tell);

  const std::shared_ptr<const correlate::Correlations> correlations_;
  const std::optional<correlate::CorrelationIndex> explained_;
  correlate::MapMemory memory_;
  correlate::Correlator correlator_;
  const correlate::Time retention_;  // the longest of all
  HitSpool spool_;
  correlate::Time newest_ = correlate::kNoTime;
  // Where the hits are that windows may still show, by HitRef, beginning with first_place_.
  std::deque<HitSpool::Place> places_;
  correlate::HitRef first_place_ = 0;
  std::deque<Mark> marks_;
  std::unordered_map<correlate::Key, Kept, correlate::KeyHasher> open_;  // episodes
  std::vector<std::uint64_t> matches_;
};

}  // namespace tocsin::pipeline
