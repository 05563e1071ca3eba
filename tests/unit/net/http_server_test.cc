#include "net/http_server.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "unit/net/http_support.h"

namespace tocsin::net {
namespace {

std::string get(std::string_view path, std::string_view more = "") {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n" + std::string(more) + "\r\n";
}

std::string post(std::string_view path, std::string_view body, std::string_view more = "") {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n" + std::string(more) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

std::string in_chunks(std::string_view path, std::string_view body, std::size_t size) {
  std::string text =
      "POST " + std::string(path) + " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (; !body.empty(); body.remove_prefix(std::min(size, body.size()))) {
    const std::string_view chunk = body.substr(0, size);
    char line[32];
    std::snprintf(line, sizeof line, "%zx\r\n", chunk.size());
    text.append(line).append(chunk).append("\r\n");
  }
  return text + "0\r\n\r\n";
}

std::string noise(std::size_t size) {
  std::string bytes(size, '\0');
  std::uint64_t state = 42;
  for (char& byte : bytes) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    byte = static_cast<char>(state >> 56);
  }
  return bytes;
}

TEST_CASE("a connection is used again, and pipelined requests are answered in order") {
  TestService service;
  const auto server = start_server(service);
  RawClient client(server->port());
  for (int i = 0; i < 3; ++i) {
    client.send(get("/" + std::to_string(i)));
    const Answer answer = client.read_answer();
    CHECK(answer.status == 200);
    CHECK(answer.has("Content-Type: application/json"));
    CHECK(answer.head.find("\r\nDate: ") != std::string::npos);
    CHECK(answer.head.find("Server:") == std::string::npos);
    CHECK_FALSE(answer.has("Connection: close"));
    CHECK(answer.body == "GET /" + std::to_string(i) + "? ");
  }
  std::string many;
  for (int i = 0; i < 200; ++i) {
    many += i % 3 == 0   ? get("/g" + std::to_string(i))
            : i % 3 == 1 ? post("/p" + std::to_string(i), "body")
                         : in_chunks("/c" + std::to_string(i), "chunked body", 5);
  }
  std::thread sender([&] { client.send(many); });
  for (int i = 0; i < 200; ++i) {
    const std::string number = std::to_string(i) + "? ";
    CHECK(client.read_answer().body == (i % 3 == 0   ? "GET /g" + number
                                        : i % 3 == 1 ? "POST /p" + number + "body"
                                                     : "POST /c" + number + "chunked body"));
  }
  sender.join();
  CHECK(server->stats().connections_accepted == 1);
  CHECK(eventually([&] { return server->stats().body_bytes == 0; }));
}

TEST_CASE("how a connection goes on") {
  struct Case {
    const char* name;
    std::string request;
    bool ends;
    const char* line;  // in the answer's head, "" for none
  };
  const Case kCases[] = {
      {"1.1", get("/"), false, ""},
      {"1.1, close", get("/", "Connection: close\r\n"), true, "Connection: close"},
      {"close among others", get("/", "Connection: te, Close\r\n"), true, "Connection: close"},
      {"1.0", "GET / HTTP/1.0\r\n\r\n", true, "Connection: close"},
      {"1.0, kept", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", false,
       "Connection: keep-alive"},
      {"the service wants it", get("/close"), true, "Connection: close"},
      {"refused by its head", get("/refuse"), true, "Connection: close"},
  };
  TestService service;
  const auto server = start_server(service);
  for (const Case& one : kCases) {
    INFO(one.name);
    RawClient client(server->port());
    client.send(one.request);
    const Answer answer = client.read_answer();
    CHECK(answer.status != 0);
    if (*one.line != '\0') CHECK(answer.has(one.line));
    if (one.ends) {
      CHECK(client.ends());
    } else {
      client.send(get("/again"));
      CHECK(client.read_answer().body == "GET /again? ");
    }
  }
}

TEST_CASE("answers") {
  TestService service;
  const auto server = start_server(service);
  RawClient client(server->port());
  client.send("HEAD /large/1000 HTTP/1.1\r\nHost: a\r\n\r\n");
  Answer answer = client.read_answer(true);
  CHECK(answer.has("Content-Length: 1000"));
  client.send(get("/empty"));
  answer = client.read_answer();
  CHECK(answer.status == 204);
  CHECK(answer.head.find("Content-Length") == std::string::npos);
  client.send(get("/break-out"));
  answer = client.read_answer();
  CHECK(answer.has("X-Good: yes"));
  CHECK(answer.head.find("X-Bad") == std::string::npos);
  CHECK(answer.head.find("X-Injected") == std::string::npos);
  CHECK(answer.head.find("Content-Length: 3") == std::string::npos);
  CHECK(answer.head.find("Transfer-Encoding") == std::string::npos);
  for (const std::size_t size : {16383u, 16384u, 16385u, 1'000'000u}) {
    client.send(get("/large/" + std::to_string(size)));
    CHECK(client.read_answer().body == std::string(size, 'x'));
  }
  client.send(get("/client"));
  CHECK(client.read_answer().body == "127.0.0.1 ");
}

TEST_CASE("bodies of all sizes arrive as they were sent") {
  TestService service;
  const auto server = start_server(service);
  RawClient client(server->port());
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{1000}, std::size_t{8192}, std::size_t{262'144},
        std::size_t{1'000'003}, std::size_t{3} << 20}) {
    const std::string body = noise(size);
    std::thread sender([&] { client.send(post("/", body)); });
    CHECK((client.read_answer().body == "POST /? " + body));
    sender.join();
    for (const std::size_t chunk : {std::size_t{777}, std::size_t{70'000}, size + 1}) {
      std::thread chunked([&] { client.send(in_chunks("/", body, chunk)); });
      CHECK((client.read_answer().body == "POST /? " + body));
      chunked.join();
    }
  }
}

TEST_CASE("bodies beyond their limit are refused before they are read") {
  struct Case {
    const char* name;
    std::string request;
    std::string body;
  };
  const Case kCases[] = {
      {"default answer", post("/none", "x"),
       "{\"error\":\"the body is larger than allowed here\"}\n"},
      {"own answer", post("/small", std::string(101, 'x')), "{\"own\":\"answer\"}"},
      {"only announced", "POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999999\r\n\r\n",
       "{\"own\":\"answer\"}"},
      {"in chunks", in_chunks("/small", std::string(101, 'x'), 10), "{\"own\":\"answer\"}"},
      {"a chunk announced",
       "POST /small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
       "{\"own\":\"answer\"}"},
  };
  TestService service;
  const auto server = start_server(service);
  for (const Case& one : kCases) {
    INFO(one.name);
    RawClient client(server->port());
    client.send(one.request);
    const Answer answer = client.read_answer();
    CHECK(answer.status == 413);
    CHECK(answer.body == one.body);
    CHECK(client.ends());
  }
  CHECK(service.handled() == 0);
  RawClient client(server->port());
  client.send(post("/small", std::string(100, 'x')));
  CHECK(client.read_answer().status == 200);
  client.send(in_chunks("/small", std::string(100, 'x'), 7));
  CHECK(client.read_answer().status == 200);
}

TEST_CASE("who sends a large body without asking still reads why it was refused") {
  TestService service;
  const auto server = start_server(service);
  RawClient client(server->port());
  std::thread sender([&] { client.send(post("/refuse", std::string(4'000'000, 'x'))); });
  CHECK(client.read_answer().status == 401);
  CHECK(client.ends());
  sender.join();
}

TEST_CASE("100 Continue comes after admission, and only then") {
  TestService service;
  const auto server = start_server(service);
  const auto asking = [](std::string_view path, std::size_t size) {
    return "POST " + std::string(path) + " HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n" +
           "Content-Length: " + std::to_string(size) + "\r\n\r\n";
  };
  SECTION("admitted") {
    RawClient client(server->port());
    client.send(asking("/", 2));
    CHECK(client.read_answer().status == 100);
    client.send("hi" + get("/next"));
    CHECK(client.read_answer().body == "POST /? hi");
    CHECK(client.read_answer().body == "GET /next? ");
  }
  SECTION("in chunks") {
    RawClient client(server->port());
    client.send(
        "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n"
        "Transfer-Encoding: chunked\r\n\r\n");
    CHECK(client.read_answer().status == 100);
    client.send("2\r\nhi\r\n0\r\n\r\n");
    CHECK(client.read_answer().body == "POST /? hi");
  }
  SECTION("refused") {
    for (const auto& [path, status] : {std::pair("/refuse", 401), std::pair("/small", 413)}) {
      RawClient client(server->port());
      client.send(asking(path, 1000));
      CHECK(client.read_answer().status == status);
      CHECK(client.ends());
    }
  }
  SECTION("not needed") {
    RawClient client(server->port());
    client.send(asking("/", 2) + "hi");
    CHECK(client.read_answer().body == "POST /? hi");
    client.send(asking("/", 0));
    CHECK(client.read_answer().body == "POST /? ");
  }
  SECTION("unknown in 1.0") {
    RawClient client(server->port());
    client.send("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    CHECK_FALSE(client.readable(50));
    client.send("hi");
    CHECK(client.read_answer().body == "POST /? hi");
  }
}

TEST_CASE("a request has one deadline for each phase, however often it sends a byte") {
  TestService service;
  ServerOptions options;
  options.header_timeout_ms = 150;
  options.body_timeout_ms = 150;
  options.idle_timeout_ms = 150;
  options.handle_timeout_ms = 150;
  const auto server = start_server(service, options);
  RawClient client(server->port());
  const auto drip = [&](std::string_view start) {
    client.send(start);
    int dripped = 0;
    while (!client.readable(10) && dripped < 1000 && client.send("x")) ++dripped;
    return dripped;
  };
  const auto is_refused = [&] {
    const Answer answer = client.read_answer();
    return answer.status == 408 && answer.has("Connection: close");
  };
  SECTION("head") {
    CHECK(drip("GET /") < 1000);
    CHECK(is_refused());
  }
  SECTION("headers") {
    CHECK(drip("GET / HTTP/1.1\r\nHost: a\r\nX: ") < 1000);
    CHECK(is_refused());
  }
  SECTION("body") {
    CHECK(drip("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n") < 1000);
    CHECK(is_refused());
  }
  SECTION("body in chunks") {
    CHECK(drip("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10000\r\n") < 1000);
    CHECK(is_refused());
  }
  SECTION("body that was asked for") {
    client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n");
    CHECK(client.read_answer().status == 100);
    CHECK(is_refused());
  }
  SECTION("second head") {
    client.send(get("/"));
    CHECK(client.read_answer().status == 200);
    CHECK(drip("GET /") < 1000);
    CHECK(is_refused());
  }
  SECTION("idle at first") {
    CHECK(client.ends());
  }
  SECTION("idle between requests") {
    client.send(get("/"));
    CHECK(client.read_answer().status == 200);
    CHECK(client.ends());
    CHECK(server->stats().timeouts == 0);
  }
  SECTION("handling") {
    client.send(post("/hold", "body"));
    const Answer answer = client.read_answer();
    CHECK(answer.status == 503);
    CHECK(answer.has("Retry-After: 1"));
    CHECK(client.ends());
    CHECK(server->stats().body_bytes == 4);  // the service still has it
    service.release();                       // too late: nobody is told
    CHECK(eventually([&] { return server->stats().body_bytes == 0; }));
  }
  client.finish_sending();
  CHECK(eventually([&] { return server->stats().connections_open == 0; }));
}

TEST_CASE("a peer that does not read its answer is given up") {
  TestService service;
  ServerOptions options;
  options.body_timeout_ms = 150;
  const auto server = start_server(service, options);
  RawClient client(server->port());
  client.send(get("/large/16000000"));
  CHECK(eventually([&] { return server->stats().timeouts == 1; }));
  CHECK(eventually([&] { return server->stats().connections_open == 0; }));
}

TEST_CASE("all bodies together stay within the budget") {
  TestService service;
  ServerOptions options;
  options.body_budget = 1'000'000;
  const auto server = start_server(service, options);
  RawClient first(server->port());
  first.send(post("/hold", std::string(600'000, 'x')));
  REQUIRE(service.wait_for_held(1));
  CHECK(server->stats().body_bytes == 600'000);

  const auto is_busy = [&](const std::string& request) {
    RawClient client(server->port());
    client.send(request);
    const Answer answer = client.read_answer();
    return answer.status == 503 && answer.has("Retry-After: 1") && client.ends();
  };
  CHECK(is_busy(post("/", std::string(400'001, 'x'))));
  CHECK(is_busy(
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 400001\r\nExpect: 100-continue\r\n\r\n"));
  CHECK(is_busy(in_chunks("/", std::string(500'000, 'x'), 1000)));
  RawClient small(server->port());
  small.send(post("/", std::string(400'000, 'x')));
  CHECK(small.read_answer().status == 200);
  small.send(get("/"));
  CHECK(small.read_answer().status == 200);
  CHECK(eventually([&] { return server->stats().body_bytes == 600'000; }));

  service.release();
  CHECK(first.read_answer().body == "released");
  CHECK(eventually([&] { return server->stats().body_bytes == 0; }));
  RawClient large(server->port());
  large.send(post("/", std::string(1'000'001, 'x')));
  CHECK(large.read_answer().status == 413);  // trying again later would not help
}

TEST_CASE("requests that the service drops or fails at are answered") {
  TestService service;
  const auto server = start_server(service);
  struct Case {
    const char* path;
    int status;
  };
  for (const auto& [path, status] :
       {Case{"/drop", 503}, Case{"/throw", 503}, Case{"/throw-head", 500}}) {
    INFO(path);
    RawClient client(server->port());
    client.send(post(path, "body"));
    const Answer answer = client.read_answer();
    CHECK(answer.status == status);
    CHECK(answer.has("Retry-After: 1") == (status == 503));
    CHECK(client.ends());
  }
  CHECK(eventually([&] { return server->stats().body_bytes == 0; }));
}

TEST_CASE("connections are limited, for each peer and in all") {
  TestService service;
  ServerOptions options;
  options.connections = 4;
  options.connections_per_peer = 3;
  const auto server = start_server(service, options);
  std::vector<std::unique_ptr<RawClient>> clients;
  const auto hold = [&](const char* source) {
    clients.push_back(std::make_unique<RawClient>(server->port(), source));
    clients.back()->send(get("/hold"));
  };
  for (int i = 0; i < 3; ++i) hold("127.0.0.1");
  REQUIRE(service.wait_for_held(3));
  RawClient fourth(server->port());
  CHECK(fourth.read_answer().status == 503);
  CHECK(fourth.ends());

  RawClient other(server->port(), "127.0.0.2");
  other.send(get("/client"));
  CHECK(other.read_answer().body == "127.0.0.2 ");

  // It is idle now, and makes room.
  hold("127.0.0.3");
  REQUIRE(service.wait_for_held(4));
  CHECK(other.ends());

  // Now all are busy.
  RawClient last(server->port(), "127.0.0.4");
  const Answer answer = last.read_answer();
  CHECK(answer.status == 503);
  CHECK(answer.has("Retry-After: 1"));
  CHECK(server->stats().connections_refused == 2);
  service.release();
  for (const auto& client : clients) CHECK(client->read_answer().body == "released");
}

TEST_CASE("idle connections lock nobody out") {
  TestService service;
  ServerOptions options;
  options.connections = 50;
  options.connections_per_peer = 1000;
  options.threads = 2;
  const auto server = start_server(service, options);
  std::vector<std::unique_ptr<RawClient>> idle;
  for (int i = 0; i < 300; ++i) {
    idle.push_back(std::make_unique<RawClient>(server->port()));
    if (i % 50 != 49) continue;
    RawClient client(server->port());
    client.send(get("/"));
    CHECK(client.read_answer().status == 200);
  }
  CHECK(server->stats().connections_open <= 50 + 64);
}

// Lets this process open one more descriptor, and none after it.
class OneMoreDescriptor {
 public:
  OneMoreDescriptor() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const int next = ::socket(AF_UNIX, SOCK_STREAM, 0);
    ::close(next);
    rlimit tight = before_;
    tight.rlim_cur = static_cast<rlim_t>(next) + 1;
    setrlimit(RLIMIT_NOFILE, &tight);
  }
  ~OneMoreDescriptor() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST_CASE("without descriptors the server makes room, or waits until there is some") {
  TestService service;
  const auto server = start_server(service);
  RawClient known(server->port());
  SECTION("an idle connection goes") {
    known.send(get("/"));
    CHECK(known.read_answer().status == 200);
    const OneMoreDescriptor tight;
    RawClient starved(server->port());  // it has the last one
    starved.send(get("/"));
    CHECK(starved.read_answer().status == 200);
    CHECK(known.ends());
  }
  SECTION("all are busy") {
    known.send(get("/hold"));
    REQUIRE(service.wait_for_held(1));
    const OneMoreDescriptor tight;
    RawClient starved(server->port());
    starved.send(get("/"));
    CHECK_FALSE(starved.readable(50));
    service.release();
    CHECK(known.read_answer().body == "released");
    CHECK(starved.read_answer().status == 200);
  }
}

TEST_CASE("drain: idle connections are closed, requests are answered first, nobody is accepted") {
  TestService service;
  const auto server = start_server(service);
  RawClient idle(server->port());
  idle.send(get("/"));
  CHECK(idle.read_answer().status == 200);
  RawClient silent(server->port());
  RawClient busy(server->port());
  busy.send(get("/hold"));
  REQUIRE(service.wait_for_held(1));

  std::atomic<bool> drained{false};
  std::thread drainer([&] {
    server->drain(10'000);
    drained = true;
  });
  CHECK(idle.ends());
  CHECK(silent.ends());
  CHECK_FALSE(drained);
  service.release();
  const Answer answer = busy.read_answer();
  CHECK(answer.body == "released");
  CHECK(answer.has("Connection: close"));
  CHECK(busy.ends());
  busy.finish_sending();
  drainer.join();
  CHECK(server->stats().connections_open == 0);
}

TEST_CASE("drain ends when its time is over, and the server when it is destroyed") {
  TestService service;
  auto server = start_server(service);
  RawClient busy(server->port());
  busy.send(post("/hold", "body"));
  REQUIRE(service.wait_for_held(1));
  server->drain(20);
  server.reset();
  CHECK(busy.ends());
  service.release();  // the responder outlives its server
}

TEST_CASE("a server that cannot listen says why") {
  TestService service;
  const auto server = start_server(service);
  ServerOptions options;
  options.port = server->port();
  auto second = HttpServer::start(options, service);
  REQUIRE_FALSE(second);
  CHECK(second.error().message == "cannot listen on 127.0.0.1:" + std::to_string(server->port()) +
                                      ": Address already in use");
  options.address = "localhost";
  auto third = HttpServer::start(options, service);
  REQUIRE_FALSE(third);
  CHECK(third.error().message.find("not an IP address") != std::string::npos);
}

TEST_CASE("many clients on several threads") {
  TestService service;
  ServerOptions options;
  options.threads = 3;
  const auto server = start_server(service, options);
  std::atomic<int> good{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&, i] {
      RawClient client(server->port());
      const std::string body = noise(static_cast<std::size_t>(i) * 50'000);
      for (int round = 0; round < 20; ++round) {
        client.send(round % 2 == 0 ? post("/x", body) : in_chunks("/x", body, 4000));
        if (client.read_answer().body == "POST /x? " + body) ++good;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  CHECK(good == 160);
}

}  // namespace
}  // namespace tocsin::net
