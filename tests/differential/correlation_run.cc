#include "differential/correlation_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <utility>

#include "differential/generate/random.h"

namespace tocsin::differential {

using correlate::Change;
using correlate::CorrelationIndex;
using correlate::HitBatch;
using correlate::HitRef;
using correlate::Key;
using correlate::Time;
using reference::PlainHit;
using reference::Texts;

namespace {

// The values of each of `slots` that the hit has.
void pack(const PlainHit& hit, const std::vector<correlate::Slot>& slots,
          const correlate::Correlations& correlations, HitBatch& batch) {
  for (const correlate::Slot slot : slots) {
    const std::string& field = correlations.fields()[slot];
    const auto found = hit.fields.find(field);
    const bool is_source = field == correlate::kSourceField;
    if (!is_source && found == hit.fields.end()) continue;
    const Texts values = is_source ? Texts{hit.source} : found->second;
    correlate::FieldPacker packer = batch.fields();
    packer.begin_field(slot, values.size());
    for (const std::string& value : values) packer.value(value);
  }
}

std::string shown_key(const Key& key) {
  return fmt::format("{:02x}{:02x}{:02x}{:02x}", key[0], key[1], key[2], key[3]);
}

}  // namespace

Key event_key(const std::string& event) {
  Key key{};
  std::memcpy(key.data(), event.data(), std::min(event.size(), key.size()));
  return key;
}

CorrelationRun::CorrelationRun(const CorrelationRules& rules, const correlate::Limits& limits)
    : rules_(rules), limits_(limits), descriptions_(reference::describe(*rules.set)) {
  for (std::uint32_t i = 0; i < rules.correlations->rules().size(); ++i) {
    by_title_[rules.title_of_rule(i)] = i;
  }
  correlator_ = std::make_unique<correlate::Correlator>(rules.correlations, limits, memory_);
}

void CorrelationRun::expect(bool promise, const std::string& otherwise) {
  if (!promise) complaints_.push_back(otherwise);
}

void CorrelationRun::add(const std::vector<const PlainHit*>& hits) {
  HitBatch batch;
  const HitRef first = events_.size();
  std::vector<const PlainHit*> in_time;
  for (const PlainHit* hit : hits) {
    add_hit(*hit, batch);
    if (hit->time < correlator_->watermark()) continue;
    in_time.push_back(hit);
    remember_groups(*hit);
    if (known_hits_.emplace(hit->rule, hit->event).second) taken_.push_back(*hit);
  }
  add_heard(in_time, batch);
  output_.clear();
  const Status added = correlator_->add(batch, first, output_);
  expect(added.has_value(), "add() failed");
  take_output(batch);
}

void CorrelationRun::add_hit(const PlainHit& hit, HitBatch& batch) {
  const auto rule = by_title_.find(hit.rule);
  if (rule == by_title_.end()) return;
  batch.begin_hit(rule->second, hit.time, event_key(hit.event));
  pack(hit, rules_.correlations->rules()[rule->second].slots, *rules_.correlations, batch);
  batch.end_hit({});
  events_.push_back(hit.event);
}

// For each group of those that listen to everything: stretches without a longer gap than T.
void CorrelationRun::add_heard(const std::vector<const PlainHit*>& hits, HitBatch& batch) {
  for (const CorrelationIndex watching : rules_.correlations->watching_all()) {
    const correlate::CompiledCorrelation& compiled = (*rules_.correlations)[watching];
    const auto description =
        std::find_if(descriptions_.begin(), descriptions_.end(),
                     [&](const auto& one) { return one.document == rules_.document_of(watching); });
    std::map<Texts, std::vector<const PlainHit*>> groups;
    for (const PlainHit* hit : hits) {
      const auto combinations = reference::groups_of(*description, reference::Target(), *hit);
      for (const Texts& group : combinations) groups[group].push_back(hit);
    }
    for (auto& [group, heard] : groups) {
      std::stable_sort(heard.begin(), heard.end(), [](const PlainHit* a, const PlainHit* b) {
        return std::tie(a->time, a->event) < std::tie(b->time, b->event);
      });
      for (std::size_t begin = 0, end = 0; begin < heard.size(); begin = end) {
        for (end = begin + 1; end < heard.size(); ++end) {
          if (heard[end]->time - heard[end - 1]->time > compiled.timespan) break;
        }
        const PlainHit& last = *heard[end - 1];
        batch.begin_hit(rules_.correlations->heard_by(watching), last.time, event_key(last.event),
                        heard[begin]->time);
        for (std::size_t i = 0; i < group.size(); ++i) {
          correlate::FieldPacker packer = batch.fields();
          packer.begin_field(compiled.inputs.front().group_by[i], 1);
          packer.value(group[i]);
        }
        batch.end_hit({});
        events_.push_back(last.event);
      }
    }
  }
}

void CorrelationRun::advance(Time watermark) {
  output_.clear();
  const Status advanced = correlator_->advance(watermark, events_.size(), output_);
  expect(advanced.has_value(), "advance() failed");
  expect(output_.keep.empty(), "advance() was given no hits to keep");
  expect(correlator_->watermark() == watermark, "the watermark is where it was set");
  take_output({});
}

void CorrelationRun::finish() {
  advance(correlate::kLatest);
  const correlate::CorrelatorStats stats = correlator_->stats();
  expect(stats.groups == 0 && stats.hits == 0 && stats.episodes == 0 && stats.bytes == 0,
         fmt::format("{} groups, {} hits, {} episodes, {} bytes are left", stats.groups, stats.hits,
                     stats.episodes, stats.bytes));
  for (const auto& [key, told] : told_) {
    expect(told.ended, "episode " + shown_key(key) + " never ends");
  }
}

void CorrelationRun::take_output(const HitBatch& hits) {
  expect(output_.keep.size() == hits.size(), "keep has an answer for each hit");
  const HitRef first = events_.size() - hits.size();
  bool keeps = false;
  for (std::size_t i = 0; i < std::min(hits.size(), output_.keep.size()); ++i) {
    if (!output_.keep[i]) continue;
    keep(hits[i], first + i);
    // What was only heard may wait a little.
    keeps = keeps || hits[i].rule < rules_.correlations->heard_by(0);
  }
  for (std::size_t i = 0; i < hits.size(); ++i) {
    sightings_.push_back(sighting_of(hits[i]));
  }
  for (std::size_t i = 0; i < output_.derived.size(); ++i) {
    sightings_.push_back(sighting_of(output_.derived[i]));
    keep(output_.derived[i], events_.size());
    events_.emplace_back();
  }
  const bool has_news = keeps || !output_.derived.empty() || !output_.changes.empty();
  expect(output_.matters || !has_news, "what has to be on disk matters");
  std::set<Key> episodes;
  for (const Change& change : output_.changes) {
    expect(episodes.insert(change.episode).second, "one change for each episode and call");
    if (change.kind != Change::Kind::merged) follow(change);
  }
  // What another is merged into may itself be merged in the same call.
  for (const Change& change : output_.changes) {
    expect(change.kind != Change::Kind::merged || told_.count(change.into) != 0,
           "episode " + shown_key(change.episode) + " is merged into an unknown one");
  }
  for (const Change& change : output_.changes) {
    if (change.kind == Change::Kind::merged) follow(change);
  }
  take_ended();
}

void CorrelationRun::keep(const correlate::Hit& hit, HitRef ref) {
  kept_.push_back({ref, output_.keep_until, kept_hits_.size()});
  kept_hits_.add(hit);
}

void CorrelationRun::follow(const Change& change) {
  const std::string name = shown_key(change.episode);
  const auto known = told_.find(change.episode);
  switch (change.kind) {
    case Change::Kind::began:
      expect(known == told_.end(), "episode " + name + " begins a second time");
      break;
    case Change::Kind::went_on:
      expect(known != told_.end(), "episode " + name + " goes on without having begun");
      break;
    case Change::Kind::merged:
      expect(known != told_.end(), "episode " + name + " is merged without having begun");
      told_.erase(change.episode);
      return;
  }
  if (known != told_.end()) {
    expect(!known->second.ended, "episode " + name + " goes on after its end");
    expect(known->second.change.firings <= change.firings, "firings of " + name + " become fewer");
  }
  expect(groups_.count(change.group) != 0, "episode " + name + " is of a group without hits");
  expect(change.evidence.size() <= correlate::kEvidence, "too much evidence");
  expect(change.hits == 0 || !change.evidence.empty(), "no evidence");
  if (change.hits > 0) check_evidence(change);
  told_[change.episode] = {change, false};
}

reference::Sighting CorrelationRun::sighting_of(const correlate::Hit& hit) {
  const correlate::Correlations& correlations = *rules_.correlations;
  reference::Fields& fields = fields_.emplace_back();
  hit.fields.each([&](correlate::Slot slot, std::string_view value) {
    fields[correlations.fields()[slot]].emplace_back(value);
  });
  reference::Target target;
  const std::size_t rules = correlations.rules().size();
  if (hit.rule < rules) {
    target = reference::resolve(*rules_.set, rules_.title_of_rule(hit.rule));
  } else if (hit.rule < correlations.heard_by(0)) {
    target = {reference::Target::Kind::correlation,
              rules_.document_of(static_cast<CorrelationIndex>(hit.rule - rules))};
  }
  return {target, hit.time, std::string(correlate::as_text(hit.event)), &fields};
}

// What made it fire is among what is shown: that alone measures as much.
void CorrelationRun::check_evidence(const Change& change) {
  using Type = reference::Description::Type;
  const std::size_t document = rules_.document_of(change.correlation);
  const auto description =
      std::find_if(descriptions_.begin(), descriptions_.end(),
                   [&](const reference::Description& one) { return one.document == document; });
  const Type type = description->type;
  const bool is_temporal = type == Type::temporal || type == Type::temporal_ordered;
  if (!is_temporal && type != Type::value_count) return;
  reference::Sightings shown;
  for (const HitRef ref : change.evidence) shown.push_back(&sightings_.at(ref));
  std::sort(shown.begin(), shown.end(), [](const auto* a, const auto* b) {
    return std::tie(a->time, a->event) < std::tie(b->time, b->event);
  });
  const auto measure = reference::measure_of(*description, shown, reference::Mistake::none);
  const double wanted =
      std::min(change.measure, static_cast<double>(std::size_t{correlate::kEvidence}));
  expect(measure && *measure >= wanted,
         "the evidence of " + shown_key(change.episode) + " does not contain what made it fire");
}

void CorrelationRun::take_ended() {
  for (const Key& episode : correlator_->take_ended()) {
    const auto known = told_.find(episode);
    if (known == told_.end()) continue;  // it was merged
    expect(!known->second.ended, "episode " + shown_key(episode) + " ends twice");
    known->second.ended = true;
  }
}

void CorrelationRun::restart(std::uint64_t seed) {
  const Time watermark = correlator_->watermark();
  auto old = std::exchange(
      correlator_, std::make_unique<correlate::Correlator>(rules_.correlations, limits_, memory_));
  if (seed % 2 == 0) {
    correlator_->take_over(*old);
    expect(correlator_->watermark() == watermark, "the watermark is where it was");
    return take_ended();
  }
  correlator_->restore_watermark(watermark);
  for (const auto& [key, told] : told_) {
    if (told.ended) continue;
    const Change& change = told.change;
    correlator_->restore({(*rules_.correlations)[change.correlation].key, change.group, key,
                          change.firings, change.first, change.last});
  }
  std::erase_if(kept_, [&](const Kept& kept) { return kept.until < watermark; });
  Random random(seed);
  for (std::size_t i = kept_.size(); i > 1; --i) std::swap(kept_[i - 1], kept_[random.below(i)]);
  HitBatch batch;
  for (const Kept& kept : kept_) batch.add(kept_hits_[kept.index]);
  const Status restored = correlator_->restore(
      batch, [&](std::size_t i) { return kept_[i].ref; }, [](CorrelationIndex) { return true; });
  expect(restored.has_value(), "restore() failed");
  expect(correlator_->end_restore().has_value(), "end_restore() failed");
  expect(correlator_->watermark() == watermark, "the watermark is where it was");
  take_ended();
}

void CorrelationRun::remember_groups(const PlainHit& hit) {
  for (const reference::Description& description : descriptions_) {
    std::vector<reference::Target> targets = description.targets;
    targets.emplace_back();
    for (const reference::Target& target : targets) {
      for (const Texts& group : reference::groups_of(description, target, hit)) {
        const std::vector<std::string_view> views(group.begin(), group.end());
        groups_[correlate::group_key(views)] = group;
      }
    }
  }
}

std::vector<reference::Episode> CorrelationRun::episodes() const {
  std::vector<reference::Episode> out;
  for (const auto& [key, told] : told_) {
    const Change& change = told.change;
    const auto group = groups_.find(change.group);
    out.push_back({rules_.document_of(change.correlation),
                   group == groups_.end() ? Texts{"?"} : group->second, change.firings,
                   change.first, change.last, change.window_begin, change.window_end, change.hits,
                   change.measure});
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace tocsin::differential
