#include "deliver/lane_metrics.h"

#include "metrics/families.h"

namespace tocsin::deliver {

LaneMetrics::LaneMetrics(metrics::Registry& registry, const std::string& receiver,
                         const std::string& type)
    : delivered(registry.counter(metrics::kNotifications, {receiver, type, "delivered"})),
      retry(registry.counter(metrics::kNotifications, {receiver, type, "retry"})),
      rejected(registry.counter(metrics::kNotifications, {receiver, type, "rejected"})),
      gone(registry.counter(metrics::kNotifications, {receiver, type, "gone"})),
      expired(registry.counter(metrics::kNotifications, {receiver, type, "expired"})),
      retries(registry.counter(metrics::kNotificationRetries, {receiver})),
      dead_rejected(registry.counter(metrics::kDeadLetters, {receiver, "rejected"})),
      dead_gone(registry.counter(metrics::kDeadLetters, {receiver, "gone"})),
      dead_expired(registry.counter(metrics::kDeadLetters, {receiver, "expired"})),
      dead_unreadable(registry.counter(metrics::kDeadLetters, {receiver, "unreadable"})),
      seconds(registry.histogram(metrics::kNotificationSeconds, {receiver})),
      latency(registry.histogram(metrics::kAlertLatency, {receiver})),
      up(registry.gauge(metrics::kReceiverUp, {receiver})) {}

const metrics::Counter& LaneMetrics::of(Outcome::Kind kind) const {
  switch (kind) {
    case Outcome::Kind::delivered:
      return delivered;
    case Outcome::Kind::retry:
      return retry;
    case Outcome::Kind::rejected:
      return rejected;
    case Outcome::Kind::gone:
      break;
  }
  return gone;
}

}  // namespace tocsin::deliver
