#include "correlate/novelty.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace tocsin::correlate {

Novelty::Novelty(const CompiledCorrelation& correlation, const Limits& limits, Memory& memory)
    : correlation_(correlation), limits_(limits), memory_(memory) {}

Key Novelty::group_key_of(const Key& group) const {
  return key_of({as_text(correlation_.key), "group", as_text(group)});
}

Key Novelty::episode_of(const Key& value, std::uint64_t epoch) const {
  return key_of({as_text(correlation_.key), "first use", as_text(value), std::to_string(epoch)});
}

// Most correlations remember nothing or little: the table grows when two keys want one slot.
Novelty::Remembered& Novelty::slot_of(const Key& key) {
  if (remembered_.empty()) remembered_.resize(kFewRemembered);
  for (;;) {
    Remembered& slot = remembered_[KeyHasher()(key) % remembered_.size()];
    if (!slot.is_set || slot.key == key || remembered_.size() >= kRemembered) return slot;
    std::vector<Remembered> larger(remembered_.size() * 4);
    for (const Remembered& one : remembered_) {
      if (one.is_set) larger[KeyHasher()(one.key) % larger.size()] = one;
    }
    remembered_ = std::move(larger);
  }
}

Result<const Memory::Known*> Novelty::find(const Key& key) {
  Remembered& slot = slot_of(key);
  if (!slot.is_set || slot.key != key) {
    const Result<std::optional<Known>> found = memory_.find(key);
    if (!found) return tl::unexpected(found.error());
    slot = {key, true, found->has_value(), found->value_or(Known())};
  }
  return slot.exists ? &slot.known : nullptr;
}

Status Novelty::save(const Key& key, const Known& known) {
  slot_of(key) = {key, true, true, known};
  return memory_.save(key, known);
}

bool Novelty::reaches(Time earlier, Time later) const {
  return correlation_.forget == 0 || step(later) - step(earlier) <= kForgetSteps;
}

// From which watermark on the use is new and told whatever may still come; kNoTime: that will not
// be known before it is settled.
Time Novelty::certain_at(const Known* value, const Known& group, Time use) const {
  if (group.count < correlation_.min_known) return kNoTime;
  Time at = correlation_.learning > 0 ? group.first + correlation_.learning : kEarliest;
  if (correlation_.forget == 0) return value == nullptr ? at : kNoTime;
  // What may still come must belong to the same run, and not be reached from the last use.
  at = std::max(at, (step(use) - kForgetSteps) * correlation_.forget_step);
  if (value == nullptr) return at;
  return std::max(at, (step(value->last) + kForgetSteps + 1) * correlation_.forget_step);
}

Result<Novelty::Taken> Novelty::add(const Use& use, Time watermark, const Fire& fire) {
  Taken taken;
  const Key group_key = group_key_of(use.group);
  const Result<const Known*> found_group = find(group_key);
  if (!found_group) return tl::unexpected(found_group.error());
  Known group = *found_group != nullptr ? **found_group : Known{use.time, use.time, 0};
  const bool is_young = *found_group == nullptr || use.time < group.first;
  if (is_young) {
    group.first = std::min(group.first, use.time);
    if (Status saved = save(group_key, group); !saved) {
      return tl::unexpected(saved.error());
    }
    taken.matters = true;
  }

  const Result<const Known*> found_value = find(use.value);
  if (!found_value) return tl::unexpected(found_value.error());
  const std::optional<Known> value =
      *found_value != nullptr ? std::optional(**found_value) : std::nullopt;
  if (value && reaches(value->last, use.time)) {
    const Result<bool> changed = use_known(*value, use);
    if (!changed) return tl::unexpected(changed.error());
    taken.matters = taken.matters || *changed;
    return taken;
  }

  if (runs_.find(use.value) == runs_.end() && (agenda_.size() >= limits_.groups_per_correlation ||
                                               group.count >= limits_.known_per_group)) {
    taken.refused = true;
    return taken;
  }
  taken.keep = taken.matters = true;
  Run& run = place(runs_[use.value], use);
  const bool closes = run.first.time == use.time && run.first.event == use.event;
  const Key episode = episode_of(use.value, value ? value->count : 0);
  if (run.told) {
    if (closes) fire({run.first, episode, run.known, true, false});
    return taken;
  }
  const Time certain = certain_at(value ? &*value : nullptr, group, run.first.time);
  if (certain == kNoTime) return taken;
  if (certain <= watermark) {
    tell(run, episode, group, fire);
  } else if (certain < run.first.time) {
    certain_.emplace(certain, use.value);
  }
  return taken;
}

