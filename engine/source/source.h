// Source: where events come from. It hands over bytes and learns what became of them; it may tell
// its sender that all is well only after that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/batch.h"

namespace tocsin::source {

// What became of a submission. `status` is success only when every alert that its events must cause
// is on disk (and the position, if one was given).
struct Receipt {
  Status status;               // Code::busy: try again later; nothing of it is promised
  std::uint64_t accepted = 0;  // records that were matched
  std::uint64_t rejected = 0;  // records that could not be read (one alert for all of them)
  std::uint64_t alerts = 0;    // firings, duplicates included
  struct Rejected {
    std::uint64_t record = 0, line = 0;
    std::string reason;
  };
  std::vector<Rejected> errors;  // the first kReceiptErrors of them
  // Not "": why it could not be processed. It is kept, whole, and people are told: sending it again
  // would change nothing, so `status` is success.
  std::string set_aside;
};
inline constexpr std::size_t kReceiptErrors = 100;

struct Submission {
  std::string source;    // name of the source, for metrics, routing and the alert
  std::string bytes;     // any stream that event/record_reader.h reads, gzip included
  std::string position;  // of a source that can be read again: where it is after these bytes
  std::int64_t received_ms = 0;  // wall clock; 0: now
};

// Where sources put events: the pipeline. Thread-safe.
class Intake {
 public:
  using Done = std::function<void(Receipt)>;

  virtual ~Intake() = default;
  // Never blocks for long: when too much is waiting, `done` gets Code::busy at once. `done` is
  // called exactly once, from any thread, possibly before submit() returns; it must not block.
  virtual void submit(Submission submission, Done done) = 0;
  // The same, and waits; tries again while the pipeline is busy, until `stop`.
  virtual Receipt submit_and_wait(Submission submission, std::stop_token stop) = 0;
  // The position saved last for a source, "" when there is none.
  virtual Result<std::string> position(const std::string& source) = 0;
};

class Source {
 public:
  virtual ~Source() = default;
  // Runs until the input ends (then returns success) or `stop`. In a thread of its own.
  virtual Status run(Intake& intake, std::stop_token stop) = 0;
};

// Standard input, until it ends. Not read again after a restart.
std::unique_ptr<Source> make_stdin(std::string name);

struct FollowOptions {
  std::string name;
  std::string path;       // a file, a folder (new files in it, recursive), or a glob
  bool from_end = false;  // of files that are there when it starts for the first time
  std::int64_t poll_ms = 500;
  // A file that has not changed for so long is read like a whole one: compressed, or its last
  // record without the end of its line.
  std::int64_t settle_ms = 2'000;
  // The same for a rest that is no record yet: it is handed over as what it is, and told of.
  std::int64_t abandon_ms = 600'000;
};
// Files that grow, are rotated (renamed, compressed), truncated or replaced; whole log files that
// appear in a folder. The position is saved with the alerts: nothing is lost or told twice over a
// restart. How: source/follower.h.
std::unique_ptr<Source> make_follow(FollowOptions options);

}  // namespace tocsin::source
