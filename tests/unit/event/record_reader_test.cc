#include "event/record_reader.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include "base/limits.h"
#include "differential/generate/random.h"
#include "samples.h"

namespace tocsin::event {
namespace {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "tocsin-test-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string write(const std::string& name, std::string_view bytes) const {
    const fs::path path = path_ / name;
    std::ofstream(path, std::ios::binary)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return path.string();
  }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

std::string record(std::size_t i, std::size_t size = 0) {
  return "{\"eventID\":" + std::to_string(i) + ",\"x\":\"" + std::string(size, 'x') + "\"}";
}

struct Total {
  std::vector<std::string> records;
  std::vector<std::string> errors;
  std::size_t batches = 0;
  std::uint64_t input_bytes = 0;
  std::size_t largest = 0;
};

// The same Batch again and again, or a new one each time.
Total read_all_batches(std::vector<std::string> files, bool reuse) {
  RecordReader reader(std::move(files));
  Total total;
  auto batch = std::make_unique<Batch>();
  while (reader.next(*batch)) {
    CHECK(batch->sequence == total.batches);
    ++total.batches;
    total.input_bytes += batch->input_bytes;
    total.largest = std::max(total.largest, batch->bytes.size());
    for (const Record& item : batch->records) {
      total.records.emplace_back(item.json);
      volatile char last = item.json.data()[item.json.size() + kPadding - 1];
      static_cast<void>(last);
    }
    for (const RecordError& error : batch->errors) {
      total.errors.push_back(*error.origin.path + (error.fatal_for_input ? "!" : ":") +
                             error.error.message);
    }
    if (!reuse) batch = std::make_unique<Batch>();
  }
  CHECK(batch->records.empty());
  return total;
}

TEST_CASE("record_reader: batches of several inputs") {
  const Folder folder;
  std::vector<std::string> expected;
  std::string lines;
  for (std::size_t i = 0; i < 5000; ++i) {
    expected.push_back(record(i, i % 700));
    lines += expected.back() + "\n";
  }
  const std::string large = record(5000, limits::kBatchBytes * 3);
  expected.push_back(large);
  expected.push_back(record(5001));
  const std::string many = folder.write("a.jsonl", lines);
  const std::string zipped =
      folder.write("b.json.gz", gzipped("[" + large + "," + record(5001) + "]"));
  const std::string empty = folder.write("c", "");
  std::vector<std::string> files = {many, empty, zipped};
  for (int i = 0; i < 3000; ++i) {
    files.push_back(empty);
    if (i % 3 == 0) continue;
    files.push_back(folder.write("d" + std::to_string(i), record(static_cast<std::size_t>(i))));
    expected.push_back(record(static_cast<std::size_t>(i)));
  }
  for (const bool reuse : {true, false}) {
    const Total total = read_all_batches(files, reuse);
    CHECK(total.records == expected);
    CHECK(total.errors.empty());
    CHECK(total.batches < 20);
    CHECK(total.largest < limits::kBatchBytes * 5);
  }
  const Total total = read_all_batches({many, zipped}, true);
  CHECK(total.input_bytes == fs::file_size(many) + fs::file_size(zipped));
}

TEST_CASE("record_reader: origins") {
  const Folder folder;
  const std::string first = folder.write("first", "{\"a\":1}\n\nx\n{\"b\":2}");
  const std::string second = folder.write("second", "{\"c\":3}");
  RecordReader reader({first, second});
  Batch batch;
  REQUIRE(reader.next(batch));
  REQUIRE(batch.records.size() == 3);
  REQUIRE(batch.errors.size() == 1);
  CHECK(*batch.records[1].origin.path == first);
  CHECK(batch.records[1].origin.record == 3);
  CHECK(batch.records[1].origin.line == 4);
  CHECK(batch.records[1].origin.offset == 11);
  CHECK(batch.errors[0].origin.record == 2);
  CHECK(*batch.records[2].origin.path == second);
  CHECK(batch.records[2].origin.record == 1);
  CHECK(batch.records[2].origin.line == 1);
  CHECK(!reader.next(batch));
}

TEST_CASE("record_reader: an input that fails does not stop the next") {
  const Folder folder;
  const std::string whole = gzipped(record(1) + "\n" + record(2, 3000) + "\n");
  const std::string cut = folder.write("cut.gz", whole.substr(0, whole.size() - 4));
  const std::string cut_list =
      folder.write("list.gz", gzipped("[" + record(3) + ",").substr(0, 35));
  const std::string good = folder.write("good", record(4));
  const Total total = read_all_batches({folder / "none", cut, folder / ".", cut_list, good}, true);
  CHECK(total.records ==
        std::vector<std::string>{record(1), record(2, 3000), record(3), record(4)});
  CHECK(total.errors ==
        std::vector<std::string>{
            (folder / "none") + "!cannot open " + (folder / "none") + ": No such file or directory",
            cut + "!unexpected end of input in gzip member 1",
            (folder / ".") + "!cannot read " + (folder / ".") + ": it is a directory",
            cut_list + "!unexpected end of input in gzip member 1"});
}

TEST_CASE("record_reader: an array that is cut says so, about the input as a whole") {
  const Batch batch = read_records("[" + record(1) + ",\n", "name");
  CHECK(batch.records.size() == 1);
  REQUIRE(batch.errors.size() == 1);
  CHECK(batch.errors[0].fatal_for_input);
  CHECK(batch.errors[0].origin.record == 0);
  CHECK(*batch.errors[0].origin.path == "name");
}

TEST_CASE("record_reader: hands over what it has before it waits") {
  const Folder folder;
  const std::string path = folder / "pipe";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  int writer = -1;
  std::thread opener([&] {
    writer = ::open(path.c_str(), O_WRONLY);
    REQUIRE(::write(writer, "{\"a\":1}\n{\"b\"", 12) == 12);
  });
  RecordReader reader({path});
  Batch batch;
  REQUIRE(reader.next(batch));  // would block for ever if it waited for more
  opener.join();
  REQUIRE(batch.records.size() == 1);
  CHECK(batch.records[0].json == "{\"a\":1}");
  REQUIRE(::write(writer, ":2}\n", 4) == 4);
  ::close(writer);
  REQUIRE(reader.next(batch));
  REQUIRE(batch.records.size() == 1);
  CHECK(batch.records[0].json == "{\"b\":2}");
  CHECK(batch.records[0].origin.offset == 8);
  CHECK(!reader.next(batch));
}

TEST_CASE("record_reader: tiny records, thousands in one window") {
  const Folder folder;
  std::string text;
  for (std::size_t i = 0; i < 400'000; ++i) text += i % 1000 == 7 ? "{\"n\":[1]}\n" : "{}\n";
  const std::string payload = R"({"specversion":"1.0","type":"t","data":"{\"p\":1}"})"
                              "\n";
  const std::string path = folder.write("tiny.jsonl", text + payload + text + "[" + text + "]");
  for (const auto trust : {RecordReader::Trust::checked, RecordReader::Trust::unchecked}) {
    RecordReader reader({path}, trust);
    Batch batch, kept;
    std::size_t records = 0, numbers = 0, wrong = 0;
    while (reader.next(batch)) {
      for (const Record& record : batch.records) {
        ++records;
        volatile char last = record.json.data()[record.json.size() + kPadding - 1];
        static_cast<void>(last);
        if (record.json == "{\"n\":[1]}") {
          ++numbers;
        } else if (record.json != "{}") {
          ++wrong;
        }
        if (record.json.size() < 20 && record.origin.record <= 400'000) {
          wrong += record.origin.line == record.origin.record ? 0 : 1;
        }
      }
      std::swap(batch, kept);  // two threads take turns
    }
    CHECK(records >= 1'200'000);
    CHECK(numbers == 1200);
    CHECK(wrong <= 1);
  }
}

TEST_CASE("record_reader: brief errors are the same ones, without words") {
  std::string text;
  for (std::size_t i = 0; i < 3000; ++i) {
    for (const char* const line : {"x", "{", "{}", "{\"a\":", "]", "{\"a\":1]"}) {
      text += line + std::string("\n");
    }
  }
  text += "[{}";
  const auto read = [&](bool brief) {
    RecordReader reader(text, "memory", RecordReader::Trust::unchecked);
    reader.set_brief(brief);
    std::vector<std::string> found;
    std::size_t worded = 0;
    Batch batch;
    while (reader.next(batch)) {
      for (const Record& record : batch.records) {
        found.push_back(std::to_string(record.origin.record) + std::string(record.json));
      }
      for (const RecordError& error : batch.errors) {
        found.push_back(std::to_string(error.origin.record) + "!" +
                        std::to_string(error.origin.line) +
                        std::to_string(static_cast<int>(error.error.code)));
        if (!error.error.message.empty()) ++worded;
      }
    }
    return std::pair(found, worded);
  };
  const auto [worded, with_words] = read(false);
  const auto [brief, without] = read(true);
  CHECK(worded == brief);
  CHECK(with_words > 5'000);
  CHECK(without == 1);  // that the input ends in an array
}

TEST_CASE("record_reader: text without records is handed over in parts and limited") {
  constexpr std::size_t kBlanks = std::size_t{20} << 20;
  const std::string bytes =
      gzipped(record(1) + "\n" + std::string(kBlanks, ' ') + "\n" + record(2));
  for (const std::uint64_t limit : {kNoLimit, std::uint64_t{5} << 20}) {
    RecordReader reader(bytes, "memory", RecordReader::Trust::unchecked, limit);
    Batch batch;
    std::size_t records = 0, batches = 0;
    std::uint64_t text = 0, largest = 0;
    std::vector<std::string> errors;
    for (; reader.next(batch); ++batches) {
      records += batch.records.size();
      text += batch.text_bytes;
      largest = std::max(largest, batch.text_bytes);
      for (const RecordError& error : batch.errors) errors.push_back(error.error.message);
    }
    CHECK(largest <= 2 * RecordReader::kIdleBytes);
    if (limit == kNoLimit) {
      CHECK(records == 2);
      CHECK(text > kBlanks);
      CHECK(batches >= 10);
      CHECK(errors.empty());
    } else {
      CHECK(records == 1);
      CHECK(text < limit + 2 * RecordReader::kIdleBytes);
      REQUIRE(errors.size() == 1);
      CHECK(errors[0] == inflates_too_much(limit).message);
    }
  }
}

TEST_CASE(
    "record_reader: an input has ended in the batch that holds its last record, if it was whole") {
  const Folder folder;
  std::string many, log = R"({"Records":[)";
  for (int i = 0; i < 2500; ++i) many += "{\"n\":" + std::to_string(i) + "}\n";
  for (int i = 0; i < 1500; ++i) log += (i == 0 ? "" : ",") + std::string("{\"eventID\":\"x\"}");
  const std::vector<std::string> files = {
      folder.write("many", many),
      folder.write("empty", ""),
      folder.write("log", log + "]}"),
      folder.write("cut", "{\"a\":1}\n{\"a\":"),
      folder / "missing",
      folder.write("torn.gz", gzipped(many).substr(0, 5000)),
      folder.write("last", "{\"a\":1}"),
  };
  RecordReader reader(files);
  Batch batch;
  std::map<std::string, std::size_t> records;
  std::vector<std::string> ended, order;
  while (reader.next(batch)) {
    for (const Record& record : batch.records) {
      ++records[*record.origin.path];
      // Nothing follows the end.
      CHECK(std::find(ended.begin(), ended.end(), *record.origin.path) == ended.end());
    }
    for (const auto& path : batch.ended) ended.push_back(*path);
  }
  CHECK(records[files[0]] == 2500);
  CHECK(records[files[2]] == 1500);
  CHECK(ended == std::vector<std::string>{files[0], files[1], files[2], files[3], files[6]});

  // Very many inputs without a record come to more than one batch.
  RecordReader nothing(std::vector<std::string>(2500, files[1]));
  std::size_t batches = 0, ends = 0;
  for (; nothing.next(batch); ++batches) ends += batch.ended.size();
  CHECK(ends == 2500);
  CHECK(batches > 1);
}

TEST_CASE("record_reader: inputs come from a queue, which is asked for one after the other") {
  class Numbers final : public InputQueue {
   public:
    std::optional<Input> next() override {
      if (at_ == 3) return std::nullopt;
      const int number = at_++;
      if (number == 1) return Input{"1", fail(Code::refused, "not allowed")};
      return Input{std::to_string(number), memory_source("{\"a\":1}\n")};
    }

   private:
    int at_ = 0;
  };
  std::vector<std::unique_ptr<InputQueue>> queues;
  queues.push_back(std::make_unique<Numbers>());
  queues.push_back(file_queue({}));
  queues.push_back(std::make_unique<Numbers>());
  RecordReader reader(chain(std::move(queues)));
  Batch batch;
  std::string seen;
  while (reader.next(batch)) {
    for (const Record& record : batch.records) seen += *record.origin.path + ' ';
    for (const RecordError& error : batch.errors) {
      CHECK(error.fatal_for_input);
      seen += *error.origin.path + ": " + error.error.message + ' ';
    }
    for (const auto& path : batch.ended) seen += '(' + *path + ") ";
  }
  CHECK(seen == "0 2 0 2 1: not allowed 1: not allowed (0) (2) (0) (2) ");
}

TEST_CASE("record_reader: bombs stay small") {
  const Folder folder;
  const std::size_t bomb_bytes = (std::size_t{256} << 20) / differential::stride(8);
  constexpr std::size_t kPartBytes = std::size_t{1} << 20;
  for (const std::string_view unit :
       {std::string_view("\0", 1), std::string_view("["), std::string_view(" "),
        std::string_view("{\"a\":"), std::string_view("\n"), std::string_view("{\"a\":[")}) {
    INFO("many " << unit);
    std::string part;
    while (part.size() < kPartBytes) part += unit;
    const std::string member = gzipped(part);
    std::string bytes;
    for (std::size_t size = 0; size < bomb_bytes; size += part.size()) bytes += member;
    const std::string path = folder.write("bomb.gz", bytes);
    RecordReader reader({path});
    Batch batch;
    std::size_t records = 0;
    std::size_t largest = 0;
    for (std::size_t batches = 0; batches < 300 && reader.next(batch); ++batches) {
      records += batch.records.size();
      largest = std::max(largest, batch.bytes.size());
    }
    CHECK(records == 0);
    CHECK(largest <= limits::kBatchBytes + 2 * limits::kRecordBytes);
  }
}

}  // namespace
}  // namespace tocsin::event
