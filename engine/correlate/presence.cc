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
  for (const CorrelationIndex index : correlations.watching_all()) watches_.push_back({index, {}});
}

Presence::~Presence() = default;

event::EventReader& Presence::reader() {
  return *shown_->reader;
}

event::Event& Presence::read() {
  return shown_->event;
}

void Presence::see(std::string_view source) {
  const Time time = time_of(shown_->event.text(shown_->event_time));
  if (time == kNoTime) {
    ++untimed_;
    return;
  }
  for (Watch& watch : watches_) {
    const std::vector<Slot>& slots = slots_of(correlations_[watch.correlation]);
    packed_.clear();
    FieldPacker fields(packed_);
    shown_->slots.pack(slots, shown_->event, source, fields);
    for_each_tuple(slots, FieldValues(packed_),
                   [&](const std::vector<std::string_view>& values) { hear(watch, values, time); });
  }
}

void Presence::hear(Watch& watch, const std::vector<std::string_view>& values, Time time) {
  if (stretches_ >= kStretches) {
    ++overflowed_;
    return;
  }
  const CompiledCorrelation& correlation = correlations_[watch.correlation];
  const Key key = group_key(values);
  const auto [found, added] = watch.groups.try_emplace(key);
  Group& group = found->second;
  if (added) {
    group.key = key;
    FieldPacker fields(group.fields);
    const std::vector<Slot>& slots = slots_of(correlation);
    for (std::size_t i = 0; i < slots.size(); ++i) {
      fields.begin_field(slots[i], 1);
      fields.value(values[i]);
    }
  }
  stretches_ -= group.stretches.size();
  extend(group.stretches, time, correlation.timespan);
  stretches_ += group.stretches.size();
}

void Presence::take(HitBatch& out) {
  for (Watch& watch : watches_) {
    for (const auto& [key, group] : watch.groups) append(watch.correlation, group, out);
    watch.groups.clear();
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
