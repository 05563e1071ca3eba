// HitMaker: an event and a rule that it fulfils → a hit. One per thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "correlate/correlations.h"
#include "correlate/hit.h"
#include "event/batch.h"
#include "event/event_reader.h"

namespace tocsin::correlate {

// The record is read once more for all rules that it fulfils, with what correlations want to know.
class HitMaker {
 public:
  // The correlations must outlive it.
  explicit HitMaker(const Correlations& correlations);
  ~HitMaker();
  HitMaker(const HitMaker&) = delete;
  HitMaker& operator=(const HitMaker&) = delete;

  // A match of the rule is a hit of somebody; otherwise neither begin() nor add() is needed.
  bool wants(program::RuleIndex rule) const {
    return correlations_.of_rule(rule) != Correlations::kNotCorrelated;
  }

  // `source` is the name of the source. `read_with(reader, out)` reads the same record with
  // `reader` into `out`; what it refers to must stay until the last add().
  template <class ReadWith>
  void begin(const event::Event& event, const event::Origin& origin, std::string_view source,
             ReadWith read_with) {
    read_with(reader(), read());
    begin(event, origin, source);
  }
  // Appends the hit of that event and a rule that is wanted. An event without a usable time gives
  // none, and a batch that is full takes none.
  void add(program::RuleIndex rule, HitBatch& out);

  // Of the event passed to begin(). kNoTime: it has no time that can be correlated.
  Time time() const { return time_; }
  std::string_view account() const { return evidence_.account; }

  // Begun events whose time cannot be correlated, and hits for which a batch had no room.
  std::uint64_t untimed() const { return untimed_; }
  std::uint64_t overflowed() const { return overflowed_; }

 private:
  struct Shown;

  event::EventReader& reader();
  event::Event& read();
  void begin(const event::Event& event, const event::Origin& origin, std::string_view source);

  const Correlations& correlations_;
  const std::unique_ptr<Shown> shown_;
  std::uint64_t untimed_ = 0, overflowed_ = 0;

  // Of the event that was begun.
  Time time_ = kNoTime;
  Key key_{};
  std::string_view source_;
  EvidenceView evidence_;
};

}  // namespace tocsin::correlate
