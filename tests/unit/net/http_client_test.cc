#include "net/http_client.h"

#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "tools/chaos_receiver.h"

namespace tocsin::net {
namespace {

using tocsin::testing::ChaosReceiver;

const std::atomic<bool> kGoOn{false};

ClientOptions local_options() {
  ClientOptions options;
  options.egress.allowed = {parse_cidr("127.0.0.0/8").value(), parse_cidr("::1").value()};
  options.proxy = "none";
  options.timeout_ms = 10'000;
  return options;
}

HttpRequest post(const std::string& url, const std::string& body = "{}") {
  HttpRequest request;
  request.url = Secret(url);
  request.headers.emplace_back("Content-Type", Secret("application/json"));
  request.body = body;
  return request;
}

HttpRequest get(const std::string& url) {
  HttpRequest request;
  request.method = "GET";
  request.url = Secret(url);
  return request;
}

std::int64_t elapsed_ms(std::chrono::steady_clock::time_point since) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                               since)
      .count();
}

#define START_OR_SKIP(receiver)                                                     \
  if (!(receiver).runs()) {                                                         \
    WARN("skipped: chaos_receiver.py does not start (python3 and openssl needed)"); \
    return;                                                                         \
  }

TEST_CASE("answers of every status are answers, and a request arrives as it was meant") {
  ChaosReceiver receiver;
  START_OR_SKIP(receiver);
  HttpClient client(local_options());

  for (const int status : {200, 201, 204, 301, 302, 307, 400, 404, 408, 410, 425, 429, 500, 503}) {
    INFO(status);
    const auto answer = client.send(post(receiver.url("/" + std::to_string(status))), kGoOn);
    REQUIRE(answer);
    CHECK(answer->status == status);
    CHECK_FALSE(answer->retry_after_ms);
    CHECK_FALSE(answer->body_cut);
  }

  HttpRequest request = post(receiver.url("/echo?canary=1234567890"), "{\"a\": \"\xC3\xA4\"}");
  request.method = "PUT";
  request.headers.emplace_back("X-Empty", Secret(""));
  request.headers.emplace_back("X-Canary", Secret("canary-canary"));
  const auto echo = client.send(request, kGoOn);
  REQUIRE(echo);
  CHECK_THAT(echo->body, Catch::Contains(R"("method": "PUT")"));
  CHECK_THAT(echo->body, Catch::Contains(R"(["X-Empty", ""])"));
  CHECK_THAT(echo->body, Catch::Contains(R"(["Content-Type", "application/json"])"));
  CHECK_THAT(echo->body, Catch::Contains(R"(["User-Agent", "tocsin")"));
  CHECK_THAT(echo->body, Catch::Contains(R"({\"a\": \"\u00e4\"})"));
  CHECK_THAT(echo->body, Catch::Contains(R"("X-Canary")"));
  CHECK_THAT(echo->body, !Catch::Contains("canary-canary") && !Catch::Contains("1234567890"));
  CHECK_THAT(echo->body, !Catch::Contains("Expect") && !Catch::Contains("Accept-Encoding"));
}

TEST_CASE("connections are used again") {
  ChaosReceiver receiver;
  START_OR_SKIP(receiver);
  HttpClient client(local_options());
  for (int i = 0; i < 20; ++i) REQUIRE(client.send(post(receiver.url("/ok")), kGoOn));
  const auto received = client.send(get(receiver.control("/_received")), kGoOn);
  REQUIRE(received);
  CHECK(ChaosReceiver::member(received->body, "count") == "20");
  CHECK_THAT(received->body, Catch::Contains(R"("http": 1,)"));
}

