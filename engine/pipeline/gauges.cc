#include "pipeline/gauges.h"

#include "metrics/families.h"

namespace tocsin::pipeline {

Gauges::Gauges(Parts parts) : parts_(parts) {
  metrics::Registry& registry = parts_.registry;
  refused_.counter = registry.counter(metrics::kHttpConnectionsRefused);
  malformed_.counter = registry.counter(metrics::kHttpMalformed);
  evicted_.counter = registry.counter(metrics::kStoreFiringsEvicted);
  values_.counter = registry.counter(metrics::kCorrelationEvicted, {"value"});
  registry.on_scrape([this] { read(); });
}

void Gauges::read() {
  read_server();
  read_store();
  read_correlations();
}

void Gauges::read_server() {
  const Intake::Load load = parts_.intake.load();
  metrics::Registry& registry = parts_.registry;
  registry.gauge(metrics::kQueueBytes, {"intake"}).set(static_cast<double>(load.bytes));
  registry.gauge(metrics::kQueueLength, {"intake"}).set(static_cast<double>(load.submissions));
  registry.gauge(metrics::kQueueLength, {"commit"})
      .set(static_cast<double>(parts_.committer.waiting()));
  const net::ServerStats http = parts_.server.stats();
  registry.gauge(metrics::kHttpConnections).set(static_cast<double>(http.connections_open));
  refused_.follow(http.connections_refused);
  malformed_.follow(http.malformed);
}

void Gauges::read_store() {
  metrics::Registry& registry = parts_.registry;
  if (const auto stats = parts_.store.stats()) {
    registry.gauge(metrics::kStoreBytes).set(static_cast<double>(stats->bytes));
    registry.gauge(metrics::kStoreFirings).set(static_cast<double>(stats->seen));
    evicted_.follow(stats->seen_evicted);
    registry.gauge(metrics::kCorrelationValues).set(static_cast<double>(stats->known));
    values_.follow(stats->known_evicted);
  }
  if (const auto counts = parts_.store.counts()) read_outbox(*counts);
}

void Gauges::read_correlations() {
  metrics::Registry& registry = parts_.registry;
  const correlate::CorrelatorStats stats = parts_.correlations.stats();
  registry.gauge(metrics::kCorrelationGroups).set(static_cast<double>(stats.groups));
  registry.gauge(metrics::kCorrelationHitsHeld).set(static_cast<double>(stats.hits));
  registry.gauge(metrics::kCorrelationMemory).set(static_cast<double>(stats.bytes));
  registry.gauge(metrics::kCorrelationEpisodes).set(static_cast<double>(stats.episodes));
  const correlate::Time watermark = parts_.correlations.watermark();
  registry.gauge(metrics::kCorrelationWatermark)
      .set(watermark == correlate::kNoTime ? 0 : static_cast<double>(watermark) / 1e9);
}

void Gauges::read_outbox(const std::vector<store::OutboxCount>& counts) {
  std::map<std::string, store::OutboxCount> now = seen_;  // whose rows are all gone: zeros
  for (const store::OutboxCount& count : counts) now[count.receiver] = count;
  for (const auto& [receiver, count] : now) {
    metrics::Registry& registry = parts_.registry;
    registry.gauge(metrics::kOutboxRows, {receiver, "pending"})
        .set(static_cast<double>(count.pending));
    registry.gauge(metrics::kOutboxRows, {receiver, "dead"}).set(static_cast<double>(count.dead));
    const bool waits = count.pending > 0 && count.oldest_pending > 0;
    const std::int64_t age = parts_.clock.wall_ms() - count.oldest_pending;
    registry.gauge(metrics::kOutboxOldest, {receiver})
        .set(waits ? static_cast<double>(age) / 1000 : 0);
    seen_[receiver];
  }
}

}  // namespace tocsin::pipeline
