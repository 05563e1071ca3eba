// What becomes of a track's groups as time goes on.
#include <algorithm>
#include <optional>

#include "correlate/track.h"

namespace tocsin::correlate {
namespace {

// So large a part of a crowded correlation's groups is forgotten at once: what it costs to find the
// quietest is shared by many new ones.
constexpr std::size_t kEvictedPart = 16;

// What a group takes beside its hits and episodes: a node of the table, a place in the agenda.
constexpr std::uint64_t kGroupBytes = 256;
// A vector of hits that is this much larger than it need be is made smaller.
constexpr std::size_t kSlack = 4, kFewHits = 64;

Time newest_of(const Group& group) {
  Time newest = group.hits.empty() ? kNoTime : group.hits.back().time;
  if (!group.episodes.empty()) newest = std::max(newest, group.episodes.back().last);
  return newest;
}

}  // namespace

// `due`: when the judge has something to do.
void Track::schedule(const Key& key, Group& group, Time due) {
  Time wake = group.in_series ? group.decided + span_ : kNoTime;
  if (!group.hits.empty()) wake = group.hits.back().time + retention_;
  if (!group.episodes.empty()) wake = std::max(wake, group.episodes.back().last + span_);
  if (due != kNoTime && (wake == kNoTime || due < wake)) wake = due;
  if (wake == kNoTime) wake = world_.watermark;  // there is nothing in it
  if (group.wake != kNoTime && group.wake <= wake) return;
  group.wake = wake;
  agenda_.emplace(wake, key);
}

Result<bool> Track::advance() {
  if (novelty_ != nullptr) {
    Result<bool> any = novelty_->advance(
        world_.watermark, [&](const Novelty::Firing& firing) { fire_novelty(firing); });
    count_pending();
    return any;
  }
  bool any = false;
  while (!agenda_.empty() && agenda_.top().first < world_.watermark) {
    const auto [wake, key] = agenda_.top();
    agenda_.pop();
    const auto found = groups_.find(key);
    if (found == groups_.end() || found->second.wake != wake) continue;
    any = any || has_tiles_;
    if (const Status looked = look_at(key, found->second); !looked) {
      return tl::unexpected(looked.error());
    }
  }
  return any;
}

Time Track::next_due() const {
  if (novelty_ != nullptr) return novelty_->next_due();
  return agenda_.empty() ? kLatest : agenda_.top().first;
}

Status Track::look_at(const Key& key, Group& group) {
  const Time decided = group.decided;
  const std::size_t before = group.hits.size();
  judge_->decide(group, world_.watermark, firing_into(key, group));
  stats_.hits -= before - group.hits.size();
  if (has_tiles_ && group.decided != decided) {
    const Memory::Known known{group.in_series ? Time{1} : Time{0}, group.decided, 0};
    if (Status saved = world_.memory.save(tile_key(key), known); !saved) return saved;
  }
  prune(group);
  if (is_over(group)) return erase(groups_.find(key));
  weigh(group);
  group.wake = kNoTime;
  schedule(key, group, judge_->next(group));
  return {};
}

// Forgets hits that are of no use any more, and ends episodes that nothing can be added to.
void Track::prune(Group& group) {
  if (!is_silence_) {
    const std::size_t useless = first_at(group.hits, world_.watermark - retention_);
    group.hits.erase(group.hits.begin(), group.hits.begin() + static_cast<std::ptrdiff_t>(useless));
    stats_.hits -= useless;
  }
  std::vector<Episode>& episodes = group.episodes;
  const auto open = std::find_if(episodes.begin(), episodes.end(), [&](const Episode& episode) {
    return episode.last + (is_silence_ ? 0 : span_) >= world_.watermark;
  });
  for (auto at = episodes.begin(); at != open; ++at) world_.ended.push_back(at->id);
  stats_.episodes -= static_cast<std::uint64_t>(open - episodes.begin());
  episodes.erase(episodes.begin(), open);
}

// Keeps a busy group small: between two looks at it, and in the end.
void Track::trim(Group& group) {
  std::vector<Entry>& hits = group.hits;
  if (hits.size() >= 32 && !is_silence_ &&
      hits[hits.size() / 2].time < world_.passed - retention_) {
    const std::size_t useless = first_at(hits, world_.passed - retention_);
    hits.erase(hits.begin(), hits.begin() + static_cast<std::ptrdiff_t>(useless));
    stats_.hits -= useless;
  }
  if (hits.size() <= hit_limit_) return;
  const std::size_t excess = hits.size() - hit_limit_ + hit_limit_ / kEvictedPart;
  hits.erase(hits.begin(), hits.begin() + static_cast<std::ptrdiff_t>(excess));
  stats_.hits -= excess;
  stats_.evicted_hits += excess;
  crowded_ = true;
}

bool Track::is_over(const Group& group) const {
  return group.hits.empty() && group.episodes.empty() && !group.in_series;
}

Status Track::erase(Groups::iterator at) {
  const Key key = at->first;
  const Group& group = at->second;
  for (const Episode& episode : group.episodes) world_.ended.push_back(episode.id);
  stats_.episodes -= group.episodes.size();
  stats_.hits -= group.hits.size();
  count_bytes(group.bytes, 0);
  groups_.erase(at);
  --world_.groups;
  return has_tiles_ ? world_.memory.forget(tile_key(key)) : Status();
}

void Track::weigh(Group& group) {
  std::vector<Entry>& hits = group.hits;
  if (hits.capacity() > kFewHits && hits.size() < hits.capacity() / kSlack) hits.shrink_to_fit();
  const std::uint64_t bytes =
      kGroupBytes + hits.capacity() * sizeof(Entry) + group.episodes.capacity() * sizeof(Episode);
  count_bytes(group.bytes, bytes);
  group.bytes = bytes;
}

void Track::count_bytes(std::uint64_t before, std::uint64_t now) {
  bytes_ = bytes_ - before + now;
  world_.bytes = world_.bytes - before + now;
}

void Track::count_pending() {
  const std::size_t now = novelty_->pending();
  world_.groups = world_.groups - pending_ + now;
  count_bytes(pending_ * kPendingBytes, now * kPendingBytes);
  pending_ = now;
}

// A value whose first use is evicted is not known: its next use is a first one again.
Status Track::evict_pending() {
  const std::size_t count = novelty_->pending() / kEvictedPart + 1;
  Status evicted = novelty_->evict(count, [&](const Key& episode) {
    if (first_uses_.erase(episode) > 0) world_.ended.push_back(episode);
  });
  count_pending();
  stats_.evicted_groups += count;
  crowded_ = true;
  return evicted;
}

Status Track::evict_groups() {
  if (novelty_ != nullptr) return evict_pending();
  judge();
  struct Candidate {
    bool has_episode;
    Time newest;
    Key key;
  };
  std::vector<Candidate> candidates;
  for (const auto& [key, group] : groups_) {
    candidates.push_back({!group.episodes.empty(), newest_of(group), key});
  }
  const std::size_t count = std::min(candidates.size(), candidates.size() / kEvictedPart + 1);
  const auto end = candidates.begin() + static_cast<std::ptrdiff_t>(count);
  std::partial_sort(
      candidates.begin(), end, candidates.end(), [](const Candidate& a, const Candidate& b) {
        return std::tie(a.has_episode, a.newest, a.key) < std::tie(b.has_episode, b.newest, b.key);
      });
  for (auto at = candidates.begin(); at != end; ++at) {
    if (Status erased = erase(groups_.find(at->key)); !erased) return erased;
  }
  stats_.evicted_groups += count;
  crowded_ = true;
  return {};
}

Key Track::tile_key(const Key& group) const {
  return key_of({as_text(correlation_.key), "tile", as_text(group)});
}

Status Track::load_tile(const Key& key, Group& group) {
  const Result<std::optional<Memory::Known>> known = world_.memory.find(tile_key(key));
  if (!known) return tl::unexpected(known.error());
  if (!*known) return {};
  group.in_series = (*known)->first == 1;
  group.decided = (*known)->last;
  return {};
}

CorrelatorStats Track::stats() const {
  CorrelatorStats stats = stats_;
  stats.groups = groups();
  stats.bytes = bytes_;
  stats.episodes += first_uses_.size();
  return stats;
}

std::vector<LiveGroup> Track::live(std::size_t limit) const {
  std::vector<const Groups::value_type*> groups;
  for (const auto& group : groups_) {
    if (!group.second.hits.empty()) groups.push_back(&group);
  }
  const auto end = groups.begin() + static_cast<std::ptrdiff_t>(std::min(limit, groups.size()));
  std::partial_sort(groups.begin(), end, groups.end(), [](const auto* a, const auto* b) {
    const std::size_t of_a = a->second.hits.size(), of_b = b->second.hits.size();
    return of_a != of_b ? of_a > of_b : a->first < b->first;
  });
  std::vector<LiveGroup> live;
  for (auto at = groups.begin(); at != end; ++at) {
    const auto& [key, group] = **at;
    const Window window = judge_->window(group, group.hits.size() - 1);
    live.push_back({key, count_hits(group.hits, 0, group.hits.size()), group.hits.front().time,
                    group.hits.back().time, window.measure, !group.episodes.empty(),
                    group.hits.back().ref});
  }
  return live;
}

}  // namespace tocsin::correlate
