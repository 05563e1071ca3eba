// Judge: decides for the hits of one group which of them close a firing. One kind for each Decision
// but novelty; it keeps nothing of a group but scratch memory.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "correlate/correlations.h"
#include "correlate/correlator.h"
#include "correlate/group.h"
#include "correlate/measure.h"

namespace tocsin::correlate {

// What was looked at when a firing was found.
struct Window {
  Time begin = 0, end = 0;
  std::uint64_t hits = 0;
  double measure = 0;
  std::vector<HitRef> evidence;
  HitRef closing = 0;
  Key closing_event{};
};

class Judge {
 public:
  // A firing at `time`, closed by `closing` (an index into group.hits). `window` may be null: then
  // Judge::window() tells it, for as long as the hits are there.
  using Fire = std::function<void(Time time, std::size_t closing, const Window* window)>;

  virtual ~Judge() = default;
  // Hits have come in [from, to], none of them before the watermark.
  virtual void inserted(Group& group, Time from, Time to, const Fire& fire) = 0;
  // Decides what the watermark has passed.
  virtual void decide(Group& group, Time watermark, const Fire& fire) = 0;
  // What decide() would have to do next: when the watermark passes this; kNoTime: nothing.
  virtual Time next(const Group& group) const = 0;
  // The same, as far as the hits at `time`, which have just come, make it earlier. Cheap.
  virtual Time due_to(const Group& group, Time time) const {
    (void)time;
    return next(group);
  }
  // Marks what was decided before a restart: all that was found while hits came in, and what a
  // watermark had passed.
  virtual void settle(Group& group, Time watermark) = 0;
  // What the hit at `index` is looked at with.
  virtual Window window(const Group& group, std::size_t index) = 0;
};

std::unique_ptr<Judge> make_judge(const CompiledCorrelation& correlation);
std::unique_ptr<Judge> make_rising(const CompiledCorrelation& correlation);
std::unique_ptr<Judge> make_averages(const CompiledCorrelation& correlation);
std::unique_ptr<Judge> make_frames(const CompiledCorrelation& correlation);
std::unique_ptr<Judge> make_conditions(const CompiledCorrelation& correlation);
std::unique_ptr<Judge> make_silence(const CompiledCorrelation& correlation);

// What is heard of a silent_source has to be on disk when it has gone on by T over this.
inline constexpr Time kHeardSteps = 16;
std::uint64_t count_hits(const std::vector<Entry>& hits, std::size_t begin, std::size_t end);
// Where the bucket begins that `time` is in.
Time bucket_begin(Time time, Time span);
// The index of the first hit of the session that the hit at `index` is in, not older than `oldest`.
std::size_t session_begin(const std::vector<Entry>& hits, std::size_t index, Time gap, Time oldest);
// The index after the last hit of that session.
std::size_t session_end(const std::vector<Entry>& hits, std::size_t index, Time gap);

}  // namespace tocsin::correlate
