// Submission and Receipt: what a source hands to the pipeline, and what became of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "source/sequence.h"

namespace tocsin::source {

struct Submission {
  std::string source;            // name of the source, for metrics, routing and the alert
  std::string bytes;             // any stream that event/record_reader.h reads, gzip included
  Place place = {};              // of a source that can be read again
  std::int64_t received_ms = 0;  // wall clock; 0: now
};

// `status` is success only when every alert that the events must cause is on disk. The position is
// then on disk as well, or will be with everything that was read before it (sequence.h).
struct Receipt {
  Status status = {};          // Code::busy: try again later; nothing is promised
  std::uint64_t accepted = 0;  // records that were matched
  std::uint64_t rejected = 0;  // records that could not be read (one alert for all of them)
  std::uint64_t alerts = 0;    // firings, duplicates included
  struct Rejected {
    std::uint64_t record = 0, line = 0;
    std::string reason;
  };
  std::vector<Rejected> errors = {};  // the first kReceiptErrors of them
  // Not "": why it could not be processed. It is kept, whole, and an alert says so: sending it
  // again would change nothing, so `status` is success.
  std::string set_aside = {};
  // Of a submission that was refused: itself, to be submitted again.
  std::optional<Submission> returned = {};
};
inline constexpr std::size_t kReceiptErrors = 100;

}  // namespace tocsin::source
