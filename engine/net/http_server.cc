#include "net/http_server.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/log.h"
#include "net/http_listener.h"
#include "net/http_reply.h"
#include "net/server_state.h"
#include "net/tls_context.h"

namespace tocsin::net {
namespace {

void serve(Worker& worker) {
  for (;;) {
    try {
      worker.io.run();
      return;
    } catch (const std::exception& problem) {
      // Steps catch their own; this is what Asio itself could not do. The others go on.
      log::error("An I/O thread met a problem", {{"problem", problem.what()}});
    }
  }
}

class AsioServer : public HttpServer {
 public:
  AsioServer(const ServerOptions& options, HttpService& service)
      : state_(std::make_shared<ServerState>(options, service)) {
    for (unsigned i = 0; i < std::max(1u, options.threads); ++i) {
      workers_.push_back(std::make_shared<Worker>(state_));
    }
  }

  ~AsioServer() override {
    state_->draining = true;
    for (const auto& worker : workers_) worker->io.stop();
    for (const auto& worker : workers_) {
      if (worker->thread.joinable()) worker->thread.join();
    }
    // Answers may still come from other threads; they find their connections closed.
    for (const auto& connection : state_->connections.all()) connection->close_now();
  }

  Status start() {
    if (has_tls()) {
      if (auto loaded = reload_tls(); !loaded) return loaded;
    }
    auto listener = HttpListener::open(workers_);
    if (!listener) return tl::unexpected(listener.error());
    listener_ = std::move(*listener);
    listener_->start();
    for (const auto& worker : workers_) {
      worker->thread = std::thread([&shared = *worker] { serve(shared); });
    }
    return {};
  }

  std::uint16_t port() const override { return listener_->port(); }

  ServerStats stats() const override {
    ServerStats stats;
    stats.connections_open = state_->connections.size();
    stats.connections_accepted = state_->accepted.load(std::memory_order_relaxed);
    stats.connections_refused = state_->refused.load(std::memory_order_relaxed);
    stats.malformed = state_->malformed.load(std::memory_order_relaxed);
    stats.timeouts = state_->timeouts.load(std::memory_order_relaxed);
    stats.body_bytes = state_->budget.held();
    return stats;
  }

  Status reload_tls() override {
    if (!has_tls()) return {};
    auto context = load_tls(state_->options.tls);
    if (!context) return tl::unexpected(context.error());
    state_->set_tls(std::move(*context));
    return {};
  }

  void drain(std::int64_t timeout_ms) override {
    state_->draining = true;
    listener_->stop();
    state_->connections.close_all_idle();
    state_->connections.wait_until_empty(timeout_ms);
  }

 private:
  bool has_tls() const { return !state_->options.tls.certificate_file.empty(); }

  const std::shared_ptr<ServerState> state_;
  std::vector<std::shared_ptr<Worker>> workers_;
  std::unique_ptr<HttpListener> listener_;  // refers to workers_
};

}  // namespace

std::string_view HttpHead::header(std::string_view name) const {
  for (const auto& [known, value] : headers) {
    if (known == name) return value;
  }
  return {};
}

Responder::~Responder() {
  if (target_) send(busy_reply("the request was not handled; nothing was promised"));
}

void Responder::send(ServerReply reply) {
  if (const auto target = std::exchange(target_, nullptr)) target->reply(std::move(reply));
}

Result<std::unique_ptr<HttpServer>> HttpServer::start(const ServerOptions& options,
                                                      HttpService& service) {
  try {
    auto server = std::make_unique<AsioServer>(options, service);
    if (auto started = server->start(); !started) return tl::unexpected(started.error());
    return server;
  } catch (const std::exception& problem) {
    return fail(Code::io, std::string("cannot start the HTTP server: ") + problem.what());
  }
}

}  // namespace tocsin::net
