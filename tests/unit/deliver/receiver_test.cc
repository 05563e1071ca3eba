#include <catch2/catch.hpp>
#include <map>

#include "unit/config/support.h"
#include "unit/deliver/support.h"

namespace tocsin::deliver {

// A registry of two, in place of that of notifiers/.
std::span<const NotifierEntry> notifiers() {
  static constexpr auto make = [](config::Settings& settings) -> std::unique_ptr<Notifier> {
    settings.secret("token");
    settings.text("channel");
    settings.path("template_file");
    if (settings.boolean("broken", false)) {
      settings.error("broken", "this cannot work");
      return nullptr;
    }
    return std::make_unique<FakeNotifier>();
  };
  static const NotifierEntry kEntries[] = {
      {"fake", "a fake", {10, 2, 1.5, 3}, make},
      {"other", "another", {}, make},
  };
  return kEntries;
}

namespace {

struct Made {
  std::optional<Receiver> receiver;
  std::string problems;  // codes, places and suggestions
  std::string shown;     // all that a person would see
};

Made make(const std::string& text, const std::map<std::string, std::string>& environment = {},
          const config::Files& files = config::no_files()) {
  Made made;
  const config::Read read = config::read(
      text, [&](config::Settings& settings) { made.receiver = make_receiver(settings); },
      environment, files);
  made.problems = read.summary();
  made.shown = read.shown();
  return made;
}

TEST_CASE("a receiver is made of what all have and what its notifier asks for") {
  config::FakeFiles files;
  for (const char* file : {"/etc/tocsin/ca.pem", "/c.pem", "/c.key"}) files.files[file] = {"x"};
  const Made most = make(R"(name: soc-slack
type: fake
channel: alerts
token: ${TOKEN}
rate: 0.5
burst: 7
concurrency: 4
timeout: 3s
expires_after: 2h
ca_file: ca.pem
client_certificate_file: /c.pem
client_key_file: /c.key
proxy: http://proxy.example:3128
allow_networks: [10.0.0.0/8, "fd00::/8"]
)",
                         {{"TOKEN", "canary"}}, files);
  CHECK(most.problems == "");
  REQUIRE(most.receiver);
  const Receiver& receiver = *most.receiver;
  CHECK(receiver.name == "soc-slack");
  CHECK(receiver.type == "fake");
  CHECK(receiver.notifier != nullptr);
  CHECK(receiver.traits.digest == 10);
  CHECK(receiver.traits.rate == 0.5);
  CHECK(receiver.traits.burst == 7);
  CHECK(receiver.traits.concurrency == 4);
  CHECK(receiver.expires_after_ms == 7'200'000);
  CHECK(receiver.client.timeout_ms == 3'000);
  CHECK(receiver.client.connect_timeout_ms == 3'000);
  CHECK(receiver.client.ca_file == "/etc/tocsin/ca.pem");
  CHECK(receiver.client.client_certificate_file == "/c.pem");
  CHECK(receiver.client.client_key_file == "/c.key");
  CHECK(receiver.client.proxy == "http://proxy.example:3128");
  CHECK(receiver.client.egress.allowed.size() == 2);

  const Made least = make("name: a\ntype: other\n");
  REQUIRE(least.receiver);
  CHECK(least.receiver->traits.concurrency == 1);
  CHECK(least.receiver->client.timeout_ms == 15'000);
  CHECK(least.receiver->expires_after_ms == 72LL * 3600 * 1000);
  CHECK(least.receiver->client.proxy.empty());
  CHECK(least.receiver->client.egress.allowed.empty());
}

TEST_CASE("what is wrong with a receiver is told with its place") {
  struct Case {
    std::string text;
    std::string problem;
  };
  const Case kCases[] = {
      {"name: a\ntype: fak\n", "2:7+3 did you mean `fake`?"},
      {"name: a\ntype: carrier-pigeon\n", "2:7+14"},
      {"type: fake\n", "1:1"},
      {"name: a\n", "1:1"},
      {"name: a b\ntype: fake\n", "1:7+3"},
      {"name: \"a\\nb\"\ntype: fake\n", "1:7+6"},
      {"name: " + std::string(65, 'a') + "\ntype: fake\n", "1:7+65"},
      {"name: a\ntype: fake\nrate: -1\n", "3:7+2"},
      {"name: a\ntype: fake\nconcurrency: 9\n", "3:14+1"},
      {"name: a\ntype: fake\nconcurrency: 0\n", "3:14+1"},
      {"name: a\ntype: fake\nburst: 0\n", "3:8+1"},
      {"name: a\ntype: fake\ntimeout: 10ms\n", "3:10+4"},
      {"name: a\ntype: fake\ntimeout: soon\n", "3:10+4"},
      {"name: a\ntype: fake\nexpires_after: 0\n", "3:16+1"},
      {"name: a\ntype: fake\nallow_networks: 10.1.2.3/8\n", "3:17+10"},
      {"name: a\ntype: fake\nallow_networks:\n  - 10.0.0.0/8\n  - everywhere\n", "5:5+10"},
      {"name: a\ntype: fake\nproxy: proxy.example\n", "3:8+13"},
      {"name: a\ntype: fake\nproxy: file:///x\n", "3:8+9"},
      {"name: a\ntype: fake\nclient_key_file: /k\n", "3:18+2"},
      {"name: a\ntype: fake\nbroken: true\n", "3:9+4"},
      {"name: a\ntype: fake\nconcurency: 1\n", "3:1+10 concurrency"},
      {"name: a\ntype: fake\ntoken: canary\n", "3:1+5"},
  };
  for (const Case& test : kCases) {
    INFO(test.text);
    const Made made = make(test.text, {{"X", "canary"}});
    CHECK_THAT(made.problems, Catch::Contains(test.problem));
    CHECK_THAT(made.problems, !Catch::Contains(";"));  // one cause, one message
    CHECK_THAT(made.shown, !Catch::Contains("canary"));
  }
}

TEST_CASE("a receiver that says the same has the same fingerprint, and no other") {
  const std::string kBase = "name: a\ntype: fake\ntoken: ${T}\ntemplate_file: t.txt\n";
  config::FakeFiles files, changed;
  files.files["/etc/tocsin/t.txt"] = {"one"};
  changed.files["/etc/tocsin/t.txt"] = {"two"};
  const auto fingerprint = [&](const std::string& text, const std::string& token,
                               const config::Files& seen) {
    const Made made = make(text, {{"T", token}}, seen);
    INFO(made.problems);
    REQUIRE(made.receiver);
    return made.receiver->fingerprint;
  };
  const std::string same = fingerprint(kBase, "canary", files);
  CHECK(same.size() == 64);
  CHECK(same.find("canary") == std::string::npos);
  CHECK(fingerprint(kBase, "canary", files) == same);
  CHECK(fingerprint("# a comment\n" + kBase, "canary", files) == same);
  CHECK(fingerprint(kBase, "canary2", files) != same);
  CHECK(fingerprint(kBase, "canary", changed) != same);
  CHECK(fingerprint(kBase + "channel: x\n", "canary", files) != same);
  CHECK(fingerprint(kBase + "rate: 2\n", "canary", files) != same);
  CHECK(fingerprint(kBase + "allow_networks: [10.0.0.0/8]\n", "canary", files) != same);
}

}  // namespace
}  // namespace tocsin::deliver
