// What detections over time (correlate/) keep in the store. Times here are of events, nanoseconds
// since 1970, unless they are called Milliseconds.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <string>

namespace tocsin::store {

using Key = std::array<std::uint8_t, 16>;

// When a value was seen first and last, and how often. The key is the owner's: the store knows
// neither the value nor whose it is.
struct Known {
  std::int64_t first = 0, last = 0;
  std::uint64_t count = 0;

  bool operator==(const Known&) const = default;
};

// An alert that firings of a correlation may still be added to.
struct Episode {
  Key episode{}, correlation{}, group{};
  std::uint64_t firings = 0;
  std::int64_t first = 0, last = 0;
  std::int64_t alert = 0;  // AlertRow::id; 0: it has none

  bool operator==(const Episode&) const = default;
};

// Since which number in the journal of hits a correlation takes them.
struct CorrelationRule {
  Key key{};         // of its meaning
  std::string name;  // id or title, for messages
  std::int64_t since = 0;

  bool operator==(const CorrelationRule&) const = default;
};

// How far time has come.
struct CorrelationClock {
  static constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::min();

  std::int64_t watermark = kNone;
  std::int64_t next_seq = 0;                   // the next number in the journal of hits
  std::map<std::string, std::int64_t> newest;  // event, by source

  bool operator==(const CorrelationClock&) const = default;
};

// A row of the journal.
struct Hits {
  std::int64_t seq = 0;
  std::string hits;

  bool operator==(const Hits&) const = default;
};

// What was forgotten of the journal before its time.
struct DroppedHits {
  std::uint64_t rows = 0, bytes = 0;

  bool operator==(const DroppedHits&) const = default;
};

}  // namespace tocsin::store
