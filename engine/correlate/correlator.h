// Correlator: hits in, changes of episodes out. One per run, used by one thread at a time. Pure:
// the same hits and watermarks give the same episodes (README.md).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/function_ref.h"
#include "base/result.h"
#include "correlate/correlations.h"
#include "correlate/hit.h"
#include "correlate/types.h"

namespace tocsin::correlate {

struct Limits {
  std::uint64_t groups_per_correlation = 100'000;
  std::uint64_t groups = 1'000'000;
  std::uint64_t hits_per_group = 10'000;
  std::uint64_t known_per_group = 10'000;  // values of new_value
  // Bytes that groups and their hits take in memory, for all correlations.
  std::uint64_t bytes = std::uint64_t{512} << 20;
};

inline constexpr std::size_t kEvidence = 20;

// What became of an episode in one call; at most one for each episode and call.
struct Change {
  enum class Kind : std::uint8_t {
    began,    // a new alert
    went_on,  // the alert is updated
    merged,   // it is part of `into` now, and no alert of its own any more
  };
  Kind kind = Kind::began;
  CorrelationIndex correlation = 0;
  Key group{};
  Key episode{};              // names it for as long as it lives
  Key into{};                 // of merged
  std::uint64_t firings = 0;  // of the episode so far
  Time first = 0, last = 0;   // firings
  // Of the latest firing:
  Time window_begin = 0, window_end = 0;  // what was looked at
  std::uint64_t hits = 0;                 // in it
  double measure = 0;                     // number of hits, of values, the average, …
  HitRef closing = 0;                     // whose fields say what the group's values are
  std::vector<HitRef> evidence;  // of its hits, in time order: all, or the first and latest
};

// What a correlator knows that outlives its windows: first uses (new_value), and how far groups
// have been decided (tiles). A seam: a database in the service, a map in a scan.
class Memory {
 public:
  // Hits as they were kept, with those that came before and after (hit_blob.h): the hit of number
  // `index` is known as `first` + index.
  struct KeptRow {
    HitRef first = 0;
    std::string blob;
  };
  struct Known {
    Time first = kNoTime, last = kNoTime;
    std::uint64_t count = 0;
    bool operator==(const Known&) const = default;
  };
  virtual ~Memory() = default;
  virtual Result<std::optional<Known>> find(const Key& key) = 0;
  virtual Status save(const Key& key, const Known& known) = 0;
  virtual Status forget(const Key& key) = 0;
  // The row with a kept hit; nullopt: it is not there any more, or hits are not kept. Asked only of
  // a correlator that took over from another one.
  virtual Result<std::optional<KeptRow>> find_hits(HitRef ref) {
    static_cast<void>(ref);
    return std::nullopt;
  }
};

// An episode that is still open, as it is kept on disk.
struct OpenEpisode {
  Key correlation{};  // CompiledCorrelation::key
  Key group{};
  Key episode{};
  std::uint64_t firings = 0;
  Time first = 0, last = 0;
};

struct CorrelatorStats {
  std::uint64_t groups = 0, hits = 0, episodes = 0;  // now; groups: with first uses not yet settled
  std::uint64_t bytes = 0;                           // that these take, now
  std::uint64_t late = 0;                            // hits after the watermark, since the start
  std::uint64_t evicted_groups = 0, evicted_hits = 0;
};

// A group that is being watched, for people.
struct LiveGroup {
  Key group{};
  std::uint64_t hits = 0;
  Time oldest = 0, newest = 0;
  double measure = 0;  // of the newest window
  bool firing = false;
  HitRef newest_hit = 0;
};

// What one call came to.
struct Output {
  std::vector<Change> changes;  // ordered by the episodes' last firings
  // Firings that are hits of other correlations. They are kept like the hits that came in.
  HitBatch derived;
  std::vector<bool> keep;     // of the hits that came in: has to be kept for a restart
  Time keep_until = kNoTime;  // until the watermark has passed this, and the derived ones as well
  bool matters = false;       // something has to be on disk before the hits are acknowledged
  void clear();
};

// Not thread-safe. After an error (which only `memory` can cause) its state is undefined: it has to
// be made anew from what was kept.
class Correlator {
 public:
  Correlator(std::shared_ptr<const Correlations> correlations, const Limits& limits,
             Memory& memory);
  ~Correlator();
  Correlator(const Correlator&) = delete;
  Correlator& operator=(const Correlator&) = delete;

  const Correlations& correlations() const;

  // Takes hits, in any order. hits[i] is known as `first` + i, then output.derived[j] as `first` +
  // hits.size() + j. A hit before the watermark is counted as late and left out.
  Status add(const HitBatch& hits, HitRef first, Output& output);
  // Nothing before `watermark` will come any more; it never falls. Decides what waited for that.
  // output.derived[j] is known as `first` + j.
  Status advance(Time watermark, HitRef first, Output& output);
  Time watermark() const;
  // advance() has something to do only when the watermark passes this; kLatest: nothing. It may
  // turn out to be nothing then.
  Time next_due() const;

  // After a restart, in this order: the watermark, the open episodes, the kept hits (those that
  // came in and the derived ones) in any order, and the end. `wanted(correlation)` says whether
  // hits are for it.
  void restore_watermark(Time watermark);
  void restore(const OpenEpisode& episode);
  Status restore(const HitBatch& hits, FunctionRef<HitRef(std::size_t)> refs,
                 FunctionRef<bool(CorrelationIndex)> wanted);
  Status end_restore();

  // Instead, after the rules have changed: moves what `old` knows of each correlation whose key is
  // the same, at the cost of the number of correlations, not of hits. What `old` knows of others is
  // gone. Preconditions: nothing was added yet, `memory` is the same and has all hits that `old`
  // asked to keep. Afterwards `old` can only be destroyed.
  void take_over(Correlator& old);

  // Episodes that ended since the last call: nothing can be added to them any more.
  std::vector<Key> take_ended();

  CorrelatorStats stats() const;
  CorrelatorStats stats(CorrelationIndex correlation) const;
  // Correlations that had to forget something early since the last call.
  std::vector<CorrelationIndex> take_crowded();
  // At most `limit` groups, those with the most hits first.
  std::vector<LiveGroup> live(CorrelationIndex correlation, std::size_t limit) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Of a group: of the values of its fields, in their order.
Key group_key(std::span<const std::string_view> values);
inline Key group_key(std::initializer_list<std::string_view> values) {
  return group_key(std::span(values.begin(), values.size()));
}

}  // namespace tocsin::correlate
