// The metrics of one receiver.
#pragma once

#include "deliver/dispatcher.h"
#include "metrics/registry.h"

namespace tocsin::deliver {

struct LaneMetrics {
  LaneMetrics(metrics::Registry& registry, const std::string& receiver, const std::string& type);

  metrics::Counter delivered, retry, rejected, gone, expired;  // attempts; expired: rows
  metrics::Counter retries;
  metrics::Counter dead_rejected, dead_gone, dead_expired, dead_unreadable;
  metrics::Histogram seconds, latency;
  metrics::Gauge up;

  const metrics::Counter& of(Outcome::Kind kind) const;
};

}  // namespace tocsin::deliver
