#include "pipeline/ahead_alert.h"

#include <fmt/format.h>

#include "alert/occurrences.h"
#include "base/hash.h"
#include "base/text.h"
#include "base/time.h"
#include "correlate/watermark.h"
#include "net/crypto.h"

namespace tocsin::pipeline {
namespace {

std::string ahead_detail(const Findings& findings) {
  const EventTimes::Ahead& ahead = findings.times.ahead();
  std::string detail = fmt::format(
      "source {}: events are dated later than they were received, by up to {} s (account {}): a "
      "clock is wrong, or somebody tries to make the events of others late. They move no clock of "
      "correlations, and are correlated at their own time",
      text::printable(findings.source), ahead.furthest / kSecond,
      ahead.account.empty() ? "unknown" : text::printable(ahead.account));
  if (findings.hits_future > 0) {
    detail += fmt::format("; those dated more than {} minutes ahead are not correlated",
                          correlate::kFuture / (60 * kSecond));
  }
  return detail;
}

}  // namespace

void add_ahead_alert(const source::Submission& submission, Findings& findings) {
  if (findings.times.ahead().events == 0) return;
  static const auto facts = alert::facts_of(alert::kEventsAhead);
  const KeyHash group = KeyHash().add_field(facts->id).add_field(findings.source);
  const KeyHash id = KeyHash(group).add_field(net::as_text(net::sha256(submission.bytes)));
  Firing firing;
  firing.id = id.bytes();
  const bool is_grouped = findings.live->grouping.interval != 0;
  firing.fingerprint = is_grouped ? group.bytes() : firing.id;
  firing.event_time = findings.received;
  firing.alert = static_cast<std::uint32_t>(findings.alerts.size());
  findings.firings.push_back(firing);
  findings.alerts.push_back({facts,
                             hex_of(id),
                             alert::self_alert_json(alert::kEventsAhead, findings.source,
                                                    ahead_detail(findings), findings.received),
                             {},
                             {},
                             {}});
}

}  // namespace tocsin::pipeline
