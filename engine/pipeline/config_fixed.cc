// What only a restart can change: sockets, threads, the store, and sources with their positions.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "pipeline/config_sections.h"

namespace tocsin::pipeline {
namespace {

std::string server_text(const Config& config) {
  const net::ServerOptions& server = config.server;
  const source::IngestOptions& ingest = config.ingest;
  std::string out = fmt::format(
      "{} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {}", server.address, server.port,
      server.threads, server.tls.certificate_file, server.tls.key_file, server.tls.client_ca_file,
      server.header_bytes, server.headers, server.body_budget, server.connections,
      server.connections_per_peer, server.header_timeout_ms, server.body_timeout_ms,
      server.idle_timeout_ms, server.handle_timeout_ms, ingest.body_bytes);
  out += fmt::format(" {} {} {} {} {}", ingest.firehose_body_bytes, ingest.sns.topics,
                     ingest.sns.least_signature_version, ingest.sns.ca_file,
                     ingest.sns.certificate_host);
  for (const IpPrefix& network : ingest.sns.egress.allowed) out += " " + to_string(network);
  return out;
}

std::string sources_text(const Config& config) {
  std::string out;
  for (const SourceConfig& source : config.sources) {
    out += fmt::format("{} {} {}\n", source.name, source.type, source.fingerprint);
  }
  return out;
}

std::string store_text(const store::StoreOptions& store) {
  return fmt::format("{} {} {} {} {} {} {} {} {}", store.folder, store.max_bytes,
                     store.reserve_bytes, store.max_rows, store.max_seen, store.seen_for,
                     store.max_known, store.keep_alerts, store.keep_dead);
}

std::string limits_text(const LimitsConfig& limits) {
  return fmt::format("{} {} {} {} {}", limits.workers, limits.in_flight_bytes,
                     limits.in_flight_submissions, limits.commit_submissions,
                     limits.inflated_bytes);
}

std::string correlation_text(const CorrelationConfig& correlation) {
  return fmt::format("{} {} {} {} {} {}", correlation.lateness_ms,
                     correlation.limits.groups_per_correlation, correlation.limits.groups,
                     correlation.limits.hits_per_group, correlation.limits.known_per_group,
                     correlation.journal_bytes);
}

}  // namespace

std::vector<Config::Fixed> fixed_parts(const Config& config) {
  return {{"server", server_text(config)},
          {"sources", sources_text(config)},
          {"store", store_text(config.store)},
          {"limits", limits_text(config.limits)},
          {"correlation", correlation_text(config.correlation)},
          {"metrics", fmt::format("{}", config.metrics.rule_labels)}};
}

}  // namespace tocsin::pipeline
