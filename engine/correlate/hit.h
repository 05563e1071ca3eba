// Hits: what workers found for the correlator, many at a time in one piece of memory, which is also
// how they are kept on disk.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alert/event_facts.h"
#include "base/result.h"
#include "correlate/packing.h"
#include "correlate/types.h"

namespace tocsin::correlate {

// The event of a hit, for an alert that shows it.
using Evidence = alert::EventFacts<std::string>;
using EvidenceView = alert::EventFacts<std::string_view>;

// Of a hit. Nobody can fill the memory with one event.
inline constexpr std::size_t kValueBytes = 2048;  // a longer value is replaced; see FieldPacker
inline constexpr std::size_t kFieldValues = 32;   // different values of one field; as kTuples
// Of a batch. What is beyond it must go into another.
inline constexpr std::size_t kBatchHits = std::size_t{1} << 20;
inline constexpr std::size_t kBatchBytes = std::size_t{1} << 30;

// The values of fields, packed: only fields that are present, each with all its values.
class FieldValues {
 public:
  FieldValues() = default;
  explicit FieldValues(std::string_view packed) : packed_(packed) {}

  // Calls `visit(std::string_view value)` for each value of the field, in document order.
  template <class Visit>
  void each(Slot slot, Visit visit) const {
    Unpacker in(packed_);
    while (!in.done()) {
      const bool wanted = in.number() == slot;
      for (std::uint64_t left = in.number(); left > 0 && in.good(); --left) {
        const std::string_view value = in.text();
        if (wanted && in.good()) visit(value);
      }
      if (wanted) return;
    }
  }
  // Calls `visit(Slot slot, std::string_view value)` for every value of every field.
  template <class Visit>
  void each(Visit visit) const {
    Unpacker in(packed_);
    while (!in.done()) {
      const auto slot = static_cast<Slot>(in.number());
      for (std::uint64_t left = in.number(); left > 0 && in.good(); --left) {
        const std::string_view value = in.text();
        if (in.good()) visit(slot, value);
      }
    }
  }
  std::string_view packed() const { return packed_; }

 private:
  std::string_view packed_;
};

// Every field and every value can be read.
bool is_whole(const FieldValues& fields);

// Packs fields; slots in any order, each at most once.
class FieldPacker {
 public:
  explicit FieldPacker(std::string& out) : out_(out) {}
  // `values` of them follow.
  void begin_field(Slot slot, std::size_t values);
  // One of more than kValueBytes is packed as its beginning, '#' and a hash of all of it, so that
  // different ones stay different.
  void value(std::string_view text);

 private:
  std::string& out_;
};

struct Hit {
  // Who found it: an index into Correlations::rules(), or Correlations::firing_of() or heard_by()
  // of a correlation.
  std::uint32_t rule = 0;
  Time time = 0;
  // Of heard_by() only: since when there was never a longer gap than the correlation's T; otherwise
  // equal to `time`.
  Time since = 0;
  Key event{};  // the same for all hits of one event
  FieldValues fields;
  std::string_view evidence;  // packed; see evidence_of()
};

// Hits in the order in which they were found. Views into it stay valid until it changes.
class HitBatch {
 public:
  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  // There is no room for another hit.
  bool full() const { return size() >= kBatchHits || text_.size() >= kBatchBytes; }
  Hit operator[](std::size_t index) const;

  // Begins a hit; fields are then packed by fields(), and end_hit() sets the evidence, in which
  // long texts are cut. Precondition: not full().
  void begin_hit(std::uint32_t rule, Time time, const Key& event) {
    begin_hit(rule, time, event, time);
  }
  void begin_hit(std::uint32_t rule, Time time, const Key& event, Time since);
  FieldPacker fields() { return FieldPacker(text_); }
  // Instead: fields that are packed already.
  void append_fields(std::string_view packed) { text_ += packed; }
  void end_hit(const EvidenceView& evidence);
  // Gives up the hit that was begun.
  void drop_hit();
  // Takes a hit over as it is packed. Precondition: not full(), and `hit` is of another batch.
  void add(const Hit& hit);
  void clear();

 private:
  struct Entry {
    std::uint32_t rule = 0;
    Time time = 0, since = 0;
    Key event{};
    std::uint32_t begin = 0, fields_end = 0, end = 0;  // in text_
  };
  std::vector<Entry> entries_;
  std::string text_;
};

// Evidence as a hit has it; texts are cut at kValueBytes.
void pack_evidence(const EvidenceView& evidence, std::string& out);
// What was packed; nullopt when it is damaged.
std::optional<EvidenceView> evidence_of(std::string_view packed);

}  // namespace tocsin::correlate
