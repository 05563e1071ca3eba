// Conditions that are decided on whole stretches of time: tiles, buckets, sessions.
#include <algorithm>

#include "correlate/evidence.h"
#include "correlate/judge.h"

namespace tocsin::correlate {
namespace {

using Kind = sigma::Correlation::Window;

class Frames final : public Judge {
 public:
  explicit Frames(const CompiledCorrelation& correlation)
      : correlation_(correlation),
        span_(correlation.timespan),
        kind_(correlation.source->window),
        measure_(correlation) {}

  void inserted(Group&, Time, Time, const Fire&) override {}

  void decide(Group& group, Time watermark, const Fire& fire) override {
    for (;;) {
      const Frame frame = next_frame(group);
      if (!frame.exists || frame.end_time >= watermark) return;
      group.decided = frame.decided;
      group.in_series = kind_ == Kind::sliding && frame.begin < frame.end;
      judge(group.hits, frame, fire);
    }
  }

  Time next(const Group& group) const override {
    const Frame frame = next_frame(group);
    return frame.exists ? frame.end_time : kNoTime;
  }

  // Tiles: how far they have been decided is not to be seen from the hits; whoever restores a group
  // sets it.
  void settle(Group& group, Time watermark) override {
    if (kind_ == Kind::sliding) return;
    for (;;) {
      const Frame frame = next_frame(group);
      if (!frame.exists || frame.end_time >= watermark) return;
      group.decided = frame.decided;
    }
  }

  // As if its frame ended there.
  Window window(const Group& group, std::size_t index) override {
    Frame frame;
    frame.end_time = group.hits[index].time;
    frame.end = first_after(group.hits, frame.end_time);
    frame.begin = kind_ == Kind::session ? session_begin(group.hits, index, span_,
                                                         frame.end_time - kSessionSpans * span_)
                                         : first_at(group.hits, frame.end_time - span_);
    frame.begin_time = group.hits[frame.begin].time;
    double measure = 0;
    fill(group.hits, frame);
    (void)measure_.holds(frame.begin_time, measure);
    return window_of(group.hits, frame, index, measure);
  }

 private:
  struct Frame {
    bool exists = false;
    std::size_t begin = 0, end = 0;     // hits
    Time begin_time = 0, end_time = 0;  // its own
    Time decided = 0;                   // up to where the group is decided with it
  };

  // The first that has not been decided.
  Frame next_frame(const Group& group) const {
    const std::vector<Entry>& hits = group.hits;
    const std::size_t first = group.decided == kNoTime ? 0 : first_after(hits, group.decided);
    Frame frame;
    if (group.in_series) {
      frame = {true, first, 0, group.decided + 1, group.decided + span_, group.decided + span_};
    } else if (first == hits.size()) {
      return frame;
    } else if (kind_ == Kind::sliding) {
      const Time begin = hits[first].time;
      frame = {true, first, 0, begin, begin + span_, begin + span_};
    } else if (kind_ == Kind::tumbling) {
      const Time begin = bucket_begin(hits[first].time, span_);
      frame = {true, first, 0, begin, begin + span_ - 1, begin + span_ - 1};
    } else {
      return next_session(hits, first);
    }
    frame.end = first_after(hits, frame.end_time);
    return frame;
  }

  Frame next_session(const std::vector<Entry>& hits, std::size_t first) const {
    Frame frame;
    frame.exists = true;
    frame.end = session_end(hits, first, span_);
    const Time last = hits[frame.end - 1].time;
    frame.begin = std::max(first, first_at(hits, last - kSessionSpans * span_));
    frame.begin_time = hits[frame.begin].time;
    frame.end_time = last + span_;
    frame.decided = last;
    return frame;
  }

  void judge(const std::vector<Entry>& hits, const Frame& frame, const Fire& fire) {
    double measure = 0;
    fill(hits, frame);
    if (!measure_.holds(frame.begin_time, measure)) return;
    // An empty tile follows one with hits: the last of them closes it.
    if (frame.end == 0) return;
    const std::size_t closing = first_entry(hits, frame.end - 1);
    const Window window = window_of(hits, frame, closing, measure);
    fire(frame.end_time, closing, &window);
  }

  Window window_of(const std::vector<Entry>& hits, const Frame& frame, std::size_t closing,
                   double measure) const {
    return {frame.begin_time,
            frame.end_time,
            count_hits(hits, frame.begin, frame.end),
            measure,
            evidence_of(correlation_, hits, frame.begin, frame.end),
            hits[closing].ref,
            hits[closing].event};
  }

  static std::size_t first_entry(const std::vector<Entry>& hits, std::size_t index) {
    while (index > 0 && is_same_hit(hits[index - 1], hits[index])) --index;
    return index;
  }

  void fill(const std::vector<Entry>& hits, const Frame& frame) {
    measure_.clear();
    for (std::size_t i = frame.begin; i < frame.end; ++i) measure_.add(hits[i]);
  }

  const CompiledCorrelation& correlation_;
  const Time span_;
  const Kind kind_;
  Measure measure_;
};

}  // namespace

std::unique_ptr<Judge> make_frames(const CompiledCorrelation& correlation) {
  return std::make_unique<Frames>(correlation);
}

}  // namespace tocsin::correlate
