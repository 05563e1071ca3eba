// Transport: a socket, with or without TLS on it. All in the thread of its io_context.
#pragma once

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <optional>
#include <utility>

namespace tocsin::net {

class Transport {
 public:
  using Socket = boost::asio::ip::tcp::socket;

  // `tls`: owned from now on; nullptr: none.
  Transport(Socket socket, SSL* tls) : socket_(std::move(socket)) {
    if (tls != nullptr) tls_.emplace(socket_, tls);
  }
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  bool has_tls() const { return tls_.has_value(); }
  SSL* tls() { return tls_->native_handle(); }
  Socket& socket() { return socket_; }

  template <class Handler>
  void handshake(Handler handler) {
    tls_->async_handshake(boost::asio::ssl::stream_base::server, std::move(handler));
  }
  // Says good-bye, and waits for the peer's.
  template <class Handler>
  void close_tls(Handler handler) {
    tls_->async_shutdown(std::move(handler));
  }
  template <class Handler>
  void read_some(boost::asio::mutable_buffer buffer, Handler handler) {
    if (tls_) {
      tls_->async_read_some(buffer, std::move(handler));
    } else {
      socket_.async_read_some(buffer, std::move(handler));
    }
  }
  template <class Handler>
  void write(const std::array<boost::asio::const_buffer, 2>& buffers, Handler handler) {
    if (tls_) {
      boost::asio::async_write(*tls_, buffers, std::move(handler));
    } else {
      boost::asio::async_write(socket_, buffers, std::move(handler));
    }
  }

 private:
  Socket socket_;
  std::optional<boost::asio::ssl::stream<Socket&>> tls_;  // refers to socket_
};

}  // namespace tocsin::net
