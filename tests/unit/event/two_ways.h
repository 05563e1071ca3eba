// Helpers of the tests of BatchReader: the same bytes read in two ways. The fast way is a
// RecordReader that trusts lines and elements, with a BatchReader; the slow and obvious one checks
// every record and reads each by itself.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "event/batch_reader.h"
#include "event/cloudtrail.h"
#include "event/event_reader.h"
#include "event/record_reader.h"

namespace tocsin::event {

// Bytes that a RecordReader can open.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes) : file_(::memfd_create("input", 0)) {
    while (!bytes.empty()) {
      const auto written = ::write(file_, bytes.data(), bytes.size());
      if (written <= 0) break;
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  ~MemoryFile() { ::close(file_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::string path() const { return "/proc/self/fd/" + std::to_string(file_); }

 private:
  int file_;
};

// All fields and the first ones.
struct Wanted {
  Wanted(const std::vector<std::string>& paths, const std::vector<std::string>& first_paths) {
    for (const std::string& path : paths) all.add(path);
    std::vector<FieldRef> wanted;
    for (const std::string& path : first_paths) wanted.push_back(all.add(path));
    FactFields::complete(all);
    first = all.only(wanted);
  }

  FieldSet all;
  FieldSet first;
};

// An event or an error, and all that can be seen of it.
struct Seen {
  std::uint64_t record = 0;
  std::uint64_t line = 0;
  std::uint64_t offset = 0;
  std::string text;
  std::string fields;  // of an event; "" where they were not asked for

  bool operator==(const Seen&) const = default;
  bool operator<(const Seen& other) const { return offset < other.offset; }
};

inline std::ostream& operator<<(std::ostream& out, const Seen& seen) {
  return out << "record " << seen.record << ", line " << seen.line << ", byte " << seen.offset
             << ": " << seen.text.substr(0, 300) << '\n'
             << seen.fields.substr(0, 2000);
}

struct Reading {
  std::vector<Seen> events;
  std::vector<Seen> errors;
  std::size_t batches = 0;

  // Every record and every error has its own number, and no number is missing.
  bool is_numbered() const {
    std::set<std::uint64_t> numbers;
    for (const auto* list : {&events, &errors}) {
      for (const Seen& seen : *list) {
        if (seen.record != 0 && !numbers.insert(seen.record).second) return false;
      }
    }
    return numbers.empty() || *numbers.rbegin() == numbers.size();
  }
};

inline std::string describe(const Event& event, const FieldSet& fields, std::uint8_t notes) {
  std::string out = "notes " + std::to_string(event.notes() & notes);
  if (event.is_cloudtrail()) out += ", CloudTrail";
  if (event.is_spelled_out()) out += ", spelled out";
  for (FieldRef field = 0; field < fields.size(); ++field) {
    if (!fields.is_read(field) || !event.present(field)) continue;
    out += "\n'" + fields.path(field) + "':";
    for (const Value* value = event.first(field); value != nullptr; value = event.next(*value)) {
      out += ' ' + std::to_string(static_cast<int>(value->kind)) + (value->nested ? "~" : "=");
      out += value->text;
    }
  }
  return out;
}

// Of every third event, only the first fields are looked at.
inline Seen see(const Origin& origin, std::string_view json, std::size_t index,
                const std::string& first, const std::string& all) {
  return {origin.record, origin.line, origin.offset, std::string(json),
          index % 3 == 0 ? first : first + '\n' + all};
}
inline Seen see(const RecordError& error) {
  const Origin& origin = error.origin;
  return {origin.record, origin.line, origin.offset, error.error.message, {}};
}

// Values that were left out are missed only where they are read.
constexpr std::uint8_t kFirstNotes = kInvalidUtf8 | kControlByte | kLoneSurrogate | kLongNumber;

class TwoWays {
 public:
  explicit TwoWays(const Wanted& wanted)
      : wanted_(wanted), slow_(wanted.all), phases_{wanted.first, wanted.all}, fast_(phases_) {}

  // The bytes as the content of a file.
  Reading slow(std::string_view bytes) {
    Reading reading;
    const Batch batch = read_records(bytes);
    for (const RecordError& error : batch.errors) reading.errors.push_back(see(error));
    for (const Record& record : batch.records) {
      if (const auto read = slow_.read(record.json, event_); !read) {
        reading.errors.push_back(see(RecordError{read.error(), record.origin}));
        continue;
      }
      reading.events.push_back(see(record.origin, event_.json(), reading.events.size(),
                                   describe(event_, wanted_.first, kFirstNotes),
                                   describe(event_, wanted_.all, 0xff)));
    }
    std::stable_sort(reading.errors.begin(), reading.errors.end());
    return reading;
  }

  Reading fast(std::string_view bytes) {
    const MemoryFile file(bytes);
    return fast_files({file.path()});
  }
  // Of several files, the numbers are those of the last one.
  Reading fast_files(std::vector<std::string> files) {
    Collector collector(*this);
    RecordReader reader(std::move(files), RecordReader::Trust::unchecked);
    for (Batch batch; reader.next(batch);) collector.read(batch);
    std::stable_sort(collector.reading.errors.begin(), collector.reading.errors.end());
    return std::move(collector.reading);
  }

 private:
  // What the pipeline does with the batches of one input.
  struct Collector : BatchReader::Visitor {
    explicit Collector(TwoWays& both) : ways(both) {}

    void read(Batch& batch) {
      ++reading.batches;
      ways.fast_.read(batch, *this);
      if (!ways.fast_.renumberings().empty()) by += ways.fast_.renumberings().back().by;
    }
    void event(Event& event, const Origin& origin) override {
      const std::size_t index = reading.events.size();
      const std::string first = describe(event, ways.wanted_.first, kFirstNotes);
      std::string all;
      if (index % 3 != 0) {
        ways.fast_.read_again(event, 1);
        // The first fields are among all of them.
        if (describe(event, ways.wanted_.first, kFirstNotes) != first) all = "changed: ";
        all += describe(event, ways.wanted_.all, 0xff);
      }
      reading.events.push_back(see(origin, event.json(), index, first, all));
      renumber(reading.events.back());
    }
    void error(RecordError error) override {
      reading.errors.push_back(see(error));
      renumber(reading.errors.back());
    }
    void renumber(Seen& seen) const {
      if (seen.record != 0) seen.record += static_cast<std::uint64_t>(by);
    }

    TwoWays& ways;
    Reading reading;
    std::int64_t by = 0;
  };

  const Wanted& wanted_;
  EventReader slow_;
  std::vector<FieldSet> phases_;
  BatchReader fast_;
  Event event_;
};

// What must hold of any bytes; "" when it does. Text without errors reads the same in both ways. In
// damaged text the ways may look for the next record at different places, but neither loses one of
// the `sound` records that the other finds, and numbers stay in order.
inline std::string broken_law(const Reading& slow, const Reading& fast,
                              const std::set<std::string>& sound = {}) {
  if (!slow.is_numbered() || !fast.is_numbered()) return "numbers";
  if (slow.errors.empty() && fast.errors.empty()) return slow.events == fast.events ? "" : "events";
  std::set<std::pair<std::uint64_t, std::string>> found;
  for (const Seen& event : fast.events) found.insert({event.offset, event.text});
  for (const Seen& event : slow.events) {
    if (sound.count(event.text) != 0 && found.count({event.offset, event.text}) == 0) {
      return "lost: " + event.text;
    }
  }
  return "";
}

}  // namespace tocsin::event
