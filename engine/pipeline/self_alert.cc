#include "pipeline/self_alert.h"

#include <utility>

#include "base/hash.h"

namespace tocsin::pipeline {

Findings self_alert(std::shared_ptr<const Live> live, const alert::SelfRule& rule,
                    const std::string& about, const std::string& unique, const std::string& detail,
                    store::Milliseconds now) {
  const auto facts = alert::facts_of(rule);
  const KeyHash fingerprint = KeyHash().add_field(facts->id).add_field(about);
  const KeyHash id = KeyHash(fingerprint).add_field(unique);
  Findings findings;
  findings.live = std::move(live);
  findings.source = "tocsin";
  findings.received = now;
  findings.about_itself = true;
  findings.firings.push_back({id.bytes(), fingerprint.bytes(), now, 0});
  findings.alerts.push_back(
      {facts, hex_of(id), alert::self_alert_json(rule, about, detail, now), {}, {}, {}});
  return findings;
}

}  // namespace tocsin::pipeline
