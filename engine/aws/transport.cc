#include "aws/transport.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "aws/signature.h"
#include "base/ip.h"
#include "base/log.h"
#include "base/time.h"
#include "metrics/families.h"
#include "net/crypto.h"

namespace tocsin::aws {
namespace {

constexpr std::size_t kErrorBytes = std::size_t{64} << 10;
constexpr std::size_t kIdleClients = 64;      // kept of each service
constexpr std::size_t kBucketRegions = 1000;  // remembered
constexpr int kRegionChanges = 3;             // of one call

// The addresses that a configured endpoint names itself.
void allow_literal(std::string_view url, std::vector<IpPrefix>& allowed) {
  const std::size_t scheme = url.find("://");
  if (scheme == url.npos) return;
  std::string_view host = url.substr(scheme + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  if (host.starts_with('[')) {
    host = host.substr(1, host.find(']') - 1);
  } else {
    host = host.substr(0, host.find(':'));
  }
  if (host == "localhost") {
    allowed.push_back(parse_ip("127.0.0.1").value());
    allowed.push_back(parse_ip("::1").value());
  } else if (const std::optional<IpPrefix> address = parse_ip(host)) {
    allowed.push_back(*address);
  }
}

net::ClientOptions client_options(const TransportOptions& options) {
  net::ClientOptions client;
  client.egress = options.egress;
  for (const std::string& endpoint : options.endpoints) {
    allow_literal(endpoint, client.egress.allowed);
  }
  client.ca_file = options.ca_file;
  client.proxy = options.proxy;
  return client;
}

// "20130524T000000Z"
std::string amz_date(std::int64_t unix_ms) {
  std::string text = format_time(unix_ms / 1000);
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

Failure failure_of(const Error& error, const Call& call, const std::atomic<bool>& stop) {
  Failure failure;
  failure.kind = stop.load(std::memory_order_relaxed) ? Kind::stopped : Kind::transport;
  failure.is_retryable =
      failure.kind == Kind::transport && (error.code == Code::io || error.code == Code::busy);
  failure.message = fmt::format("{} on {}: {}", call.action, call.resource, error.message);
  return failure;
}

}  // namespace

struct Transport::Target {
  std::string base;
  std::string path;
};

struct Transport::Attempt {
  std::optional<Outcome<Answer>> outcome;
  std::optional<Credentials> credentials;      // that were used
  std::optional<std::int64_t> server_seconds;  // Date of the answer
};

Transport::Transport(TransportOptions options, metrics::Registry& metrics, const Clock& clock)
    : options_(std::move(options)),
      client_options_(client_options(options_)),
      metrics_(metrics),
      clock_(clock) {}

Transport::~Transport() = default;

Transport::Lease::Lease(Transport& transport, Service service)
    : transport_(&transport), service_(service) {
  const MutexLock lock(transport.mutex_);
  auto& idle = transport.idle_[static_cast<std::size_t>(service)];
  if (!idle.empty()) {
    client_ = std::move(idle.back());
    idle.pop_back();
  } else {
    client_ = std::make_unique<net::HttpClient>(transport.client_options_);
  }
}

Transport::Lease::~Lease() {
  if (client_ == nullptr) return;
  client_->close();
  const MutexLock lock(transport_->mutex_);
  auto& idle = transport_->idle_[static_cast<std::size_t>(service_)];
  if (idle.size() < kIdleClients) idle.push_back(std::move(client_));
}

Outcome<Transport::Target> Transport::target_of(const Call& call) const {
  if (!is_region(call.region)) {
    return tl::unexpected(Failure{Kind::invalid,
                                  false,
                                  0,
                                  {},
                                  call.region.empty()
                                      ? "no AWS region is known: set `region` or AWS_REGION"
                                      : fmt::format("`{}` is not an AWS region", call.region)});
  }
  const std::string& configured = options_.endpoints[static_cast<std::size_t>(call.service)];
  Target target{configured, call.path};
  if (target.base.ends_with('/')) target.base.pop_back();
  const bool is_plain = !options_.kind.fips && !options_.kind.dual_stack;
  bool path_style = true;
  if (configured.empty() && is_plain && !call.url.empty()) {
    target.base = base_of_url(call.url);
  } else if (configured.empty()) {
    Result<std::string> url = service_url(call.service, call.region, options_.kind);
    if (!url) {
      return tl::unexpected(Failure{Kind::invalid, false, 0, {}, std::move(url.error().message)});
    }
    target.base = std::move(*url);
    path_style = !fits_host_name(call.bucket);
  }
  if (call.bucket.empty()) return target;
  if (path_style) {
    target.path = '/' + encode_path(call.bucket) + call.path;
  } else {
    target.base.insert(target.base.find("://") + 3, call.bucket + '.');
  }
  return target;
}

net::HttpRequest Transport::build(const Call& call, const Target& target,
                                  const Credentials* credentials) const {
  net::HttpRequest request;
  request.method = call.method;
  request.url = Secret(build_url(target.base, target.path, call.query));
  for (const auto& [key, value] : call.headers) request.headers.emplace_back(key, Secret(value));
  request.body = call.body;
  request.timeout_ms = call.timeout_ms;
  request.idle_timeout_ms = call.idle_timeout_ms;
  if (credentials == nullptr) return request;

  const std::string date = amz_date(clock_.wall_ms() + clock_offset_ms());
  const std::string hash = net::hex(net::as_text(net::sha256(call.body)));
  const std::string_view host = std::string_view(target.base).substr(target.base.find("://") + 3);
  request.headers.emplace_back("Host", Secret(std::string(host.substr(0, host.find('/')))));
  request.headers.emplace_back("x-amz-date", Secret(date));
  request.headers.emplace_back("x-amz-content-sha256", Secret(hash));
  if (!credentials->session_token.empty()) {
    request.headers.emplace_back("x-amz-security-token", credentials->session_token);
  }
  // An endpoint may have a path of its own.
  const std::size_t slash = host.find('/');
  const std::string path =
      (slash == host.npos ? std::string() : std::string(host.substr(slash))) + target.path;
  const std::string query = canonical_query(call.query);
  SignedParts parts{request.method, path, query, {}, hash};
  for (const auto& [key, value] : request.headers) parts.headers.emplace_back(key, value.reveal());
  request.headers.emplace_back(
      "Authorization",
      Secret(authorization(std::move(parts), *credentials, date, call.region, name(call.service))));
  return request;
}

// Why an answer is not a success.
Failure Transport::refusal(const Call& call, Lease& lease, const net::HttpAnswer& head,
                           const Credentials* credentials, const std::atomic<bool>& stop) const {
  const std::string body = lease->read_rest(kErrorBytes, stop).value_or("");
  ErrorText text = read_error(body, head.header("x-amzn-query-error"));
  if (text.region.empty()) text.region = head.header("x-amz-bucket-region");
  if (text.region.empty()) text.region = region_of_url(head.header("location"));
  if (credentials != nullptr) {
    remove_secret(text.message, credentials->session_token);
    remove_secret(text.message, credentials->secret_key);
  }
  Failure failure = classify(head.status, std::move(text), {call.action, call.resource});
  failure.retry_after_ms = head.retry_after_ms;
  const bool is_theirs = failure.kind == Kind::denied || failure.kind == Kind::credentials ||
                         failure.kind == Kind::expired || failure.kind == Kind::kms;
  if (is_theirs && credentials != nullptr) {
    failure.message += fmt::format("; the credentials are from {}", credentials->origin);
  }
  return failure;
}

void Transport::attempt(const Call& call, CredentialCache* credentials, bool whole,
                        Attempt& attempt, const std::atomic<bool>& stop) {
  if (credentials != nullptr) {
    Outcome<Credentials> found = credentials->get(stop);
    if (!found) {
      found.error().is_retryable = false;  // whoever fetches them has tried again
      attempt.outcome.emplace(tl::unexpected(std::move(found.error())));
      return;
    }
    attempt.credentials = std::move(*found);
  }
  const Credentials* used = attempt.credentials ? &*attempt.credentials : nullptr;
  Outcome<Target> target = target_of(call);
  if (!target) {
    attempt.outcome.emplace(tl::unexpected(std::move(target.error())));
    return;
  }
  Lease lease(*this, call.service);
  Result<net::HttpAnswer> head = lease->open(build(call, *target, used), stop);
  if (!head) {
    attempt.outcome.emplace(tl::unexpected(failure_of(head.error(), call, stop)));
    return;
  }
  attempt.server_seconds = head->date;
  if (head->status < 200 || head->status > 299) {
    attempt.outcome.emplace(tl::unexpected(refusal(call, lease, *head, used, stop)));
    return;
  }
  if (whole) {
    Result<std::string> body = lease->read_rest(call.answer_bytes, stop);
    if (!body) {
      attempt.outcome.emplace(tl::unexpected(failure_of(body.error(), call, stop)));
      return;
    }
    head->body = std::move(*body);
  }
  attempt.outcome.emplace(Answer{std::move(lease), std::move(*head)});
}

// False: the clock was adjusted to this already, so that this is not what is wrong.
bool Transport::adjust_clock(std::int64_t server_seconds) {
  constexpr std::int64_t kLeastMs = 5000;
  const std::int64_t offset = server_seconds * 1000 - clock_.wall_ms();
  if (std::llabs(offset - clock_offset_ms()) < kLeastMs) return false;
  clock_offset_ms_.store(offset, std::memory_order_relaxed);
  metrics_.gauge(metrics::kAwsClockOffset).set(static_cast<double>(offset) / 1000);
  log::warning("The clock differs from AWS's; requests are dated by theirs: synchronize it",
               {{"offset_seconds", static_cast<double>(offset) / 1000}});
  return true;
}

void Transport::count(const Call& call, std::string_view result, std::int64_t milliseconds) {
  metrics_.counter(metrics::kAwsRequests, {name(call.service), call.operation, result}).add();
  metrics_.histogram(metrics::kAwsRequestSeconds, {name(call.service), call.operation})
      .observe(static_cast<double>(milliseconds) / 1000);
}

std::string Transport::known_region(const std::string& bucket) {
  const MutexLock lock(mutex_);
  const auto found = bucket_regions_.find(bucket);
  return found == bucket_regions_.end() ? std::string() : found->second;
}

void Transport::learn_region(const std::string& bucket, const std::string& region) {
  const MutexLock lock(mutex_);
  if (bucket_regions_.size() >= kBucketRegions) bucket_regions_.clear();
  bucket_regions_[bucket] = region;
}

Outcome<Transport::Answer> Transport::run(Call call, CredentialCache* credentials, bool whole,
                                          const std::atomic<bool>& stop) {
  if (!call.bucket.empty()) {
    if (std::string region = known_region(call.bucket); !region.empty()) call.region = region;
  }
  bool was_renewed = false, was_adjusted = false;
  int region_changes = 0;
  for (int number = 1;;) {
    const std::int64_t began = clock_.steady_ms();
    Attempt tried;
    attempt(call, credentials, whole, tried, stop);
    Outcome<Answer>& outcome = *tried.outcome;
    count(call, outcome ? "ok" : name(outcome.error().kind), clock_.steady_ms() - began);
    if (outcome) {
      budget_.succeeded(number);
      return std::move(outcome);
    }
    const Failure& failure = outcome.error();
    if (failure.kind == Kind::region && !call.bucket.empty() && is_region(failure.region) &&
        failure.region != call.region && ++region_changes <= kRegionChanges) {
      learn_region(call.bucket, failure.region);
      call.region = failure.region;
      continue;
    }
    if (failure.kind == Kind::clock && !was_adjusted && tried.server_seconds) {
      was_adjusted = true;
      if (adjust_clock(*tried.server_seconds)) continue;
    }
    if ((failure.kind == Kind::expired || failure.kind == Kind::credentials) && !was_renewed &&
        tried.credentials) {
      was_renewed = true;
      if (credentials->reject(*tried.credentials)) continue;
    }
    if (!failure.is_retryable || number >= kAttempts || !budget_.take(failure.kind)) {
      return std::move(outcome);
    }
    ++number;
    const std::int64_t wait =
        std::max(backoff_ms(number, failure.kind, random_fraction()),
                 std::min<std::int64_t>(failure.retry_after_ms.value_or(0), 20'000));
    if (!wait_ms(wait, stop)) return std::move(outcome);
  }
}

Outcome<net::HttpAnswer> Transport::call(const Call& call, CredentialCache* credentials,
                                         const std::atomic<bool>& stop) {
  Outcome<Answer> answer = run(call, credentials, true, stop);
  if (!answer) return tl::unexpected(std::move(answer.error()));
  return std::move(answer->head);
}

Outcome<Transport::Answer> Transport::open(const Call& call, CredentialCache* credentials,
                                           const std::atomic<bool>& stop) {
  return run(call, credentials, false, stop);
}

}  // namespace tocsin::aws
