// HttpService: what the service answers on its port: events in, and for operators metrics, health,
// alerts, rules, status and reload. One table says who may do what; a path that is not in it is
// 404.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "metrics/registry.h"
#include "net/auth.h"
#include "net/http_server.h"
#include "pipeline/admin_api.h"
#include "pipeline/readiness.h"
#include "source/http_ingest.h"

namespace tocsin::pipeline {

class HttpService final : public net::HttpService {
 public:
  // Answers when the reload is over: success, or why the running configuration stays.
  using Reload = std::function<void(std::function<void(Status)> done)>;

  HttpService(source::HttpIngest& ingest, AdminApi& api, const Readiness& readiness,
              metrics::Registry& registry, Reload reload);
  ~HttpService() override;

  void set_auth(std::shared_ptr<const net::Auth> auth);

  net::Admission admit(const net::HttpHead& head) override;
  void handle(net::ServerRequest request, net::Responder responder) override;

 private:
  struct Route;
  class Counting;
  static const Route* find(const std::string& path);
  std::optional<net::ServerReply> forbid(const Route& route, const net::HttpHead& head) const;
  net::ServerReply health() const;
  net::ServerReply readiness() const;
  net::ServerReply metrics_page(const net::HttpHead& head) const;

  source::HttpIngest& ingest_;
  AdminApi& api_;
  const Readiness& readiness_;
  metrics::Registry& registry_;
  Reload reload_;

  mutable Mutex mutex_;
  std::shared_ptr<const net::Auth> auth_ GUARDED_BY(mutex_);
};

}  // namespace tocsin::pipeline
