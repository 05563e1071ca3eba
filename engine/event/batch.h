// Batch and Record: raw bytes on their way to the matcher.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tocsin::event {

// simdjson may read this far beyond the end of a record.
inline constexpr std::size_t kPadding = 64;

// Where a record came from. For a record out of an envelope: where the enclosing JSON text began.
struct Origin {
  const std::string* path = nullptr;  // file name as given, "-" for stdin; owned by Batch::paths
  std::uint64_t record = 0;  // counts from 1 within the input, good and bad alike; 0 when an error
                             // is about the input rather than about one record
  std::uint64_t line = 0;    // counts from 1, in the inflated text
  std::uint64_t offset = 0;  // byte offset from 0, in the inflated text
};

// One JSON object: an event, unwrapped from whatever enclosed it. `json` points into the batch
// (Batch::bytes or Batch::unwrapped) and stays valid as long as the batch lives; kPadding bytes
// after its end are readable. Its brackets balance; more is not promised.
struct Record {
  std::string_view json;
  Origin origin;
  // False: a line or an element of an array that begins with '{' and ends with '}' and goes on
  // nowhere else, but nothing is known of what is between; it counts as one record.
  bool checked = true;
  bool is_line = false;  // unchecked: a line, not an element
};

// Something that was not a record, or only in part: reported, counted, never silent.
struct RecordError {
  Error error;
  Origin origin;
  bool fatal_for_input = false;  // the input could not be read to its proper end (I/O, gzip, cut)
};

// A unit of work for one worker. Self-contained: it may be moved to another thread.
struct Batch {
  std::uint64_t sequence = 0;  // position in the run, for ordered output
  std::string bytes;           // the text that most records point into, and slack
  std::vector<std::unique_ptr<std::string>> unwrapped;    // payloads that had to be decoded
  std::vector<std::shared_ptr<const std::string>> paths;  // of the inputs that it holds parts of
  // Inputs that were read to their proper end, the last of it in this batch.
  std::vector<std::shared_ptr<const std::string>> ended;
  std::vector<Record> records;
  std::vector<RecordError> errors;
  std::uint64_t control_messages = 0;  // transport messages without events (subscription probes)
  std::uint64_t input_bytes = 0;  // bytes consumed from the input (compressed size) for progress
  std::uint64_t text_bytes = 0;   // what they inflated to
};

}  // namespace tocsin::event
