// Track: the state of one correlation: its groups, and what has to be looked at when.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <queue>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "correlate/changes.h"
#include "correlate/correlations.h"
#include "correlate/correlator.h"
#include "correlate/group.h"
#include "correlate/judge.h"
#include "correlate/novelty.h"
#include "correlate/track_values.h"

namespace tocsin::correlate {

// What a correlator's tracks share.
struct World {
  World(const Correlations& of, const Limits& within, Memory& kept_in)
      : correlations(of), limits(within), memory(kept_in) {}

  const Correlations& correlations;
  const Limits limits;
  Memory& memory;
  Time watermark = kEarliest;
  Time passed = kEarliest;   // the watermark up to which everything has been decided
  std::uint64_t groups = 0;  // of all tracks, with first uses that are not settled
  std::uint64_t bytes = 0;   // that these take
  // Of all Carried. Shared with the correlator that these were taken over from: some of them end
  // with it, maybe in another thread.
  std::shared_ptr<std::atomic<std::uint64_t>> carried_bytes =
      std::make_shared<std::atomic<std::uint64_t>>(0);
  // Changes when the fields' slots do. What hits carry with other slots is of no use.
  std::uint64_t numbering = 0;
  std::uint64_t bytes_held() const { return bytes + *carried_bytes; }
  Changes changes;
  std::vector<Key> ended;  // episodes
  // Firings of correlations that have parents, in this call.
  struct Derived {
    CorrelationIndex correlation = 0;
    Time time = 0;
    // Null, or of another numbering: to be read from where `closing` is kept.
    std::shared_ptr<const Carried> carried;
    HitRef closing = 0;
  };
  std::vector<Derived> derived;
};

// A hit on its way into a track.
struct Arrival {
  Time time = 0, since = 0;
  const Key& event;
  FieldValues fields;
  std::string_view evidence;
  HitRef ref = 0;
  GroupKeys& groups;                       // of this hit
  bool heard = false;                      // stands for all that was heard of a group
  std::shared_ptr<const Carried> carried;  // when somebody has it already
};

class Track {
 public:
  struct Taken {
    bool keep = false;     // for a restart, until `until`
    bool matters = false;  // something has changed that has to be on disk
    Time until = kNoTime;
    void add(const Taken& other);
  };

  Track(CorrelationIndex index, World& world);

  // A hit of one of its inputs, at or after the watermark.
  Result<Taken> add(const Arrival& hit, const Input& input);
  // What the hits that were added since the last call come to. It is done for many at once: of a
  // busy group each look costs as much as its window has hits.
  void judge();
  // What was kept of an earlier run. end_restore() marks what had been decided of it.
  Status restore(const Arrival& hit, const Input& input);
  void restore(const OpenEpisode& episode);
  Status end_restore();
  // Everything that `old`, of the same key, knows.
  void take_over(Track& old);
  // Decides what the watermark has passed, and forgets what is of no use any more. Whether anything
  // was decided in Memory.
  Result<bool> advance();
  Time next_due() const;
  // Of a change that was found here, while the hits are still there.
  Window window(const Changes::Touched& touched);

  CorrelationIndex index() const { return index_; }
  std::size_t groups() const { return groups_.size() + (novelty_ ? novelty_->pending() : 0); }
  // That its groups take, without what their hits carry.
  std::uint64_t bytes() const { return bytes_; }
  // Evicts some of the groups, those that have been quiet for longest. Precondition: there is one.
  Status evict_groups();
  CorrelatorStats stats() const;
  bool take_crowded() { return std::exchange(crowded_, false); }
  std::vector<LiveGroup> live(std::size_t limit) const;

 private:
  using Groups = std::unordered_map<Key, Group, KeyHasher>;
  using Item = std::pair<Time, Key>;
  using Touch = std::pair<Key, Time>;

  Result<Taken> add_to(const Key& key, const Arrival& hit, const Input& input,
                       std::shared_ptr<const Carried>& carried);
  Result<Group*> group_for(const Key& key);
  // Whether anything of it is new.
  bool insert(Group& group, const Arrival& hit, const Input& input,
              std::shared_ptr<const Carried>& carried);
  bool insert(Group& group, const Entry& entry);
  Taken hear(Group& group, const Arrival& hit);
  Result<Taken> add_use(const Key& key, const Arrival& hit, const Input& input,
                        std::shared_ptr<const Carried>& carried, bool restoring);
  std::shared_ptr<const Carried> carry(const Arrival& hit) const;

  Judge::Fire firing_into(const Key& key, Group& group);
  void fire(const Key& key, Group& group, Time time, std::size_t closing, const Window* window);
  Episode& enter(const Key& key, Group& group, Time time, bool& is_new);
  Episode& join(const Key& key, Group& group, std::size_t index);
  void judge_group(const Key& key, Group& group, const Touch* begin, const Touch* end);
  void touch_windows_with(const Key& key, Group& group, const Touch* begin, const Touch* end);
  void fire_novelty(const Novelty::Firing& firing);

  // Counts the group's memory, after it has changed, and gives back what it does not need.
  void weigh(Group& group);
  void count_bytes(std::uint64_t before, std::uint64_t now);
  // Counts the first uses that are not settled, after they may have changed.
  void count_pending();
  Status evict_pending();

  void schedule(const Key& key, Group& group, Time due);
  Status look_at(const Key& key, Group& group);
  void prune(Group& group);
  void trim(Group& group);
  bool is_over(const Group& group) const;
  Status erase(Groups::iterator at);
  Key tile_key(const Key& group) const;
  Status load_tile(const Key& key, Group& group);

  // Memory of a first use that is not settled: a node of a table and two of trees.
  static constexpr std::uint64_t kPendingBytes = 512;

  const CorrelationIndex index_;
  const CompiledCorrelation& correlation_;
  World& world_;
  const Time retention_, span_;
  const bool is_rising_, has_tiles_, is_silence_;
  const std::size_t hit_limit_;
  std::unique_ptr<Judge> judge_;      // null for novelty
  std::unique_ptr<Novelty> novelty_;  // null for the others
  Groups groups_;
  std::uint64_t bytes_ = 0;
  std::size_t pending_ = 0;  // that World::groups has of novelty_
  std::priority_queue<Item, std::vector<Item>, std::greater<>> agenda_;
  std::vector<Touch> touched_;  // rising: hits that judge() has to look at
  std::unordered_map<Key, OpenEpisode, KeyHasher> first_uses_;  // told and not settled
  CorrelatorStats stats_;                                       // of it, without groups
  bool crowded_ = false;
};

}  // namespace tocsin::correlate
