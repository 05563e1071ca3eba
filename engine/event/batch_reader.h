// BatchReader: a Batch → Events, in phases. First only the fields that decide which rules an event
// is for; then, for the few events that need it, more of them.
//
// Neighbouring records are indexed together in one pass. This changes nothing: the index is made
// from left to right, and where it says that a token begins at a record's first byte, what follows
// is what the record alone would give. Whatever is out of the ordinary (bytes that must be
// repaired, envelopes, broken records, lines that are no record) is read again by itself and with
// care. A record that spoils its neighbours' index is found by indexing fewer of them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "event/batch.h"
#include "event/event_reader.h"

namespace tocsin::event {

// One per thread. The FieldSets must outlive it and not change any more.
class BatchReader {
 public:
  class Visitor {
   public:
    virtual ~Visitor() = default;
    // `event` has the fields of the first phase, or of the last. It is valid during the call.
    virtual void event(Event& event, const Origin& origin) = 0;
    virtual void error(RecordError error) = 0;
  };

  // After line number `after` of an input, its records have numbers that are higher (or lower) by
  // `by` than they were when a line counted as a record.
  struct Renumbering {
    const std::string* path;
    std::uint64_t after;
    std::int64_t by;
  };

  // What is read in each phase; slots are the same in all (FieldSet::only), and the last phase has
  // what the others have.
  explicit BatchReader(const std::vector<FieldSet>& phases);

  // Visits the events in order, then the errors.
  void read(Batch& batch, Visitor& visitor);

  // During Visitor::event(): reads the fields of a later phase. Values and folded texts read before
  // are gone.
  void read_again(Event& event, std::size_t phase);
  // During Visitor::event(): the same record with the fields of `reader`, into an event of its own.
  // Quicker than reader.read(event.json(), …).
  void read_with(EventReader& reader, Event& out);

  // Bytes of the payloads that had to be decoded in the last batch.
  std::uint64_t unwrapped_bytes() const { return unwrapped_bytes_; }

  // Of the last batch, in order; `by` is the sum so far for that input.
  const std::vector<Renumbering>& renumberings() const { return renumberings_; }

 private:
  struct Run;

  void read_neighbours(const Record* begin, const Record* end, Visitor& visitor);
  void read_run(Run run, Visitor& visitor);
  bool read_indexed(const Record& record, Run& run, Visitor& visitor);
  void read_carefully(const Record& record, Visitor& visitor);
  void read_alone(std::string_view json, const Origin& origin, Visitor& visitor);
  void count_unwrapped(const Batch& batch);
  Origin renumbered(const Origin& origin) const;
  void visit_errors(std::vector<RecordError>& errors, Visitor& visitor) const;

  std::vector<EventReader> readers_;  // by phase
  std::vector<std::size_t> enough_;   // by phase: the first that reads all that it reads
  StructuralIndex index_;
  Event event_;
  IndexedRecord current_;  // the record that is being visited; without token: it was read alone
  std::size_t phase_ = 0;  // that event_ was read in
  Batch line_;             // what was found in an unchecked line
  std::uint64_t unwrapped_bytes_ = 0;
  bool is_spoilt_ = false;  // an index failed in the last batch
  std::vector<Renumbering> renumberings_;
};

}  // namespace tocsin::event
