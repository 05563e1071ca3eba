// What the correlator remembers of one group: its hits in the order of time, and its open episodes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "correlate/types.h"

namespace tocsin::correlate {

// What a firing of this hit's correlation gives to its parents: packed fields and evidence.
struct Carried {
  std::string fields, evidence;
  Key event{};
};

struct Entry {
  Time time = 0;
  std::uint64_t event = 0;  // the beginning of the event's key
  HitRef ref = 0;
  // value_count: a hash of the value; other value types: the bits of the number; silent_source: the
  // interval's begin; boolean conditions: when this closing hit is decided, kUndecided before that
  // is known.
  std::uint64_t value = 0;
  std::shared_ptr<const Carried> carried;  // null when nobody needs it
  std::uint16_t position = 0;              // of the input
  std::uint16_t finder = 0;                // the first position of the same rule
  bool done = false;                       // it has fired, or never will
};

inline bool is_same_hit(const Entry& a, const Entry& b) {
  return a.time == b.time && a.event == b.event && a.finder == b.finder;
}
inline bool operator<(const Entry& a, const Entry& b) {
  return std::tie(a.time, a.event, a.finder, a.position, a.value) <
         std::tie(b.time, b.event, b.finder, b.position, b.value);
}

struct Episode {
  Key id{};
  std::uint64_t firings = 0;
  Time first = 0, last = 0;
};

struct Group {
  std::vector<Entry> hits;        // ascending; a hit with several values has as many entries
  std::vector<Episode> episodes;  // open ones, ascending, further apart than T
  Time decided = kNoTime;         // frames and averages: everything up to here has been decided
  Time wake = kNoTime;     // when it has to be looked at again; kNoTime: it is not on the agenda
  bool in_series = false;  // tiles: the next one follows the last
};

// Index of the first hit at `time` or later, and of the first one after it.
std::size_t first_at(const std::vector<Entry>& hits, Time time);
std::size_t first_after(const std::vector<Entry>& hits, Time time);

}  // namespace tocsin::correlate
