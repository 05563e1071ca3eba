#include "pipeline/http_service.h"

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <utility>

#include "base/json_writer.h"
#include "base/log.h"
#include "event/gzip.h"
#include "metrics/families.h"

namespace tocsin::pipeline {
namespace {

constexpr std::size_t kAdminBody = 4096;

net::ServerReply problem(int status, std::string_view message) {
  net::ServerReply reply;
  reply.status = status;
  JsonWriter json(reply.body);
  json.begin_object().member("error", message).end_object();
  return reply;
}

net::ServerReply answer(Result<std::string> body) {
  if (!body) {
    const Code code = body.error().code;
    return problem(code == Code::invalid_input ? 400
                   : code == Code::not_found   ? 404
                                               : 503,
                   body.error().message);
  }
  net::ServerReply reply;
  reply.body = std::move(*body);
  return reply;
}

net::ServerReply plain(int status, std::string text) {
  net::ServerReply reply;
  reply.status = status;
  reply.body = std::move(text);
  reply.content_type = "text/plain; charset=utf-8";
  return reply;
}

}  // namespace

struct HttpService::Route {
  enum class Id : std::uint8_t {
    events,
    metrics,
    health,
    ready,
    reload,
    alerts,
    rules,
    correlations,
    status
  };

  std::string_view path;
  std::string_view method;
  std::optional<net::Role> role;  // nullopt: anybody
  Id id;
};

const HttpService::Route* HttpService::find(const std::string& path) {
  using Id = Route::Id;
  static constexpr Route kRoutes[] = {
      {"/v1/events", "POST", net::Role::ingest, Id::events},
      {"/metrics", "GET", net::Role::read, Id::metrics},
      {"/healthz", "GET", std::nullopt, Id::health},
      {"/readyz", "GET", std::nullopt, Id::ready},
      {"/-/reload", "POST", net::Role::admin, Id::reload},
      {"/api/v1/alerts", "GET", net::Role::read, Id::alerts},
      {"/api/v1/rules", "GET", net::Role::read, Id::rules},
      {"/api/v1/correlations", "GET", net::Role::read, Id::correlations},
      {"/api/v1/status", "GET", net::Role::read, Id::status},
  };
  for (const Route& route : kRoutes) {
    if (route.path == path) return &route;
  }
  return nullptr;
}

// Counts the answer on its way to the peer.
class HttpService::Counting final : public net::Responder::Target {
 public:
  Counting(metrics::Registry& registry, std::string_view route,
           std::chrono::steady_clock::time_point received, net::Responder inner)
      : registry_(registry), route_(route), received_(received), inner_(std::move(inner)) {}

  void reply(net::ServerReply reply) override {
    using namespace std::chrono;
    registry_.counter(metrics::kHttpRequests, {route_, std::to_string(reply.status)}).add();
    registry_.histogram(metrics::kHttpRequestSeconds, {route_})
        .observe(duration<double>(steady_clock::now() - received_).count());
    inner_.send(std::move(reply));
  }

