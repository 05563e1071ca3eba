// silent_source: a group's hits are kept as stretches of time in which no gap is longer than T. The
// end of a stretch is silence as soon as the watermark has passed it by T.
#include <algorithm>
#include <tuple>

#include "correlate/judge.h"

namespace tocsin::correlate {
namespace {

// Entry::value.low holds the begin of the stretch, Entry::time its end.
Time begin_of(const Entry& stretch) {
  return static_cast<Time>(stretch.value.low);
}

// Of hits with the same time and event the first received is the end of a stretch, wherever the
// hits begin: pipeline/heard_hits.h keeps that one.
bool ends_before(const Entry& a, const Entry& b) {
  return std::tie(a.time, a.event, b.ref) < std::tie(b.time, b.event, a.ref);
}

class Silence final : public Judge {
 public:
  explicit Silence(const CompiledCorrelation& correlation) : span_(correlation.timespan) {}

  // Joins stretches that have come closer than T.
  void inserted(Group& group, Time, Time, const Fire&) override {
    std::vector<Entry>& hits = group.hits;
    std::sort(hits.begin(), hits.end(),
              [](const Entry& a, const Entry& b) { return begin_of(a) < begin_of(b); });
    std::size_t kept = 0;
    for (std::size_t i = 1; i < hits.size(); ++i) {
      if (begin_of(hits[i]) - hits[kept].time > span_) {
        hits[++kept] = std::move(hits[i]);
        continue;
      }
      Entry& stretch = hits[kept];
      const Value begin = stretch.value;
      if (ends_before(stretch, hits[i])) stretch = std::move(hits[i]);
      stretch.value = begin;
    }
    if (!hits.empty()) hits.resize(kept + 1);
  }

  void decide(Group& group, Time watermark, const Fire& fire) override {
    std::vector<Entry>& hits = group.hits;
    std::size_t over = 0;
    for (; over < hits.size() && due(hits[over]) < watermark; ++over) {
      const Entry& last = hits[over];
      const Window window{last.time, last.time + span_, 1, 0, {last.ref}, last.ref, last.event};
      fire(last.time + span_, over, &window);
    }
    hits.erase(hits.begin(), hits.begin() + static_cast<std::ptrdiff_t>(over));
  }

  Time next(const Group& group) const override {
    return group.hits.empty() ? kNoTime : due(group.hits.front());
  }

  void settle(Group& group, Time watermark) override {
    std::vector<Entry>& hits = group.hits;
    hits.erase(std::remove_if(hits.begin(), hits.end(),
                              [&](const Entry& hit) { return hit.time + span_ < watermark; }),
               hits.end());
  }

  Window window(const Group& group, std::size_t index) override {
    const Entry& hit = group.hits[index];
    return {begin_of(hit), hit.time, 1, 0, {hit.ref}, hit.ref, hit.event};
  }

 private:
  Time due(const Entry& stretch) const { return stretch.time + span_; }

  const Time span_;
};

}  // namespace

std::unique_ptr<Judge> make_silence(const CompiledCorrelation& correlation) {
  return std::make_unique<Silence>(correlation);
}

}  // namespace tocsin::correlate
