// What the parts of one server share. Each I/O thread has an io_context of its own; a connection
// stays with the one that it was given to, so that it needs no locks.
//
// A responder may outlive the server: it keeps the Worker of its connection, and with it all this.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <memory>
#include <thread>
#include <utility>

#include "base/mutex.h"
#include "net/body_budget.h"
#include "net/connection_table.h"
#include "net/http_server.h"
#include "net/tls_context.h"

namespace tocsin::net {

struct ServerState {
  ServerState(const ServerOptions& given, HttpService& serves)
      : options(given),
        service(serves),
        connections(given.connections, given.connections_per_peer),
        budget(given.body_budget) {}

  const ServerOptions options;
  HttpService& service;  // called from the I/O threads only, which end before the server does
  ConnectionTable connections;
  BodyBudget budget;
  std::atomic<bool> draining{false};
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> refused{0};
  std::atomic<std::uint64_t> malformed{0};
  std::atomic<std::uint64_t> timeouts{0};

  void set_tls(TlsContext context) {
    const MutexLock lock(tls_mutex_);
    tls_ = std::move(context);
  }
  // For a new connection; nullptr without TLS or without memory.
  SSL* new_tls() {
    const MutexLock lock(tls_mutex_);
    return tls_ ? SSL_new(tls_.get()) : nullptr;
  }

 private:
  Mutex tls_mutex_;
  TlsContext tls_ GUARDED_BY(tls_mutex_);
};

struct Worker : std::enable_shared_from_this<Worker> {
  explicit Worker(std::shared_ptr<ServerState> shared)
      : state(std::move(shared)), io(1), busy(io.get_executor()) {}

  const std::shared_ptr<ServerState> state;  // outlives what is still queued in `io`
  boost::asio::io_context io;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> busy;
  std::thread thread;
};

}  // namespace tocsin::net
