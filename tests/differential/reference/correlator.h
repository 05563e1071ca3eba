// The reference correlator: keeps all hits and evaluates engine/correlate/README.md literally, from
// the beginning, each time. It shares the parser with the engine and nothing else. Where the two
// disagree, one of them is wrong.
#pragma once

#include <string>
#include <vector>

#include "differential/reference/correlate_description.h"
#include "differential/reference/correlate_group.h"

namespace tocsin::reference {

struct PlainHit {
  std::string rule;   // a title; "" for an event that fulfils no rule
  std::string event;  // the same for all hits of one event, which have the same time and fields
  Time time = 0;
  Fields fields;
  std::string source;
};

struct Episode {
  std::size_t correlation = 0;  // index into RuleSet::correlations
  Texts group;
  std::uint64_t firings = 0;
  Time first = 0, last = 0;
  // Of the last firing; of several at one time, of the one with the greatest closing event (of one
  // event, with the input that is listed last).
  Time window_begin = 0, window_end = 0;
  std::uint64_t hits = 0;
  double measure = 0;

  auto operator<=>(const Episode&) const = default;
};

// The groups that the hit is in when it is one of `target`.
std::vector<Texts> groups_of(const Description& description, const Target& target,
                             const PlainHit& hit);

inline constexpr Time kEverythingDecided = INT64_MAX;

class Correlator {
 public:
  // `rules` must outlive this.
  explicit Correlator(const sigma::RuleSet& rules, Mistake mistake = Mistake::none);

  // The episodes of all correlations when all of `hits` have arrived and the watermark has got
  // there, sorted.
  std::vector<Episode> run(const std::vector<PlainHit>& hits,
                           Time watermark = kEverythingDecided) const;

 private:
  struct Found;  // what each correlation found so far

  std::vector<Sighting> sightings_of(const Description& one, const std::vector<PlainHit>& hits,
                                     const std::vector<Fields>& fields, Found& found) const;

  const sigma::RuleSet& rules_;
  std::vector<Description> descriptions_;
  const Mistake mistake_;
};

}  // namespace tocsin::reference
