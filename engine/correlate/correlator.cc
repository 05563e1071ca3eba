#include "correlate/correlator.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>

#include "correlate/hit_blob.h"
#include "correlate/track.h"

namespace tocsin::correlate {

void Output::clear() {
  changes.clear();
  derived.clear();
  keep.clear();
  keep_until = kNoTime;
  matters = false;
}

struct Correlator::Impl {
  Impl(std::shared_ptr<const Correlations> compiled, const Limits& limits, Memory& memory)
      : correlations(std::move(compiled)), world(*correlations, limits, memory) {
    for (CorrelationIndex i = 0; i < correlations->all().size(); ++i) {
      tracks.push_back(std::make_unique<Track>(i, world));
    }
  }

  // `hit` must outlive it. There is one at a time.
  Arrival arrival_of(const Hit& hit, HitRef ref) {
    groups.clear();
    const bool heard = hit.rule >= correlations->heard_by(0);
    return {hit.time, hit.since, hit.event, hit.fields, hit.evidence, ref, groups, heard, nullptr};
  }

  // Calls visit(track, input) for everyone who takes a hit found by `rule`.
  template <class Visit>
  Status for_each_use(std::uint32_t rule, Visit visit) {
    const std::size_t rules = correlations->rules().size(), all = tracks.size();
    if (rule >= rules + all) {
      static const Input kEverything;
      const std::size_t index = rule - rules - all;
      if (index >= all) return {};
      const std::vector<Input>& inputs =
          (*correlations)[static_cast<CorrelationIndex>(index)].inputs;
      return visit(*tracks[index], inputs.empty() ? kEverything : inputs.front());
    }
    const auto& uses = rule < rules
                           ? correlations->rules()[rule].uses
                           : correlations->parents(static_cast<CorrelationIndex>(rule - rules));
    for (const CorrelatedRule::Use& use : uses) {
      const Input& input = (*correlations)[use.correlation].inputs[use.input];
      if (Status visited = visit(*tracks[use.correlation], input); !visited) return visited;
    }
    return {};
  }

  Result<Track::Taken> take(std::uint32_t rule, const Arrival& hit) {
    Track::Taken taken;
    const Status status = for_each_use(rule, [&](Track& track, const Input& input) -> Status {
      const Result<Track::Taken> one = track.add(hit, input);
      if (!one) return tl::unexpected(one.error());
      taken.add(*one);
      return make_room();
    });
    if (!status) return tl::unexpected(status.error());
    return taken;
  }

  // What the hits come to that were added, to their correlations and then to the parents of these,
  // which come after them.
  Status judge(HitRef first, Output& output) {
    for (const auto& track : tracks) {
      track->judge();
      if (Status derived = derive(first, output); !derived) return derived;
    }
    return {};
  }

  // Firings become hits of parents.
  Status derive(HitRef first, Output& output) {
    for (std::size_t i = 0; i < world.derived.size(); ++i) {
      World::Derived derived = world.derived[i];
      if (derived.carried == nullptr || derived.carried->numbering() != world.numbering) {
        Result<std::shared_ptr<const Carried>> read = read_carried(derived.closing);
        if (!read) return tl::unexpected(std::move(read.error()));
        derived.carried = std::move(*read);
      }
      if (derived.carried == nullptr) continue;
      const std::uint32_t rule = correlations->firing_of(derived.correlation);
      const Carried& carried = *derived.carried;
      const HitRef ref = first + output.derived.size();
      const Hit hit{rule,
                    derived.time,
                    derived.time,
                    carried.event(),
                    FieldValues(carried.fields()),
                    carried.evidence()};
      output.derived.add(hit);
      Arrival arrival = arrival_of(hit, ref);
      arrival.carried = derived.carried;
      const Result<Track::Taken> taken = take(rule, arrival);
      if (!taken) return tl::unexpected(taken.error());
      output.keep_until = std::max(output.keep_until, taken->until);
      output.matters = true;
    }
    world.derived.clear();
    return {};
  }

  // Reads from the journal what a hit carries. Null when the journal no longer has the hit.
  Result<std::shared_ptr<const Carried>> read_carried(HitRef ref) {
    const Result<std::optional<Memory::KeptRow>> row = world.memory.find_hits(ref);
    if (!row) return tl::unexpected(row.error());
    if (!*row) return nullptr;
    const Result<KeptHits> kept = read_blob((*row)->blob, *correlations);
    if (!kept) return nullptr;  // damaged: whoever restores hits counts that
    for (std::size_t i = 0; i < kept->hits.size(); ++i) {
      if ((*row)->first + kept->index[i] != ref) continue;
      const Hit hit = kept->hits[i];
      return std::make_shared<const Carried>(hit.fields.packed(), hit.evidence, hit.event,
                                             world.numbering, *world.carried_bytes);
    }
    return nullptr;
  }

  void add_windows() {
    world.changes.add_windows([&](const Changes::Touched& touched) {
      return tracks[touched.correlation]->window(touched);
    });
  }

  void finish(Output& output) {
    add_windows();
    world.changes.take(output.changes);
    output.matters = output.matters || !output.changes.empty() || !world.ended.empty();
  }

  Status make_room() {
    for (;;) {
      const bool by_groups = world.groups > world.limits.groups;
      if (!by_groups && world.bytes_held() <= world.limits.bytes) return {};
      const auto size = [&](const Track& track) {
        return by_groups ? std::uint64_t{track.groups()} : track.bytes();
      };
      Track* largest = nullptr;
      for (const auto& track : tracks) {
        if (largest == nullptr || size(*track) > size(*largest)) largest = track.get();
      }
      if (largest->groups() == 0) return {};
      if (Status evicted = largest->evict_groups(); !evicted) return evicted;
    }
  }

