#include "unit/net/http_support.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <thread>
#include <utility>

namespace tocsin::net {

Admission TestService::admit(const HttpHead& head) {
  Admission admission;
  admission.body_limit = std::size_t{8} << 20;
  if (head.path == "/small") {
    admission.body_limit = 100;
    admission.too_large = ServerReply{413, "{\"own\":\"answer\"}"};
  }
  if (head.path == "/none") admission.body_limit = 0;
  if (head.path == "/refuse") admission.refusal = ServerReply{401, "{\"error\":\"no token\"}"};
  if (head.path == "/throw-head") throw std::runtime_error("from admit");
  return admission;
}

void TestService::handle(ServerRequest request, Responder responder) {
  const HttpHead& head = request.head;
  {
    const std::lock_guard lock(mutex_);
    paths_.push_back(head.path);
    if (head.path == "/hold") held_.push_back(std::move(responder));
    changed_.notify_all();
  }
  if (head.path == "/hold" || head.path == "/drop") return;
  if (head.path == "/throw") throw std::runtime_error("from handle");
  ServerReply reply;
  reply.body = head.method + " " + head.path + "?" + head.query + " " + request.body;
  if (head.path.starts_with("/large/")) {
    reply.body.assign(std::strtoul(head.path.c_str() + 7, nullptr, 10), 'x');
  }
  if (head.path == "/close") reply.close = true;
  if (head.path == "/empty") reply.status = 204;
  if (head.path == "/client") reply.body = head.peer + " " + head.client;
  if (head.path == "/break-out") {
    reply.headers = {{"X-Good", "yes"},
                     {"X-Bad", "a\r\nX-Injected: 1"},
                     {"X Bad: 1\r\nX-Injected", "1"},
                     {"Content-Length", "3"},
                     {"Transfer-Encoding", "chunked"}};
  }
  responder.send(std::move(reply));
}

bool TestService::wait_for_held(std::size_t count) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return held_.size() >= count; });
}

void TestService::release() {
  std::vector<Responder> all;
  {
    const std::lock_guard lock(mutex_);
    all = std::exchange(held_, {});
  }
  for (Responder& one : all) one.send({200, "released"});
}

std::size_t TestService::handled() const {
  const std::lock_guard lock(mutex_);
  return paths_.size();
}

std::vector<std::string> TestService::paths() const {
  const std::lock_guard lock(mutex_);
  return paths_;
}

RawClient::RawClient(std::uint16_t port, const char* source) {
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(socket_ >= 0);
  sockaddr_in from{};
  from.sin_family = AF_INET;
  REQUIRE(inet_pton(AF_INET, source, &from.sin_addr) == 1);
  REQUIRE(::bind(socket_, reinterpret_cast<const sockaddr*>(&from), sizeof from) == 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
}

RawClient::~RawClient() {
  ::close(socket_);
}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void RawClient::finish_sending() {
  ::shutdown(socket_, SHUT_WR);
}

bool RawClient::readable(int ms) const {
  if (!unread_.empty()) return true;
  pollfd one{socket_, POLLIN, 0};
  return ::poll(&one, 1, ms) == 1;
}

bool RawClient::receive() {
  pollfd one{socket_, POLLIN, 0};
  if (::poll(&one, 1, 10'000) != 1) return false;
  char bytes[65536];
  const ssize_t size = ::recv(socket_, bytes, sizeof bytes, 0);
  if (size <= 0) return false;
  unread_.append(bytes, static_cast<std::size_t>(size));
  return true;
}

Answer RawClient::read_answer(bool head_only) {
  std::size_t end = 0;
  while ((end = unread_.find("\r\n\r\n")) == std::string::npos) {
    if (!receive()) return {};
  }
  Answer answer;
  answer.head = unread_.substr(0, end + 2);
  unread_.erase(0, end + 4);
  if (!answer.head.starts_with("HTTP/1.1 ")) return {};
  answer.status = std::atoi(answer.head.c_str() + 9);
  std::size_t size = 0;
  if (const auto at = answer.head.find("\r\nContent-Length: "); at != std::string::npos) {
    size = std::strtoul(answer.head.c_str() + at + 18, nullptr, 10);
  }
  if (head_only) return answer;
  while (unread_.size() < size) {
    if (!receive()) return {};
  }
  answer.body = unread_.substr(0, size);
  unread_.erase(0, size);
  return answer;
}

bool RawClient::ends() {
  if (!unread_.empty()) return false;
  pollfd one{socket_, POLLIN, 0};
  if (::poll(&one, 1, 10'000) != 1) return false;
  char byte;
  return ::recv(socket_, &byte, 1, 0) <= 0;
}

std::unique_ptr<HttpServer> start_server(HttpService& service, ServerOptions options) {
  options.port = 0;
  auto server = HttpServer::start(options, service);
  if (!server) FAIL(server.error().message);
  return std::move(*server);
}

std::string get(std::string_view path, std::string_view more) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n" + std::string(more) + "\r\n";
}

std::string post(std::string_view path, std::string_view body, std::string_view more) {
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

void sleep_ms(int ms) {
  std::this_thread::sleep_for(std::chrono::milliseconds(ms));
}

}  // namespace tocsin::net
