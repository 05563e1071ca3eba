// HttpListener: accepts connections and gives each to one of the workers, in turn. Its steps run in
// the thread of the first worker.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "net/server_state.h"

namespace tocsin::net {

class HttpListener {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  using error_code = boost::system::error_code;

  // The workers have to outlive it, and their threads must have ended before it goes.
  static Result<std::unique_ptr<HttpListener>> open(
      const std::vector<std::shared_ptr<Worker>>& workers);

  void start() { wait(); }
  // From any thread; takes effect soon.
  void stop();
  std::uint16_t port() const { return port_; }

 private:
  explicit HttpListener(const std::vector<std::shared_ptr<Worker>>& workers);

  void wait();
  void accept();
  bool somebody_waits();
  void begin(Socket socket, Worker& worker);
  void back_off(error_code error);

  const std::vector<std::shared_ptr<Worker>>& workers_;
  ServerState& state_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  std::size_t next_worker_ = 0;
  std::uint16_t port_ = 0;
};

}  // namespace tocsin::net
