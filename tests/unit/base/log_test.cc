#include "base/log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdint>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "base/text.h"
#include "differential/reference/json_dom.h"

namespace tocsin {
namespace {

using log::Format;
using log::Level;

class TestClock final : public Clock {
 public:
  std::int64_t wall_ms() const override { return wall; }
  std::int64_t steady_ms() const override { return steady; }
  std::int64_t wall = 1'706'702'400'007;  // 2024-01-31T12:00:00.007Z
  std::int64_t steady = 0;
};

// What is logged while it lives.
class Capture {
 public:
  explicit Capture(Format format, Level least = Level::debug) {
    log::set_sink([this](std::string_view line) { lines.emplace_back(line); }, clock);
    log::configure(least, format);
  }
  ~Capture() {
    log::set_sink({});
    log::configure(Level::info, Format::text);
  }

  TestClock clock;
  std::vector<std::string> lines;
};

TEST_CASE("a JSON entry") {
  Capture capture(Format::json);
  log::warning("the disk is full", {{"path", "/var"},
                                    {"bytes", std::uint64_t{5}},
                                    {"ratio", 0.5},
                                    {"odd", std::numeric_limits<double>::quiet_NaN()},
                                    {"fatal", false}});
  REQUIRE(capture.lines.size() == 1);
  CHECK(capture.lines[0] ==
        R"({"time":"2024-01-31T12:00:00.007Z","level":"warning","message":"the disk is full",)"
        R"("path":"/var","bytes":5,"ratio":0.5,"odd":null,"fatal":false})");
}

TEST_CASE("a text entry") {
  Capture capture(Format::text);
  log::info("reloaded", {{"file", "a b.yml"}, {"rules", 3}, {"ok", true}, {"none", ""}});
  log::error("x", {{"equation", "a=b"}, {"quote", "say \"x\""}, {"path", "C:\\x"}});
  REQUIRE(capture.lines.size() == 2);
  CHECK(capture.lines[0] ==
        R"(2024-01-31T12:00:00.007Z info    reloaded file="a b.yml" rules=3 ok=true none="")");
  CHECK(capture.lines[1] ==
        R"(2024-01-31T12:00:00.007Z error   x equation="a=b" quote="say \"x\"" path="C:\\x")");
}

TEST_CASE("time before 1970") {
  Capture capture(Format::text);
  capture.clock.wall = -1;
  log::info("early");
  CHECK(capture.lines.at(0).starts_with("1969-12-31T23:59:59.999Z "));
}

TEST_CASE("entries below the level are not written and not counted") {
  Capture capture(Format::text, Level::warning);
  const std::uint64_t infos = log::count(Level::info);
  const std::uint64_t errors = log::count(Level::error);
  log::debug("no");
  log::info("no");
  log::error("yes");
  CHECK(capture.lines.size() == 1);
  CHECK(log::count(Level::info) == infos);
  CHECK(log::count(Level::error) == errors + 1);
}

// Every byte, ill-formed UTF-8, line breaks of every kind, terminal sequences, text that turns.
const std::vector<std::string>& hostile() {
  static const std::vector<std::string> values = [] {
    std::vector<std::string> all = {"a\nb",
                                    "\r\n",
                                    "\x1b[2J",
                                    "\u0085",
                                    "\u2028\u2029",
                                    "\u202Eevil",
                                    "\u009B31m",
                                    "\"},\"level\":\"error",
                                    "\xC0\xAF",
                                    "\xF0\x9F\x98",
                                    "\xED\xA0\x80",
                                    "\xFF\xFE",
                                    "\\",
                                    "\"",
                                    std::string(1, 0),
                                    std::string(1'000'000, '\n'),
                                    "\u2066x",
                                    "é",
                                    "level=error x=\"",
                                    std::string(5000, '\xC3')};
    for (int byte = 0; byte < 256; ++byte) all.emplace_back(1, static_cast<char>(byte));
    for (std::size_t pad = 0; pad < 6; ++pad) {
      all.push_back(std::string(log::kLogValueBytes - pad, 'x') + "\U0001F600\U0001F600");
    }
    return all;
  }();
  return values;
}

TEST_CASE("an entry is one safe line whatever its values are") {
  const Format format = GENERATE(Format::json, Format::text);
  Capture capture(format);
  for (const std::string& value : hostile()) {
    const std::size_t before = capture.lines.size();
    capture.clock.steady += 60'000;
    log::info("seen", {{"value", value}, {value, 1}});
    REQUIRE(capture.lines.size() == before + 1);
    const std::string& line = capture.lines.back();
    INFO(line);
    CHECK(text::printable(line) == line);
    CHECK(text::find_invalid_utf8(line) == std::string::npos);
    CHECK(line.size() < 2 * 6 * log::kLogValueBytes + 200);
    if (format == Format::json) CHECK(reference::parse_strict_json(line));
  }
}

TEST_CASE("a long value is cut between characters and says so") {
  Capture capture(Format::json);
  log::info("x", {{"v", std::string(log::kLogValueBytes, 'a')}});
  log::info("x", {{"v", std::string(log::kLogValueBytes - 1, 'a') + "é"}});
  CHECK(capture.lines[0].ends_with("aaa\"}"));
  CHECK(capture.lines[1].ends_with("aaa…\"}"));
  CHECK(capture.lines[1].find("\uFFFD") == std::string::npos);
}

TEST_CASE("repeats of a message are limited, and told of later") {
  Capture capture(Format::json);
  const std::uint64_t before = log::count(Level::info);
  for (int i = 0; i < 25; ++i) {
    log::info("again", {{"i", i}});
    capture.clock.steady += 1000;
  }
  CHECK(capture.lines.size() == log::kLogRepeats);
  log::info("another");
  CHECK(capture.lines.size() == log::kLogRepeats + 1);
  CHECK(log::count(Level::info) == before + 26);

  capture.clock.steady = 59'999;
  log::info("again");
  CHECK(capture.lines.size() == log::kLogRepeats + 1);
  capture.clock.steady = 60'000;
  log::info("again");
  REQUIRE(capture.lines.size() == log::kLogRepeats + 2);
  CHECK(capture.lines.back().ends_with(R"("message":"again","suppressed":16})"));
  log::info("again");
  CHECK(capture.lines.back().ends_with(R"("message":"again"})"));
}

TEST_CASE("messages that never end do not fill the memory or hide others") {
  Capture capture(Format::text);
  for (int i = 0; i < 5000; ++i) log::info(fmt::format("message {}", i));
  CHECK(capture.lines.size() == 5000);
}

TEST_CASE("threads log whole lines") {
  Capture capture(Format::json);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < 200; ++i) log::info(fmt::format("thread {} entry {}", t, i));
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(capture.lines.size() == 800);
  for (const std::string& line : capture.lines) CHECK(reference::parse_strict_json(line));
}

// Standard error, replaced while it lives.
class StandardError {
 public:
  explicit StandardError(int replacement) : saved_(::dup(STDERR_FILENO)) {
    if (replacement < 0) {
      ::close(STDERR_FILENO);
    } else {
      ::dup2(replacement, STDERR_FILENO);
    }
  }
  ~StandardError() {
    ::dup2(saved_, STDERR_FILENO);
    ::close(saved_);
  }

