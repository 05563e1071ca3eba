// RecordReader: inputs (files, stdin) → Batches of Records, in constant memory.
//
// Recognised by shape, never configured: gzip (any number of members), JSON lines, pretty-printed
// or concatenated JSON, arrays, CloudTrail log files {"Records":[…]}, EventBridge, CloudWatch Logs
// subscription, SNS and Firehose envelopes, nested up to limits::kEnvelopeDepth. A bad record hides
// no other (framer.h); an input that cannot be read to its end hides no other input.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/batch.h"
#include "event/framer.h"
#include "event/gzip.h"
#include "event/input_queue.h"

namespace tocsin::event {

// Expands files, folders (recursive, files in name order; hidden files skipped; links to folders
// not followed) and globs into a list of files; "-" stays. A path that names nothing is an error in
// `errors`.
struct Inputs {
  std::vector<std::string> files;
  std::vector<Error> errors;
  std::uint64_t total_bytes = 0;  // sum of file sizes as stored; 0 when it cannot be known
};
Inputs expand_inputs(const std::vector<std::string>& paths);

// Pulls batches from a list of inputs, one after the other. Not thread-safe; one thread reads.
// Trust::unchecked leaves records as they are (Record::checked), for a BatchReader.
// Memory: at most about limits::kBatchBytes + 2 × limits::kRecordBytes, whatever the inputs are,
// and limits::kInflatedPayloadBytes for a compressed payload inside a record.
class RecordReader {
 public:
  using Trust = Framer::Trust;

  explicit RecordReader(std::vector<std::string> files, Trust trust = Trust::checked);
  explicit RecordReader(std::unique_ptr<InputQueue> inputs, Trust trust = Trust::checked);
  // One input in memory, which must outlive the reader, under the name `name`. What is compressed
  // and inflates to more than `text_limit` bytes is not read to its end.
  RecordReader(std::string_view bytes, std::string name, Trust trust,
               std::uint64_t text_limit = kNoLimit);
  ~RecordReader();
  RecordReader(const RecordReader&) = delete;
  RecordReader& operator=(const RecordReader&) = delete;

  // Fills `batch` (cleared first; its memory is used again). False when all inputs are exhausted
  // and the batch is empty. Records never span batches. Before it waits for a slow writer it hands
  // over what it has. After a fraction of a second without data, and after kIdleBytes of text
  // without a record, it hands over an empty batch, so that the caller can stop.
  bool next(Batch& batch);
  static constexpr std::size_t kIdleBytes = std::size_t{1} << 20;

  // Whether errors about records need not say what is wrong, from the next batch on.
  void set_brief(bool brief);

  // Bytes of memory between two batches.
  std::size_t memory() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// The same for bytes in memory (HTTP bodies, tests): everything in one batch. Compressed bytes may
// inflate to limits::kInflatedPayloadBytes.
Batch read_records(std::string_view bytes, const std::string& name = "-");

// What is in an unchecked record: the records and errors, whose bytes are those of `line` or owned
// by `batch`. `take` is called whenever there are some, and `batch` is emptied before it is filled
// again: a line may hold many payloads that inflate to a lot. Returns how many there are.
std::uint64_t read_line(const Record& line, Batch& batch, const std::function<void()>& take);

}  // namespace tocsin::event
