// What the correlator remembers of one group: its hits in the order of time, and its open episodes.
#pragma once

#include <atomic>
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
  // `numbering`: of the fields' slots (World::numbering).
  Carried(std::string_view fields, std::string_view evidence, const Key& event,
          std::uint64_t numbering, std::atomic<std::uint64_t>& held)
      : text_(std::string(fields).append(evidence)),
        fields_size_(fields.size()),
        event_(event),
        numbering_(numbering),
        held_(held) {
    held_.fetch_add(bytes(), std::memory_order_relaxed);
  }
  ~Carried() { held_.fetch_sub(bytes(), std::memory_order_relaxed); }
  Carried(const Carried&) = delete;
  Carried& operator=(const Carried&) = delete;

  std::string_view fields() const { return std::string_view(text_).substr(0, fields_size_); }
  std::string_view evidence() const { return std::string_view(text_).substr(fields_size_); }
  const Key& event() const { return event_; }
  std::uint64_t numbering() const { return numbering_; }

 private:
  std::uint64_t bytes() const { return sizeof *this + text_.size(); }

  const std::string text_;
  const std::size_t fields_size_;
  const Key event_;
  const std::uint64_t numbering_;
  std::atomic<std::uint64_t>& held_;
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