void Novelty::tell(Run& run, const Key& episode, const Known& group, const Fire& fire) {
  run.told = true;
  run.known = group.count;
  fire({run.first, episode, run.known, false, false});
}

// Tells what has become certain before it is settled.
Status Novelty::tell_certain(Time watermark, const Fire& fire) {
  while (!certain_.empty() && certain_.begin()->first <= watermark) {
    const Key key = certain_.begin()->second;
    certain_.erase(certain_.begin());
    const auto found = runs_.find(key);
    if (found == runs_.end() || found->second.front().told) continue;
    Run& run = found->second.front();
    const Result<const Known*> found_group = find(group_key_of(run.first.group));
    if (!found_group) return tl::unexpected(found_group.error());
    if (*found_group == nullptr) continue;
    const Known group = **found_group;
    const Result<const Known*> value = find(key);
    if (!value) return tl::unexpected(value.error());
    const Time certain = certain_at(*value, group, run.first.time);
    if (certain == kNoTime || certain >= run.first.time) continue;  // not before it is settled
    if (certain > watermark) {
      certain_.emplace(certain, key);
      continue;
    }
    tell(run, episode_of(key, *value != nullptr ? (*value)->count : 0), group, fire);
  }
  return {};
}

Status Novelty::restore(const Use& use, Time watermark) {
  if (use.time < watermark) return {};
  const Result<const Known*> value = find(use.value);
  if (!value) return tl::unexpected(value.error());
  if (*value != nullptr && reaches((*value)->last, use.time)) return {};
  place(runs_[use.value], use);
  return {};
}

void Novelty::take_over(Novelty& old) {
  runs_ = std::move(old.runs_);
  agenda_ = std::move(old.agenda_);
  certain_ = std::move(old.certain_);
  remembered_ = std::move(old.remembered_);
}

Status Novelty::settle_restored(const std::function<bool(const Key&)>& told) {
  for (auto& [key, runs] : runs_) {
    const Result<const Known*> value = find(key);
    if (!value) return tl::unexpected(value.error());
    Run& run = runs.front();
    run.told = told(episode_of(key, *value != nullptr ? (*value)->count : 0));
    if (!run.told) certain_.emplace(kEarliest, key);
  }
  return {};
}

// Puts a use among the runs of its value; what it closes a gap between becomes one.
Novelty::Run& Novelty::place(std::vector<Run>& runs, const Use& use) {
  std::size_t at = 0;
  while (at < runs.size() && use.time > runs[at].last && !reaches(runs[at].last, use.time)) ++at;
  if (at == runs.size() ||
      (use.time < runs[at].first.time && !reaches(use.time, runs[at].first.time))) {
    runs.insert(runs.begin() + static_cast<std::ptrdiff_t>(at), {use, use.time, false, 0});
    agenda_.emplace(use.time, use.value);
    return runs[at];
  }
  Run& run = runs[at];
  const bool is_earlier =
      use.time < run.first.time || (use.time == run.first.time && use.event < run.first.event);
  if (is_earlier) {
    agenda_.erase({run.first.time, use.value});
    run.first = use;
    agenda_.emplace(use.time, use.value);
  }
  run.last = std::max(run.last, use.time);
  merge_next(runs, at);
  return runs[at];
}

