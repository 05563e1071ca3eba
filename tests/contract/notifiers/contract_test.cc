// The contract of deliver::Notifier, for every entry of the registry.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <regex>
#include <set>
#include <thread>

#include "contract/notifiers/kit.h"
#include "contract/notifiers/server.h"
#include "differential/generate/random.h"

namespace tocsin::contract {
namespace {

using deliver::Outcome;
using Kind = Outcome::Kind;

deliver::Notification sample(unsigned attempt = 1) {
  return notification({item(alert_line("compute_environment"), "k3y")}, attempt);
}

// What every outcome must be like.
void check(const Outcome& outcome) {
  if (outcome.kind != Kind::delivered) CHECK_FALSE(outcome.reason.empty());
  CHECK(outcome.reason.size() <= 600);
  CHECK(outcome.answer.size() <= 2600);
  for (const std::string* text : {&outcome.reason, &outcome.answer}) {
    for (const std::string_view canary :
         {kCanaryToken, kCanaryPath, kCanaryHeader, kSigningSecret.substr(6)}) {
      CHECK(text->find(canary) == std::string::npos);
    }
    CHECK(text->find('\x1b') == std::string::npos);
  }
}

Kind expected(const Setup& setup, int status) {
  if (status >= 200 && status < 300) {
    if (setup.only_200 && status != 200) return Kind::retry;
    // An answer that must have a body cannot say yes without one.
    return status == 204 && !setup.yes.empty() ? Kind::retry : Kind::delivered;
  }
  if (status == 408 || status == 425 || status == 429 || status >= 500) return Kind::retry;
  return status == 410 ? Kind::gone : Kind::rejected;
}

TEST_CASE("every notifier of the registry has a setup here, and sane traits") {
  std::set<std::string> known;
  for (const Setup& setup : setups()) known.insert(setup.type);
  std::set<std::string> types;
  for (const deliver::NotifierEntry& entry : deliver::notifiers()) {
    INFO(entry.type);
    CHECK(known.contains(std::string(entry.type)));
    CHECK(types.insert(std::string(entry.type)).second);
    CHECK_FALSE(entry.help.empty());
    CHECK(entry.traits.digest >= 1);
    CHECK(entry.traits.concurrency >= 1);
    CHECK(entry.traits.burst >= 1);
  }
  CHECK(types.size() == known.size());
}

TEST_CASE("every status has its outcome") {
  Server server;
  net::HttpClient http(loopback());
  const std::atomic<bool> stop = false;
  deliver::Channel channel{http, stop};
  for (const Setup& setup : setups()) {
    if (!setup.http) continue;
    const auto notifier = made(setup, server.url("/services/T00/" + std::string(kCanaryPath)));
    for (int status = 200; status < 600; ++status) {
      INFO(setup.name << " " << status);
      server.answer(http_answer(status, setup.yes));
      const Outcome outcome = notifier->send(sample(), channel);
      CHECK(outcome.kind == expected(setup, status));
      check(outcome);
    }
  }
}

TEST_CASE("what is slow, cut, huge or no answer at all is tried again") {
  Server server;
  struct Bad {
    const char* name;
    Answer answer;
  };
  const std::string cut = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nok";
  const std::vector<Bad> bad = {
      {"silence", {"", false, false, true}},
      {"closed at once", {"", true}},
      {"cut", {cut, true}},
      {"cut and left open", {cut}},
      {"half a status line", {"HTTP/1.", true}},
      {"a head without end", {"X-Header: value\r\n", false, true}},
      {"an endless head", {"HTTP/1.1 200 OK\r\nX-Header: value\r\n", false, true}},
      {"not HTTP", {std::string("\0\x01\xFF\n\r\n\r\n", 8), true}},
      {"another protocol", {"220 mail.example.org ESMTP\r\n", true}},
      {"broken chunks", {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nok", true}},
  };
  for (const Setup& setup : setups()) {
    if (!setup.http) continue;
    const auto notifier = made(setup, server.url("/" + std::string(kCanaryPath)));
    for (const Bad& one : bad) {
      INFO(setup.name << ", " << one.name);
      server.answer(one.answer);
      const Outcome outcome = send(*notifier, sample(), 300);
      CHECK(outcome.kind == Kind::retry);
      check(outcome);
    }
  }
}

TEST_CASE("an answer without end is read no further than it is needed") {
  Server server;
  for (const Setup& setup : setups()) {
    if (!setup.http) continue;
    INFO(setup.name);
    const auto notifier = made(setup, server.url("/"));
    server.answer(Answer{"HTTP/1.1 500 No\r\n\r\n" + std::string(100'000, 'x'), false, true});
    const Outcome outcome = send(*notifier, sample(), 5'000);
    CHECK(outcome.kind == Kind::retry);
    check(outcome);
  }
}

TEST_CASE("redirects are not followed") {
  Server server;
  Server elsewhere;
  for (const Setup& setup : setups()) {
    if (!setup.http) continue;
    const auto notifier = made(setup, server.url("/"));
    for (const int status : {301, 302, 303, 307, 308}) {
      INFO(setup.name << " " << status);
      server.answer(http_answer(status, setup.yes, "Location: " + elsewhere.url("/") + "\r\n"));
      CHECK(send(*notifier, sample()).kind == Kind::rejected);
    }
  }
  CHECK(elsewhere.take().empty());
}

TEST_CASE("Retry-After is passed on") {
  Server server;
  for (const Setup& setup : setups()) {
    if (!setup.http) continue;
    INFO(setup.name);
    server.answer(http_answer(429, "slow down", "Retry-After: 17\r\n"));
    const Outcome outcome = send(*made(setup, server.url("/")), sample());
    CHECK(outcome.kind == Kind::retry);
    CHECK(outcome.retry_after_ms == 17'000);
  }
}

TEST_CASE("a receiver that cannot be reached is tried again, and the guard is not evaded") {
  std::string closed;
  {
    Server server;
    closed = server.url("/" + std::string(kCanaryPath));
  }
  Server inside;
  for (const Setup& setup : setups()) {
    if (!setup.http) continue;
    INFO(setup.name);
    const Outcome outcome = send(*made(setup, closed), sample(), 1'000);
    CHECK(outcome.kind == Kind::retry);
    CHECK(outcome.reason.find(kCanaryPath) == std::string::npos);
    // Loopback is not allowed here.
    net::ClientOptions options;
    options.proxy = "none";
    net::HttpClient http(options);
    const std::atomic<bool> stop = false;
    deliver::Channel channel{http, stop};
    CHECK(made(setup, inside.url("/"))->send(sample(), channel).kind != Kind::delivered);
  }
  CHECK(inside.take().empty());
}

// A receiver that says back all that it was sent, in various ways.
TEST_CASE("what a receiver says back holds no secret") {
  Server server;
  for (const Setup& setup : setups()) {
    if (!setup.http) continue;
    const auto notifier = made(setup, server.url("/services/T00/" + std::string(kCanaryPath) +
                                                 "?sig=" + std::string(kCanaryToken)));
    for (const int status : {200, 201, 400, 404, 410, 429, 500}) {
      INFO(setup.name << " " << status);
      server.answer([&](const Captured& request) {
        std::string echo = "\x1b[31mCannot " + request.head;
        for (const auto& [name, value] : request.headers) echo += value + "\n";
        return http_answer(status, status == 201 ? "{\"ok\":false,\"error\":\"" +
                                                       request.header("authorization") + "\"}"
                                                 : echo);
      });
      check(send(*notifier, sample()));
    }
  }
}

// Without what tells when it was sent.
std::string without_time(std::string body) {
  static const std::regex kEnds("\"endsAt\":\"[^\"]*\"");
  return std::regex_replace(body, kEnds, "\"endsAt\":\"\"");
}

TEST_CASE("an attempt says the same as the one before it") {
  Server server;
  for (const Setup& setup : setups()) {
    if (!setup.http) continue;
    INFO(setup.name);
    server.answer(http_answer(200, setup.yes));
    const auto notifier = made(setup, server.url("/"));
    CHECK(send(*notifier, sample(1)).kind == Kind::delivered);
    CHECK(send(*notifier, sample(2)).kind == Kind::delivered);
    const std::vector<Captured> requests = server.take();
    REQUIRE(requests.size() == 2);
    CHECK_FALSE(requests[0].body.empty());
    CHECK(without_time(requests[0].body) == without_time(requests[1].body));
    CHECK(without_time(notifier->preview(sample(3))) == without_time(requests[0].body));
    CHECK(requests[0].header("webhook-id") == requests[1].header("webhook-id"));
    CHECK_FALSE(requests[0].header("content-type").empty());
    // What identifies the alert is in it.
    CHECK(requests[0].body.find(setup.type == "slack" ? "00000000000000000000000000000001"
                                                      : "Batch") != std::string::npos);
  }
}

TEST_CASE("texts that are not UTF-8, very long or full of markup are sent as valid JSON") {
  Server server;
  for (const Setup& setup : setups()) {
    if (!setup.http) continue;
    server.answer(http_answer(200, setup.yes));
    const auto notifier = made(setup, server.url("/"));
    for (const std::string& text :
         {std::string("\xFF\xC3(\xED\xA0\x80"),
          std::string((1 << 18) / differential::stride(8), 'A'),
          std::string("a\0b\x1b[0m\r\nX: y", 13), std::string("\"}],\\u0000`<!channel>")}) {
      INFO(setup.name);
      for (const alert::Alert& alert : {hostile(text), hostile_correlation(text)}) {
        CHECK(send(*notifier, notification({item(alert, "k3y")})).kind == Kind::delivered);
      }
      for (const Captured& request : server.take()) {
        CHECK(is_json(request.body));
        CHECK(request.head.find("X: y") == std::string::npos);
      }
    }
  }
}

TEST_CASE("several threads may send at once") {
  Server server;
  for (const Setup& setup : setups()) {
    if (!setup.http) continue;
    INFO(setup.name);
    server.answer(http_answer(200, setup.yes));
    const auto notifier = made(setup, server.url("/"));
    const deliver::Notification told = sample();  // here: Catch's macros are for one thread only
    std::atomic<int> delivered = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int j = 0; j < 5; ++j) {
          if (send(*notifier, told).kind == Kind::delivered) ++delivered;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(delivered == 20);
    CHECK(server.take().size() == 20);
  }
}

TEST_CASE("a notifier that is told to stop does so within a second") {
  Server server;
  server.answer(Answer{"", false, false, true});
  for (const Setup& setup : setups()) {
    if (!setup.http) continue;
    INFO(setup.name);
    const auto notifier = made(setup, server.url("/"));
    net::HttpClient http(loopback(60'000));
    std::atomic<bool> stop = false;
    deliver::Channel channel{http, stop};
    Outcome outcome;
    const deliver::Notification sent = sample();
    std::thread sender([&] { outcome = notifier->send(sent, channel); });
    while (server.take().empty()) std::this_thread::yield();
    const auto told = std::chrono::steady_clock::now();
    stop = true;
    sender.join();
    CHECK(std::chrono::steady_clock::now() - told < std::chrono::seconds(1));
    CHECK(outcome.kind == Kind::retry);
  }
}

}  // namespace
}  // namespace tocsin::contract
