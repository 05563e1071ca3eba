#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "event/record_reader.h"
#include "source/source.h"
#include "unit/event/samples.h"
#include "unit/source/fakes.h"

namespace tocsin::source {
namespace {

class Records final : public Intake {
 public:
  void submit(Submission, AckToken) override {}
  void set_aside(Submission, std::string, AckToken) override {}
  Receipt submit_and_wait(Submission submission, std::stop_token) override {
    if (failures > 0) {
      --failures;
      Receipt refused;
      refused.status = fail(Code::busy, "full");
      refused.returned = std::move(submission);
      return refused;
    }
    CHECK(submission.source == "pipe");
    CHECK(submission.place.sequence == nullptr);
    CHECK(submission.received_ms > 0);
    const event::Batch batch = event::read_records(submission.bytes);
    for (const event::Record& record : batch.records) seen.emplace_back(record.json);
    errors += batch.errors.size();
    ++submissions;
    return {};
  }
  Result<Reading> resume(const std::string&) override { return Reading(); }

  int failures = 0;
  std::vector<std::string> seen;
  std::size_t errors = 0, submissions = 0;
};

// Standard input, replaced by a pipe while it lives.
class StandardInput {
 public:
  StandardInput() : saved_(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10)) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    ::dup2(ends[0], STDIN_FILENO);
    ::close(ends[0]);
    writer = ends[1];
  }
  ~StandardInput() {
    close();
    if (saved_ >= 0) {
      ::dup2(saved_, STDIN_FILENO);
      ::close(saved_);
    }
  }
  void write(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t written = ::write(writer, text.data(), text.size());
      REQUIRE(written > 0);
      text.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  void close() {
    if (writer >= 0) ::close(writer);
    writer = -1;
  }

  int writer = -1;

 private:
  int saved_;
};

TEST_CASE("standard input is read to its end") {
  StandardInput input;
  Records records;
  records.failures = 1;
  SECTION("lines") {
    input.write("{\"a\":1}\n{\"b\":2}");
  }
  SECTION("pretty") {
    input.write("{\n\"a\":1\n}\n[{\"b\"\n:2}]");
  }
  SECTION("gzip") {
    input.write(event::gzipped("{\"a\":1}\n") + event::gzipped("{\"b\":2}\n"));
  }
  input.close();
  FakeHost host(records);
  CHECK(make_source("type: stdin", "pipe")->run(host.host, {}));
  CHECK(records.seen.size() == 2);
  CHECK(records.errors == 0);
}

TEST_CASE("standard input that breaks off is told of") {
  StandardInput input;
  Records records;
  FakeHost host(records);
  const std::string bytes = event::gzipped("{\"a\":1}\n{\"b\":2}\n");
  SECTION("gzip") {
    input.write(bytes.substr(0, bytes.size() - 4));
    input.close();
    CHECK_FALSE(make_source("type: stdin", "pipe")->run(host.host, {}));
  }
  SECTION("text") {
    input.write("{\"a\":1}\n{\"b\":");
    input.close();
    CHECK(make_source("type: stdin", "pipe")->run(host.host, {}));
    CHECK(records.errors == 1);
  }
  CHECK(records.seen.at(0) == "{\"a\":1}");
}

TEST_CASE("what was written is handed over while the writer is silent, and stop ends it") {
  StandardInput input;
  Records records;
  FakeHost host(records);
  std::jthread thread([&](const std::stop_token& stop) {
    CHECK(make_source("type: stdin", "pipe")->run(host.host, stop));
  });
  input.write("{\"a\":1}\n{\"b\":");
  std::this_thread::sleep_for(std::chrono::milliseconds(400));
  thread.request_stop();
  thread.join();
  CHECK(records.errors == 0);
  CHECK(records.seen.size() <= 1);  // one, unless the machine is very slow
}

}  // namespace
}  // namespace tocsin::source
