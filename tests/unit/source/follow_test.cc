#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "event/record_reader.h"
#include "source/follower.h"
#include "source/source.h"
#include "unit/event/samples.h"
#include "unit/source/fakes.h"

namespace tocsin::source {
namespace {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() {
    char path[] = "/tmp/tocsin-follow-XXXXXX";
    REQUIRE(::mkdtemp(path) != nullptr);
    path_ = path;
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Reads what it is given, and keeps positions as the store does.
class Pipeline final : public Intake {
 public:
  void submit(Submission, AckToken) override {}
  void set_aside(Submission, std::string, AckToken) override {}
  Receipt submit_and_wait(Submission submission, std::stop_token) override {
    const event::Batch batch = event::read_records(submission.bytes);
    for (const event::Record& record : batch.records) {
      const std::size_t at = record.json.find("\"id\":");
      const std::string id(
          record.json.substr(at + 5, record.json.find_first_of(",}", at) - at - 5));
      ++seen[id];
      order.push_back(id);
    }
    errors += batch.errors.size();
    CHECK(submission.place.sequence != nullptr);
    if (!submission.place.position.empty()) saved = submission.place.position;
    largest = std::max(largest, submission.bytes.size());
    ++submissions;
    return {};
  }
  Result<Reading> resume(const std::string& source) override {
    CHECK(source == "logs");
    return Reading(saved);
  }

