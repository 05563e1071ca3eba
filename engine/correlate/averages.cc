// Averages, medians, percentiles: each hit is looked at with those before it when none of these can
// come any more, for a late one may change them either way.
#include "correlate/evidence.h"
#include "correlate/judge.h"

namespace tocsin::correlate {
namespace {

using Kind = sigma::Correlation::Window;

class Averages final : public Judge {
 public:
  explicit Averages(const CompiledCorrelation& correlation)
      : correlation_(correlation), span_(correlation.timespan), measure_(correlation) {}

  void inserted(Group&, Time, Time, const Fire&) override {}

  void decide(Group& group, Time watermark, const Fire& fire) override {
    const std::vector<Entry>& hits = group.hits;
    const std::size_t to = first_at(hits, watermark);
    std::size_t begin = 0, end = 0;  // of what is in measure_
    bool started = false;
    for (std::size_t at = undecided(group); at < to;) {
      const Time time = hits[at].time;
      const std::size_t after = first_after(hits, time);
      const std::size_t lowest = first_at(hits, time - span_);
      if (!started || lowest >= end) {
        measure_.clear();
        begin = end = lowest;
        started = true;
      }
      for (; end < after; ++end) measure_.add(hits[end]);
      for (; begin < lowest; ++begin) measure_.remove(hits[begin]);
      double measure = 0;
      if (measure_.holds(time - span_, measure)) {
        const Window window{time - span_,
                            time,
                            count_hits(hits, lowest, after),
                            measure,
                            evidence_of(correlation_, hits, lowest, after),
                            hits[at].ref,
                            hits[at].event};
        fire_block(hits, at, after, window, fire);
      }
      at = after;
    }
    group.decided = watermark;
  }

  Time next(const Group& group) const override {
    const std::size_t at = undecided(group);
    return at == group.hits.size() ? kNoTime : group.hits[at].time;
  }
  void settle(Group& group, Time watermark) override { group.decided = watermark; }

  Window window(const Group& group, std::size_t index) override {
    const std::vector<Entry>& hits = group.hits;
    const Time time = hits[index].time;
    const std::size_t begin = first_at(hits, time - span_), end = first_after(hits, time);
    measure_.clear();
    for (std::size_t i = begin; i < end; ++i) measure_.add(hits[i]);
    return {time - span_,
            time,
            count_hits(hits, begin, end),
            measure_.value(time - span_).value_or(0),
            evidence_of(correlation_, hits, begin, end),
            hits[index].ref,
            hits[index].event};
  }

 private:
  // The first hit that has not been decided: `decided` is the watermark that was.
  static std::size_t undecided(const Group& group) {
    return group.decided == kNoTime ? 0 : first_at(group.hits, group.decided);
  }

  static void fire_block(const std::vector<Entry>& hits, std::size_t begin, std::size_t end,
                         const Window& window, const Fire& fire) {
    for (std::size_t i = begin; i < end; ++i) {
      if (i > begin && is_same_hit(hits[i - 1], hits[i])) continue;
      Window own = window;
      own.closing = hits[i].ref;
      own.closing_event = hits[i].event;
      fire(hits[i].time, i, &own);
    }
  }

  const CompiledCorrelation& correlation_;
  const Time span_;
  Measure measure_;
};

}  // namespace

std::unique_ptr<Judge> make_averages(const CompiledCorrelation& correlation) {
  return std::make_unique<Averages>(correlation);
}

}  // namespace tocsin::correlate
