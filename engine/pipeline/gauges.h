// Gauges: figures that the parts keep for themselves, read when metrics are asked for.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "metrics/registry.h"
#include "net/http_server.h"
#include "pipeline/committer.h"
#include "pipeline/intake.h"
#include "store/store.h"

namespace tocsin::pipeline {

class Gauges {
 public:
  struct Parts {
    metrics::Registry& registry;
    store::Store& store;
    const Intake& intake;
    const Committer& committer;
    const CorrelationState& correlations;
    const net::HttpServer& server;
    const Clock& clock;
  };

  // Everything must outlive it, and it must outlive the last Registry::text().
  explicit Gauges(Parts parts);
  Gauges(const Gauges&) = delete;
  Gauges& operator=(const Gauges&) = delete;

 private:
  // A count that somebody else keeps, as a counter: only what is new is added.
  struct Follower {
    metrics::Counter counter;
    std::uint64_t before = 0;
    void follow(std::uint64_t now) {
      if (now > before) counter.add(static_cast<double>(now - before));
      before = now;
    }
  };

  void read();
  void read_server();
  void read_store();
  void read_correlations();
  void read_outbox(const std::vector<store::OutboxCount>& counts);

  const Parts parts_;
  Follower refused_, malformed_, evicted_, values_;
  std::map<std::string, store::OutboxCount> seen_;  // receivers, each with zeros
};

}  // namespace tocsin::pipeline
