#include "correlate/judge.h"

#include <algorithm>

namespace tocsin::correlate {

std::unique_ptr<Judge> make_judge(const CompiledCorrelation& correlation) {
  switch (correlation.decision) {
    case Decision::rising:
      return correlation.alternatives.empty() ? make_rising(correlation)
                                              : make_conditions(correlation);
    case Decision::averages:
      return make_averages(correlation);
    case Decision::frames:
      return make_frames(correlation);
    case Decision::absence:
      return make_conditions(correlation);
    case Decision::silence:
      return make_silence(correlation);
    case Decision::novelty:
      break;
  }
  return nullptr;
}

std::uint64_t count_hits(const std::vector<Entry>& hits, std::size_t begin, std::size_t end) {
  std::uint64_t count = 0;
  for (std::size_t i = begin; i < end; ++i) {
    if (i == begin || !is_same_hit(hits[i - 1], hits[i])) ++count;
  }
  return count;
}

Time bucket_begin(Time time, Time span) {
  return time - time % span;
}

std::size_t session_begin(const std::vector<Entry>& hits, std::size_t index, Time gap,
                          Time oldest) {
  while (index > 0 && hits[index].time - hits[index - 1].time <= gap &&
         hits[index - 1].time >= oldest) {
    --index;
  }
  return index;
}

std::size_t session_end(const std::vector<Entry>& hits, std::size_t index, Time gap) {
  do {
    ++index;
  } while (index < hits.size() && hits[index].time - hits[index - 1].time <= gap);
  return index;
}

}  // namespace tocsin::correlate
