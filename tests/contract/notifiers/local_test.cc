// Notifiers without a network: standard output and files; and Alertmanager's replicas.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include "alert/correlation.h"
#include "contract/notifiers/kit.h"
#include "contract/notifiers/server.h"
#include "differential/reference/json_dom.h"

namespace tocsin::contract {
namespace {

namespace fs = std::filesystem;
using Kind = deliver::Outcome::Kind;

deliver::Notification one(const std::string& key) {
  return notification({item(alert_line("compute_environment"), key)});
}

std::unique_ptr<deliver::Notifier> file_notifier(const std::string& path,
                                                 const std::string& more = {}) {
  Made out = make("file", "path: " + path + "\n" + more, {});
  INFO(out.problems);
  REQUIRE(out.problems.empty());
  return std::move(out.notifier);
}

std::vector<std::string> lines_of(const std::string& path) {
  std::istringstream stream(file_text(path));
  std::vector<std::string> out;
  for (std::string line; std::getline(stream, line);) out.push_back(line);
  return out;
}

TEST_CASE("file: lines are appended, for its owner only") {
  const TemporaryFolder folder;
  const auto notifier = file_notifier(folder.path("alerts.jsonl"));
  CHECK(send(*notifier, one("k1")).kind == Kind::delivered);
  CHECK(send(*notifier, notification({item(alert_line("compute_environment"), "k2"),
                                      item(alert_line("root_denied"), "k3")}))
            .kind == Kind::delivered);
  const auto lines = lines_of(folder.path("alerts.jsonl"));
  REQUIRE(lines.size() == 3);
  CHECK(lines[0] == one("k1").items[0].json);
  CHECK(lines[2] == item(alert_line("root_denied"), "k3").json);
  struct stat info {};
  REQUIRE(::stat(folder.path("alerts.jsonl").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
}

TEST_CASE("file: a full file is set aside, and so many are kept") {
  const TemporaryFolder folder;
  const std::string path = folder.path("a.jsonl");
  const std::size_t size = one("k0").items[0].json.size() + 1;
  REQUIRE(size * 2 > 4096);  // two lines a file
  const auto notifier = file_notifier(path, fmt::format("max_bytes: {}\nkeep: 2\n", size * 2));
  for (int i = 0; i < 9; ++i) {
    CHECK(send(*notifier, one(fmt::format("k{}", i))).kind == Kind::delivered);
  }
  const auto keys = [&](const std::string& name) {
    std::string out;
    for (const std::string& line : lines_of(name)) {
      out += reference::parse_strict_json(line, 100)->find("notification")->text_of("id");
    }
    return out;
  };
  CHECK(keys(path) == "k8");
  CHECK(keys(path + ".1") == "k6k7");
  CHECK(keys(path + ".2") == "k4k5");
  CHECK_FALSE(fs::exists(path + ".3"));
}

TEST_CASE("file: a line larger than a file may be is still written whole") {
  const TemporaryFolder folder;
  const auto notifier = file_notifier(folder.path("a"), "max_bytes: 4096\nkeep: 1\n");
  const auto big = notification({item(hostile(std::string(10'000, 'x')), "k")});
  CHECK(send(*notifier, big).kind == Kind::delivered);
  CHECK(send(*notifier, big).kind == Kind::delivered);
  CHECK(lines_of(folder.path("a")).size() == 1);
  CHECK(lines_of(folder.path("a.1")).size() == 1);
}

TEST_CASE("file: nothing but a regular file is written to") {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& path) {
    const auto outcome = send(*file_notifier(path), one("k"));
    INFO(path << ": " << outcome.reason);
    CHECK(outcome.kind == Kind::retry);
    CHECK(outcome.reason.find(path) != std::string::npos);
  };
  fs::create_symlink(folder.path("target"), folder.path("link"));
  refused(folder.path("link"));
  CHECK_FALSE(fs::exists(folder.path("target")));
  fs::create_directory(folder.path("folder"));
  refused(folder.path("folder"));
  REQUIRE(::mkfifo(folder.path("fifo").c_str(), 0600) == 0);
  refused(folder.path("fifo"));
  const int reader = ::open(folder.path("fifo").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  refused(folder.path("fifo"));
  ::close(reader);
  refused(folder.path("missing/alerts"));
  refused("/dev/full");
}

TEST_CASE("file: one that was moved or cut by a crash is gone on with") {
  const TemporaryFolder folder;
  const std::string path = folder.path("a");
  const auto notifier = file_notifier(path);
  CHECK(send(*notifier, one("k1")).kind == Kind::delivered);
  fs::rename(path, folder.path("moved"));
  CHECK(send(*notifier, one("k2")).kind == Kind::delivered);
  CHECK(lines_of(folder.path("moved")).size() == 1);
  CHECK(lines_of(path).size() == 1);
  fs::remove(path);
  std::ofstream(path, std::ios::binary) << "{\"cut";
  CHECK(send(*notifier, one("k3")).kind == Kind::delivered);
  const auto lines = lines_of(path);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0] == "{\"cut");
  CHECK(lines[1] == one("k3").items[0].json);
}

TEST_CASE("file: threads write whole lines") {
  const TemporaryFolder folder;
  const auto notifier = file_notifier(folder.path("a"), "max_bytes: 16KiB\nkeep: 100\n");
  // Made here: Catch's macros are for one thread only.
  std::vector<decltype(one(""))> told;
  for (int i = 0; i < 40; ++i) told.push_back(one(fmt::format("k{}x{}", i / 10, i % 10)));
  std::vector<std::thread> threads;
  std::atomic<int> delivered = 0;
  for (std::size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < 10; ++i) {
        if (send(*notifier, told[t * 10 + i]).kind == Kind::delivered) ++delivered;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(delivered == 40);
  std::set<std::string> keys;
  std::size_t lines = 0;
  for (int number = 0; number <= 100; ++number) {
    const std::string name = folder.path(number == 0 ? "a" : fmt::format("a.{}", number));
    for (const std::string& line : lines_of(name)) {
      ++lines;
      const auto json = reference::parse_strict_json(line, 100);
      REQUIRE(json.has_value());
      keys.insert(std::string(json->find("notification")->text_of("id")));
    }
  }
  CHECK(lines == 40);
  CHECK(keys.size() == 40);
}

// Puts a pipe in the place of standard output.
class Redirected {
 public:
  Redirected() {
    std::fflush(stdout);
    saved_ = ::dup(STDOUT_FILENO);
    REQUIRE(::pipe2(pipe_, O_CLOEXEC) == 0);
    ::dup2(pipe_[1], STDOUT_FILENO);
    ::close(pipe_[1]);
  }
  ~Redirected() {
    restore();
    ::close(pipe_[0]);
  }
  void restore() {
    if (saved_ < 0) return;
    ::dup2(saved_, STDOUT_FILENO);
    ::close(saved_);
    saved_ = -1;
  }
  // What is in the pipe now.
  std::string read() {
    std::string out;
    for (;;) {
      pollfd wait{pipe_[0], POLLIN, 0};
      if (::poll(&wait, 1, 0) <= 0 || (wait.revents & POLLIN) == 0) return out;
      char buffer[65536];
      const ssize_t got = ::read(pipe_[0], buffer, sizeof buffer);
      if (got <= 0) return out;
      out.append(buffer, static_cast<std::size_t>(got));
    }
  }

 private:
  int saved_ = -1;
  int pipe_[2] = {-1, -1};
};

TEST_CASE("stdout: a line each, or a card") {
  const auto json = make("stdout", "{}", {}).notifier;
  const auto cards = make("stdout", "format: text", {}).notifier;
  CHECK(make("stdout", "format: xml", {}).problems.starts_with("1:9: "));
  std::string lines, card;
  {
    Redirected out;
    send(*json, one("k1"));
    lines = out.read();
    send(*cards, notification({item(alert_line("root_denied"), "k2", 12)}));
    card = out.read();
  }
  CHECK(lines == one("k1").items[0].json + "\n");
  CHECK(card.starts_with("CRITICAL  Root user tries to stop the trail\n"));
  CHECK(card.find("aws-cli/2.0 `<!channel>` *bold* \\u202egnp.exe") != std::string::npos);
  CHECK(card.find("12 times") != std::string::npos);
}

TEST_CASE("stdout: a pipe that nobody reads holds nobody up once told to stop") {
  const auto notifier = make("stdout", "{}", {}).notifier;
  const auto large = notification({item(hostile(std::string(20'000, 'x')), "k")});
  Kind kind = Kind::delivered;
  std::chrono::steady_clock::duration took{};
  std::string after;
  {
    Redirected out;
    net::HttpClient http(loopback());
    std::atomic<bool> stop = false;
    deliver::Channel channel{http, stop};
    std::thread writer([&] { kind = notifier->send(large, channel).kind; });
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    const auto told = std::chrono::steady_clock::now();
    stop = true;
    writer.join();
    took = std::chrono::steady_clock::now() - told;
    out.read();
    send(*notifier, one("k2"));
    after = out.read();
  }
  CHECK(kind == Kind::retry);
  CHECK(took < std::chrono::seconds(1));
  CHECK(after == "\n" + one("k2").items[0].json + "\n");  // the line that was begun is ended
}

TEST_CASE("alertmanager: every replica must have it") {
  Server first, second;
  const std::string yaml = fmt::format("urls: [\"{}\", \"{}\"]\nlabels: {{team: soc}}\n",
                                       first.url("/am/"), second.url("/api/v2/alerts"));
  const auto notifier = make("alertmanager", yaml, {}).notifier;
  REQUIRE(notifier != nullptr);
  const auto said = [&](int a, int b) {
    first.answer(http_answer(a, ""));
    second.answer(http_answer(b, ""));
    return send(*notifier, one("k"));
  };
  CHECK(said(200, 200).kind == Kind::delivered);
  CHECK(first.take().at(0).target == "/am/api/v2/alerts");
  CHECK(second.take().at(0).target == "/api/v2/alerts");
  CHECK(said(200, 503).kind == Kind::retry);
  CHECK(said(503, 200).kind == Kind::retry);
  CHECK(said(400, 503).kind == Kind::retry);
  CHECK(said(400, 200).kind == Kind::rejected);
  CHECK(said(200, 400).reason.starts_with("replica 2 of 2: HTTP 400"));
  CHECK(said(410, 200).kind == Kind::rejected);
  CHECK(said(410, 410).kind == Kind::gone);
  CHECK(first.take().size() == 7);
  CHECK(second.take().size() == 7);
}

TEST_CASE("alertmanager: labels are few and stable, times make sense") {
  const auto notifier = made(setups()[4], "http://am.example.org:9093");
  const auto read = [&](const deliver::Notification& about) {
    return *reference::parse_strict_json(notifier->preview(about), 100);
  };
  const auto json = read(notification({item(alert_line("root_denied"), "k")}));
  const auto& labels = json.elements.at(0).find("labels")->members;
  std::string names;
  for (const auto& label : labels) names += label.key + " ";
  CHECK(names == "alertname rule_id severity account region principal ");
  const auto& again = read(notification({item(alert_line("root_denied"), "k2", 9)}, 5));
  CHECK(reference::to_text(*again.elements.at(0).find("labels")) ==
        reference::to_text(*json.elements.at(0).find("labels")));
  CHECK(json.elements.at(0).text_of("startsAt") == "2017-12-20T00:48:46.000Z");
  // An hour after it was sent, as the last event is older than that.
  CHECK(json.elements.at(0).text_of("endsAt") == "2017-12-20T01:50:05.000Z");
  auto resolved = item(alert_line("root_denied"), "k", 3);
  resolved.alert.status = "resolved";
  CHECK(read(notification({resolved})).elements.at(0).text_of("endsAt") ==
        "2017-12-20T00:50:48.000Z");
  // Of many events: those of the group, which the latest event does not change.
  const auto many = read(notification({item(alert_line("denied_calls"), "k")}));
  names.clear();
  for (const auto& label : many.elements.at(0).find("labels")->members) names += label.key + " ";
  CHECK(names == "alertname rule_id severity principal region ");
  alert::Alert grouped = hostile("x");
  alert::CorrelationFacts facts;
  facts.group_by = {{"eventName", "A"}, {"requestParameters.bucketName", "b"}};
  grouped.correlation = std::make_shared<const alert::CorrelationFacts>(facts);
  const auto group = [&] {
    const auto told = read(notification({item(grouped, "k")}));
    return std::string(told.elements.at(0).find("labels")->text_of("group"));
  };
  CHECK(group() == "call = A, requestParameters.bucketName = b");
  facts.group_by[1].second.assign(1000, 'b');
  grouped.correlation = std::make_shared<const alert::CorrelationFacts>(facts);
  CHECK(group().size() < 300);
  CHECK(group().ends_with(" " + grouped.fingerprint));
  const auto empty = read(notification({item(hostile(""), "k")}));
  for (const auto& label : empty.elements.at(0).find("labels")->members) {
    INFO(label.key);
    CHECK_FALSE(label.value.text.empty());
  }
}

TEST_CASE("alertmanager: settings that cannot work are refused with their place") {
  struct Case {
    const char* yaml;
    const char* problem;
  };
  for (const Case& one_case :
       std::vector<Case>{{"{}", "Alertmanager needs `url"},
                         {"url: http://a\nurls: [http://b]", "keep either"},
                         {"urls: [http://a, b c]", "URL"},
                         {"urls: ['http://a?x']", "has no `?`"},
                         {"url: http://a\nlabels: {a-b: c}", "`a-b` is not a label's name"},
                         {"url: http://a\nlabels: {severity: c}", "`severity` is set by Tocsin"},
                         {"url: http://a\nresolve_after: 1s", "2:16: "},
                         {"url: http://a\nresolve: 1s", "2:1: "}}) {
    INFO(one_case.yaml);
    const Made out = make("alertmanager", one_case.yaml, {});
    INFO(out.problems);
    CHECK(out.problems.find(one_case.problem) != std::string::npos);
  }
}

}  // namespace
}  // namespace tocsin::contract