TEST_CASE("Retry-After is read as seconds and as a date") {
  ChaosReceiver receiver;
  START_OR_SKIP(receiver);
  HttpClient client(local_options());
  const auto retry_after = [&](const std::string& parameters) {
    const auto answer = client.send(post(receiver.url("/429?" + parameters)), kGoOn);
    REQUIRE(answer);
    CHECK(answer->status == 429);
    return answer->retry_after_ms;
  };
  CHECK(retry_after("retry=7") == 7'000);
  CHECK(retry_after("retry=0") == 0);
  CHECK(retry_after("retry=%207%20") == 7'000);
  CHECK(retry_after("retry=99999999999999999999") == std::int64_t{366} * 24 * 3600 * 1000);
  CHECK(retry_after("retry-date=-100") == 0);
  CHECK(retry_after("retry-date=100").value_or(0) > 60'000);
  CHECK(retry_after("retry-date=100").value_or(0) <= 100'000);
  for (const char* nonsense : {"retry=-5", "retry=soon", "retry=", "retry=1.5x", "retry=%2B5"}) {
    INFO(nonsense);
    CHECK_FALSE(retry_after(nonsense));
  }
}

TEST_CASE(
    "whatever a receiver does ends in time, with little memory and an error that tells nothing") {
  ChaosReceiver receiver;
  START_OR_SKIP(receiver);
  ClientOptions options = local_options();
  options.timeout_ms = 700;
  HttpClient client(options);
  struct Case {
    const char* path;
    const char* error;  // "": an answer
  };
  const Case kCases[] = {
      {"/hang", "no whole answer within 0.7 s"},
      {"/drip?seconds=0.1", "no whole answer within 0.7 s"},
      {"/drip-header?seconds=0.1", "no whole answer within 0.7 s"},
      {"/late?seconds=2", "no whole answer within 0.7 s"},
      {"/reset-after-request", "closed"},
      {"/reset-after-header", "closed before the whole answer"},
      {"/close", "without an answer"},
      {"/header-flood", "header is too large"},
      {"/header-huge", "header is too large"},
      {"/continue-flood", "header is too large"},
      {"/bad-status-line", "not HTTP"},
      {"/garbage", "not HTTP"},
      {"/http09", "not HTTP"},
      {"/bad-chunks", "closed before the whole answer"},
      {"/bad-length", "not HTTP"},
      {"/redirect", ""},
      {"/huge", ""},
  };
  for (const Case& test : kCases) {
    INFO(test.path);
    const auto start = std::chrono::steady_clock::now();
    const auto answer = client.send(post(receiver.url(test.path) + "#canary"), kGoOn);
    CHECK(elapsed_ms(start) < 5'000);
    CHECK(answer.has_value() == std::string_view(test.error).empty());
    if (answer) {
      CHECK(answer->body.size() <= kAnswerBytes);
    } else {
      CHECK(answer.error().code == Code::io);
      CHECK_THAT(answer.error().message, Catch::Contains(test.error));
      CHECK_THAT(answer.error().message,
                 !Catch::Contains("127.0.0.1") && !Catch::Contains("http:"));
    }
  }
  // The client is as good as new.
  CHECK(client.send(post(receiver.url("/ok")), kGoOn));
}

TEST_CASE("answers are cut, not inflated, and redirects are not followed") {
  ChaosReceiver receiver;
  START_OR_SKIP(receiver);
  HttpClient client(local_options());

  const auto huge = client.send(post(receiver.url("/huge")), kGoOn);
  REQUIRE(huge);
  CHECK(huge->status == 200);
  CHECK(huge->body_cut);
  CHECK(huge->body.size() == kAnswerBytes);

  const auto whole = client.send(post(receiver.url("/huge?bytes=65536")), kGoOn);
  REQUIRE(whole);
  CHECK_FALSE(whole->body_cut);
  CHECK(whole->body.size() == kAnswerBytes);

  const auto bomb = client.send(post(receiver.url("/gzip-bomb?bytes=10000000")), kGoOn);
  REQUIRE(bomb);
  CHECK(bomb->body.substr(0, 2) == "\x1F\x8B");
  CHECK(bomb->body.size() < 20'000);

  const auto redirect =
      client.send(post(receiver.url("/redirect?to=" + receiver.url("/ok"))), kGoOn);
  REQUIRE(redirect);
  CHECK(redirect->status == 301);
  const auto received = client.send(get(receiver.control("/_received?requests=1")), kGoOn);
  REQUIRE(received);
  CHECK_THAT(received->body, !Catch::Contains(R"("target": "/ok")"));
}

// Peak memory of this process.
long peak_kib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

TEST_CASE("an answer of any size is read piece by piece, at the reader's pace") {
  ChaosReceiver receiver;
  START_OR_SKIP(receiver);
  ClientOptions options = local_options();
  options.timeout_ms = 300;  // not of what has idle_timeout_ms
  HttpClient client(options);
  constexpr std::size_t kBytes = std::size_t{200} << 20;
  HttpRequest request = get(receiver.url("/huge?bytes=" + std::to_string(kBytes)));
  request.idle_timeout_ms = 5000;
  for (int i = 0; i < 2; ++i) {
    auto head = client.open(request, kGoOn);
    REQUIRE(head);
    CHECK(head->status == 200);
    CHECK(head->header("content-length") == std::to_string(kBytes));
    CHECK(head->body.empty());
    const long before = peak_kib();
    std::this_thread::sleep_for(std::chrono::milliseconds(400));  // nobody reads
    std::vector<char> part(i == 0 ? 1000 : std::size_t{1} << 20);
    std::size_t total = 0;
    bool all_x = true;
    for (;;) {
      if (i == 1) REQUIRE(client.wait(10'000, kGoOn));
      const auto size = client.read(part.data(), part.size(), kGoOn);
      REQUIRE(size);
      if (*size == 0) break;
      all_x = all_x && part.front() == 'x' && part[*size - 1] == 'x';
      total += *size;
    }
    CHECK(total == kBytes);
    CHECK(all_x);
    CHECK(client.read(part.data(), part.size(), kGoOn).value() == 0);
    CHECK(peak_kib() - before < 65'536);  // sanitizers keep freed memory for a while
  }
  const auto received = client.send(get(receiver.control("/_received")), kGoOn);
  REQUIRE(received);
  CHECK_THAT(received->body, Catch::Contains(R"("http": 1,)"));  // one connection for both

  // What was not read to its end is closed, and the next request is unharmed.
  REQUIRE(client.open(request, kGoOn));
  CHECK(client.send(post(receiver.url("/ok")), kGoOn)->status == 200);
  char byte = 0;
  CHECK_FALSE(client.read(&byte, 1, kGoOn));
}

TEST_CASE("a slow answer is waited for as long as bytes come, and a broken one is an error") {
  ChaosReceiver receiver;
  START_OR_SKIP(receiver);
  ClientOptions options = local_options();
  options.timeout_ms = 100;
  HttpClient client(options);
  char byte = 0;

  HttpRequest drip = get(receiver.url("/drip?seconds=0.05"));
  drip.idle_timeout_ms = 5000;
  REQUIRE(client.open(drip, kGoOn));
  for (int i = 0; i < 10; ++i) CHECK(client.read(&byte, 1, kGoOn).value() == 1);
  const std::atomic<bool> stop{true};
  CHECK(client.read(&byte, 1, stop).error().code == Code::busy);

  HttpRequest stuck = get(receiver.url("/drip?seconds=30"));
  stuck.idle_timeout_ms = 200;
  REQUIRE(client.open(stuck, kGoOn));
  Result<std::size_t> size = client.read(&byte, 1, kGoOn);
  while (size) size = client.read(&byte, 1, kGoOn);
  CHECK(size.error().message == "no byte of an answer for 0.2 s");
  // The same when the reader asks again and again whether there is something.
  REQUIRE(client.open(stuck, kGoOn));
  size = std::size_t{1};
  for (int waits = 0; size && waits < 1000; ++waits) {
    if (client.wait(20, kGoOn)) size = client.read(&byte, 1, kGoOn);
  }
  REQUIRE_FALSE(size);
  CHECK(size.error().message == "no byte of an answer for 0.2 s");
  REQUIRE(client.open(drip, kGoOn));
  CHECK(client.wait(10'000, kGoOn));
  CHECK(client.wait(0, kGoOn));  // it is still there
  CHECK(client.read(&byte, 1, kGoOn).value() == 1);
  HttpRequest hang = get(receiver.url("/hang"));
  hang.idle_timeout_ms = 200;
  CHECK(client.open(hang, kGoOn).error().message == "no byte of an answer for 0.2 s");

  HttpRequest cut = get(receiver.url("/reset-after-header"));
  cut.idle_timeout_ms = 5000;
  REQUIRE(client.open(cut, kGoOn));
  const Result<std::string> rest = client.read_rest(10'000, kGoOn);
  REQUIRE_FALSE(rest);
  CHECK_THAT(rest.error().message, Catch::Contains("closed before the whole answer"));

  HttpRequest large = get(receiver.url("/huge?bytes=1001"));
  large.idle_timeout_ms = 5000;
  REQUIRE(client.open(large, kGoOn));
  CHECK(client.read_rest(1000, kGoOn).error().code == Code::limit);
  REQUIRE(client.open(large, kGoOn));
  CHECK(client.read_rest(1001, kGoOn)->size() == 1001);
}

TEST_CASE("who cannot be reached is named without a URL") {
  ChaosReceiver receiver;
  START_OR_SKIP(receiver);
  ClientOptions options = local_options();
  HttpClient client(options);
  const auto refused =
      client.send(post("http://127.0.0.1:" + receiver.value("refused") + "/canary"), kGoOn);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::io);
  CHECK(refused.error().message == "the connection could not be made: Connection refused");

  const auto unknown = client.send(post("http://nobody.invalid/canary"), kGoOn);
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().code == Code::io);
  CHECK_THAT(unknown.error().message, !Catch::Contains("nobody") && !Catch::Contains("canary"));

  options.egress = {};
  HttpClient guarded(options);
  const auto denied = guarded.send(post(receiver.url("/canary")), kGoOn);
  REQUIRE_FALSE(denied);
  CHECK(denied.error().code == Code::refused);
  CHECK_THAT(denied.error().message, Catch::Contains("127.0.0.1") &&
                                         Catch::Contains("allow_networks") &&
                                         !Catch::Contains("canary"));
}

TEST_CASE("requests that would say something else than they mean are not sent") {
  HttpClient client(local_options());
  const auto try_header = [&](const std::string& name, const std::string& value) {
    HttpRequest request = post("http://127.0.0.1:1/");
    request.headers.emplace_back(name, Secret(value));
    const auto answer = client.send(request, kGoOn);
    REQUIRE_FALSE(answer);
    return answer.error().code;
  };
  CHECK(try_header("X", "a\r\nY: b") == Code::invalid_input);
  CHECK(try_header("X", "a\nb") == Code::invalid_input);
  CHECK(try_header("X", std::string("a\0b", 3)) == Code::invalid_input);
  CHECK(try_header("X: y", "a") == Code::invalid_input);
  CHECK(try_header("", "a") == Code::invalid_input);
  CHECK(try_header("X", "good") == Code::io);

  HttpRequest request = post("http://127.0.0.1:1/");
  request.method = "POST / HTTP/1.1\r\nX: y";
  CHECK(client.send(request, kGoOn).error().code == Code::invalid_input);
}

TEST_CASE("a request ends soon after it is told to stop") {
  ChaosReceiver receiver;
  START_OR_SKIP(receiver);
  HttpClient client(local_options());
  std::atomic<bool> stop{false};
  std::thread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    stop = true;
  });
  const auto start = std::chrono::steady_clock::now();
  const auto answer = client.send(post(receiver.url("/hang")), stop);
  stopper.join();
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Code::busy);
  CHECK(elapsed_ms(start) < 5'000);  // far less than the deadline of 10 s
  CHECK(client.send(post(receiver.url("/ok")), kGoOn));
}

TEST_CASE("TLS: only a server that proves who it is") {
  ChaosReceiver receiver(ChaosReceiver::Tls::yes);
  START_OR_SKIP(receiver);
  ClientOptions options = local_options();
  options.ca_file = receiver.value("ca_file");
  struct Case {
    const char* port;
    Code code;
    const char* error;
  };
  const Case kCases[] = {
      {"expired", Code::refused, "certificate has expired"},
      {"self-signed", Code::refused, "self-signed certificate"},
      {"wrong-host", Code::refused, "not for this host name"},
      {"untrusted", Code::refused, "unable to get local issuer certificate"},
      {"tls1.1", Code::io, "TLS 1.2"},
      {"mutual", Code::io, ""},
  };
  HttpClient client(options);
  for (const Case& test : kCases) {
    INFO(test.port);
    const auto answer = client.send(post(receiver.https(test.port, "/ok")), kGoOn);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == test.code);
    CHECK_THAT(answer.error().message,
               Catch::Contains(test.error) && !Catch::Contains("localhost"));
  }
  CHECK(client.send(post(receiver.https("good", "/ok")), kGoOn));

  // With the system's authorities only, it is a stranger too.
  options.ca_file.clear();
  HttpClient stranger(options);
  CHECK(stranger.send(post(receiver.https("good", "/ok")), kGoOn).error().code == Code::refused);

  options.ca_file = receiver.value("ca_file");
  options.client_certificate_file = receiver.value("client_certificate_file");
  options.client_key_file = receiver.value("client_key_file");
  HttpClient known(options);
  CHECK(known.send(post(receiver.https("mutual", "/ok")), kGoOn));

  options.client_key_file = receiver.value("ca_file");
  HttpClient confused(options);
  const auto answer = confused.send(post(receiver.https("mutual", "/ok")), kGoOn);
  REQUIRE_FALSE(answer);
  CHECK_THAT(answer.error().message, Catch::Contains("client certificate"));

  // None of the refused got to see a request.
  HttpClient plain(local_options());
  const auto received = plain.send(get(receiver.control("/_received")), kGoOn);
  REQUIRE(received);
  CHECK(ChaosReceiver::member(received->body, "count") == "2");
}

TEST_CASE("a proxy is used when it is given, and judged by the egress guard") {
  ChaosReceiver receiver;  // understands absolute URLs well enough
  START_OR_SKIP(receiver);
  ClientOptions options = local_options();
  options.proxy = receiver.url("");
  HttpClient client(options);
  const auto answer = client.send(post("http://nobody.invalid/ok"), kGoOn);
  REQUIRE(answer);
  CHECK(answer->status == 200);

  options.egress = {};
  HttpClient guarded(options);
  const auto denied = guarded.send(post("http://nobody.invalid/ok"), kGoOn);
  REQUIRE_FALSE(denied);
  CHECK(denied.error().code == Code::refused);
}

}  // namespace
}  // namespace tocsin::net