  std::string saved;
  std::map<std::string, int> seen;
  std::vector<std::string> order;
  std::size_t errors = 0, largest = 0;
  std::atomic<std::size_t> submissions = 0;  // of which the rest is ready to be looked at
};

std::string record(std::size_t id) {
  return fmt::format(R"({{"id":{},"pad":"{}"}})", id, std::string(280 + id % 7, 'x'));
}

void append(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::app | std::ios::binary) << text;
}

std::string content(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void gzip(const std::string& path) {
  const std::string packed = event::gzipped(content(path));
  std::ofstream(path + ".gz", std::ios::binary) << packed;
  fs::remove(path);
}

// A follower over a path, and lines that are numbered as they are written.
class Bench {
 public:
  explicit Bench(std::string path, bool restarts = false) : restarts_(restarts) {
    options.name = "logs";
    options.path = std::move(path);
    options.poll_ms = 100;
    options.settle_ms = 1000;
    options.abandon_ms = 10'000;
    log::configure(log::Level::error, log::Format::text);
  }
  ~Bench() { log::configure(log::Level::info, log::Format::text); }

  void restart() {
    follower_ = std::make_unique<Follower>(options, pipeline, clock);
    REQUIRE(follower_->restore());
  }
  void pass() {
    if (follower_ == nullptr || restarts_) restart();
    while (follower_->pass({}).value()) {
    }
    clock.advance_steady(options.poll_ms);
  }
  // Until nothing is waited for.
  void settle(std::int64_t ms = 2500) {
    const bool restarts = std::exchange(restarts_, false);  // a new start waits anew
    for (std::int64_t t = 0; t <= ms; t += options.poll_ms) pass();
    restarts_ = restarts;
  }

  std::string lines(std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += record(++written) + "\n";
    return text;
  }

  // Every line once, and nothing else.
  void check() const {
    std::string missing, doubled;
    for (std::size_t id = 1; id <= written; ++id) {
      const auto found = pipeline.seen.find(std::to_string(id));
      if (found == pipeline.seen.end()) missing += fmt::format("{} ", id);
      if (found != pipeline.seen.end() && found->second != 1) doubled += fmt::format("{} ", id);
    }
    CHECK(missing == "");
    CHECK(doubled == "");
    CHECK(pipeline.seen.size() == written);
    CHECK(pipeline.errors == 0);
    CHECK(pipeline.saved.size() <= FollowPosition::kBytes);
  }

  FollowOptions options;
  Pipeline pipeline;
  FakeClock clock{1'700'000'000'000};
  std::size_t written = 0;

 private:
  bool restarts_;
  std::unique_ptr<Follower> follower_;
};

TEST_CASE("a file that grows, seen line by line") {
  const Folder folder;
  Bench bench(folder / "x.log", GENERATE(false, true));
  bench.pass();
  append(folder / "x.log", bench.lines(3));
  bench.pass();
  CHECK(bench.pipeline.order == std::vector<std::string>{"1", "2", "3"});
  const std::string line = bench.lines(1);
  append(folder / "x.log", line.substr(0, 100));
  bench.pass();
  CHECK(bench.pipeline.seen.size() == 3);
  append(folder / "x.log", line.substr(100));
  bench.pass();
  bench.check();
  const std::size_t submissions = bench.pipeline.submissions;
  bench.pass();
  bench.pass();
  CHECK(bench.pipeline.submissions == submissions);  // nothing to do: nothing is done
}

TEST_CASE("a line without its end waits until the file has settled") {
  const Folder folder;
  Bench bench(folder / "x.log");
  append(folder / "x.log", record(++bench.written));
  bench.pass();
  CHECK(bench.pipeline.seen.empty());
  bench.settle();
  bench.check();
  append(folder / "x.log", "\n" + bench.lines(1));
  bench.pass();
  bench.check();
}

TEST_CASE("a rest that never becomes a record is told of once") {
  const Folder folder;
  Bench bench(folder / "x.log");
  append(folder / "x.log", bench.lines(2) + "{\"id\":7,");
  bench.settle(5000);
  bench.check();
  bench.settle(20'000);
  CHECK(bench.pipeline.errors == 1);
  bench.restart();
  bench.settle(20'000);
  CHECK(bench.pipeline.errors == 1);
  CHECK(bench.pipeline.seen.size() == 2);
}

TEST_CASE("links that lead out of what is followed are not followed") {
  const Folder folder, elsewhere;
  append(elsewhere / "secret.log", record(1'000'000) + "\n");
  fs::create_directory(folder / "in");
  const auto link = [](const std::string& to, const std::string& at) {
    fs::create_symlink(to, at);
  };
  SECTION("folder, glob, and names beside a file") {
    const std::string path = GENERATE("", "/x*", "/x.log");
    Bench bench(folder.path() + path, GENERATE(false, true));
    append(folder / "x.log", bench.lines(2));
    if (path != "/x.log") {
      append(folder / "in/y.log", bench.lines(2));
      link("in/y.log", folder / "x-inside.log");  // what leads to a file in it is a name of it
    }
    link(elsewhere / "secret.log", folder / "x.log.1");
    link(elsewhere / "secret.log", folder / "x-other.log");
    link(elsewhere.path(), folder / "x-folder");
    link("../" + fs::path(elsewhere.path()).filename().string() + "/secret.log",
         folder / "x-relative.log");
    bench.pass();
    bench.settle();
    bench.check();
    fs::remove(folder / "x.log");  // what was read becomes a link
    link(elsewhere / "secret.log", folder / "x.log");
    if (path == "/x.log") return;
    bench.settle();
    bench.check();
  }
  SECTION("the operator's own path may lead anywhere") {
    Bench bench(folder / GENERATE("file.log", "folder", "folder/*.log", "folder/secret.log"));
    link(elsewhere / "secret.log", folder / "file.log");
    link(elsewhere.path(), folder / "folder");
    bench.settle();
    CHECK(bench.pipeline.order == std::vector<std::string>{"1000000"});
  }
  SECTION("whatever was seen before: the open file counts") {
    link(elsewhere / "secret.log", folder / "x.log");
    link(folder.path(), elsewhere / "back");
    append(folder / "y.log", "y");
    const std::string within = fs::canonical(folder.path());
    const auto out = FollowedFile::open(folder / "x.log", within);
    REQUIRE_FALSE(out);
    CHECK(out.error().code == Code::refused);
    CHECK(FollowedFile::open(folder / "x.log", ""));
    CHECK(FollowedFile::open(folder / "x.log", "/"));
    CHECK(FollowedFile::open(elsewhere / "back/y.log", within));
    CHECK_FALSE(FollowedFile::open(folder / "y.log", within.substr(0, within.size() - 1)));
  }
}

TEST_CASE("rotation by renaming") {
  const Folder folder;
  const bool whole_folder = GENERATE(false, true);
  Bench bench(whole_folder ? folder.path() : folder / "x.log", GENERATE(false, true));
  append(folder / "x.log", bench.lines(3));
  bench.pass();
  append(folder / "x.log", bench.lines(2));  // not seen before it is moved
  fs::rename(folder / "x.log", folder / "x.log.1");
  append(folder / "x.log", bench.lines(1));
  bench.pass();
  append(folder / "x.log.1", bench.lines(1));  // the writer has not noticed yet
  append(folder / "x.log", bench.lines(1));
  bench.pass();
  fs::rename(folder / "x.log.1", folder / "x.log.2");
  fs::rename(folder / "x.log", folder / "x.log.1");
  append(folder / "x.log", bench.lines(4));
  bench.pass();
  bench.settle();
  bench.check();
}

TEST_CASE("rotated files that are compressed are not read twice, and read to their end") {
  const Folder folder;
  const std::string path = GENERATE(0, 1, 2) == 0 ? "x.log" : GENERATE("x.log*", "");
  Bench bench(path.empty() ? folder.path() : folder / path, GENERATE(false, true));
  append(folder / "x.log", bench.lines(6));
  bench.pass();
  append(folder / "x.log", bench.lines(3));
  fs::rename(folder / "x.log", folder / "x.log.1");
  gzip(folder / "x.log.1");
  append(folder / "x.log", bench.lines(2));
  bench.pass();
  bench.settle();
  bench.check();
  gzip(folder / "x.log");
  append(folder / "x.log", bench.lines(2));
  bench.settle();
  bench.check();
}

TEST_CASE("copytruncate") {
  const Folder folder;
  const bool whole_folder = GENERATE(false, true);
  Bench bench(whole_folder ? folder.path() : folder / "x.log", GENERATE(false, true));
  append(folder / "x.log", bench.lines(6));
  bench.pass();
  append(folder / "x.log", bench.lines(3));  // will only be found in the copy
  fs::copy_file(folder / "x.log", folder / "x.log.1");
  if (GENERATE(false, true)) bench.pass();  // between copying and truncating
  fs::resize_file(folder / "x.log", 0);
  if (GENERATE(false, true)) bench.pass();
  append(folder / "x.log", bench.lines(2));
  bench.pass();
  bench.settle();
  bench.check();
  gzip(folder / "x.log.1");
  append(folder / "x.log", bench.lines(12));
  bench.settle();
  bench.check();
}

TEST_CASE("a copy that is seen while it is made") {
  const Folder folder;
  Bench bench(folder.path());
  append(folder / "x.log", bench.lines(20));
  bench.pass();
  const std::string text = content(folder / "x.log");
  for (const std::size_t size :
       {std::size_t{10}, std::size_t{700}, std::size_t{2000}, text.size()}) {
    std::ofstream(folder / "x.log.1", std::ios::binary) << text.substr(0, size);
    bench.pass();
  }
  fs::resize_file(folder / "x.log", 0);
  append(folder / "x.log", bench.lines(1));
  bench.settle();
  bench.check();
}

TEST_CASE("truncated and longer again before anybody looked") {
  const Folder folder;
  Bench bench(folder / "x.log", GENERATE(false, true));
  append(folder / "x.log", bench.lines(2));
  bench.pass();
  fs::resize_file(folder / "x.log", 0);
  append(folder / "x.log", bench.lines(7));
  bench.pass();
  bench.settle();
  bench.check();
}

TEST_CASE("a file that is put in place of another") {
  const Folder folder;
  Bench bench(folder / "x.log", GENERATE(false, true));
  append(folder / "x.log", bench.lines(5));
  bench.pass();
  SECTION("with the same text and more") {  // as rsync does
    fs::copy_file(folder / "x.log", folder / ".x.log.new");
    append(folder / ".x.log.new", bench.lines(2));
  }
  SECTION("with another text") {
    append(folder / ".x.log.new", bench.lines(2));
  }
  fs::rename(folder / ".x.log.new", folder / "x.log");
  bench.pass();
  bench.settle();
  bench.check();
}

TEST_CASE("rotated twice while nobody looked") {
  const Folder folder;
  Bench bench(folder / GENERATE("x.log", "*.log"));
  append(folder / "x.log.7", "{\"id\":\"from before the first start\"}\n");
  fs::last_write_time(folder / "x.log.7", fs::file_time_type::clock::now() - std::chrono::years(9));
  append(folder / "x.log", bench.lines(3));
  bench.pass();
  append(folder / "x.log", bench.lines(2));
  fs::rename(folder / "x.log", folder / "x.log.2");
  append(folder / "x.log", bench.lines(4));
  append(folder / "x.log.conf", "{\"id\":\"of something else\"}\n");
  SECTION("numbered") {
    fs::rename(folder / "x.log", folder / "x.log.1");
  }
  SECTION("dated") {
    fs::rename(folder / "x.log", folder / "x-20240131.log");
  }
  SECTION("compressed") {
    gzip(folder / "x.log");
    fs::rename(folder / "x.log.gz", folder / "x.log.1.gz");
    gzip(folder / "x.log.2");
  }
  append(folder / "x.log", bench.lines(1));
  bench.restart();
  bench.settle();
  bench.check();
  bench.restart();
  bench.settle();
  bench.check();
}

TEST_CASE("deleted before it was read to its end") {
  const Folder folder;
  Bench bench(folder / "x.log");
  append(folder / "x.log", bench.lines(2));
  bench.pass();
  append(folder / "x.log", bench.lines(2) + record(++bench.written));
  fs::remove(folder / "x.log");
  append(folder / "x.log", bench.lines(1));
  bench.pass();
  bench.settle();
  bench.check();
}

TEST_CASE("a folder of whole files") {
  const Folder folder;
  Bench bench(folder.path(), GENERATE(false, true));
  bench.pass();
  fs::create_directories(folder / "2024/01");
  const auto log_file = [&](std::size_t count) {
    std::string text = "{\"Records\":[";
    for (std::size_t i = 0; i < count; ++i) text += (i == 0 ? "" : ",") + record(++bench.written);
    return text + "]}";
  };
  append(folder / "2024/01/a.json", log_file(10));  // without a line break at its end
  append(folder / "2024/01/b.json", log_file(5));
  gzip(folder / "2024/01/b.json");
  append(folder / "2024/01/.hidden", "garbage");
  append(folder / "empty.json", "");
  bench.pass();
  bench.settle();
  bench.check();
  append(folder / "2024/02.json", log_file(3));
  bench.restart();
  bench.settle();
  bench.check();
  fs::remove(folder / "2024/01/a.json");
  bench.settle();
  bench.check();
}

TEST_CASE("a compressed file is read when it is complete") {
  const Folder folder;
  append(folder / "whole", "");
  Bench bench(folder / "in", GENERATE(false, true));
  fs::create_directory(folder / "in");
  append(folder / "whole", bench.lines(200));
  gzip(folder / "whole");
  const std::string bytes = content(folder / "whole.gz");
  append(folder / "in/x.json.gz", bytes.substr(0, bytes.size() / 2));
  bench.settle(3000);
  CHECK(bench.pipeline.errors == 0);
  append(folder / "in/x.json.gz", bytes.substr(bytes.size() / 2));
  bench.settle(3000);
  bench.check();
}

TEST_CASE("a compressed file that stays damaged is told of once") {
  const Folder folder;
  fs::create_directory(folder / "in");
  Bench bench(folder / "in");
  append(folder / "whole", bench.lines(200));
  gzip(folder / "whole");
  const std::string bytes = content(folder / "whole.gz");
  append(folder / "in/x.json.gz", bytes.substr(0, bytes.size() - 100));
  append(folder / "in/y.json.zst", "\x28\xb5\x2f\xfd----");
  bench.settle(30'000);
  const std::size_t errors = bench.pipeline.errors;
  CHECK(errors >= 1);
  CHECK(bench.pipeline.seen.size() > 100);
  bench.settle(30'000);
  bench.restart();
  bench.settle(30'000);
  CHECK(bench.pipeline.errors == errors);
  for (const auto& [id, count] : bench.pipeline.seen) CHECK(count == 1);
}

TEST_CASE("from the end, for files that are there at the first start") {
  const Folder folder;
  Bench bench(folder.path(), GENERATE(false, true));
  bench.options.from_end = true;
  append(folder / "x.log", "{\"id\":\"old\"}\n{\"id\":\"old\"}\n");
  append(folder / "old.json", "{\"id\":\"old\"}\n");
  gzip(folder / "old.json");
  const std::string line = bench.lines(1);
  append(folder / "x.log", line.substr(0, 10));
  bench.pass();
  CHECK_FALSE(bench.pipeline.saved.empty());  // or the next start would be the first one again
  append(folder / "x.log", line.substr(10));
  append(folder / "new.log", bench.lines(3));
  bench.restart();
  bench.settle();
  bench.check();
}

TEST_CASE("files that look alike at first are not taken for copies") {
  const Folder folder;
  Bench bench(folder.path(), GENERATE(false, true));
  const std::string header(2000, ' ');
  const auto begin = [&](const std::string& name) { append(folder / name, header + "\n"); };
  for (const char* name : {"app.log", "app2.log", "app3.log"}) {
    begin(name);
    bench.pass();
  }
  for (int i = 0; i < 3; ++i) {
    for (const char* name : {"app.log", "app2.log", "app3.log"}) {
      append(folder / name, bench.lines(1));
      bench.pass();
    }
  }
  bench.settle(70'000);
  bench.check();
}

TEST_CASE("what is no regular file is refused, and holds up nothing") {
  const Folder folder;
  Bench bench(folder.path());
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  REQUIRE(::symlink("/dev/zero", (folder / "zero").c_str()) == 0);
  REQUIRE(::symlink(folder.path().c_str(), (folder / "loop").c_str()) == 0);
  REQUIRE(::symlink("nowhere", (folder / "dangling").c_str()) == 0);
  append(folder / "real", bench.lines(2));
  REQUIRE(::symlink("real", (folder / "link.log").c_str()) == 0);
  bench.settle();
  bench.check();
}

TEST_CASE("a file that cannot be read is tried again") {
  if (::geteuid() == 0) return;  // root reads everything
  const Folder folder;
  Bench bench(folder / "x.log");
  append(folder / "x.log", bench.lines(2));
  REQUIRE(::chmod((folder / "x.log").c_str(), 0) == 0);
  bench.pass();
  CHECK(bench.pipeline.seen.empty());
  REQUIRE(::chmod((folder / "x.log").c_str(), 0600) == 0);
  bench.pass();
  bench.check();
}

TEST_CASE("much text comes in pieces, and other files have their turn") {
  const Folder folder;
  Bench bench(folder.path());
  std::string text;
  for (int i = 0; i < 70'000; ++i)
    text += "{\"id\":\"big\",\"pad\":\"" + std::string(260, 'y') + "\"}\n";
  append(folder / "big.log", text);
  append(folder / "small.log", bench.lines(1));
  bench.pass();
  CHECK(bench.pipeline.seen["\"big\""] == 70'000);
  CHECK(bench.pipeline.largest < 3 * RecordCutter::kPieceBytes);
  const auto& order = bench.pipeline.order;
  CHECK(std::find(order.begin(), order.end(), "1") + 1000 < order.end());
}

TEST_CASE("text without line breaks or records does not stop the reading") {
  const Folder folder;
  Bench bench(folder.path());
  append(folder / "a.bin", std::string(std::size_t{24} << 20, '\x01'));
  append(folder / "b.log", bench.lines(1));
  bench.settle(12'000);
  CHECK(bench.pipeline.errors >= 1);
  CHECK(bench.pipeline.errors < 10);
  CHECK(bench.pipeline.seen.size() == 1);
}

TEST_CASE("a position that cannot be understood is no end") {
  const Folder folder;
  Bench bench(folder / "x.log");
  append(folder / "x.log", bench.lines(2));
  bench.pipeline.saved = GENERATE("x", "{}", "{\"v\":9}", "{\"v\":1,\"texts\":[{}],\"read\":\"\"}",
                                  "{\"v\":1,\"texts\":[],\"read\":\"zz\"}", "[]", "null");
  bench.pass();
  bench.check();
}

TEST_CASE("positions are bounded, and remember many files") {
  const Folder folder;
  Bench bench(folder.path());
  for (int i = 0; i < 1000; ++i) append(folder / fmt::format("f{:05}-x.json", i), bench.lines(1));
  bench.pass();
  bench.settle(500);
  bench.check();
  bench.restart();
  bench.settle(500);
  bench.check();
  for (int i = 0; i < 1000; i += 2) fs::remove(folder / fmt::format("f{:05}-x.json", i));
  append(folder / "f00001-x.json", bench.lines(1));
  bench.settle(500);
  CHECK(bench.pipeline.seen.size() == bench.written);
}

TEST_CASE("a source in its own thread ends when it is told to") {
  const Folder folder;
  Bench bench(folder / "x.log");
  append(folder / "x.log", bench.lines(5));
  FakeHost host(bench.pipeline);
  const auto source =
      make_source("{type: file, poll: 10ms, path: " + (folder / "x.log") + "}", "logs");
  std::jthread thread([&](const std::stop_token& stop) { CHECK(source->run(host.host, stop)); });
  while (bench.pipeline.submissions == 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  thread.request_stop();
  thread.join();
  bench.check();
}

// --- at random ---

TEST_CASE("whatever happens to the files, every line is read once") {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    std::mt19937 random(seed);
    const auto pick = [&](std::size_t count) { return random() % count; };
    const Folder folder;
    const std::size_t kind = pick(3);
    Bench bench(kind == 0 ? folder / "x.log" : kind == 1 ? folder / "x.log*" : folder.path());
    const std::string live = folder / "x.log";
    std::string rest;  // of a line that was written in part
    std::string history;
    const auto shift = [&] {  // x.log.1 → x.log.2.gz …
      if (fs::exists(folder / "x.log.2.gz")) fs::remove(folder / "x.log.2.gz");
      if (fs::exists(folder / "x.log.1")) {
        gzip(folder / "x.log.1");
        fs::rename(folder / "x.log.1.gz", folder / "x.log.2.gz");
      }
    };
    bench.pass();
    for (int step = 0; step < 40; ++step) {
      const std::size_t what = pick(10);
      history += static_cast<char>('0' + what);
      if (what < 4) {  // write
        append(live, std::exchange(rest, "") + bench.lines(1 + pick(5)));
      } else if (what == 4) {  // write in part
        const std::string text = std::exchange(rest, "") + bench.lines(1);
        const std::size_t size = 1 + pick(text.size() - 1);
        append(live, text.substr(0, size));
        rest = text.substr(size);
      } else if (what == 5 && rest.empty() && fs::exists(live)) {  // rename
        bench.settle();  // what is compressed twice or deleted must have been seen once
        shift();
        fs::rename(live, folder / "x.log.1");
      } else if (what == 6 && rest.empty() && fs::exists(live)) {  // copy, truncate
        bench.settle();
        shift();
        if (pick(2) == 0) append(live, bench.lines(2));
        fs::copy_file(live, folder / "x.log.1", fs::copy_options::overwrite_existing);
        if (pick(2) == 0) bench.pass();
        fs::resize_file(live, 0);
        if (pick(2) == 0) bench.pass();
      } else if (what == 7 && pick(2) == 0) {
        bench.restart();
      } else if (what == 7 && rest.empty() && fs::exists(live)) {  // a newer version is put there
        fs::copy_file(live, folder / ".new");
        append(folder / ".new", bench.lines(pick(3)));
        fs::rename(folder / ".new", live);
      } else {
        bench.pass();
      }
    }
    append(live, rest);
    bench.settle();
    INFO(history);
    bench.check();
  }
}

}  // namespace
}  // namespace tocsin::source
