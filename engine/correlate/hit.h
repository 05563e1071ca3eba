// Hits: what workers found for the correlator, many at a time in one piece of memory, which is also
// how they are kept on disk.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "correlate/types.h"

namespace tocsin::correlate {

// One event, as far as people are told about it as evidence. Absent: "".
template <class Text>
struct BasicEvidence {
  Text event_id, event_time, event_name, event_source, principal, identity_kind, mfa, source_ip,
      source_ip_kind, user_agent, account, region, error_code, input_path;
  std::uint64_t input_record = 0;

  bool operator==(const BasicEvidence&) const = default;
};
using Evidence = BasicEvidence<std::string>;
using EvidenceView = BasicEvidence<std::string_view>;

// The values of fields, packed: only fields that are present, each with all its values.
class FieldValues {
 public:
  FieldValues() = default;
  explicit FieldValues(std::string_view packed) : packed_(packed) {}

  // Calls `visit(std::string_view value)` for each value of the field, in document order.
  template <class Visit>
  void each(Slot slot, Visit visit) const;
  std::string_view packed() const { return packed_; }

 private:
  std::string_view packed_;
};

// Packs fields; slots in any order, each at most once.
class FieldPacker {
 public:
  explicit FieldPacker(std::string& out) : out_(out) {}
  void begin_field(Slot slot, std::size_t values);
  void value(std::string_view text);

 private:
  std::string& out_;
};

struct Hit {
  std::uint32_t rule = 0;  // index into Correlations::rules()
  Time time = 0;
  Key event{};  // the same for all hits of one event
  FieldValues fields;
  std::string_view evidence;  // packed; see evidence_of()
};

// Hits in the order in which they were found. Views into it stay valid until it changes.
class HitBatch {
 public:
  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  Hit operator[](std::size_t index) const;

  // Begins a hit; fields are then packed by fields(), then the evidence is set, then end_hit().
  void begin_hit(std::uint32_t rule, Time time, const Key& event);
  FieldPacker fields() { return FieldPacker(text_); }
  void end_hit(const EvidenceView& evidence);
  // Gives up the hit that was begun.
  void drop_hit();
  void add(const Hit& hit);
  void clear();

 private:
  struct Entry {
    std::uint32_t rule = 0;
    Time time = 0;
    Key event{};
    std::uint32_t begin = 0, fields_end = 0, end = 0;  // in text_
  };
  std::vector<Entry> entries_;
  std::string text_;
};

// What was packed; nullopt when it is damaged.
std::optional<EvidenceView> evidence_of(std::string_view packed);

}  // namespace tocsin::correlate