void Novelty::merge_next(std::vector<Run>& runs, std::size_t index) {
  while (index + 1 < runs.size() && reaches(runs[index].last, runs[index + 1].first.time)) {
    Run& next = runs[index + 1];
    runs[index].last = std::max(runs[index].last, next.last);
    runs[index].told = runs[index].told || next.told;
    agenda_.erase({next.first.time, next.first.value});
    runs.erase(runs.begin() + static_cast<std::ptrdiff_t>(index) + 1);
  }
}

// A use that is not new. It may reach uses that were thought to be.
Result<bool> Novelty::use_known(Known value, const Use& use) {
  if (correlation_.forget == 0 || use.time <= value.last) return false;
  const Time before = value.last;
  value.last = use.time;
  if (const auto found = runs_.find(use.value); found != runs_.end()) {
    std::vector<Run>& runs = found->second;
    while (!runs.empty() && reaches(value.last, runs.front().first.time)) {
      value.last = std::max(value.last, runs.front().last);
      agenda_.erase({runs.front().first.time, use.value});
      runs.erase(runs.begin());
    }
    if (runs.empty()) runs_.erase(found);
  }
  if (step(value.last) == step(before)) return false;
  if (Status saved = save(use.value, value); !saved) return tl::unexpected(saved.error());
  return true;
}

Result<bool> Novelty::advance(Time watermark, const Fire& fire) {
  bool any = false;
  if (Status told = tell_certain(watermark, fire); !told) {
    return tl::unexpected(std::move(told.error()));
  }
  while (!agenda_.empty() && agenda_.begin()->first < watermark) {
    any = true;
    if (const Status settled = settle(agenda_.begin()->first, fire); !settled) {
      return tl::unexpected(settled.error());
    }
  }
  return any;
}

Status Novelty::evict(std::size_t count, const std::function<void(const Key& episode)>& ended) {
  for (; count > 0; --count) {
    const Key key = agenda_.begin()->second;
    agenda_.erase(agenda_.begin());
    const auto found = runs_.find(key);
    const Result<const Known*> value = find(key);
    if (!value) return tl::unexpected(value.error());
    ended(episode_of(key, *value != nullptr ? (*value)->count : 0));
    std::vector<Run>& runs = found->second;
    runs.erase(runs.begin());
    if (runs.empty()) runs_.erase(found);
  }
  return {};
}

// All first uses at `time`: they do not count for each other.
Status Novelty::settle(Time time, const Fire& fire) {
  std::unordered_map<Key, std::uint64_t, KeyHasher> first_uses;  // by the group's key
  while (!agenda_.empty() && agenda_.begin()->first == time) {
    const Key value_key = agenda_.begin()->second;
    agenda_.erase(agenda_.begin());
    const auto found = runs_.find(value_key);
    const Run run = found->second.front();
    found->second.erase(found->second.begin());
    if (found->second.empty()) runs_.erase(found);

    const Key group_key = group_key_of(run.first.group);
    const Result<const Known*> group = find(group_key);
    if (!group) return tl::unexpected(group.error());
    const Known of_group = *group != nullptr ? **group : Known{time, time, 0};
    const Result<const Known*> before = find(value_key);
    if (!before) return tl::unexpected(before.error());
    const std::optional<Known> value = *before != nullptr ? std::optional(**before) : std::nullopt;
    if (!value) ++first_uses[group_key];

    const bool is_young = time < of_group.first + correlation_.learning;
    const bool is_told = !is_young && of_group.count >= correlation_.min_known;
    const std::uint64_t epoch = value ? value->count : 0;
    if (is_told || run.told) {
      fire({run.first, episode_of(value_key, epoch), of_group.count, run.told, true});
    }
    const Known known{value ? value->first : time, run.last, epoch + 1};
    if (Status saved = save(value_key, known); !saved) return saved;
  }
  for (const auto& [group_key, count] : first_uses) {
    const Result<const Known*> group = find(group_key);
    if (!group) return tl::unexpected(group.error());
    Known changed = *group != nullptr ? **group : Known{time, time, 0};
    changed.count += count;
    if (Status saved = save(group_key, changed); !saved) return saved;
  }
  return {};
}

}  // namespace tocsin::correlate
