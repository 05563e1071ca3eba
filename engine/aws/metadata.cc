#include "aws/metadata.h"

#include <fmt/format.h>

#include "aws/canonical.h"
#include "aws/json.h"
#include "aws/retry.h"
#include "base/ip.h"
#include "base/text.h"
#include "base/time.h"
#include "net/http_client.h"

namespace tocsin::aws {
namespace {

constexpr std::size_t kMetadataBytes = std::size_t{64} << 10;
constexpr const char* kInstanceUrl = "http://169.254.169.254";
constexpr const char* kMetadataAddresses[] = {"169.254.169.254", "169.254.170.2", "169.254.170.23",
                                              "fd00:ec2::23"};

net::ClientOptions metadata_options(std::string_view url) {
  net::ClientOptions options;
  for (const char* address : kMetadataAddresses) {
    options.egress.allowed.push_back(parse_ip(address).value());
  }
  if (is_loopback_url(url)) {
    options.egress.allowed.push_back(parse_cidr("127.0.0.0/8").value());
    options.egress.allowed.push_back(parse_ip("::1").value());
  }
  options.timeout_ms = options.connect_timeout_ms = kMetadataTimeoutMs;
  options.proxy = "none";
  return options;
}

Failure metadata_failure(std::string message, bool is_retryable = false, int status = 0) {
  return {Kind::credentials, is_retryable, status, {}, std::move(message)};
}

// The body of an answer with status 200.
Outcome<std::string> ask(net::HttpClient& client, const net::HttpRequest& request,
                         std::string_view who, const std::atomic<bool>& stop) {
  for (int attempt = 1;; ++attempt) {
    const Result<net::HttpAnswer> head = client.open(request, stop);
    Result<std::string> body =
        head ? client.read_rest(kMetadataBytes, stop) : tl::unexpected(head.error());
    client.close();
    if (body && head->status == 200) return std::move(*body);
    const bool may_pass = !head || head->status == 429 || head->status >= 500 || !body;
    if (!may_pass || attempt >= kMetadataAttempts || stop.load(std::memory_order_relaxed) ||
        (!head && head.error().code == Code::refused)) {
      return tl::unexpected(metadata_failure(
          head && body
              ? fmt::format("{} answered with HTTP {}", who, head->status)
              : fmt::format("{} cannot be asked for credentials: {}", who, body.error().message),
          false, head ? head->status : 0));
    }
    if (!wait_ms(backoff_ms(attempt + 1, Kind::server, random_fraction()), stop)) {
      return tl::unexpected(Failure{Kind::stopped, false, 0, {}, "stopped"});
    }
  }
}

// {"AccessKeyId":…,"SecretAccessKey":…,"Token":…,"Expiration":…}
Outcome<Credentials> read_keys(std::string_view body, std::string_view who) {
  const auto object = parse_object(body, {"reading credentials", who});
  if (!object) return tl::unexpected(metadata_failure(object.error().message));
  if (const std::string_view code = text_of(*object, "Code"); !code.empty() && code != "Success") {
    return tl::unexpected(metadata_failure(
        fmt::format("{} has no credentials: {}", who, text::printable(code.substr(0, 100)))));
  }
  Credentials credentials;
  credentials.access_key = text_of(*object, "AccessKeyId");
  credentials.secret_key = Secret(std::string(text_of(*object, "SecretAccessKey")));
  credentials.session_token = Secret(std::string(text_of(*object, "Token")));
  if (credentials.access_key.empty() || credentials.secret_key.empty()) {
    return tl::unexpected(metadata_failure(fmt::format("{} answered without a whole key", who)));
  }
  if (const std::optional<CivilTime> expires = parse_time(text_of(*object, "Expiration"))) {
    credentials.expires_ms = expires->unix_seconds() * 1000;
  }
  credentials.origin = who;
  return credentials;
}

}  // namespace

Outcome<Credentials> container_credentials(const CredentialPlan& plan,
                                           const Environment& environment,
                                           const std::atomic<bool>& stop) {
  constexpr std::string_view kWho = "the container's credentials endpoint";
  net::HttpRequest request;
  request.method = "GET";
  request.url = Secret(plan.url);
  Secret token = plan.token;
  if (!plan.token_file.empty()) {
    Result<std::string> text = environment.read_file(plan.token_file);
    if (!text) {
      return tl::unexpected(
          metadata_failure("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: " + text.error().message));
    }
    token = Secret(std::move(*text));
  }
  if (token.reveal().find_first_of("\r\n") != std::string_view::npos) {
    return tl::unexpected(metadata_failure(
        "the container's authorization token contains a line break, which no header may"));
  }
  if (!token.empty()) request.headers.emplace_back("Authorization", token);
  net::HttpClient client(metadata_options(plan.url));
  const Outcome<std::string> body = ask(client, request, kWho, stop);
  if (!body) return tl::unexpected(body.error());
  return read_keys(*body, kWho);
}

Outcome<Credentials> instance_credentials(const CredentialPlan& plan,
                                          const std::atomic<bool>& stop) {
  constexpr std::string_view kWho = "the instance metadata service";
  std::string base = plan.url.empty() ? kInstanceUrl : plan.url;
  while (base.ends_with('/')) base.pop_back();
  net::HttpClient client(metadata_options(base));

  net::HttpRequest request;
  request.method = "PUT";
  request.url = Secret(base + "/latest/api/token");
  request.headers.emplace_back("x-aws-ec2-metadata-token-ttl-seconds", Secret("21600"));
  Outcome<std::string> token = ask(client, request, kWho, stop);
  if (!token) {
    token.error().message +=
        "; no other credentials are configured (environment, profile, web identity, container); in "
        "a container on EC2 raise the instance's metadata hop limit to 2";
    return tl::unexpected(std::move(token.error()));
  }

  const std::string roles = base + "/latest/meta-data/iam/security-credentials/";
  request.method = "GET";
  request.url = Secret(roles);
  request.headers = {{"x-aws-ec2-metadata-token", Secret(std::move(*token))}};
  const Outcome<std::string> list = ask(client, request, kWho, stop);
  const std::string role(list ? text::trim(std::string_view(*list).substr(0, list->find('\n')))
                              : "");
  if (!list && list.error().status != 404) return tl::unexpected(list.error());
  if (role.empty()) return tl::unexpected(metadata_failure("the instance has no role attached"));
  request.url = Secret(roles + encode_path(role));
  const Outcome<std::string> body = ask(client, request, kWho, stop);
  if (!body) return tl::unexpected(body.error());
  return read_keys(*body, fmt::format("the instance's role {}", text::printable(role)));
}

}  // namespace tocsin::aws
