#include "event/record_reader.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "base/limits.h"
#include "event/byte_source.h"
#include "event/envelope.h"
#include "event/framer.h"
#include "event/gzip.h"

namespace tocsin::event {
namespace {

// Small enough that the text carried over to the next batch is little, large enough for read().
constexpr std::size_t kReadBytes = std::size_t{256} << 10;

// How long a reader of a pipe waits before it lets the caller look whether to go on.
constexpr int kIdleMilliseconds = 200;

void clear(Batch& batch) {
  batch.sequence = 0;
  if (batch.bytes.size() > 4 * limits::kBatchBytes) batch.bytes = std::string();
  batch.unwrapped.clear();
  batch.paths.clear();
  batch.ended.clear();
  batch.records.clear();
  batch.errors.clear();
  batch.control_messages = 0;
  batch.input_bytes = 0;
  batch.text_bytes = 0;
}

// What the framer says, as records and errors of the batch.
void accept(Framer& framer, Framer::Step step, std::string_view window, Origin& origin,
            Batch& batch) {
  const Framer::Frame& frame = framer.frame();
  origin.line = frame.line;
  origin.offset = frame.offset;
  if (step == Framer::Step::frame && !frame.checked) {
    ++origin.record;
    batch.records.push_back(
        {window.substr(frame.begin, frame.end - frame.begin), origin, false, frame.is_line});
  } else if (step == Framer::Step::frame) {
    unwrap(window.substr(frame.begin, frame.end - frame.begin), frame, origin, batch);
  } else if (frame.is_record) {
    add_error(framer.error(), origin, batch);
  } else {
    Origin whole = origin;
    whole.record = 0;
    batch.errors.push_back({framer.error(), whole, true});
  }
}

RecordError fatal(Error error, const std::string& path) {
  return {std::move(error), Origin{&path, 0, 0, 0}, true};
}

// One input, in memory.
class MemoryQueue final : public InputQueue {
 public:
  MemoryQueue(std::string_view bytes, std::string name) : bytes_(bytes), name_(std::move(name)) {}

  std::optional<Input> next() override {
    if (std::exchange(is_given_, true)) return std::nullopt;
    return Input{name_, memory_source(bytes_)};
  }

 private:
  const std::string_view bytes_;
  const std::string name_;
  bool is_given_ = false;
};

}  // namespace

class RecordReader::Impl {
 public:
  Impl(std::unique_ptr<InputQueue> inputs, Trust trust, std::uint64_t text_limit)
      : inputs_(std::move(inputs)), trust_(trust), text_limit_(text_limit) {}

  bool next(Batch& batch);
  std::size_t memory() const;
  void set_brief(bool brief) { brief_ = brief; }

 private:
  // An input that is being read. The framer's window is batch.bytes[begin_, end_).
  struct Input {
    explicit Input(Trust trust) : framer(trust) {}

    std::shared_ptr<const std::string> path;
    std::unique_ptr<ByteSource> source;
    Framer framer;
    Origin origin;
    std::uint64_t consumed = 0;
    bool at_end = false;
    bool failed = false;
  };

  bool open(Batch& batch);
  void enter(Batch& batch);
  void leave(Batch& batch);
  bool drain(Batch& batch);
  bool read_more(Batch& batch);
  bool is_full(const Batch& batch) const;

