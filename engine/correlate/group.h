// What the correlator remembers of one group: its hits in the order of time, and its open episodes.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "correlate/types.h"

namespace tocsin::correlate {

// The data that a firing of this hit's correlation passes to its parents: packed fields and
// evidence. Counts its bytes in `held`, which must outlive it.
class Carried {
 public:
  Carried(std::string_view with_fields, std::string_view with_evidence, const Key& of_event,
          std::uint64_t& held)
      : fields(with_fields), evidence(with_evidence), event(of_event), held_(held) {
    held_ += bytes();
  }
  ~Carried() { held_ -= bytes(); }
  Carried(const Carried&) = delete;
  Carried& operator=(const Carried&) = delete;

  const std::string fields, evidence;
  const Key event;

 private:
  std::uint64_t bytes() const { return sizeof *this + fields.size() + evidence.size(); }

  std::uint64_t& held_;
};

// The value that a hit contributes. value_count: a hash of 128 bits, as events choose the value;
// otherwise a number in `low`: value types: the bits of it; silent_source: the interval's begin;
// boolean conditions: when this closing hit is decided, kUndecided before that is known.
struct Value {
  std::uint64_t high = 0, low = 0;
  auto operator<=>(const Value&) const = default;
};

struct ValueHasher {
  std::size_t operator()(const Value& value) const;
};

struct Entry {
  Time time = 0;
  Key event{};
  HitRef ref = 0;
  Value value;
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
  Time wake = kNoTime;      // when it has to be looked at again; kNoTime: it is not on the agenda
  bool in_series = false;   // tiles: the next one follows the last
  std::uint64_t bytes = 0;  // that World::bytes has of it
};

// Index of the first hit at `time` or later, and of the first one after it.
std::size_t first_at(const std::vector<Entry>& hits, Time time);
std::size_t first_after(const std::vector<Entry>& hits, Time time);

}  // namespace tocsin::correlate
