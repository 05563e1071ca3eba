// Boolean conditions of temporal and temporal_ordered.
#include <algorithm>
#include <optional>

#include "differential/reference/correlate_group.h"

namespace tocsin::reference {
namespace {

using Alternative = Description::Alternative;
using Type = Description::Type;

class Boolean {
 public:
  Boolean(const Description& rules, const Sightings& hits, Time watermark, Mistake mistake)
      : rules_(rules),
        hits_(hits),
        watermark_(watermark),
        timespan_(rules.timespan - (mistake == Mistake::exclusive_timespan ? 1 : 0)),
        mistake_(mistake) {}

  // The earliest of the firings that `closing` causes.
  std::optional<Firing> close(const Sighting& closing) const {
    std::optional<Firing> earliest;
    for (const Alternative& one : rules_.alternatives) {
      if (one.must.empty()) continue;
      const auto firing =
          rules_.type == Type::temporal ? close_any(one, closing) : close_ordered(one, closing);
      if (firing && (!earliest || firing->time < earliest->time)) earliest = firing;
    }
    return earliest;
  }

 private:
  bool is_for(const Sighting& hit, std::size_t position) const {
    return rules_.targets[position] == hit.target;
  }

  bool has_hit(std::size_t position, Time begin, Time end) const {
    return std::any_of(hits_.begin(), hits_.end(), [&](const Sighting* hit) {
      return is_for(*hit, position) && begin <= hit->time && hit->time <= end;
    });
  }

  std::optional<Firing> firing_at(Time time, const Sighting& closing, Time begin,
                                  const Alternative& one) const {
    if (!rules_.is_rising() && watermark_ <= time) return std::nullopt;
    const std::size_t hits = one.must.size();
    return Firing{time, &closing, begin, time, hits, static_cast<double>(hits)};
  }

  // The end of the time in which an input of N forbids.
  Time end_of_absence(Time first, Time closing) const {
    const Time from = mistake_ == Mistake::absence_from_end ? closing : first;
    return from + timespan_ - (mistake_ == Mistake::absence_end_short ? 1 : 0);
  }

  std::optional<Firing> close_any(const Alternative& one, const Sighting& closing) const {
    const Time t = closing.time;
    Time first = t;
    bool closes = false;
    for (const std::size_t position : one.must) {
      if (is_for(closing, position)) {
        closes = true;
        continue;
      }
      const Sighting* latest = nullptr;
      for (const Sighting* hit : hits_) {
        if (is_for(*hit, position) && t - timespan_ <= hit->time && hit->time <= t) latest = hit;
      }
      if (latest == nullptr) return std::nullopt;
      first = std::min(first, latest->time);
    }
    if (!closes) return std::nullopt;
    const Time end = end_of_absence(first, t);
    for (const std::size_t position : one.must_not) {
      if (has_hit(position, t - timespan_, end)) return std::nullopt;
    }
    return firing_at(one.must_not.empty() ? t : first + timespan_, closing, first, one);
  }

  // Puts hits of positions[0 .. left) before `chain`: going back, each time the latest one that is
  // not later than the next, of another event, and that a chain leads to.
  bool lead_to(Sightings& chain, const std::vector<std::size_t>& positions,
               std::size_t left) const {
    if (left == 0) return true;
    const Sighting& next = *chain.front();
    Sightings latest_first(hits_.rbegin(), hits_.rend());
    if (mistake_ == Mistake::earliest_chain) std::reverse(latest_first.begin(), latest_first.end());
    for (const Sighting* hit : latest_first) {
      if (!is_for(*hit, positions[left - 1]) || hit->time > next.time) continue;
      if (hit->event == next.event && mistake_ != Mistake::same_event_chains) continue;
      if (chain.back()->time - hit->time > timespan_) continue;
      chain.insert(chain.begin(), hit);
      if (lead_to(chain, positions, left - 1)) return true;
      chain.erase(chain.begin());
    }
    return false;
  }

  std::optional<Firing> close_ordered(const Alternative& one, const Sighting& closing) const {
    const std::vector<std::size_t> positions(one.must.begin(), one.must.end());
    if (!is_for(closing, positions.back())) return std::nullopt;
    Sightings chain = {&closing};
    if (!lead_to(chain, positions, positions.size() - 1)) return std::nullopt;
    const Time t = closing.time, first = chain.front()->time;
    if (t - first > timespan_) return std::nullopt;
    const Time end = end_of_absence(first, t);
    bool waits = false;
    for (const std::size_t position : one.must_not) {
      // The place of N among the listed inputs of P.
      const auto after = std::upper_bound(positions.begin(), positions.end(), position);
      const auto place = static_cast<std::size_t>(after - positions.begin());
      Time from = 0, to = 0;
      if (place == positions.size()) {
        waits = true;
        from = t, to = end;
      } else if (place == 0) {
        from = t - timespan_, to = first;
      } else {
        from = chain[place - 1]->time, to = chain[place]->time;
      }
      if (has_hit(position, from, to)) return std::nullopt;
    }
    return firing_at(waits ? first + timespan_ : t, closing, first, one);
  }

  const Description& rules_;
  const Sightings& hits_;
  const Time watermark_, timespan_;
  const Mistake mistake_;
};

}  // namespace

std::vector<Firing> boolean_firings(const Description& rules, const Sightings& hits, Time watermark,
                                    Mistake mistake) {
  const Boolean boolean(rules, hits, watermark, mistake);
  std::vector<Firing> firings;
  for (const Sighting* hit : hits) {
    if (const auto firing = boolean.close(*hit)) firings.push_back(*firing);
  }
  return firings;
}

}  // namespace tocsin::reference