 private:
  metrics::Registry& registry_;
  const std::string_view route_;
  const std::chrono::steady_clock::time_point received_;
  net::Responder inner_;
};

HttpService::HttpService(source::HttpIngest& ingest, AdminApi& api, const Readiness& readiness,
                         metrics::Registry& registry, Reload reload)
    : ingest_(ingest),
      api_(api),
      readiness_(readiness),
      registry_(registry),
      reload_(std::move(reload)),
      auth_(std::make_shared<const net::Auth>(std::vector<net::TokenConfig>(),
                                              std::vector<net::CertificateConfig>())) {}

HttpService::~HttpService() = default;

void HttpService::set_auth(std::shared_ptr<const net::Auth> auth) {
  const MutexLock lock(mutex_);
  auth_.swap(auth);
}

net::Admission HttpService::admit(const net::HttpHead& head) {
  net::Admission admission;
  const Route* const route = find(head.path);
  if (route == nullptr) {
    admission.refusal = problem(404, "no such path");
  } else if (auto forbidden = forbid(*route, head)) {
    admission.refusal = std::move(forbidden);
  } else if (route->id == Route::Id::events) {
    admission = ingest_.admit(head);
  } else if (head.method != route->method && !(route->method == "GET" && head.method == "HEAD")) {
    admission.refusal = problem(405, fmt::format("use {}", route->method));
    admission.refusal->headers.emplace_back("Allow", route->method);
  } else {
    admission.body_limit = kAdminBody;
  }
  if (admission.refusal) {
    registry_
        .counter(metrics::kHttpRequests, {route == nullptr ? std::string_view("none") : route->path,
                                          std::to_string(admission.refusal->status)})
        .add();
  }
  return admission;
}

std::optional<net::ServerReply> HttpService::forbid(const Route& route,
                                                    const net::HttpHead& head) const {
  const bool is_events = route.id == Route::Id::events;
  if (!route.role || (is_events && source::HttpIngest::is_sns(head))) return std::nullopt;
  std::string token = is_events ? source::HttpIngest::token_of(head) : std::string();
  if (token.empty()) token = net::presented_token(head.header("authorization"));
  std::shared_ptr<const net::Auth> auth;
  {
    const MutexLock lock(mutex_);
    auth = auth_;
  }
  const net::Verdict verdict = auth->check(*route.role, token, head.client);
  if (verdict == net::Verdict::allowed) return std::nullopt;
  log::warning(
      "a request without permission was refused",
      {{"path", head.path}, {"peer", head.peer}, {"known", verdict == net::Verdict::forbidden}});
  if (is_events) return ingest_.unauthorized(head);
  if (verdict == net::Verdict::forbidden) return problem(403, "this token may not do that");
  net::ServerReply reply = problem(401, "a bearer token is needed");
  reply.headers.emplace_back("WWW-Authenticate", "Bearer");
  return reply;
}

void HttpService::handle(net::ServerRequest request, net::Responder responder) {
  const Route& route = *find(request.head.path);
  Readiness::Pulse pulse(readiness_, "HTTP thread");
  pulse.step();
  net::Responder counted(
      std::make_shared<Counting>(registry_, route.path, request.received, std::move(responder)));
  switch (route.id) {
    case Route::Id::events:
      return ingest_.handle(std::move(request), std::move(counted));
    case Route::Id::metrics:
      return counted.send(metrics_page(request.head));
    case Route::Id::health:
      return counted.send(health());
    case Route::Id::ready:
      return counted.send(readiness());
    case Route::Id::alerts:
      return counted.send(answer(api_.alerts(request.head.query)));
    case Route::Id::rules:
      return counted.send(answer(api_.rules()));
    case Route::Id::correlations:
      return counted.send(answer(api_.correlations(request.head.query)));
    case Route::Id::status:
      return counted.send(answer(api_.status()));
    case Route::Id::reload:
      break;
  }
  // Shared: a function that can be copied cannot hold what cannot.
  const auto waiting = std::make_shared<net::Responder>(std::move(counted));
  reload_([this, waiting](const Status& done) {
    waiting->send(done ? answer(api_.reloaded()) : problem(500, done.error().message));
  });
}

net::ServerReply HttpService::health() const {
  const std::string stuck = readiness_.stuck();
  return stuck.empty() ? plain(200, "ok\n") : plain(503, stuck + "\n");
}

net::ServerReply HttpService::readiness() const {
  const std::string why_not = readiness_.why_not();
  return why_not.empty() ? plain(200, "ready\n") : plain(503, why_not + "\n");
}

net::ServerReply HttpService::metrics_page(const net::HttpHead& head) const {
  readiness_.publish();
  net::ServerReply reply;
  reply.body = registry_.text();
  reply.content_type = metrics::Registry::kContentType;
  reply.headers.emplace_back("Vary", "Accept-Encoding");
  if (head.header("accept-encoding").find("gzip") != std::string_view::npos) {
    if (std::string smaller = event::compress(reply.body); !smaller.empty()) {
      reply.body = std::move(smaller);
      reply.headers.emplace_back("Content-Encoding", "gzip");
    }
  }
  return reply;
}

}  // namespace tocsin::pipeline
