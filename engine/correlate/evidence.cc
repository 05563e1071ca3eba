#include "correlate/evidence.h"

#include <algorithm>
#include <unordered_set>

#include "correlate/correlator.h"

namespace tocsin::correlate {
namespace {

using Type = sigma::Correlation::Type;
using Indices = std::vector<std::size_t>;

// How many of the first hits are shown beside those that made it fire.
constexpr std::size_t kFirstEvidence = 5;

// Finds a longest chain of hits of inputs in the listed order, times not falling, neighbours being
// of different events; of equally long ones one that ends late.
class ChainFinder {
 public:
  ChainFinder(const std::vector<Entry>& hits, std::uint16_t positions)
      : hits_(hits), best_(positions) {}

  Indices find(std::size_t begin, std::size_t end) {
    // Hits at one time may follow each other in any order, so they are taken in the listed one.
    for (std::size_t i = begin; i < end; ++i) steps_.push_back({i});
    std::stable_sort(steps_.begin(), steps_.end(), [&](const Step& a, const Step& b) {
      return std::tie(hits_[a.hit].time, hits_[a.hit].position) <
             std::tie(hits_[b.hit].time, hits_[b.hit].position);
    });
    std::size_t last = kNone;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      extend(i);
      if (last == kNone || steps_[i].length >= steps_[last].length) last = i;
    }
    Indices chain;
    for (; last != kNone; last = steps_[last].before) chain.push_back(steps_[last].hit);
    return chain;
  }

 private:
  static constexpr std::size_t kNone = SIZE_MAX;
  // The longest chain that ends with a hit.
  struct Step {
    std::size_t hit = 0, length = 1, before = kNone;
  };
  // The steps with the longest chains of a position, and of those that end with another event.
  struct Best {
    std::size_t first = kNone, other = kNone;
  };

  const Entry& hit(std::size_t step) const { return hits_[steps_[step].hit]; }
  bool is_longer(std::size_t step, std::size_t than) const {
    return than == kNone || steps_[step].length >= steps_[than].length;
  }

  void extend(std::size_t at) {
    Step& step = steps_[at];
    const Entry& entry = hit(at);
    for (std::size_t position = 0; position < entry.position; ++position) {
      const Best& best = best_[position];
      const bool is_same = best.first != kNone && hit(best.first).event == entry.event;
      const std::size_t before = is_same ? best.other : best.first;
      if (before == kNone || steps_[before].length < step.length) continue;
      step.length = steps_[before].length + 1;
      step.before = before;
    }
    Best& best = best_[entry.position];
    if (best.first != kNone && hit(best.first).event == entry.event) {
      if (is_longer(at, best.first)) best.first = at;
    } else if (is_longer(at, best.first)) {
      best.other = best.first;
      best.first = at;
    } else if (is_longer(at, best.other)) {
      best.other = at;
    }
  }

  const std::vector<Entry>& hits_;
  std::vector<Step> steps_;
  std::vector<Best> best_;  // by position
};

// The latest hit of each input, or with each value.
template <class Thing, class Hash, class Of>
Indices latest_of_each(std::size_t begin, std::size_t end, Of of) {
  Indices latest;
  std::unordered_set<Thing, Hash> seen;
  for (std::size_t i = end; i > begin && latest.size() < kEvidence; --i) {
    if (seen.insert(of(i - 1)).second) latest.push_back(i - 1);
  }
  return latest;
}

// The latest first.
Indices made_it_fire(const CompiledCorrelation& correlation, const std::vector<Entry>& hits,
                     std::size_t begin, std::size_t end) {
  switch (correlation.source->type) {
    case Type::temporal_ordered:
      return ChainFinder(hits, correlation.positions).find(begin, end);
    case Type::temporal:
      return latest_of_each<std::uint16_t, std::hash<std::uint16_t>>(
          begin, end, [&](std::size_t i) { return hits[i].position; });
    case Type::value_count:
      return latest_of_each<Value, ValueHasher>(begin, end,
                                                [&](std::size_t i) { return hits[i].value; });
    default:
      return {};
  }
}

}  // namespace

std::vector<HitRef> evidence_of(const CompiledCorrelation& correlation,
                                const std::vector<Entry>& hits, std::size_t begin,
                                std::size_t end) {
  // A hit stands for all its entries.
  const auto first_entry = [&](std::size_t i) {
    while (i > begin && is_same_hit(hits[i - 1], hits[i])) --i;
    return i;
  };
  Indices shown;
  const auto show = [&](std::size_t i) {
    i = first_entry(i);
    if (std::find(shown.begin(), shown.end(), i) == shown.end()) shown.push_back(i);
  };
  for (const std::size_t i : made_it_fire(correlation, hits, begin, end)) {
    if (shown.size() < kEvidence) show(i);
  }
  const std::size_t first = std::min(shown.size() + kFirstEvidence, kEvidence);
  for (std::size_t i = begin; i < end && shown.size() < first; ++i) show(i);
  for (std::size_t i = end; i > begin && shown.size() < kEvidence; --i) show(i - 1);
  std::sort(shown.begin(), shown.end());
  std::vector<HitRef> refs;
  for (const std::size_t i : shown) refs.push_back(hits[i].ref);
  return refs;
}

}  // namespace tocsin::correlate
