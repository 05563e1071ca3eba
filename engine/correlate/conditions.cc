// Boolean conditions over inputs: what must have a hit, and what must not ("A not followed by B").
#include <algorithm>
#include <optional>

#include "correlate/judge.h"

namespace tocsin::correlate {
namespace {

constexpr auto kUndecided = static_cast<std::uint64_t>(kNoTime);

class Conditions final : public Judge {
 public:
  explicit Conditions(const CompiledCorrelation& correlation)
      : correlation_(correlation),
        span_(correlation.timespan),
        ordered_(correlation.source->type == sigma::Correlation::Type::temporal_ordered),
        rising_(correlation.decision == Decision::rising) {}

  void inserted(Group& group, Time from, Time to, const Fire& fire) override {
    if (!rising_) return;
    std::vector<Entry>& hits = group.hits;
    const std::size_t end = first_after(hits, to + span_);
    for (std::size_t i = first_at(hits, from); i < end; ++i) {
      if (!hits[i].done) judge(group, i, kLatest, fire);
    }
  }

  void decide(Group& group, Time watermark, const Fire& fire) override {
    if (rising_) return;
    const std::size_t end = first_at(group.hits, watermark);
    for (std::size_t i = 0; i < end; ++i) {
      if (!group.hits[i].done) judge(group, i, watermark, fire);
    }
  }

  Time next(const Group& group) const override {
    if (rising_) return kNoTime;
    Time earliest = kNoTime;
    for (const Entry& hit : group.hits) {
      if (hit.done) continue;
      const Time at = hit.value.low == kUndecided ? hit.time : static_cast<Time>(hit.value.low);
      if (earliest == kNoTime || at < earliest) earliest = at;
    }
    return earliest;
  }

  Time due_to(const Group&, Time time) const override { return rising_ ? kNoTime : time; }

  void settle(Group& group, Time watermark) override {
    const Fire nothing = [](Time, std::size_t, const Window*) {};
    if (rising_) {
      for (std::size_t i = 0; i < group.hits.size(); ++i) judge(group, i, kLatest, nothing);
    } else {
      decide(group, watermark, nothing);
    }
  }

  Window window(const Group& group, std::size_t index) override {
    for (const Alternative& alternative : correlation_.alternatives) {
      const std::optional<Taken> taken = take(group.hits, index, alternative);
      if (taken) return window_of(group.hits, *taken, index);
    }
    const Entry& hit = group.hits[index];
    return {hit.time, hit.time, 1, 0, {hit.ref}, hit.ref, hit.event};
  }

 private:
  // The hits that fulfil an alternative's `must` together with a closing hit.
  struct Taken {
    std::vector<std::size_t> hits;  // by place in `must`
    Time begin = 0;                 // the first of them
    Time fires = 0;                 // when it is certain
  };

  // Fires when an alternative holds that is decided before the watermark, at the earliest time of
  // such alternatives; remembers when those that remain will be decided.
  void judge(Group& group, std::size_t index, Time watermark, const Fire& fire) {
    std::vector<Entry>& hits = group.hits;
    std::optional<Taken> earliest;
    Time pending = kNoTime;
    for (const Alternative& alternative : correlation_.alternatives) {
      std::optional<Taken> taken = take(hits, index, alternative);
      if (!taken) continue;
      if (taken->fires >= watermark) {
        if (pending == kNoTime || taken->fires < pending) pending = taken->fires;
      } else if ((!earliest || taken->fires < earliest->fires) &&
                 !is_forbidden(hits, index, alternative, *taken)) {
        earliest = std::move(taken);
      }
    }
    Entry& hit = hits[index];
    if (earliest) {
      hit.done = true;
      const Window window = window_of(hits, *earliest, index);
      fire(earliest->fires, index, &window);
    } else if (pending != kNoTime) {
      hit.value.low = static_cast<std::uint64_t>(pending);
    } else {
      // What is missing may still come when conditions only rise.
      hit.done = !rising_;
    }
  }

  std::optional<Taken> take(const std::vector<Entry>& hits, std::size_t index,
                            const Alternative& alternative) {
    std::optional<Taken> taken = ordered_ ? take_chain(hits, index, alternative.must)
                                          : take_nearest(hits, index, alternative.must);
    if (!taken) return std::nullopt;
    const Time time = hits[index].time;
    if (time - taken->begin > span_) return std::nullopt;
    const bool may_come = !alternative.must_not.empty() &&
                          (!ordered_ || alternative.must_not.back() > alternative.must.back());
    taken->fires = may_come ? taken->begin + span_ : time;
    return taken;
  }

