// What the reference knows of one group of one correlation, and what can be said of a set of hits.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "differential/reference/correlate_description.h"

namespace tocsin::reference {

using Texts = std::vector<std::string>;
using Fields = std::map<std::string, Texts>;

// A hit as its correlation sees it.
struct Member {
  Target target;
  Time time = 0;
  std::string event;
  const Fields* fields = nullptr;
};
// By time; at equal times by event.
using Members = std::vector<const Member*>;

struct Firing {
  Time time = 0;
  const Member* closing = nullptr;
  Time window_begin = 0, window_end = 0;
  std::uint64_t hits = 0;
  double measure = 0;
};

// Deliberate errors: tests that compare with the reference must notice each.
enum class Mistake {
  none,
  exclusive_timespan,    // two hits exactly T apart are not in one window
  later_hits_count,      // a rising window looks ahead
  order_ignored,         // temporal_ordered counts inputs
  same_event_chains,     // neighbours in a chain may be one event
  first_value_only,      // of a multi-valued field
  repeated_values,       // value_count counts uses
  negative_numbers,      // are summed
  upper_median,          // of an even count
  no_empty_tile,         // the series ends with the last hit
  tiles_overlap,         // a hit at the end of a tile is in the next one too
  inclusive_bucket,      // [kT, (k+1)T]
  session_gap_short,     // gaps of exactly T end a session
  absence_end_short,     // a hit at exactly s+T forbids nothing
  absence_from_end,      // absence is looked at from the closing hit, not from the first
  earliest_chain,        // the chain whose first hit is earliest
  learning_inclusive,    // a use at first use + learning is not told
  forget_by_time,        // no steps: exactly `forget` since the last use
  known_inclusive,       // values first used at the same time are known already
  silence_inclusive,     // a hit at exactly last + T is too late
  episodes_of_less,      // firings exactly T apart are two episodes
  firings_without_event  // of a child, at one time, are one hit
};

// The values of a field; "" stands for nothing.
Texts values_of(const Description& rules, const Member& hit, const std::string& field,
                Mistake mistake);
// Every combination of one value of each field, at most 32, different ones; none when one of the
// fields has no value.
std::vector<Texts> combinations_of(const Description& rules, const Member& hit,
                                   const std::vector<std::string>& fields, Mistake mistake);
// nullopt when `text` is no number.
std::optional<double> number_of(const std::string& text);

// nullopt when nothing can be said (no number).
std::optional<double> measure_of(const Description& rules, const Members& hits, Mistake mistake);
bool bounds_hold(const Description& rules, double measure);

// Positions of the document's `rules` that a hit is for.
std::vector<std::size_t> positions_of(const Description& rules, const Member& hit);

// All firings of a group that are certain at the watermark, in no order. A rising correlation's are
// certain as soon as the hits are there.
std::vector<Firing> firings_of(const Description& rules, const Members& hits, Time watermark,
                               Mistake mistake);
// The parts of it.
std::vector<Firing> counted_firings(const Description& rules, const Members& hits, Mistake mistake);
std::vector<Firing> boolean_firings(const Description& rules, const Members& hits, Time watermark,
                                    Mistake mistake);
std::vector<Firing> new_value_firings(const Description& rules, const Members& hits,
                                      Mistake mistake);
std::vector<Firing> silence_firings(const Description& rules, const Members& hits, Mistake mistake);

}  // namespace tocsin::reference
