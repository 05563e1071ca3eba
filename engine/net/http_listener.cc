#include "net/http_listener.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "net/http_session.h"

namespace tocsin::net {
namespace {

namespace ip = boost::asio::ip;

// Connections that the kernel keeps for us: a burst while we are busy. It has a cap of its own.
constexpr int kBacklog = 4096;
// Then connections that have been accepted get their turn.
constexpr int kAcceptedAtOnce = 16;
constexpr auto kPause = std::chrono::milliseconds(100);

// IPv4 addresses that came through an IPv6 socket are shown and counted as what they are.
ip::address plain(const ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return ip::make_address_v4(ip::v4_mapped, address.to_v6());
  }
  return address;
}

PeerKey key_of(const ip::address& address) {
  PeerKey key;
  if (address.is_v4()) {
    const auto bytes = address.to_v4().to_bytes();
    key.bytes[10] = key.bytes[11] = 0xff;
    std::copy(bytes.begin(), bytes.end(), key.bytes.begin() + 12);
  } else {
    const auto bytes = address.to_v6().to_bytes();
    const bool loopback = address.is_loopback();
    std::copy(bytes.begin(), bytes.begin() + (loopback ? 16 : 8), key.bytes.begin());
  }
  return key;
}

// To one who is over a limit. Without TLS it can still be said; nothing is waited for.
void turn_away(HttpListener::Socket& socket, bool tls) {
  static constexpr std::string_view kFull =
      "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n"
      "Content-Length: 33\r\nRetry-After: 1\r\nConnection: close\r\n\r\n"
      "{\"error\":\"too many connections\"}\n";
  boost::system::error_code ignored;
  if (!tls) {
    ::send(socket.native_handle(), kFull.data(), kFull.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    socket.shutdown(HttpListener::Socket::shutdown_send, ignored);
  }
  socket.close(ignored);
}

bool is_exhaustion(boost::system::error_code error) {
  namespace errc = boost::system::errc;
  return error == errc::too_many_files_open || error == errc::too_many_files_open_in_system ||
         error == errc::no_buffer_space || error == errc::not_enough_memory;
}

}  // namespace

HttpListener::HttpListener(const std::vector<std::shared_ptr<Worker>>& workers)
    : workers_(workers),
      state_(*workers.front()->state),
      acceptor_(workers.front()->io),
      pause_(workers.front()->io) {}

Result<std::unique_ptr<HttpListener>> HttpListener::open(
    const std::vector<std::shared_ptr<Worker>>& workers) {
  std::unique_ptr<HttpListener> listener(new HttpListener(workers));
  const ServerOptions& options = listener->state_.options;
  const std::string place = options.address + ":" + std::to_string(options.port);
  error_code error;
  const ip::address address = ip::make_address(options.address, error);
  if (error) {
    return fail(Code::invalid_input, "cannot listen on " + place +
                                         ": not an IP address; write for example 127.0.0.1, "
                                         "or 0.0.0.0 for all");
  }
  auto& acceptor = listener->acceptor_;
  const ip::tcp::endpoint endpoint(address, options.port);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(ip::tcp::acceptor::reuse_address(true), error);
  if (!error && address.is_v6()) acceptor.set_option(boost::asio::ip::v6_only(false), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(kBacklog, error);
  if (!error) acceptor.non_blocking(true, error);
  if (!error) listener->port_ = acceptor.local_endpoint(error).port();
  if (error) return fail(Code::io, "cannot listen on " + place + ": " + error.message());
  return listener;
}

void HttpListener::stop() {
  boost::asio::post(acceptor_.get_executor(), [this] {
    error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel(ignored);
  });
}

void HttpListener::wait() {
  if (!acceptor_.is_open()) return;
  acceptor_.async_wait(boost::asio::socket_base::wait_read, [this](error_code) { accept(); });
}

void HttpListener::accept() {
  if (!acceptor_.is_open()) return;
  for (int i = 0; i < kAcceptedAtOnce; ++i) {
    Worker& worker = *workers_[next_worker_ % workers_.size()];
    error_code error;
    Socket socket = acceptor_.accept(worker.io, error);
    if (error == boost::asio::error::would_block) break;
    // The kernel says so even when nobody waits: it reserves a descriptor first.
    if (is_exhaustion(error)) return somebody_waits() ? back_off(error) : wait();
    if (error) continue;  // the peer's: it went away before it was accepted
    ++next_worker_;
    try {
      begin(std::move(socket), worker);
    } catch (const std::exception& problem) {
      log::error("A connection could not be served", {{"problem", problem.what()}});
    }
  }
  wait();
}

bool HttpListener::somebody_waits() {
  pollfd waiting{acceptor_.native_handle(), POLLIN, 0};
  return ::poll(&waiting, 1, 0) == 1;
}

void HttpListener::begin(Socket socket, Worker& worker) {
  state_.accepted.fetch_add(1, std::memory_order_relaxed);
  const bool tls = !state_.options.tls.certificate_file.empty();
  error_code error;
  const ip::address peer = plain(socket.remote_endpoint(error).address());
  if (error) return;
  socket.set_option(ip::tcp::no_delay(true), error);

  const auto [refused, slot] = state_.connections.add(key_of(peer));
  if (refused != ConnectionTable::Refused::no) {
    state_.refused.fetch_add(1, std::memory_order_relaxed);
    if (refused == ConnectionTable::Refused::full) {
      log::warning("Connection refused: as many as allowed are busy", {{"peer", peer.to_string()}});
    } else {
      log::warning("Connection refused: its peer has as many as allowed",
                   {{"peer", peer.to_string()}});
    }
    return turn_away(socket, tls);
  }
  std::shared_ptr<HttpSession> session;
  try {
    SSL* const connection = tls ? state_.new_tls() : nullptr;
    if (tls && connection == nullptr) throw std::bad_alloc();
    session = std::make_shared<HttpSession>(worker, std::move(socket), connection, slot,
                                            peer.to_string());
  } catch (const std::exception&) {
    state_.connections.remove(slot);
    throw;
  }
  state_.connections.name(slot, session);
  if (!tls) state_.connections.set_idle(slot);  // before its turn comes it is no reason to refuse
  boost::asio::post(worker.io, [session] { session->start(); });
}

// Without descriptors every accept fails at once: trying on would only heat the machine.
void HttpListener::back_off(error_code error) {
  log::warning("Cannot accept connections; raise the limit of open files",
               {{"problem", error.message()}});
  state_.connections.close_longest_idle();
  pause_.expires_after(kPause);
  pause_.async_wait([this](error_code) { accept(); });
}

}  // namespace tocsin::net
