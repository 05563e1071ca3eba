// S3Metrics: what a source of type s3_sqs counts. Cheap to copy, usable from any thread.
#pragma once

#include <string>
#include <string_view>

#include "metrics/families.h"
#include "metrics/registry.h"

namespace tocsin::source {

struct S3Metrics {
  S3Metrics(metrics::Registry& metrics, std::string name)
      : registry(metrics),
        source(std::move(name)),
        in_flight(registry.gauge(metrics::kSqsInFlight, {source})),
        oldest(registry.gauge(metrics::kSqsOldest, {source})),
        extensions(registry.counter(metrics::kSqsExtensions, {source})),
        bytes(registry.counter(metrics::kS3ObjectBytes, {source})),
        object_seconds(registry.histogram(metrics::kS3ObjectSeconds, {source})),
        lag(registry.histogram(metrics::kS3ObjectLag, {source})) {}

  void message(std::string_view result, double count = 1) const {
    registry.counter(metrics::kSqsMessages, {source, result}).add(count);
  }
  void body(std::string_view kind) const {
    registry.counter(metrics::kSqsBodies, {source, kind}).add();
  }
  void object(std::string_view result, double count = 1) const {
    registry.counter(metrics::kS3Objects, {source, result}).add(count);
  }
  void error(std::string_view reason) const {
    registry.counter(metrics::kS3Errors, {source, reason}).add();
  }
  void depth(std::string_view state, std::int64_t messages) const {
    registry.gauge(metrics::kSqsQueueMessages, {source, state}).set(static_cast<double>(messages));
  }

  metrics::Registry& registry;
  std::string source;
  metrics::Gauge in_flight, oldest;
  metrics::Counter extensions, bytes;
  metrics::Histogram object_seconds, lag;
};

}  // namespace tocsin::source
