// Everything that measures sets of hits: sliding windows, tiles, buckets, sessions.
#include <algorithm>

#include "differential/reference/correlate_group.h"

namespace tocsin::reference {
namespace {

using Window = Description::Window;

constexpr Time kSessionSpans = 24;

class Counted {
 public:
  Counted(const Description& rules, const Sightings& hits, Mistake mistake)
      : rules_(rules), hits_(hits), mistake_(mistake) {}

  std::vector<Firing> run() {
    if (rules_.window == Window::tumbling) {
      buckets();
    } else if (rules_.window == Window::session) {
      sessions();
    } else if (rules_.is_rising() || rules_.is_average()) {
      sliding();
    } else {
      tiles();
    }
    return std::move(firings_);
  }

 private:
  // The hits of `from` in [begin, end].
  static Sightings between(const Sightings& from, Time begin, Time end) {
    Sightings out;
    for (const Sighting* hit : from) {
      if (begin <= hit->time && hit->time <= end) out.push_back(hit);
    }
    return out;
  }

  void look(Time time, const Sighting* closing, Time begin, Time end, const Sightings& hits) {
    const auto measure = measure_of(rules_, hits, mistake_);
    if (!measure || !bounds_hold(rules_, *measure)) return;
    firings_.push_back({time, closing, begin, end, hits.size(), *measure});
  }

  void sliding() {
    const Time shorter = mistake_ == Mistake::exclusive_timespan ? 1 : 0;
    const Time ahead = mistake_ == Mistake::later_hits_count ? rules_.timespan : 0;
    for (const Sighting* hit : hits_) {
      const Time t = hit->time, begin = t - rules_.timespan;
      look(t, hit, begin, t, between(hits_, begin + shorter, t + ahead));
    }
  }

  void tiles() {
    const Time overlap = mistake_ == Mistake::tiles_overlap ? 1 : 0;
    Time end = INT64_MIN;  // of the series so far
    for (const Sighting* opening : hits_) {
      if (opening->time <= end) continue;
      const Sighting* closing = nullptr;
      Time begin = opening->time;
      end = begin + rules_.timespan;
      while (true) {
        const Sightings inside = between(hits_, begin, end);
        if (inside.empty() && mistake_ == Mistake::no_empty_tile) break;
        if (!inside.empty()) closing = inside.back();
        look(end, closing, begin, end, inside);
        if (inside.empty()) break;
        begin = end + 1 - overlap;
        end = end + rules_.timespan;
      }
    }
  }

  void buckets() {
    const Time length = rules_.timespan;
    for (const Sighting* hit : hits_) {
      const Time begin = hit->time / length * length;
      const Time end = begin + length - (mistake_ == Mistake::inclusive_bucket ? 0 : 1);
      if (rules_.is_rising()) {
        look(hit->time, hit, begin, hit->time, between(hits_, begin, hit->time));
      } else {
        const Sightings inside = between(hits_, begin, end);
        if (inside.back() == hit) look(end, hit, begin, end, inside);
      }
    }
  }

  // The hits of one session after the other.
  std::vector<Sightings> all_sessions() const {
    const Time gap = rules_.timespan - (mistake_ == Mistake::session_gap_short ? 1 : 0);
    std::vector<Sightings> out;
    for (const Sighting* hit : hits_) {
      if (out.empty() || hit->time - out.back().back()->time > gap) out.emplace_back();
      out.back().push_back(hit);
    }
    return out;
  }

  void sessions() {
    const Time longest = kSessionSpans * rules_.timespan;
    for (const Sightings& session : all_sessions()) {
      for (const Sighting* hit : session) {
        const Sightings looked_at = between(session, hit->time - longest, hit->time);
        const Time begin = looked_at.front()->time;
        if (rules_.is_rising()) {
          look(hit->time, hit, begin, hit->time, looked_at);
        } else if (hit == session.back()) {
          const Time end = hit->time + rules_.timespan;
          look(end, hit, begin, end, looked_at);
        }
      }
    }
  }

  const Description& rules_;
  const Sightings& hits_;
  const Mistake mistake_;
  std::vector<Firing> firings_;
};

}  // namespace

std::vector<Firing> counted_firings(const Description& rules, const Sightings& hits,
                                    Mistake mistake) {
  return Counted(rules, hits, mistake).run();
}

}  // namespace tocsin::reference
