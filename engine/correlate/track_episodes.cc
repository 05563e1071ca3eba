// Firings of a track become episodes.
#include <algorithm>
#include <string>

#include "correlate/track.h"

namespace tocsin::correlate {
namespace {

Key episode_key(const CompiledCorrelation& correlation, const Key& group, Time first) {
  return key_of({as_text(correlation.key), "episode", as_text(group), std::to_string(first)});
}

}  // namespace

Judge::Fire Track::firing_into(const Key& key, Group& group) {
  return [this, &key, &group](Time time, std::size_t closing, const Window* window) {
    fire(key, group, time, closing, window);
  };
}

void Track::fire(const Key& key, Group& group, Time time, std::size_t closing,
                 const Window* window) {
  if (correlation_.has_parents) {
    const Entry& hit = group.hits[closing];
    world_.derived.push_back({index_, time, hit.carried, hit.ref});
  }
  bool is_new = false;
  Episode& episode = enter(key, group, time, is_new);
  ++episode.firings;
  // Without a window: that of the episode's last firing is found in the end.
  if (time < episode.last && is_rising_) window = nullptr;
  world_.changes.touch(index_, key, episode, is_new, window);
}

// The episode that a firing at `time` belongs to.
Episode& Track::enter(const Key& key, Group& group, Time time, bool& is_new) {
  std::vector<Episode>& episodes = group.episodes;
  const Time gap = is_silence_ ? -1 : span_;
  std::size_t at = 0;
  while (at < episodes.size() && episodes[at].last + gap < time) ++at;
  if (at < episodes.size() && time + gap >= episodes[at].first) {
    episodes[at].first = std::min(episodes[at].first, time);
    episodes[at].last = std::max(episodes[at].last, time);
    return join(key, group, at);
  }
  is_new = true;
  ++stats_.episodes;
  const Episode episode{episode_key(correlation_, key, time), 0, time, time};
  return *episodes.insert(episodes.begin() + static_cast<std::ptrdiff_t>(at), episode);
}

// Merges the next episode into the one at `index` when they have come close. An episode that people
// have been told of outlives one that they have not.
Episode& Track::join(const Key& key, Group& group, std::size_t index) {
  std::vector<Episode>& episodes = group.episodes;
  if (index + 1 == episodes.size() || episodes[index].last + span_ < episodes[index + 1].first) {
    return episodes[index];
  }
  Episode& first = episodes[index];
  Episode second = episodes[index + 1];
  if (world_.changes.is_new(first.id) && !world_.changes.is_new(second.id)) {
    std::swap(first.id, second.id);
  }
  first.firings += second.firings;
  first.last = second.last;
  world_.changes.merge(index_, key, second, first, is_rising_);
  episodes.erase(episodes.begin() + static_cast<std::ptrdiff_t>(index) + 1);
  --stats_.episodes;
  return episodes[index];
}

void Track::judge() {
  std::sort(touched_.begin(), touched_.end());
  const Touch* const end = touched_.data() + touched_.size();
  for (const Touch* at = touched_.data(); at != end;) {
    const Touch* const next =
        std::find_if(at, end, [&](const Touch& touch) { return touch.first != at->first; });
    const auto found = groups_.find(at->first);
    if (found != groups_.end()) judge_group(found->first, found->second, at, next);
    at = next;
  }
  touched_.clear();
}

// Touches that are more than T apart are judged apart: what lies between need not be looked at.
void Track::judge_group(const Key& key, Group& group, const Touch* begin, const Touch* end) {
  const Judge::Fire fire = firing_into(key, group);
  for (const Touch* at = begin; at != end;) {
    const Touch* last = at;
    while (last + 1 != end && last[1].second - last->second <= span_) ++last;
    judge_->inserted(group, at->second, last->second, fire);
    at = last + 1;
  }
  touch_windows_with(key, group, begin, end);
  trim(group);
  weigh(group);
}

// Episodes whose last firing looked at a time that was touched.
void Track::touch_windows_with(const Key& key, Group& group, const Touch* begin, const Touch* end) {
  for (const Episode& episode : group.episodes) {
    const Touch* const after =
        std::upper_bound(begin, end, episode.last,
                         [](Time last, const Touch& touch) { return last < touch.second; });
    if (after == begin || episode.last - after[-1].second > retention_) continue;
    world_.changes.touch(index_, key, episode, world_.changes.is_new(episode.id), nullptr);
  }
}

Window Track::window(const Changes::Touched& touched) {
  const auto found = groups_.find(touched.group);
  if (judge_ != nullptr && found != groups_.end()) {
    const Group& group = found->second;
    for (std::size_t i = first_after(group.hits, touched.episode.last); i > 0; --i) {
      if (group.hits[i - 1].time != touched.episode.last) break;
      if (group.hits[i - 1].done || !is_rising_) return judge_->window(group, i - 1);
    }
  }
  Window window;
  window.begin = window.end = touched.episode.last;
  return window;
}

// Each first use is an episode of its own, which is open until nothing can change it.
void Track::fire_novelty(const Novelty::Firing& firing) {
  const Novelty::Use& use = firing.use;
  if (correlation_.has_parents && (!firing.again || !firing.settled)) {
    world_.derived.push_back({index_, use.time, use.carried, use.ref});
  }
  OpenEpisode& open = first_uses_[firing.episode];
  const Episode episode{firing.episode, 1, use.time, use.time};
  open = {correlation_.key, use.group, firing.episode, 1, use.time, use.time};
  const Window window{use.time,  use.time, 1,        static_cast<double>(firing.known),
                      {use.ref}, use.ref,  use.event};
  const bool is_new = !firing.again || world_.changes.is_new(firing.episode);
  world_.changes.touch(index_, use.group, episode, is_new, &window, true);
  if (!firing.settled) return;
  first_uses_.erase(firing.episode);
  world_.ended.push_back(firing.episode);
}

}  // namespace tocsin::correlate