  const std::unique_ptr<InputQueue> inputs_;
  const Trust trust_;
  const std::uint64_t text_limit_;
  bool brief_ = false;
  bool is_exhausted_ = false;  // there is no input after input_
  std::uint64_t sequence_ = 0;
  std::unique_ptr<Input> input_;
  // Between batches: the input's text that the last one did not use is carry_[begin_, end_).
  std::string carry_;
  bool swap_carry_ = false;  // carry_ is the buffer of the last batch, and not a copy of its rest
  std::size_t first_ = 0;    // where the text of this batch begins
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t unwrapped_bytes_ = 0;  // in this batch
};

// Opens the next input. Failure leaves input_ empty. False: there is none.
bool RecordReader::Impl::open(Batch& batch) {
  std::optional<InputQueue::Input> next = inputs_->next();
  is_exhausted_ = !next;
  if (is_exhausted_) return false;
  auto path = std::make_shared<const std::string>(std::move(next->name));
  batch.paths.push_back(path);
  if (!next->source) {
    batch.errors.push_back(fatal(std::move(next->source.error()), *path));
    return true;
  }
  input_ = std::make_unique<Input>(trust_);
  input_->source = decompress(std::move(*next->source), text_limit_);
  input_->origin.path = path.get();
  input_->path = std::move(path);
  begin_ = end_;
  return true;
}

// Brings the text that the last batch did not use into this one.
void RecordReader::Impl::enter(Batch& batch) {
  clear(batch);
  batch.sequence = sequence_;
  unwrapped_bytes_ = 0;
  if (swap_carry_) batch.bytes.swap(carry_);
  const std::size_t size = std::max(limits::kBatchBytes + kReadBytes, end_) + kPadding;
  if (batch.bytes.size() < size) batch.bytes.resize(size);
  if (!swap_carry_) std::memcpy(batch.bytes.data(), carry_.data(), end_);
  first_ = begin_;
  if (input_ != nullptr) batch.paths.push_back(input_->path);
}

// Parts the text that the batch needs from what the framer needs. The shorter of the two is copied,
// so that the work stays linear when a batch is full after a few bytes of a long window.
void RecordReader::Impl::leave(Batch& batch) {
  swap_carry_ = false;
  if (input_ == nullptr) {
    begin_ = end_ = 0;
    return;
  }
  const std::size_t unused = input_->framer.droppable();
  input_->framer.drop(unused);
  begin_ += unused;
  const char* const from = batch.bytes.data() + first_;
  const char* const to = batch.bytes.data() + end_;
  const auto is_in_window = [&](const Record& record) {
    return record.json.data() >= from && record.json.data() < to;  // others are payloads
  };
  std::size_t used = begin_ - first_;
  for (const Record& record : batch.records) {
    if (!is_in_window(record)) continue;
    used = std::max(used, static_cast<std::size_t>(record.json.data() - from) + record.json.size());
  }
  swap_carry_ = used < end_ - begin_;
  if (!swap_carry_) {
    carry_.assign(batch.bytes, begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
    return;
  }
  carry_.swap(batch.bytes);
  if (batch.bytes.size() < used + kPadding) batch.bytes.resize(used + kPadding);
  std::memcpy(batch.bytes.data(), from, used);
  for (Record& record : batch.records) {
    if (!is_in_window(record)) continue;
    record.json = {batch.bytes.data() + (record.json.data() - from), record.json.size()};
  }
}

std::size_t RecordReader::Impl::memory() const {
  constexpr std::size_t kDecoder = std::size_t{200} << 10;  // of gzip, buffers and tables
  return carry_.capacity() + kDecoder;
}

bool RecordReader::Impl::is_full(const Batch& batch) const {
  return batch.records.size() + batch.errors.size() + batch.ended.size() >= limits::kBatchRecords ||
         unwrapped_bytes_ >= limits::kBatchBytes;
}

// Takes what the window holds. True when the batch is full.
bool RecordReader::Impl::drain(Batch& batch) {
  Framer& framer = input_->framer;
  framer.set_brief(brief_);
  for (;;) {
    const std::string_view window(batch.bytes.data() + begin_, end_ - begin_);
    const Framer::Step step = framer.next(window, input_->at_end);
    if (step == Framer::Step::more) return false;
    if (step == Framer::Step::end) {
      if (!input_->failed) batch.ended.push_back(input_->path);
      input_.reset();
      return false;
    }
    // A failure to read explains why the text ends.
    if (step == Framer::Step::error && !framer.frame().is_record && input_->failed) continue;
    std::size_t payload = batch.unwrapped.size();
    accept(framer, step, window, input_->origin, batch);
    for (; payload < batch.unwrapped.size(); ++payload) {
      unwrapped_bytes_ += batch.unwrapped[payload]->size();
    }
    if (is_full(batch)) return true;
  }
}

// Makes the window longer. False when the batch should be handed over instead.
bool RecordReader::Impl::read_more(Batch& batch) {
  const std::size_t unused = input_->framer.droppable();
  input_->framer.drop(unused);
  begin_ += unused;
  Framer& framer = input_->framer;
  if (framer.is_patient() && input_->source->would_block(0)) {
    framer.set_patient(false);
    return true;
  }
  const bool empty = batch.records.empty() && batch.errors.empty();
  if (!empty && end_ >= limits::kBatchBytes) return false;
  if (input_->source->would_block(empty ? kIdleMilliseconds : 0)) return false;
  if (empty && batch.text_bytes >= kIdleBytes) return false;
  if (batch.records.empty() && begin_ > end_ - begin_) {
    std::memmove(batch.bytes.data(), batch.bytes.data() + begin_, end_ - begin_);
    end_ -= begin_;
    first_ = begin_ = 0;
  }
  const std::size_t needed = end_ + kReadBytes + kPadding;
  if (batch.bytes.size() < needed) batch.bytes.resize(std::max(needed, end_ + end_ / 2));

  framer.set_patient(true);
  auto got = input_->source->read(batch.bytes.data() + end_, kReadBytes);
  const std::uint64_t consumed = input_->source->consumed();
  batch.input_bytes += consumed - std::exchange(input_->consumed, consumed);
  if (!got) {
    batch.errors.push_back(fatal(std::move(got.error()), *input_->path));
    input_->failed = true;
  }
  input_->at_end = !got || *got == 0;
  if (got) {
    end_ += *got;
    batch.text_bytes += *got;
  }
  return true;
}

bool RecordReader::Impl::next(Batch& batch) {
  enter(batch);
  for (;;) {
    if (input_ == nullptr) {
      if (is_exhausted_ || end_ >= limits::kBatchBytes || is_full(batch)) break;
      const bool has_something =
          !batch.records.empty() || !batch.errors.empty() || !batch.ended.empty();
      if (has_something && inputs_->would_wait()) break;
      if (!open(batch)) break;
    } else if (drain(batch)) {
      break;
    } else if (input_ != nullptr && !read_more(batch)) {
      break;
    }
  }
  leave(batch);
  if (batch.records.empty() && batch.errors.empty() && batch.input_bytes == 0 &&
      batch.ended.empty() && input_ == nullptr && is_exhausted_) {
    return false;
  }
  ++sequence_;
  return true;
}

RecordReader::RecordReader(std::vector<std::string> files, Trust trust)
    : RecordReader(file_queue(std::move(files)), trust) {}
RecordReader::RecordReader(std::unique_ptr<InputQueue> inputs, Trust trust)
    : impl_(std::make_unique<Impl>(std::move(inputs), trust, kNoLimit)) {}
RecordReader::RecordReader(std::string_view bytes, std::string name, Trust trust,
                           std::uint64_t text_limit)
    : impl_(std::make_unique<Impl>(std::make_unique<MemoryQueue>(bytes, std::move(name)), trust,
                                   text_limit)) {}
RecordReader::~RecordReader() = default;
bool RecordReader::next(Batch& batch) {
  return impl_->next(batch);
}
void RecordReader::set_brief(bool brief) {
  impl_->set_brief(brief);
}
std::size_t RecordReader::memory() const {
  return impl_->memory();
}

Batch read_records(std::string_view bytes, const std::string& name) {
  Batch batch;
  batch.paths.push_back(std::make_shared<const std::string>(name));
  batch.input_bytes = bytes.size();
  Origin origin;
  origin.path = batch.paths.back().get();

  const auto source = decompress(memory_source(bytes));
  const std::size_t limit = std::max(bytes.size(), limits::kInflatedPayloadBytes);
  batch.bytes.reserve(bytes.size() + bytes.size() / 8 + 2 * kReadBytes);
  const Status status = read_all(*source, limit, batch.bytes);
  const std::size_t size = batch.bytes.size();
  batch.bytes.resize(size + kPadding);
  const std::string_view window(batch.bytes.data(), size);

  Framer framer;
  for (;;) {
    const Framer::Step step = framer.next(window, true);
    if (step == Framer::Step::end) break;
    if (step == Framer::Step::error && !framer.frame().is_record && !status) continue;
    accept(framer, step, window, origin, batch);
  }
  if (!status) batch.errors.push_back(fatal(status.error(), *origin.path));
  return batch;
}

std::uint64_t read_line(const Record& line, Batch& batch, const std::function<void()>& take) {
  Framer framer(Framer::Trust::checked, line.origin.line, line.origin.offset);
  if (!line.is_line) framer.begin_in_line();  // several elements may have grown together
  Origin origin = line.origin;
  const std::uint64_t before = --origin.record;
  for (;;) {
    const Framer::Step step = framer.next(line.json, true);
    if (step == Framer::Step::end) break;
    batch.unwrapped.clear();
    batch.records.clear();
    batch.errors.clear();
    if (step == Framer::Step::error) {
      add_error(framer.error(), origin, batch);  // the input goes on after the line
    } else {
      accept(framer, step, line.json, origin, batch);
    }
    take();
  }
  return origin.record - before;
}

}  // namespace tocsin::event
