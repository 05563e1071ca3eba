// Novelty: the state of one new_value correlation. What is settled (the watermark has passed it) is
// in Memory; in here are only uses of values that may be new and are not settled yet.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "correlate/correlations.h"
#include "correlate/correlator.h"
#include "correlate/group.h"

namespace tocsin::correlate {

class Novelty {
 public:
  struct Use {
    Time time = 0;
    Key event{};
    HitRef ref = 0;
    std::shared_ptr<const Carried> carried;
    Key group{};
    Key value{};  // of the value in this group
  };
  struct Firing {
    const Use& use;
    Key episode{};
    std::uint64_t known = 0;  // values of the group that were first used before
    // It has been told already, and an earlier use has come, or `known` has become certain.
    bool again = false;
    bool settled = false;  // nothing can change it any more
  };
  using Fire = std::function<void(const Firing&)>;
  struct Taken {
    bool keep = false;     // it is not settled
    bool matters = false;  // Memory has changed
    bool refused = false;  // a limit was reached
  };

  Novelty(const CompiledCorrelation& correlation, const Limits& limits, Memory& memory);

  // A use at or after the watermark.
  Result<Taken> add(const Use& use, Time watermark, const Fire& fire);
  // After a restart: the uses that were kept, then whether a firing was told before.
  Status restore(const Use& use, Time watermark);
  Status settle_restored(const std::function<bool(const Key& episode)>& told);
  // Everything that `old`, of the same correlation, knows.
  void take_over(Novelty& old);
  // Settles the uses before `watermark`. Returns whether there were any.
  Result<bool> advance(Time watermark, const Fire& fire);
  // When the watermark passes this, advance() has something to do.
  Time next_due() const {
    const Time settled = agenda_.empty() ? kLatest : agenda_.begin()->first;
    return certain_.empty() ? settled : std::min(settled, certain_.begin()->first - 1);
  }
  // First uses that are not settled.
  std::size_t pending() const { return agenda_.size(); }
  // Evicts the `count` oldest of them, as if they had not come; calls `ended` for the episodes that
  // they were told in or would have been. Precondition: there are so many.
  Status evict(std::size_t count, const std::function<void(const Key& episode)>& ended);

 private:
  using Known = Memory::Known;
  // Uses of a value that are close enough to each other for only the first to be new.
  struct Run {
    Use first;
    Time last = 0;
    bool told = false;
    std::uint64_t known = 0;  // that was told
  };
  struct Remembered {
    Key key{};
    bool is_set = false, exists = false;
    Known known;
  };
  static constexpr std::size_t kFewRemembered = std::size_t{1} << 6;
  static constexpr std::size_t kRemembered = std::size_t{1} << 14;

  std::int64_t step(Time time) const { return time / correlation_.forget_step; }
  // Whether a use at `later` is not new because of one at `earlier`.
  bool reaches(Time earlier, Time later) const;
  Time certain_at(const Known* value, const Known& group, Time use) const;
  void tell(Run& run, const Key& episode, const Known& group, const Fire& fire);
  Status tell_certain(Time watermark, const Fire& fire);
  Run& place(std::vector<Run>& runs, const Use& use);
  void merge_next(std::vector<Run>& runs, std::size_t index);
  Result<bool> use_known(Known value, const Use& use);
  Status settle(Time time, const Fire& fire);
  Key episode_of(const Key& value, std::uint64_t epoch) const;
  Key group_key_of(const Key& group) const;
  Remembered& slot_of(const Key& key);
  Result<const Known*> find(const Key& key);
  Status save(const Key& key, const Known& known);

  const CompiledCorrelation& correlation_;
  const Limits limits_;
  Memory& memory_;
  std::unordered_map<Key, std::vector<Run>, KeyHasher> runs_;  // by value; ascending
  std::set<std::pair<Time, Key>> agenda_;                      // first uses
  std::set<std::pair<Time, Key>> certain_;  // values: when it may be certain that they are new
  std::vector<Remembered> remembered_;      // what Memory has, for those looked up again and again
};

}  // namespace tocsin::correlate
