// Conditions that more hits can only make true: each hit is looked at with those before it, as soon
// as they are there.
#include <algorithm>

#include "correlate/evidence.h"
#include "correlate/judge.h"

namespace tocsin::correlate {
namespace {

using Kind = sigma::Correlation::Window;

class Rising final : public Judge {
 public:
  explicit Rising(const CompiledCorrelation& correlation)
      : correlation_(correlation),
        span_(correlation.timespan),
        kind_(correlation.source->window),
        only_counts_(correlation.source->type == sigma::Correlation::Type::event_count),
        measure_(correlation) {}

  void inserted(Group& group, Time from, Time to, const Fire& fire) override {
    const std::vector<Entry>& hits = group.hits;
    sweep(group, first_at(hits, from), end_of(hits, first_after(hits, to) - 1), fire);
  }
  void decide(Group&, Time, const Fire&) override {}
  Time next(const Group&) const override { return kNoTime; }
  void settle(Group& group, Time) override {
    sweep(group, 0, group.hits.size(), [](Time, std::size_t, const Window*) {});
  }

  Window window(const Group& group, std::size_t index) override {
    const std::vector<Entry>& hits = group.hits;
    const Time time = hits[index].time;
    const std::size_t begin = begin_of(hits, index);
    const std::size_t end = first_after(hits, time);
    Window window;
    window.begin = begin_time(hits, begin, time);
    window.end = time;
    window.hits = count_hits(hits, begin, end);
    window.evidence = evidence_of(correlation_, hits, begin, end);
    window.closing = hits[index].ref;
    window.closing_event = hits[index].event;
    measure_.clear();
    for (std::size_t i = begin; i < end; ++i) measure_.add(hits[i]);
    window.measure = measure_.value(begin_time(hits, begin, time)).value_or(0);
    return window;
  }

 private:
  // The first of the hits that the hit at `index` is looked at with.
  std::size_t begin_of(const std::vector<Entry>& hits, std::size_t index) const {
    const Time time = hits[index].time;
    switch (kind_) {
      case Kind::sliding:
        return first_at(hits, time - span_);
      case Kind::tumbling:
        return first_at(hits, bucket_begin(time, span_));
      case Kind::session:
        break;
    }
    return session_begin(hits, first_at(hits, time), span_, time - kSessionSpans * span_);
  }
  Time begin_time(const std::vector<Entry>& hits, std::size_t begin, Time time) const {
    switch (kind_) {
      case Kind::sliding:
        return time - span_;
      case Kind::tumbling:
        return bucket_begin(time, span_);
      case Kind::session:
        break;
    }
    return hits[begin].time;
  }
  // After the last hit for which the one at `index` matters.
  std::size_t end_of(const std::vector<Entry>& hits, std::size_t index) const {
    const Time time = hits[index].time;
    switch (kind_) {
      case Kind::sliding:
        return first_after(hits, time + span_);
      case Kind::tumbling:
        return first_at(hits, bucket_begin(time, span_) + span_);
      case Kind::session:
        break;
    }
    return session_end(hits, index, span_);
  }

  // Looks at the hits of [from, to) that have not fired, in the order of time; hits at one time are
  // looked at together.
  void sweep(Group& group, std::size_t from, std::size_t to, const Fire& fire) {
    std::vector<Entry>& hits = group.hits;
    measure_.clear();
    std::size_t begin = 0, end = 0;  // of what is in measure_
    bool started = false;
    for (std::size_t at = from; at < to;) {
      const std::size_t after = first_after_block(hits, at);
      if (!all_done(hits, at, after)) {
        const std::size_t lowest = begin_of(hits, at);
        bool holds = may_hold(after - lowest);
        if (holds && !only_counts_) {
          if (!started || lowest >= end) {
            measure_.clear();
            begin = end = lowest;
            started = true;
          }
          for (; end < after; ++end) measure_.add(hits[end]);
          for (; begin < lowest; ++begin) measure_.remove(hits[begin]);
          double measure = 0;
          holds = measure_.holds(begin_time(hits, lowest, hits[at].time), measure);
        }
        if (holds) fire_block(hits, at, after, fire);
      }
      at = after;
    }
  }

  // Whether so many hits can fulfil the condition: but for sums, they measure at most their number.
  bool may_hold(std::size_t hits) const {
    return correlation_.source->type == sigma::Correlation::Type::value_sum ||
           within_bounds(*correlation_.source, static_cast<double>(hits));
  }

  static std::size_t first_after_block(const std::vector<Entry>& hits, std::size_t at) {
    const Time time = hits[at].time;
    while (at < hits.size() && hits[at].time == time) ++at;
    return at;
  }
  static bool all_done(const std::vector<Entry>& hits, std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      if (!hits[i].done) return false;
    }
    return true;
  }

  // One firing for each hit, however many values it has.
  static void fire_block(std::vector<Entry>& hits, std::size_t begin, std::size_t end,
                         const Fire& fire) {
    for (std::size_t i = begin; i < end;) {
      std::size_t next = i;
      bool had_fired = false;
      for (; next < end && is_same_hit(hits[i], hits[next]); ++next) {
        had_fired = had_fired || hits[next].done;
        hits[next].done = true;
      }
      if (!had_fired) fire(hits[i].time, i, nullptr);
      i = next;
    }
  }

  const CompiledCorrelation& correlation_;
  const Time span_;
  const Kind kind_;
  const bool only_counts_;
  Measure measure_;
};

}  // namespace

std::unique_ptr<Judge> make_rising(const CompiledCorrelation& correlation) {
  return std::make_unique<Rising>(correlation);
}

}  // namespace tocsin::correlate
