// What the reference knows of one group of one correlation, and what can be said of a set of hits.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "differential/reference/correlate_description.h"
#include "differential/reference/correlate_mistake.h"

namespace tocsin::reference {

using Texts = std::vector<std::string>;
using Fields = std::map<std::string, Texts>;

// A hit as its correlation sees it.
struct Sighting {
  Target target;
  Time time = 0;
  std::string event;
  const Fields* fields = nullptr;
};
// By time; at equal times by event, then in the order of inputs.
using Sightings = std::vector<const Sighting*>;

struct Firing {
  Time time = 0;
  const Sighting* closing = nullptr;
  Time window_begin = 0, window_end = 0;
  std::uint64_t hits = 0;
  double measure = 0;
};

// The values of a field; "" stands for nothing.
Texts values_of(const Description& rules, const Sighting& hit, const std::string& field,
                Mistake mistake);
// Every combination of one value of each field, at most 32, different ones; none when one of the
// fields has no value.
std::vector<Texts> combinations_of(const Description& rules, const Sighting& hit,
                                   const std::vector<std::string>& fields, Mistake mistake);
// nullopt when `text` is no number.
std::optional<double> number_of(const std::string& text);

// A hit without is left out altogether.
bool has_something_to_measure(const Description& rules, const Sighting& hit, Mistake mistake);
// nullopt when there is no number.
std::optional<double> measure_of(const Description& rules, const Sightings& hits, Mistake mistake);
bool bounds_hold(const Description& rules, double measure);

// Positions of the document's `rules` that a hit is for.
std::vector<std::size_t> positions_of(const Description& rules, const Sighting& hit);

// All firings of a group that are certain at the watermark, in no order. A rising correlation's are
// certain as soon as the hits are there.
std::vector<Firing> firings_of(const Description& rules, const Sightings& hits, Time watermark,
                               Mistake mistake);
// The parts of it.
std::vector<Firing> counted_firings(const Description& rules, const Sightings& hits,
                                    Mistake mistake);
std::vector<Firing> boolean_firings(const Description& rules, const Sightings& hits, Time watermark,
                                    Mistake mistake);
std::vector<Firing> new_value_firings(const Description& rules, const Sightings& hits,
                                      Mistake mistake);
std::vector<Firing> silence_firings(const Description& rules, const Sightings& hits,
                                    Mistake mistake);

}  // namespace tocsin::reference
