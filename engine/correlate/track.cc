// What comes into a track.
#include "correlate/track.h"

#include <algorithm>
#include <tuple>

#include "correlate/track_values.h"

namespace tocsin::correlate {
namespace {

// The position at which the input's rule is listed first.
std::uint16_t finder_of(const CompiledCorrelation& correlation, const Input& input) {
  for (const Input& other : correlation.inputs) {
    if (other.kind == input.kind && other.index == input.index) {
      return std::min(other.position, input.position);
    }
  }
  return input.position;
}

// So many hits of a group are kept that the condition can be fulfilled twice.
std::size_t hit_limit_of(const CompiledCorrelation& correlation, const Limits& limits) {
  double asked = 0;
  for (const auto& bound : correlation.source->bounds) asked = std::max(asked, bound.value);
  constexpr double kMost = 200'000;
  return std::max(static_cast<std::size_t>(limits.hits_per_group),
                  static_cast<std::size_t>(std::min(2 * asked, kMost)));
}

}  // namespace

void Track::Taken::add(const Taken& other) {
  keep = keep || other.keep;
  matters = matters || other.matters;
  until = std::max(until, other.until);
}

Track::Track(CorrelationIndex index, World& world)
    : index_(index),
      correlation_(world.correlations[index]),
      world_(world),
      retention_(correlation_.retention),
      span_(correlation_.timespan),
      is_rising_(correlation_.decision == Decision::rising),
      has_tiles_(correlation_.decision == Decision::frames &&
                 correlation_.source->window == sigma::Correlation::Window::sliding),
      is_silence_(correlation_.decision == Decision::silence),
      hit_limit_(hit_limit_of(correlation_, world.limits)) {
  if (correlation_.decision == Decision::novelty) {
    novelty_ = std::make_unique<Novelty>(correlation_, world.limits, world.memory);
  } else {
    judge_ = make_judge(correlation_);
  }
}

Result<Track::Taken> Track::add(const Arrival& hit, const Input& input) {
  Taken taken;
  std::shared_ptr<const Carried> carried = hit.carried;
  for (const Key& key : hit.groups.of(input.group_by, hit.fields)) {
    const Result<Taken> one = novelty_ != nullptr ? add_use(key, hit, input, carried, false)
                                                  : add_to(key, hit, input, carried);
    if (!one) return tl::unexpected(one.error());
    taken.add(*one);
  }
  if (novelty_ != nullptr) count_pending();
  return taken;
}

Result<Track::Taken> Track::add_to(const Key& key, const Arrival& hit, const Input& input,
                                   std::shared_ptr<const Carried>& carried) {
  const Result<Group*> found = group_for(key);
  if (!found) return tl::unexpected(found.error());
  Group& group = **found;
  Taken taken;
  if (is_silence_) {
    taken = hear(group, hit);
  } else {
    taken.keep = taken.matters = insert(group, hit, input, carried);
    taken.until = hit.time + retention_;
  }
  if (taken.keep && is_rising_) {
    touched_.emplace_back(key, hit.time);
  } else if (taken.keep && !is_silence_) {
    trim(group);
  }
  if (is_over(group)) {  // there was nothing to measure
    Status erased = erase(groups_.find(key));
    if (!erased) return tl::unexpected(std::move(erased.error()));
    return taken;
  }
  weigh(group);
  schedule(key, group, judge_->due_to(group, hit.time));
  return taken;
}

bool Track::insert(Group& group, const Arrival& hit, const Input& input,
                   std::shared_ptr<const Carried>& carried) {
  if (correlation_.has_parents && carried == nullptr) carried = carry(hit);
  Entry entry;
  entry.time = hit.time;
  entry.event = hit.event;
  entry.ref = hit.ref;
  entry.position = input.position;
  entry.finder = finder_of(correlation_, input);
  if (correlation_.has_parents) entry.carried = carried;
  bool any = false;
  for_each_value(correlation_, input, hit.fields, [&](const Value& value) {
    entry.value = value;
    any = insert(group, entry) || any;
  });
  return any;
}

bool Track::insert(Group& group, const Entry& entry) {
  std::vector<Entry>& hits = group.hits;
  // A boolean condition's hits remember in `value` when they are decided.
  const bool has_value = correlation_.alternatives.empty();
  const auto is_before = [&](const Entry& a, const Entry& b) {
    return has_value ? a < b
                     : std::tie(a.time, a.event, a.finder, a.position) <
                           std::tie(b.time, b.event, b.finder, b.position);
  };
  auto at = hits.end();  // where hits that come in order go
  if (!hits.empty() && !is_before(hits.back(), entry)) {
    at = std::lower_bound(hits.begin(), hits.end(), entry, is_before);
  }
  if (at != hits.end() && is_same_hit(*at, entry) && at->position == entry.position &&
      (!has_value || at->value == entry.value)) {
    return false;
  }
  at = hits.insert(at, entry);
  if (!has_value) at->value.low = static_cast<std::uint64_t>(kNoTime);
  ++stats_.hits;
  return true;
}

// What is heard of a source is kept, but need not be on disk at once when it went on by little: who
// is killed then takes a silence to begin that much earlier.
Track::Taken Track::hear(Group& group, const Arrival& hit) {
  Entry entry;
  entry.time = hit.time;
  entry.value.low = static_cast<std::uint64_t>(hit.since);
  entry.event = hit.event;
  entry.ref = hit.ref;
  if (correlation_.has_parents) entry.carried = carry(hit);
  const std::size_t before = group.hits.size();
  group.hits.push_back(std::move(entry));
  judge_->inserted(group, hit.time, hit.time, nullptr);
  stats_.hits += group.hits.size() - before;
  Taken taken;
  taken.keep = true;
  taken.matters = !hit.heard || group.hits.size() != before || group.decided == kNoTime ||
                  hit.time - group.decided > span_ / kHeardSteps;
  if (taken.matters) group.decided = std::max(group.decided, hit.time);
  taken.until = hit.time + span_;
  return taken;
}

Result<Track::Taken> Track::add_use(const Key& key, const Arrival& hit, const Input& input,
                                    std::shared_ptr<const Carried>& carried, bool restoring) {
  if (correlation_.has_parents && carried == nullptr) carried = carry(hit);
  Novelty::Use use;
  use.time = hit.time;
  use.event = hit.event;
  use.ref = hit.ref;
  use.group = key;
  if (correlation_.has_parents) use.carried = carried;
  Taken taken;
  taken.until = hit.time;
  Status status;
  for_each_new_value(correlation_, input, hit.fields, [&](const Key& value) {
    if (!status) return;
    use.value = key_of({as_text(correlation_.key), as_text(key), as_text(value)});
    if (restoring) {
      status = novelty_->restore(use, world_.watermark);
      return;
    }
    const auto one = novelty_->add(use, world_.passed,
                                   [&](const Novelty::Firing& firing) { fire_novelty(firing); });
    if (!one) {
      status = tl::unexpected(one.error());
      return;
    }
    taken.add({one->keep, one->matters, hit.time});
    if (one->refused) {
      ++stats_.evicted_hits;
      crowded_ = true;
    }
  });
  if (!status) return tl::unexpected(status.error());
  return taken;
}

Status Track::restore(const Arrival& hit, const Input& input) {
  std::shared_ptr<const Carried> carried = hit.carried;
  for (const Key& key : hit.groups.of(input.group_by, hit.fields)) {
    if (novelty_ != nullptr) {
      const Result<Taken> used = add_use(key, hit, input, carried, true);
      if (!used) return tl::unexpected(used.error());
      count_pending();
      continue;
    }
    if (hit.time + retention_ < world_.watermark) continue;
    const Result<Group*> group = group_for(key);
    if (!group) return tl::unexpected(group.error());
    if (is_silence_) {
      hear(**group, hit);
    } else {
      insert(**group, hit, input, carried);
    }
    weigh(**group);
  }
  return {};
}

void Track::restore(const OpenEpisode& episode) {
  if (novelty_ != nullptr) {
    first_uses_.emplace(episode.episode, episode);
    return;
  }
  const auto [at, is_new] = groups_.try_emplace(episode.group);
  if (is_new) ++world_.groups;
  std::vector<Episode>& episodes = at->second.episodes;
  const Episode restored{episode.episode, episode.firings, episode.first, episode.last};
  episodes.insert(
      std::lower_bound(episodes.begin(), episodes.end(), restored,
                       [](const Episode& a, const Episode& b) { return a.first < b.first; }),
      restored);
  ++stats_.episodes;
  weigh(at->second);
}

Status Track::end_restore() {
  if (novelty_ != nullptr) {
    return novelty_->settle_restored(
        [&](const Key& episode) { return first_uses_.find(episode) != first_uses_.end(); });
  }
  for (auto& [key, group] : groups_) {
    if (has_tiles_) {
      if (Status loaded = load_tile(key, group); !loaded) return loaded;
    }
    const std::size_t before = group.hits.size();
    judge_->settle(group, world_.watermark);
    stats_.hits += group.hits.size() - before;
    weigh(group);
    group.wake = kNoTime;
    schedule(key, group, judge_->next(group));
  }
  return {};
}

// Costs the same however many hits there are. What they carry stays with them: when no parent needs
// it any more, or it has other slots (World::numbering), it is not used.
void Track::take_over(Track& old) {
  groups_ = std::move(old.groups_);
  agenda_ = std::move(old.agenda_);
  first_uses_ = std::move(old.first_uses_);
  stats_ = old.stats_;
  crowded_ = old.crowded_;
  world_.groups += groups_.size();
  count_bytes(0, old.bytes_ - old.pending_ * kPendingBytes);
  if (novelty_ != nullptr) {
    novelty_->take_over(*old.novelty_);
    count_pending();
  }
}

std::shared_ptr<const Carried> Track::carry(const Arrival& hit) const {
  return std::make_shared<const Carried>(hit.fields.packed(), hit.evidence, hit.event,
                                         world_.numbering, *world_.carried_bytes);
}

Result<Group*> Track::group_for(const Key& key) {
  const auto found = groups_.find(key);
  if (found != groups_.end()) return &found->second;
  const std::uint64_t limit = world_.limits.groups_per_correlation;
  if (groups_.size() >= limit) {
    if (const Status evicted = evict_groups(); !evicted) return tl::unexpected(evicted.error());
  }
  ++world_.groups;
  return &groups_.try_emplace(key).first->second;
}

}  // namespace tocsin::correlate
