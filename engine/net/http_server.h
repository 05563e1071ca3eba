// HttpServer: HTTP/1.1 over TCP or TLS, on Boost.Asio and Beast. It is strict: a request whose
// framing could be understood in two ways is refused and its connection closed (net/http_guard.h),
// and everything that a peer sends is bounded in size and time.
//
// A request is judged by its head before its body is read: Service::admit() says who may do it and
// how large its body may be.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tocsin::net {

struct HttpHead {
  std::string method;
  std::string path;   // percent-decoded, without query; "/" at least; no "." or ".." segments
  std::string query;  // as sent, without '?'
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case, in order
  std::string peer;                                          // address, without port
  std::string client;  // subject common name of a verified client certificate, "" without one

  // The first header with this (lower-case) name, "" when there is none.
  std::string_view header(std::string_view name) const;
};

struct ServerRequest {
  HttpHead head;
  std::string body;                                // as sent: not inflated
  std::chrono::steady_clock::time_point received;  // when its head was complete
};

struct ServerReply {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers = {};  // further ones
  bool close = false;
};

// The permission to answer one request, once, from any thread. Destroyed without an answer it
// answers 503: nothing was promised.
class Responder {
 public:
  class Target {
   public:
    virtual ~Target() = default;
    virtual void reply(ServerReply reply) = 0;  // called at most once
  };

  explicit Responder(std::shared_ptr<Target> target) : target_(std::move(target)) {}
  Responder(Responder&&) noexcept = default;
  Responder& operator=(Responder&&) = delete;
  ~Responder();

  void send(ServerReply reply);

 private:
  std::shared_ptr<Target> target_;
};

// What becomes of a request whose head has been read.
struct Admission {
  std::optional<ServerReply> refusal;  // answered at once, the body is not read, connection closed
  std::size_t body_limit = 0;          // 413 beyond it; the route's own answer form is in too_large
  std::optional<ServerReply> too_large;
};

// Called from the server's threads. Must not block.
class HttpService {
 public:
  virtual ~HttpService() = default;
  virtual Admission admit(const HttpHead& head) = 0;
  virtual void handle(ServerRequest request, Responder responder) = 0;
};

struct TlsFiles {
  std::string certificate_file;  // PEM, chain included; "" : no TLS
  std::string key_file;
  std::string client_ca_file;  // "": clients need no certificate
};

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8484;  // 0: any free one, see port()
  TlsFiles tls;
  unsigned threads = 1;
  std::size_t header_bytes = std::size_t{8} << 10;
  std::size_t headers = 100;
  // Of all bodies that are being read or handled together; beyond it new ones get 503.
  std::size_t body_budget = std::size_t{64} << 20;
  // When all are in use, the one that has waited the longest for a request is closed for a new one.
  std::size_t connections = 1000;
  std::size_t connections_per_peer = 64;   // an IPv4 address or an IPv6 /64
  std::int64_t header_timeout_ms = 5'000;  // from the first byte of a request
  // From the head to the end of the body; and from the answer to its last byte being taken.
  std::int64_t body_timeout_ms = 30'000;
  std::int64_t idle_timeout_ms = 60'000;     // between requests
  std::int64_t handle_timeout_ms = 170'000;  // from the body to the answer
};

struct ServerStats {
  std::uint64_t connections_open = 0;
  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_refused = 0;  // over a limit
  std::uint64_t malformed = 0;            // 400 by the guard or the parser
  std::uint64_t timeouts = 0;
  std::uint64_t body_bytes = 0;  // held at the moment
};

class HttpServer {
 public:
  // Listens and serves until it is destroyed. `service` must outlive it.
  static Result<std::unique_ptr<HttpServer>> start(const ServerOptions& options,
                                                   HttpService& service);
  virtual ~HttpServer() = default;

  virtual std::uint16_t port() const = 0;
  virtual ServerStats stats() const = 0;
  // Reads certificate and key again; on failure those in use stay. For connections made from now
  // on.
  virtual Status reload_tls() = 0;
  // Accepts no more connections, and closes each after the answer it is waiting for. Returns when
  // all are closed or after `timeout_ms`.
  virtual void drain(std::int64_t timeout_ms) = 0;
};

}  // namespace tocsin::net
