#include "net/http_server.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "unit/net/http_support.h"

namespace tocsin::net {
namespace {

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
