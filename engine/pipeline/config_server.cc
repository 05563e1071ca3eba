// The section `server`: where it listens, for whom, and how much it lets them do.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/ip.h"
#include "base/text.h"
#include "config/forms.h"
#include "config/listen_address.h"
#include "pipeline/config_sections.h"

namespace tocsin::pipeline {
namespace {

using config::PlacedText;
using config::Settings;

constexpr std::size_t kTokenBytes = 16;  // 128 bits, if they are random
constexpr std::size_t kTokens = 1000;

constexpr std::pair<std::string_view, net::Role> kRoles[] = {
    {"ingest", net::Role::ingest}, {"read", net::Role::read}, {"admin", net::Role::admin}};

std::uint8_t read_roles(Settings& settings) {
  std::uint8_t roles = 0;
  const std::vector<PlacedText> names = settings.placed_texts("roles");
  for (const PlacedText& name : names) {
    const auto* found = std::find_if(std::begin(kRoles), std::end(kRoles),
                                     [&](const auto& role) { return role.first == name.text; });
    if (found == std::end(kRoles)) {
      settings.report(Severity::error, "C905", name.at,
                      fmt::format("{}.roles are of ingest (send events), read (metrics, alerts, "
                                  "status) and admin (reload); there is no `{}`",
                                  settings.what(), name.text),
                      std::string(text::nearest(name.text, {"ingest", "read", "admin"})));
    } else {
      roles = static_cast<std::uint8_t>(roles | static_cast<std::uint8_t>(found->second));
    }
  }
  if (names.empty() && !settings.has("roles")) {
    settings.report(Severity::error, "C904", settings.at("roles"),
                    fmt::format("{} is missing its `roles`, as in [ingest]", settings.what()));
  }
  return roles;
}

void check_token(Settings& settings, const net::TokenConfig& token,
                 const std::vector<net::TokenConfig>& others) {
  if (token.token.empty()) return;  // reported
  const std::string_view key = settings.has("token") ? "token" : "token_file";
  if (token.token.reveal().size() < kTokenBytes) {
    settings.report(Severity::error, "C910", settings.at(key),
                    fmt::format("{}: a token has at least {} bytes; make one with `openssl rand "
                                "-hex 32`",
                                settings.what(), kTokenBytes));
  }
  for (const net::TokenConfig& other : others) {
    if (other.token != token.token) continue;
    settings.report(Severity::error, "C917", settings.at(key),
                    fmt::format("{} is the same token as `{}`; give each its own", settings.what(),
                                other.name));
  }
}

void read_auth(Settings& server, Config& config) {
  Settings auth = server.map("auth");
  std::vector<std::string> names;
  for (Settings& entry : auth.maps("tokens")) {
    net::TokenConfig token;
    token.name = entry.required_text("name");
    if (check_name(entry, "name", token.name, names)) names.push_back(token.name);
    token.token = entry.required_secret("token");
    token.roles = read_roles(entry);
    entry.finish();
    check_token(entry, token, config.tokens);
    config.tokens.push_back(std::move(token));
  }
  if (config.tokens.size() > kTokens) {
    auth.report(Severity::error, "C907", auth.at("tokens"),
                fmt::format("there are {} tokens; the limit is {}", config.tokens.size(), kTokens));
  }
  names.clear();
  for (Settings& entry : auth.maps("certificates")) {
    net::CertificateConfig certificate;
    certificate.common_name = entry.required_text("common_name");
    if (std::find(names.begin(), names.end(), certificate.common_name) != names.end()) {
      entry.report(Severity::error, "C912", entry.at("common_name"),
                   fmt::format("the common name `{}` is there twice", certificate.common_name));
    }
    names.push_back(certificate.common_name);
    certificate.roles = read_roles(entry);
    entry.finish();
    config.certificates.push_back(std::move(certificate));
  }
  if (!config.certificates.empty() && config.server.tls.client_ca_file.empty()) {
    auth.report(Severity::error, "C917", auth.at("certificates"),
                "client certificates can be verified only with server.tls.client_ca_file");
  }
  auth.finish();
}

void read_tls(Settings& server, Reading& reading) {
  Settings tls = server.map("tls");
  net::TlsFiles& files = reading.config.server.tls;
  const std::array<std::pair<std::string_view, std::string*>, 3> keys{
      {{"certificate_file", &files.certificate_file},
       {"key_file", &files.key_file},
       {"client_ca_file", &files.client_ca_file}}};
  for (const auto& [key, path] : keys) {
    *path = tls.path(key);
    reading.require_readable(tls, key, *path);
  }
  const bool missing = files.certificate_file.empty() || files.key_file.empty();
  const bool any = tls.has("certificate_file") || tls.has("key_file") || tls.has("client_ca_file");
  if (any && missing) {
    tls.report(Severity::error, "C904", tls.place(),
               "TLS needs both `certificate_file` and `key_file`");
  }
  if (!files.key_file.empty()) {
    const auto key = reading.options.files->read(files.key_file, config::kSecretFileBytes);
    if (key && key->others_may_read) {
      tls.report(
          Severity::warning, "C911", tls.at("key_file"),
          fmt::format("every user of this machine can read {}; give it mode 0600", files.key_file));
    }
  }
  tls.finish();
}

void read_listen(Settings& server, Config& config) {
  const std::string text = server.text("listen", "127.0.0.1:8484");
  const Result<config::ListenAddress> listen = config::parse_listen_address(text);
  config.allow_insecure = server.boolean("allow_insecure", false);
  if (!listen) {
    server.error("listen",
                 fmt::format("server.listen cannot be `{}`: {}", text, listen.error().message));
    return;
  }
  config.server.address = listen->address;
  config.server.port = listen->port;
  if (listen->loopback || config.allow_insecure) return;
  if (config.tokens.empty() && config.certificates.empty()) {
    server.report(Severity::error, "C915", server.at("listen"),
                  fmt::format("at {} everybody who can reach this machine could send events and "
                              "read alerts; add server.auth.tokens or certificates, listen on "
                              "127.0.0.1, or set server.allow_insecure: true",
                              text));
  } else if (!config.tokens.empty() && config.server.tls.certificate_file.empty()) {
    server.report(Severity::error, "C915", server.at("listen"),
                  fmt::format("at {} tokens would cross the network in the clear; add server.tls, "
                              "listen on 127.0.0.1, or, when something in front of it speaks TLS, "
                              "set server.allow_insecure: true",
                              text));
  }
}

template <class T>
void read_count(Settings& settings, std::string_view key, T& value, std::int64_t least,
                std::int64_t most) {
  value = static_cast<T>(settings.integer(key, static_cast<std::int64_t>(value), least, most));
}

void read_server_limits(Settings& server, Config& config) {
  net::ServerOptions& out = config.server;
  Settings limits = server.map("limits");
  out.header_bytes = limits.bytes("header", out.header_bytes, kKiB, kMiB);
  read_count(limits, "headers", out.headers, 16, 1000);
  config.ingest.body_bytes = limits.bytes("body", config.ingest.body_bytes, kKiB, kGiB);
  config.ingest.firehose_body_bytes =
      limits.bytes("firehose_body", config.ingest.firehose_body_bytes, kKiB, kGiB);
  out.body_budget = limits.bytes("body_budget", out.body_budget, kKiB, 64 * kGiB);
  read_count(limits, "connections", out.connections, 1, 100'000);
  read_count(limits, "connections_per_peer", out.connections_per_peer, 1, 100'000);
  out.header_timeout_ms = limits.duration_ms("header_timeout", out.header_timeout_ms, 100, kHour);
  out.body_timeout_ms = limits.duration_ms("body_timeout", out.body_timeout_ms, 100, kHour);
  out.idle_timeout_ms = limits.duration_ms("idle_timeout", out.idle_timeout_ms, 100, kHour);
  out.handle_timeout_ms =
      limits.duration_ms("answer_timeout", out.handle_timeout_ms, kOneSecond, kHour);
  const std::size_t largest = std::max(config.ingest.body_bytes, config.ingest.firehose_body_bytes);
  if (out.body_budget < largest) {
    limits.report(Severity::error, "C917", limits.at("body_budget"),
                  fmt::format("server.limits.body_budget is less than one body may have ({}), so "
                              "that such a body would never be read",
                              config::show_bytes(largest)));
  }
  limits.finish();
}

void read_sns(Settings& server, Reading& reading) {
  source::IngestOptions::Sns& out = reading.config.ingest.sns;
  Settings sns = server.map("sns");
  for (PlacedText& topic : sns.placed_texts("topics")) {
    if (!topic.text.starts_with("arn:") || topic.text.find(":sns:") == std::string::npos) {
      sns.report(Severity::error, "C906", topic.at,
                 fmt::format("`{}` is not the ARN of a topic, which is like "
                             "arn:aws:sns:eu-west-1:123456789012:name",
                             topic.text));
    }
    out.topics.push_back(std::move(topic.text));
  }
  out.least_signature_version =
      static_cast<int>(sns.integer("require_signature_version", out.least_signature_version, 1, 2));
  out.ca_file = sns.path("ca_file");
  reading.require_readable(sns, "ca_file", out.ca_file);
  out.certificate_host = sns.text("certificate_host");
  for (const PlacedText& network : sns.placed_texts("allow_networks")) {
    const Result<IpPrefix> parsed = parse_cidr(network.text);
    if (parsed) {
      out.egress.allowed.push_back(*parsed);
    } else {
      sns.report(Severity::error, "C906", network.at, parsed.error().message);
    }
  }
  sns.finish();
}

}  // namespace

void read_server(Settings& root, Reading& reading) {
  Settings server = root.map("server");
  read_tls(server, reading);
  read_auth(server, reading.config);
  read_listen(server, reading.config);
  read_count(server, "threads", reading.config.server.threads, 1, 64);
  read_server_limits(server, reading.config);
  read_sns(server, reading);
  server.finish();
}

}  // namespace tocsin::pipeline
