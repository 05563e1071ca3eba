// Time, memory and connections that peers may take, and how the server ends.
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "net/http_server.h"
#include "unit/net/http_support.h"

namespace tocsin::net {
namespace {

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

}  // namespace
}  // namespace tocsin::net
