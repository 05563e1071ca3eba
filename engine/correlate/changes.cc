#include "correlate/changes.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace tocsin::correlate {

namespace {

// Of firings at one time, the one that the greatest event closes is the last.
bool is_later(const Window& a, const Window& b) {
  return std::tie(a.end, a.closing_event) >= std::tie(b.end, b.closing_event);
}

}  // namespace

Changes::Touched& Changes::at(CorrelationIndex correlation, const Key& group,
                              const Episode& episode) {
  const auto [found, is_first] = index_.try_emplace(episode.id, touched_.size());
  if (is_first)
    touched_.push_back({correlation, group, episode, Change::Kind::went_on, {}, {}, false});
  return touched_[found->second];
}

void Changes::touch(CorrelationIndex correlation, const Key& group, const Episode& episode,
                    bool is_new, const Window* window, bool replaces) {
  Touched& touched = at(correlation, group, episode);
  if (is_new) touched.kind = Change::Kind::began;
  touched.episode = episode;
  if (window == nullptr) {
    touched.window.reset();
    windowless_.push_back(index_.at(episode.id));
  } else if (replaces || !touched.window || touched.window->end > episode.last ||
             is_later(*window, *touched.window)) {
    touched.window = *window;
  }
}

void Changes::merge(CorrelationIndex correlation, const Key& group, const Episode& gone,
                    const Episode& into, bool finds_windows) {
  at(correlation, group, into);
  Touched& touched = at(correlation, group, gone);
  Touched& other = touched_[index_.at(into.id)];
  other.episode = into;
  if (finds_windows) {
    other.window.reset();
    windowless_.push_back(index_.at(into.id));
  } else if (touched.window && (!other.window || is_later(*touched.window, *other.window))) {
    other.window = touched.window;
  }
  touched.dropped = touched.kind == Change::Kind::began;
  touched.kind = Change::Kind::merged;
  touched.episode = gone;
  touched.into = into.id;
}

bool Changes::is_new(const Key& episode) const {
  const auto found = index_.find(episode);
  return found != index_.end() && touched_[found->second].kind == Change::Kind::began;
}

// What an episode was merged into may have been merged itself.
Key Changes::survivor_of(const Key& into) const {
  const auto found = index_.find(into);
  if (found == index_.end() || touched_[found->second].kind != Change::Kind::merged) return into;
  return survivor_of(touched_[found->second].into);
}

void Changes::take(std::vector<Change>& out) {
  const auto begin = static_cast<std::ptrdiff_t>(out.size());
  for (Touched& touched : touched_) {
    if (touched.dropped) continue;
    Change change;
    change.kind = touched.kind;
    change.correlation = touched.correlation;
    change.group = touched.group;
    change.episode = touched.episode.id;
    if (touched.kind == Change::Kind::merged) change.into = survivor_of(touched.into);
    change.firings = touched.episode.firings;
    change.first = touched.episode.first;
    change.last = touched.episode.last;
    if (touched.window) {
      change.window_begin = touched.window->begin;
      change.window_end = touched.window->end;
      change.hits = touched.window->hits;
      change.measure = touched.window->measure;
      change.closing = touched.window->closing;
      change.evidence = std::move(touched.window->evidence);
    }
    out.push_back(std::move(change));
  }
  std::sort(out.begin() + begin, out.end(), [](const Change& a, const Change& b) {
    return std::tie(a.last, a.correlation, a.group, a.episode) <
           std::tie(b.last, b.correlation, b.group, b.episode);
  });
  touched_.clear();
  index_.clear();
  windowless_.clear();
}

}  // namespace tocsin::correlate