  std::optional<Taken> take_nearest(const std::vector<Entry>& hits, std::size_t index,
                                    const std::vector<std::uint16_t>& must) const {
    const Entry& closing = hits[index];
    if (std::find(must.begin(), must.end(), closing.position) == must.end()) return std::nullopt;
    Taken taken;
    taken.begin = closing.time;
    const std::size_t end = first_after(hits, closing.time);
    for (const std::uint16_t position : must) {
      std::size_t at = index;
      if (position != closing.position) {
        at = last_of(hits, end, position);
        if (at == end) return std::nullopt;
      }
      taken.hits.push_back(at);
      taken.begin = std::min(taken.begin, hits[at].time);
    }
    return taken;
  }

  // The last hit of an input among those before `end`; `end` when there is none within T.
  std::size_t last_of(const std::vector<Entry>& hits, std::size_t end,
                      std::uint16_t position) const {
    for (std::size_t i = end; i > 0; --i) {
      const Entry& hit = hits[i - 1];
      if (hits[end - 1].time - hit.time > span_) break;
      if (hit.position == position) return i - 1;
    }
    return end;
  }

  std::optional<Taken> take_chain(const std::vector<Entry>& hits, std::size_t index,
                                  const std::vector<std::uint16_t>& must) {
    if (hits[index].position != must.back()) return std::nullopt;
    Taken taken;
    taken.hits.assign(must.size(), index);
    dead_.assign(hits.size(), 0);
    if (!lead_to(hits, must, must.size() - 1, taken)) return std::nullopt;
    taken.begin = hits[taken.hits.front()].time;
    return taken;
  }

  // Finds what comes before taken.hits[place]: going back, each time the latest hit within T that
  // is not later than the next, of another event, and that a chain leads to. Whether one does
  // depends on the hit alone, so that each is tried once.
  bool lead_to(const std::vector<Entry>& hits, const std::vector<std::uint16_t>& must,
               std::size_t place, Taken& taken) {
    if (place == 0) return true;
    const Entry& next = hits[taken.hits[place]];
    const Time oldest = hits[taken.hits.back()].time - span_;
    for (std::size_t i = first_after(hits, next.time); i > 0 && hits[i - 1].time >= oldest; --i) {
      const Entry& hit = hits[i - 1];
      if (hit.position != must[place - 1] || hit.event == next.event || dead_[i - 1] != 0) continue;
      taken.hits[place - 1] = i - 1;
      if (lead_to(hits, must, place - 1, taken)) return true;
      dead_[i - 1] = 1;
    }
    return false;
  }

  // Whether a hit of an input that must not have one would have completed what was taken.
  bool is_forbidden(const std::vector<Entry>& hits, std::size_t index,
                    const Alternative& alternative, const Taken& taken) const {
    for (const std::uint16_t position : alternative.must_not) {
      const auto [from, to] = forbidden(hits, index, alternative.must, taken, position);
      for (std::size_t i = first_at(hits, from); i < hits.size() && hits[i].time <= to; ++i) {
        if (hits[i].position == position) return true;
      }
    }
    return false;
  }

  std::pair<Time, Time> forbidden(const std::vector<Entry>& hits, std::size_t index,
                                  const std::vector<std::uint16_t>& must, const Taken& taken,
                                  std::uint16_t position) const {
    const Time time = hits[index].time;
    if (!ordered_) return {time - span_, taken.begin + span_};
    const auto after = std::upper_bound(must.begin(), must.end(), position);
    if (after == must.end()) return {time, taken.begin + span_};
    if (after == must.begin()) return {time - span_, taken.begin};
    const auto place = static_cast<std::size_t>(after - must.begin());
    return {hits[taken.hits[place - 1]].time, hits[taken.hits[place]].time};
  }

  static Window window_of(const std::vector<Entry>& hits, const Taken& taken, std::size_t index) {
    Window window;
    window.begin = taken.begin;
    window.end = taken.fires;
    window.hits = taken.hits.size();
    window.measure = static_cast<double>(taken.hits.size());
    window.closing = hits[index].ref;
    window.closing_event = hits[index].event;
    std::vector<std::size_t> order = taken.hits;
    std::sort(order.begin(), order.end());
    if (order.size() > kEvidence) order.erase(order.begin(), order.end() - kEvidence);
    for (const std::size_t at : order) window.evidence.push_back(hits[at].ref);
    return window;
  }

  const CompiledCorrelation& correlation_;
  const Time span_;
  const bool ordered_, rising_;
  std::vector<char> dead_;  // by hit: no chain leads to it
};

}  // namespace

std::unique_ptr<Judge> make_conditions(const CompiledCorrelation& correlation) {
  return std::make_unique<Conditions>(correlation);
}

}  // namespace tocsin::correlate
