#include "correlate/presence.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/hash.h"
#include "base/time.h"
#include "correlate/correlator.h"
#include "correlate/event_fields.h"
#include "correlate/track_values.h"
#include "event/cloudtrail.h"

namespace tocsin::correlate {
namespace {

const std::vector<Slot>& slots_of(const CompiledCorrelation& correlation) {
  return correlation.inputs.front().group_by;
}

std::vector<Slot> slots_of_watches(const Correlations& correlations) {
  std::vector<Slot> slots;
  for (const CorrelationIndex index : correlations.watching_all()) {
    const std::vector<Slot>& more = slots_of(correlations[index]);
    slots.insert(slots.end(), more.begin(), more.end());
  }
  return slots;
}

// Adds a moment to stretches that are further apart than `span`.
void extend(std::map<Time, Time>& stretches, Time time, Time span) {
  auto after = stretches.upper_bound(time);  // the first that begins later
  auto into = stretches.end();
  if (after != stretches.begin() && time - std::prev(after)->second <= span) {
    into = std::prev(after);
    into->second = std::max(into->second, time);
  }
  if (after != stretches.end() && after->first - time <= span) {
    const Time last = after->second;
    stretches.erase(after);
    if (into == stretches.end()) into = stretches.emplace(time, last).first;
    into->second = std::max(into->second, last);
  }
  if (into == stretches.end()) stretches.emplace(time, time);
}

std::string text_of(Time time) {
  return format_time(time / kSecond, static_cast<int>(time % kSecond / kMillisecond));
}

}  // namespace

struct Presence::Shown {
  explicit Shown(const Correlations& correlations)
      : event_time(fields.add("eventTime")),
        slots(correlations, slots_of_watches(correlations), fields) {
    event::FactFields::complete(fields);
    reader = std::make_unique<event::EventReader>(fields);
  }

  event::FieldSet fields;
  event::FieldRef event_time;
  SlotFields slots;
  std::unique_ptr<event::EventReader> reader;
  event::Event event;
};

Presence::Presence(const Correlations& correlations)
    : correlations_(correlations), shown_(std::make_unique<Shown>(correlations)) {
  for (const CorrelationIndex index : correlations.watching_all()) {
    watches_.emplace_back().correlation = index;
  }
}

Presence::~Presence() = default;

event::EventReader& Presence::reader() {
  return *shown_->reader;
}

event::Event& Presence::read() {
  return shown_->event;
}

Time Presence::time_of_read() {
  const std::string_view text = shown_->event.text(shown_->event_time);
  if (text != time_text_) {
    time_text_ = text;
    time_ = time_of(text);
  }
  return time_;
}

void Presence::see(std::string_view source) {
  const Time time = time_of_read();
  if (time == kNoTime) {
    ++untimed_;
    return;
  }
  for (Watch& watch : watches_) {
    const std::vector<Slot>& slots = slots_of(correlations_[watch.correlation]);
    packed_.clear();
    FieldPacker fields(packed_);
    shown_->slots.pack(slots, shown_->event, source, fields);
    if (watch.last != nullptr && packed_ == watch.last_values) {
      if (has_room()) hear(watch, *watch.last, time);
      continue;
    }
    watch.last = nullptr;
    watch.last_values = packed_;
    std::size_t groups = 0;
    for_each_tuple(slots, FieldValues(packed_), [&](Tuple values) {
      if (!has_room()) return;
      Group& group = group_for(watch, values);
      hear(watch, group, time);
      watch.last = ++groups == 1 ? &group : nullptr;
    });
  }
}

bool Presence::has_room() {
  if (stretches_ < kStretches) return true;
  ++overflowed_;
  return false;
}

Presence::Group& Presence::group_for(Watch& watch, std::span<const std::string_view> values) {
  const Key key = group_key(values);
  const auto [found, added] = watch.groups.try_emplace(key);
  Group& group = found->second;
  if (added) {
    group.key = key;
    FieldPacker fields(group.fields);
    const std::vector<Slot>& slots = slots_of(correlations_[watch.correlation]);
    for (std::size_t i = 0; i < slots.size(); ++i) {
      fields.begin_field(slots[i], 1);
      fields.value(values[i]);
    }
  }
  return group;
}

void Presence::hear(const Watch& watch, Group& group, Time time) {
  stretches_ -= group.stretches.size();
  extend(group.stretches, time, correlations_[watch.correlation].timespan);
  stretches_ += group.stretches.size();
}

void Presence::take(HitBatch& out) {
  for (Watch& watch : watches_) {
    for (const auto& [key, group] : watch.groups) append(watch.correlation, group, out);
    watch.groups.clear();
    watch.last = nullptr;
  }
  stretches_ = 0;
}

// The last event of a stretch stands for it; whatever batch it came in, it has the same key.
void Presence::append(CorrelationIndex correlation, const Group& group, HitBatch& out) {
  for (const auto& [since, time] : group.stretches) {
    if (out.full()) {
      ++overflowed_;
      continue;
    }
    const std::string text = text_of(time);
    const Key event =
        KeyHash().add_field(as_text(group.key)).add_field(std::to_string(time)).bytes();
    out.begin_hit(correlations_.heard_by(correlation), time, event, since);
    out.append_fields(group.fields);
    EvidenceView evidence;
    evidence.event_time = text;
    out.end_hit(evidence);
  }
}

}  // namespace tocsin::correlate
