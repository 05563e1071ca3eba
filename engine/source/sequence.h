// Sequence: the submissions of one reading of a source, in the order in which they were read, and
// which of them are done: committed, or set aside.
//
// Invariant: a position becomes durable only in or after the transaction with which everything that
// was read before it is done. A crash therefore never leaves a position behind which something is
// missing, in whatever order submissions are evaluated and committed.
//
// Threads: next() is the source's; the rest belongs to the committer's thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace tocsin::source {

class Sequence {
 public:
  // Submissions that are done, by number, each with its position ("" for none).
  using Done = std::map<std::uint64_t, std::string>;

  std::uint64_t next() { return ++last_; }

  // The position that may be written once `more` are done, too: the last one of the contiguous
  // prefix. "": none that could not be written before.
  std::string reach(const Done& more) const;
  // `more` are done, and what reach(more) returned is written.
  void add(Done more);

 private:
  std::uint64_t last_ = 0;
  std::uint64_t first_ = 1;  // everything before is done
  Done done_;                // from first_ + 1 on; first_ itself is missing
};

// Where a submission stands in its sequence.
struct Place {
  std::shared_ptr<Sequence> sequence;  // nullptr: the source cannot be read again
  std::uint64_t number = 0;
  std::string position;  // where the source is after the submission; "": not said
};

// What a source gets when it begins to read.
class Reading {
 public:
  explicit Reading(std::string position = {})
      : position_(std::move(position)), sequence_(std::make_shared<Sequence>()) {}

  // The position that was written last; "": there is none.
  const std::string& position() const { return position_; }
  // The place of the next submission. Every submission of the source gets one, with or without a
  // position, and keeps it when it is submitted again.
  Place next(std::string position = {}) {
    return {sequence_, sequence_->next(), std::move(position)};
  }

 private:
  std::string position_;
  std::shared_ptr<Sequence> sequence_;
};

}  // namespace tocsin::source
