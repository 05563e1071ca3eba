// Presence: that something was heard at all, for the correlations that watch everything
// (Correlations::watching_all()). One per thread; cheap, as it looks at every event.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "correlate/correlations.h"
#include "correlate/hit.h"
#include "event/event_reader.h"

namespace tocsin::correlate {

// Stretches that are remembered between two calls of Presence::take(): a flood of groups must not
// fill the memory.
inline constexpr std::size_t kStretches = 200'000;

// Of many events of one group, those are one hit between which no gap is longer than the
// correlation's T: Hit::since … Hit::time.
class Presence {
 public:
  // The correlations must outlive it.
  explicit Presence(const Correlations& correlations);
  ~Presence();
  Presence(const Presence&) = delete;
  Presence& operator=(const Presence&) = delete;

  // Nobody watches everything: nothing needs to be told.
  bool empty() const { return correlations_.watching_all().empty(); }

  // An event of a source. `read_with(reader, out)` reads it with `reader` into `out`.
  template <class ReadWith>
  void see(std::string_view source, ReadWith read_with) {
    read_with(reader(), read());
    see(source);
  }
  // Appends what was heard since the last call, in no order, and forgets it.
  void take(HitBatch& out);

  // Events whose time cannot be correlated, and moments and hits for which there was no room.
  std::uint64_t untimed() const { return untimed_; }
  std::uint64_t overflowed() const { return overflowed_; }

 private:
  struct Shown;
  using Stretches = std::map<Time, Time>;  // first → last, further apart than T
  struct Group {
    Key key{};
    std::string fields;  // packed, each with one value
    Stretches stretches;
  };
  struct Watch {
    CorrelationIndex correlation = 0;
    std::unordered_map<Key, Group, KeyHasher> groups;
    // The event before was in this group alone, because of these values. Neighbours are often
    // alike.
    Group* last = nullptr;
    std::string last_values;
  };

  event::EventReader& reader();
  event::Event& read();
  void see(std::string_view source);
  Time time_of_read();
  bool has_room();
  Group& group_for(Watch& watch, std::span<const std::string_view> values);
  void hear(const Watch& watch, Group& group, Time time);
  void append(CorrelationIndex correlation, const Group& group, HitBatch& out);

  const Correlations& correlations_;
  const std::unique_ptr<Shown> shown_;
  std::vector<Watch> watches_;
  std::size_t stretches_ = 0;  // of all groups
  std::string packed_;         // scratch
  std::string time_text_;      // of the event before
  Time time_ = kNoTime;
  std::uint64_t untimed_ = 0, overflowed_ = 0;
};

}  // namespace tocsin::correlate
