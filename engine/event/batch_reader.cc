#include "event/batch_reader.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include "base/limits.h"
#include "event/json_text.h"
#include "event/record_reader.h"

namespace tocsin::event {
namespace {

// Text between two neighbours that is longer, such as a broken record, is not indexed with them.
constexpr std::ptrdiff_t kGap = 16;
// Where an index failed, so many bytes are indexed together, and fewer down to a record. Of 150
// records with a bad one, this reads about a tenth twice.
constexpr std::size_t kSpoiltBytes = std::size_t{16} << 10;
constexpr std::size_t kShrink = 4;

std::size_t size_of(const Record* begin, const Record* last) {
  return static_cast<std::size_t>(last->json.data() + last->json.size() - begin->json.data());
}

bool are_neighbours(const Record& record, const Record& next) {
  return next.json.data() > record.json.data() &&
         next.json.data() - (record.json.data() + record.json.size()) <= kGap;
}

}  // namespace

// Records next to each other in one buffer, and how far reading them has come.
struct BatchReader::Run {
  const Record* begin;
  const Record* end;
  std::string_view text;

  Token token;                  // no record before it is still to be read
  std::size_t next_escape = 0;  // no backslash between the record at hand and here

  // Whether there is a backslash in text[from, to). Ask in ascending order.
  bool has_escape(std::size_t from, std::size_t to) {
    if (next_escape < from) {
      const void* found = std::memchr(text.data() + from, '\\', text.size() - from);
      next_escape = found == nullptr
                        ? text.size()
                        : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
    }
    return next_escape < to;
  }
};

BatchReader::BatchReader(const std::vector<FieldSet>& phases)
    : readers_(phases.begin(), phases.end()) {
  const auto reads_all_of = [](const FieldSet& some, const FieldSet& wanted) {
    for (FieldRef field = 0; field < wanted.size(); ++field) {
      if (wanted.is_read(field) && !some.is_read(field)) return false;
    }
    return true;
  };
  for (const FieldSet& phase : phases) {
    std::size_t first = 0;
    while (!reads_all_of(phases[first], phase)) ++first;
    enough_.push_back(first);
  }
}

void BatchReader::read(Batch& batch, Visitor& visitor) {
  renumberings_.clear();
  unwrapped_bytes_ = 0;
  count_unwrapped(batch);
  const char* const bytes = batch.bytes.data();
  const auto in_bytes = [&](const Record& record) {
    return record.json.data() >= bytes && record.json.data() < bytes + batch.bytes.size();
  };
  const Record* const end = batch.records.data() + batch.records.size();
  for (const Record* record = batch.records.data(); record != end;) {
    if (!in_bytes(*record)) {
      read_carefully(*record++, visitor);
      continue;
    }
    const Record* last = record;
    while (last + 1 != end && in_bytes(last[1]) && are_neighbours(*last, last[1])) ++last;
    read_neighbours(record, last + 1, visitor);
    record = last + 1;
  }
  visit_errors(batch.errors, visitor);
}

void BatchReader::read_neighbours(const Record* begin, const Record* end, Visitor& visitor) {
  std::size_t most = std::exchange(is_spoilt_, false) ? kSpoiltBytes : limits::kRecordBytes;
  while (begin != end) {
    const Record* last = begin;
    while (last + 1 != end && size_of(begin, last + 1) <= most) ++last;
    const std::string_view text(begin->json.data(), size_of(begin, last));
    if (index_.build(text) == StructuralIndex::Outcome::ok) {
      read_run({begin, last + 1, text, index_.positions()}, visitor);
    } else if (last == begin) {
      read_carefully(*begin, visitor);
    } else {
      is_spoilt_ = true;
      most = std::min(text.size() / kShrink, kSpoiltBytes);
      continue;
    }
    if (is_spoilt_) most = std::min(std::max(most, text.size()) * kShrink, kSpoiltBytes);
    begin = last + 1;
  }
}

void BatchReader::read_run(Run run, Visitor& visitor) {
  for (const Record* record = run.begin; record != run.end; ++record) {
    if (!read_indexed(*record, run, visitor)) read_carefully(*record, visitor);
  }
}

bool BatchReader::read_indexed(const Record& record, Run& run, Visitor& visitor) {
  const auto begin = static_cast<std::size_t>(record.json.data() - run.text.data());
  while (*run.token < begin) ++run.token;
  if (*run.token != begin) return false;
  current_ = {record.json, run.text.data(), run.token};
  if (run.has_escape(begin, begin + record.json.size())) {
    const Escapes escapes = check_escapes(record.json);
    if (!escapes.ok || escapes.lone_surrogate) return false;
    current_.has_escapes = true;
    current_.hides_characters = escapes.needless;
  }
  if (!readers_.front().read(current_, event_, run.token)) return false;
  phase_ = 0;
  visitor.event(event_, renumbered(record.origin));
  return true;
}

void BatchReader::read_again(Event& event, std::size_t phase) {
  if (phase_ >= enough_[phase]) return;
  Token ignored = nullptr;
  readers_[phase].read(current_, event, ignored);  // was read once, so it reads again
  phase_ = phase;
}

void BatchReader::read_with(EventReader& reader, Event& out) {
  Token ignored = nullptr;
  if (current_.token != nullptr) {
    reader.read(current_, out, ignored);
  } else {
    reader.read(event_.json(), out);
  }
}

void BatchReader::read_carefully(const Record& record, Visitor& visitor) {
  const Origin origin = renumbered(record.origin);
  if (record.checked) return read_alone(record.json, origin, visitor);
  const auto take = [&] {
    count_unwrapped(line_);
    for (const Record& found : line_.records) read_alone(found.json, found.origin, visitor);
    for (RecordError& error : line_.errors) visitor.error(std::move(error));
  };
  const std::uint64_t count = read_line({record.json, origin, false, record.is_line}, line_, take);
  if (count != 1) {
    const auto by = static_cast<std::int64_t>(origin.record + count - record.origin.record) - 1;
    renumberings_.push_back({origin.path, record.origin.record, by});
  }
}

void BatchReader::count_unwrapped(const Batch& batch) {
  for (const auto& payload : batch.unwrapped) unwrapped_bytes_ += payload->size();
}

void BatchReader::read_alone(std::string_view json, const Origin& origin, Visitor& visitor) {
  if (auto read = readers_.back().read(json, event_); !read) {
    return visitor.error({std::move(read.error()), origin, false});
  }
  current_ = {};
  phase_ = readers_.size() - 1;
  visitor.event(event_, origin);
}

// For the record that follows the last renumbering.
Origin BatchReader::renumbered(const Origin& origin) const {
  Origin out = origin;
  if (!renumberings_.empty() && renumberings_.back().path == origin.path) {
    out.record += static_cast<std::uint64_t>(renumberings_.back().by);
  }
  return out;
}

void BatchReader::visit_errors(std::vector<RecordError>& errors, Visitor& visitor) const {
  const std::string* path = nullptr;
  std::size_t next = 0;
  std::int64_t by = 0;
  for (RecordError& error : errors) {
    Origin& origin = error.origin;
    if (origin.path != path) {
      path = origin.path;
      by = 0;
      for (next = 0; next < renumberings_.size() && renumberings_[next].path != path;) ++next;
    }
    while (next < renumberings_.size() && renumberings_[next].path == path &&
           renumberings_[next].after < origin.record) {
      by = renumberings_[next++].by;
    }
    if (origin.record != 0) origin.record += static_cast<std::uint64_t>(by);
    visitor.error(std::move(error));
  }
}

}  // namespace tocsin::event