 private:
  int saved_;
};

TEST_CASE("standard error gets whole lines") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  {
    StandardError replaced(ends[1]);
    log::set_sink({});
    log::info("to standard error");
  }
  char buffer[200];
  const ssize_t size = ::read(ends[0], buffer, sizeof buffer);
  ::close(ends[0]);
  ::close(ends[1]);
  REQUIRE(size > 0);
  CHECK(std::string_view(buffer, static_cast<std::size_t>(size))
            .ends_with(" info    to standard error\n"));
}

TEST_CASE("standard error that is closed, full or read by nobody does no harm") {
  log::set_sink({});
  std::signal(SIGPIPE, SIG_DFL);
  {
    StandardError closed(-1);
    log::info("nobody hears this");
  }
  {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    ::close(ends[0]);
    StandardError unread(ends[1]);
    for (int i = 0; i < 3; ++i) log::info("nobody reads this");
    ::close(ends[1]);
  }
  if (const int full = ::open("/dev/full", O_WRONLY); full >= 0) {
    StandardError replaced(full);
    log::info("there is no room for this");
    ::close(full);
  }
  ::sigset_t pending;
  REQUIRE(::sigpending(&pending) == 0);
  CHECK(::sigismember(&pending, SIGPIPE) == 0);
}

}  // namespace
}  // namespace tocsin
