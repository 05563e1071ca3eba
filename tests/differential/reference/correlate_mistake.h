// Deliberate errors of the reference correlator, for the test that shows that such are found.
#pragma once

namespace tocsin::reference {

enum class Mistake {
  none,
  exclusive_timespan,
  later_hits_count,
  order_ignored,
  same_event_chains,
  first_value_only,
  repeated_values,
  negative_numbers,
  fieldless_hits,
  upper_median,
  no_empty_tile,
  tiles_overlap,
  inclusive_bucket,
  session_gap_short,
  absence_end_short,
  absence_from_end,
  earliest_chain,
  learning_inclusive,
  forget_by_time,
  known_inclusive,
  silence_inclusive,
  episodes_of_less,
  firings_by_group,
};

struct NamedMistake {
  Mistake mistake;
  const char* what;
};
inline constexpr NamedMistake kMistakes[] = {
    {Mistake::exclusive_timespan, "two hits exactly T apart are not in one window"},
    {Mistake::later_hits_count, "a rising window looks ahead"},
    {Mistake::order_ignored, "temporal_ordered counts inputs"},
    {Mistake::same_event_chains, "neighbours in a chain may be one event"},
    {Mistake::first_value_only, "of a multi-valued field"},
    {Mistake::repeated_values, "value_count counts uses"},
    {Mistake::negative_numbers, "are summed"},
    {Mistake::fieldless_hits, "a hit that has nothing to measure is a hit all the same"},
    {Mistake::upper_median, "of an even count"},
    {Mistake::no_empty_tile, "the series ends with the last hit"},
    {Mistake::tiles_overlap, "a hit at the end of a tile is in the next one too"},
    {Mistake::inclusive_bucket, "[kT, (k+1)T]"},
    {Mistake::session_gap_short, "gaps of exactly T end a session"},
    {Mistake::absence_end_short, "a hit at exactly s+T forbids nothing"},
    {Mistake::absence_from_end, "absence is looked at from the closing hit, not from the first"},
    {Mistake::earliest_chain, "the chain whose first hit is earliest"},
    {Mistake::learning_inclusive, "a use at first use + learning is not told"},
    {Mistake::forget_by_time, "no steps: exactly `forget` since the last use"},
    {Mistake::known_inclusive, "values first used at the same time are known already"},
    {Mistake::silence_inclusive, "a hit at exactly last + T is too late"},
    {Mistake::episodes_of_less, "firings exactly T apart are two episodes"},
    {Mistake::firings_by_group,
     "a child's firings in several groups by one event are several hits"},
};

}  // namespace tocsin::reference