  std::shared_ptr<const Correlations> correlations;
  World world;
  std::vector<std::unique_ptr<Track>> tracks;
  GroupKeys groups;  // of the hit at hand
  std::uint64_t late = 0;
};

Correlator::Correlator(std::shared_ptr<const Correlations> correlations, const Limits& limits,
                       Memory& memory)
    : impl_(std::make_unique<Impl>(std::move(correlations), limits, memory)) {}

Correlator::~Correlator() = default;

const Correlations& Correlator::correlations() const {
  return *impl_->correlations;
}

Status Correlator::add(const HitBatch& hits, HitRef first, Output& output) {
  output.keep.assign(hits.size(), false);
  for (std::size_t i = 0; i < hits.size(); ++i) {
    const Hit hit = hits[i];
    if (hit.time < impl_->world.watermark) {
      ++impl_->late;
      continue;
    }
    Arrival arrival = impl_->arrival_of(hit, first + i);
    arrival.since = std::max(hit.since, impl_->world.watermark);
    const Result<Track::Taken> taken = impl_->take(hit.rule, arrival);
    if (!taken) return tl::unexpected(taken.error());
    output.keep[i] = taken->keep;
    if (taken->keep) output.keep_until = std::max(output.keep_until, taken->until);
    output.matters = output.matters || taken->matters;
  }
  if (Status judged = impl_->judge(first + hits.size(), output); !judged) return judged;
  impl_->finish(output);
  return {};
}

Status Correlator::advance(Time watermark, HitRef first, Output& output) {
  if (watermark <= impl_->world.watermark) return {};
  impl_->world.watermark = watermark;
  for (const auto& track : impl_->tracks) {
    // Children come before their parents, whose hits they derive. Windows are found before the
    // hits in them are forgotten.
    track->judge();
    if (impl_->world.changes.has_windowless()) impl_->add_windows();
    const Result<bool> advanced = track->advance();
    if (!advanced) return tl::unexpected(advanced.error());
    output.matters = output.matters || *advanced;
    if (Status derived = impl_->derive(first, output); !derived) return derived;
    if (impl_->world.changes.has_windowless()) impl_->add_windows();
  }
  impl_->world.passed = watermark;
  impl_->finish(output);
  return {};
}

Time Correlator::watermark() const {
  return impl_->world.watermark;
}

Time Correlator::next_due() const {
  Time due = kLatest;
  for (const auto& track : impl_->tracks) due = std::min(due, track->next_due());
  return due;
}

void Correlator::restore_watermark(Time watermark) {
  impl_->world.watermark = impl_->world.passed = watermark;
}

void Correlator::restore(const OpenEpisode& episode) {
  const auto& all = impl_->correlations->all();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].key == episode.correlation) return impl_->tracks[i]->restore(episode);
  }
}

Status Correlator::restore(const HitBatch& hits, FunctionRef<HitRef(std::size_t)> refs,
                           FunctionRef<bool(CorrelationIndex)> wanted) {
  for (std::size_t i = 0; i < hits.size(); ++i) {
    const Hit hit = hits[i];
    const Arrival arrival = impl_->arrival_of(hit, refs(i));
    Status status = impl_->for_each_use(hit.rule, [&](Track& track, const Input& input) -> Status {
      return wanted(track.index()) ? track.restore(arrival, input) : Status();
    });
    if (!status) return status;
  }
  return {};
}

Status Correlator::end_restore() {
  for (const auto& track : impl_->tracks) {
    if (Status ended = track->end_restore(); !ended) return ended;
  }
  return {};
}

void Correlator::take_over(Correlator& old) {
  Impl& from = *old.impl_;
  World& world = impl_->world;
  world.carried_bytes = from.world.carried_bytes;
  world.watermark = from.world.watermark;
  world.passed = from.world.passed;
  world.ended = std::move(from.world.ended);
  impl_->late = from.late;
  const std::vector<std::string>& before = from.correlations->fields();
  const std::vector<std::string>& now = impl_->correlations->fields();
  const bool keeps_slots =
      before.size() <= now.size() && std::equal(before.begin(), before.end(), now.begin());
  world.numbering = from.world.numbering + (keeps_slots ? 0 : 1);
  std::unordered_map<Key, Track*, KeyHasher> known;
  for (const auto& track : from.tracks) {
    known.emplace((*from.correlations)[track->index()].key, track.get());
  }
  for (const auto& track : impl_->tracks) {
    const auto found = known.find((*impl_->correlations)[track->index()].key);
    if (found != known.end()) track->take_over(*found->second);
  }
}

std::vector<Key> Correlator::take_ended() {
  return std::exchange(impl_->world.ended, {});
}

CorrelatorStats Correlator::stats() const {
  CorrelatorStats all;
  for (const auto& track : impl_->tracks) {
    const CorrelatorStats one = track->stats();
    all.groups += one.groups;
    all.hits += one.hits;
    all.episodes += one.episodes;
    all.evicted_groups += one.evicted_groups;
    all.evicted_hits += one.evicted_hits;
  }
  all.late = impl_->late;
  all.bytes = impl_->world.bytes_held();
  return all;
}

CorrelatorStats Correlator::stats(CorrelationIndex correlation) const {
  return impl_->tracks[correlation]->stats();
}

std::vector<CorrelationIndex> Correlator::take_crowded() {
  std::vector<CorrelationIndex> crowded;
  for (const auto& track : impl_->tracks) {
    if (track->take_crowded()) crowded.push_back(track->index());
  }
  return crowded;
}

std::vector<LiveGroup> Correlator::live(CorrelationIndex correlation, std::size_t limit) const {
  return impl_->tracks[correlation]->live(limit);
}

}  // namespace tocsin::correlate
