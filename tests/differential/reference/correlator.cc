#include "differential/reference/correlator.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <tuple>

namespace tocsin::reference {
namespace {

using Type = Description::Type;

bool is_one_each(const Description& one) {
  return one.type == Type::new_value || one.type == Type::silent_source;
}

bool by_time_and_closing(const Firing& a, const Firing& b) {
  return std::tie(a.time, a.closing->event) < std::tie(b.time, b.closing->event);
}

// `firings` are of one group, in the order of time.
std::vector<Episode> episodes_of(const Description& one, const Texts& group,
                                 const std::vector<Firing>& firings, Mistake mistake) {
  const Time gap = one.timespan - (mistake == Mistake::episodes_of_less ? 1 : 0);
  std::vector<Episode> out;
  for (const Firing& firing : firings) {
    if (out.empty() || is_one_each(one) || firing.time - out.back().last > gap) {
      out.push_back({one.document, group, 0, firing.time, 0, 0, 0, 0, 0});
    }
    Episode& episode = out.back();
    ++episode.firings;
    episode.last = firing.time;
    episode.window_begin = firing.window_begin;
    episode.window_end = firing.window_end;
    episode.hits = firing.hits;
    episode.measure = firing.measure;
  }
  return out;
}

Fields all_fields(const PlainHit& hit) {
  Fields out = hit.fields;
  out["tocsin.source"] = {hit.source};
  return out;
}

// What is heard of a group has no fields but these.
Fields only(const Fields& fields, const std::vector<std::string>& names) {
  Fields out;
  for (const std::string& name : names) {
    const auto found = fields.find(name);
    if (found != fields.end()) out.insert(*found);
  }
  return out;
}

}  // namespace

std::vector<Texts> groups_of(const Description& description, const Target& target,
                             const PlainHit& hit) {
  const Fields fields = all_fields(hit);
  const Sighting sighting = {target, hit.time, hit.event, &fields};
  return combinations_of(description, sighting, description.group_by, Mistake::none);
}

std::vector<Firing> firings_of(const Description& rules, const Sightings& hits, Time watermark,
                               Mistake mistake) {
  std::vector<Firing> all;
  if (rules.type == Type::new_value) {
    all = new_value_firings(rules, hits, mistake);
  } else if (rules.type == Type::silent_source) {
    all = silence_firings(rules, hits, mistake);
  } else if (rules.is_boolean) {
    return boolean_firings(rules, hits, watermark, mistake);
  } else {
    all = counted_firings(rules, hits, mistake);
    if (rules.is_rising()) return all;
  }
  std::erase_if(all, [&](const Firing& firing) { return firing.time >= watermark; });
  return all;
}

struct Correlator::Found {
  // By correlation document. Firings refer to sightings.
  std::map<std::size_t, std::vector<Sighting>> sightings;
  std::map<std::size_t, std::vector<std::pair<Texts, Firing>>> firings;
  std::deque<Fields> heard;
};

Correlator::Correlator(const sigma::RuleSet& rules, Mistake mistake)
    : rules_(rules), descriptions_(describe(rules)), mistake_(mistake) {}

// The hits of its inputs, each once.
std::vector<Sighting> Correlator::sightings_of(const Description& one,
                                               const std::vector<PlainHit>& hits,
                                               const std::vector<Fields>& fields,
                                               Found& found) const {
  std::vector<Sighting> out;
  const auto is_input = [&](const Target& target) {
    return std::find(one.targets.begin(), one.targets.end(), target) != one.targets.end();
  };
  std::set<std::pair<Target, std::string>> seen;
  for (std::size_t i = 0; i < hits.size(); ++i) {
    Target target = resolve(rules_, hits[i].rule);
    const Fields* fields_of_hit = &fields[i];
    if (one.targets.empty()) {
      target = {};  // any event counts, whatever it fulfils
      fields_of_hit = &found.heard.emplace_back(only(fields[i], one.group_by));
    } else if (hits[i].rule.empty() || !is_input(target)) {
      continue;
    }
    if (!seen.insert({target, hits[i].event}).second) continue;
    out.push_back({target, hits[i].time, hits[i].event, fields_of_hit});
  }
  for (const auto& [document, firings] : found.firings) {
    const Target target = {Target::Kind::correlation, document};
    if (!is_input(target)) continue;
    std::set<std::tuple<Texts, Time, std::string>> taken;
    for (const auto& [group, firing] : firings) {
      const Texts& which = mistake_ == Mistake::firings_by_group ? group : Texts();
      if (!taken.insert({which, firing.time, firing.closing->event}).second) continue;
      out.push_back({target, firing.time, firing.closing->event, firing.closing->fields});
    }
  }
  std::erase_if(out,
                [&](const Sighting& hit) { return !has_something_to_measure(one, hit, mistake_); });
  std::stable_sort(out.begin(), out.end(), [&](const Sighting& a, const Sighting& b) {
    const auto place = [&](const Sighting& hit) {
      return std::find(one.targets.begin(), one.targets.end(), hit.target);
    };
    return std::tuple(a.time, a.event, place(a)) < std::tuple(b.time, b.event, place(b));
  });
  return out;
}

std::vector<Episode> Correlator::run(const std::vector<PlainHit>& hits, Time watermark) const {
  std::vector<Fields> fields;
  for (const PlainHit& hit : hits) fields.push_back(all_fields(hit));
  Found found;
  std::vector<Episode> episodes;
  for (const Description& one : descriptions_) {
    const auto& sightings = found.sightings[one.document] = sightings_of(one, hits, fields, found);
    std::map<Texts, Sightings> groups;
    for (const Sighting& sighting : sightings) {
      for (const Texts& group : combinations_of(one, sighting, one.group_by, mistake_)) {
        groups[group].push_back(&sighting);
      }
    }
    for (const auto& [group, of_group] : groups) {
      std::vector<Firing> firings = firings_of(one, of_group, watermark, mistake_);
      std::stable_sort(firings.begin(), firings.end(), by_time_and_closing);
      for (const Firing& firing : firings) found.firings[one.document].push_back({group, firing});
      const auto more = episodes_of(one, group, firings, mistake_);
      episodes.insert(episodes.end(), more.begin(), more.end());
    }
  }
  std::sort(episodes.begin(), episodes.end());
  return episodes;
}

}  // namespace tocsin::reference
