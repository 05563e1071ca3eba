#include "contract/notifiers/server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <utility>

namespace tocsin::contract {
namespace {

constexpr int kPollMs = 20;

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

Captured parse_head(const std::string& head) {
  Captured request;
  request.head = head;
  const std::size_t line = head.find("\r\n");
  const std::size_t space = head.find(' ');
  request.method = head.substr(0, space);
  request.target = head.substr(space + 1, head.find(' ', space + 1) - space - 1);
  for (std::size_t at = line + 2; at < head.size();) {
    const std::size_t end = head.find("\r\n", at);
    const std::string field = head.substr(at, end - at);
    at = end + 2;
    const std::size_t colon = field.find(':');
    if (colon != std::string::npos) {
      request.headers[lower(field.substr(0, colon))] = trimmed(field.substr(colon + 1));
    }
  }
  return request;
}

bool send_all(int connection, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace

Answer http_answer(int status, const std::string& body, const std::string& more_headers) {
  const bool bodyless = status == 204 || status == 304;
  return {fmt::format("HTTP/1.1 {} Any\r\n{}{}\r\n{}", status, more_headers,
                      bodyless ? "" : fmt::format("Content-Length: {}\r\n", body.size()),
                      bodyless ? "" : body)};
}

Server::Server() {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("cannot listen on the loopback interface");
  }
  port_ = ntohs(address.sin_port);
  answer(http_answer(200, "ok"));
  acceptor_ = std::thread([this] { accept_all(); });
}

Server::~Server() {
  stop_ = true;
  acceptor_.join();
  for (std::thread& connection : connections_) connection.join();
  ::close(listener_);
}

void Server::answer(Handler handler) {
  const std::lock_guard lock(mutex_);
  handler_ = std::move(handler);
}

std::string Server::url(const std::string& path) const {
  return fmt::format("http://127.0.0.1:{}{}", port_, path);
}

std::vector<Captured> Server::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(captured_, {});
}

void Server::accept_all() {
  while (!stop_) {
    pollfd wait{listener_, POLLIN, 0};
    if (::poll(&wait, 1, kPollMs) <= 0) continue;
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    const int on = 1;
    ::setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connections_.emplace_back([this, connection] {
      serve(connection);
      ::close(connection);
    });
  }
}

void Server::serve(int connection) {
  std::string bytes;
  const auto more = [&] {
    while (!stop_) {
      pollfd wait{connection, POLLIN, 0};
      if (::poll(&wait, 1, kPollMs) <= 0) continue;
      char buffer[65536];
      const ssize_t got = ::recv(connection, buffer, sizeof buffer, 0);
      if (got <= 0) return false;
      bytes.append(buffer, static_cast<std::size_t>(got));
      return true;
    }
    return false;
  };
  for (;;) {
    std::size_t end = 0;
    while ((end = bytes.find("\r\n\r\n")) == std::string::npos) {
      if (!more()) return;
    }
    Captured request = parse_head(bytes.substr(0, end + 2));
    bytes.erase(0, end + 4);
    const std::string length = request.header("content-length");
    const std::size_t size = length.empty() ? 0 : std::stoul(length);
    while (bytes.size() < size) {
      if (!more()) return;
    }
    request.body = bytes.substr(0, size);
    bytes.erase(0, size);
    if (!respond(connection, request)) return;
  }
}

bool Server::respond(int connection, const Captured& request) {
  Handler handler;
  {
    const std::lock_guard lock(mutex_);
    captured_.push_back(request);
    handler = handler_;
  }
  const Answer answer = handler(request);
  if (answer.silent) {
    while (!stop_) {
      pollfd wait{connection, POLLIN, 0};
      if (::poll(&wait, 1, kPollMs) > 0) return false;  // the client went away
    }
    return false;
  }
  do {
    if (!send_all(connection, answer.bytes)) return false;
  } while (answer.endless && !stop_);
  return !answer.close;
}

}  // namespace tocsin::contract
