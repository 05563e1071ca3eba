#include "pipeline/self_alert.h"

#include <utility>

#include "base/hash.h"

namespace tocsin::pipeline {

Findings findings_of(const SelfAlert& alert, std::shared_ptr<const Live> live,
                     store::Milliseconds now) {
  const auto facts = alert::facts_of(alert.rule);
  const KeyHash fingerprint = KeyHash().add_field(facts->id).add_field(alert.about);
  const KeyHash id = KeyHash(fingerprint).add_field(alert.moment);
  Findings findings;
  findings.live = std::move(live);
  findings.source = "tocsin";
  findings.received = now;
  findings.about_itself = true;
  findings.firings.push_back({id.bytes(), fingerprint.bytes(), 0, 0});
  findings.alerts.push_back({facts,
                             hex_of(id),
                             alert::self_alert_json(alert.rule, alert.about, alert.detail, now),
                             {},
                             {},
                             alert.not_to});
  return findings;
}

}  // namespace tocsin::pipeline
