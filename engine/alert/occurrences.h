// Occurrences: what an alert says beyond the event that raised it first. The JSON of an alert is
// kept as it was written; occurrences are added to its end when it is told.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "alert/alert.h"
#include "base/result.h"

namespace tocsin::alert {

struct Occurrences {
  std::string_view source;  // name of the source
  std::string_view status = "firing";
  std::uint64_t count = 1;
  // Milliseconds since 1970; of the events when they say, otherwise of their arrival.
  std::int64_t first_seen = 0, last_seen = 0;
  std::string_view notification;  // idempotency key, "" outside of notifications
};

// `alert`, one JSON object, with the members source, count, first_seen, last_seen and, when there
// is one, notification.id; "status" is replaced when it differs.
std::string with_occurrences(std::string_view alert, const Occurrences& occurrences);

// Reads an alert back from its JSON, as append_json() or with_occurrences() wrote it. Members that
// are not there stay empty. `event` is the text of the record.
Result<Alert> parse(std::string_view json);

// One sentence for people, without markup: who did what, where, and what is remarkable about it.
// Texts of the event are printable and cut; at most 300 bytes.
std::string summary(const Alert& alert);

// An alert that Tocsin raises about itself: an event it could not read, a notification it could not
// deliver. `id` is one of kSelfRules; `about` makes the fingerprint, `detail` is for people.
struct SelfRule {
  std::string_view id, title, level;
};
inline constexpr SelfRule kUnreadableRecord{"tocsin.unreadable_record",
                                            "An event could not be read", "medium"};
inline constexpr SelfRule kDeadLetter{"tocsin.dead_letter", "A notification was not delivered",
                                      "high"};
inline constexpr SelfRule kCorrelationStateFull{
    "tocsin.correlation_state_full", "A detection over time had to forget something early", "high"};
inline constexpr SelfRule kEventsAhead{"tocsin.events_ahead",
                                       "Events are dated later than they were received", "medium"};
inline constexpr SelfRule kRuleUnevaluated{"tocsin.rule_not_evaluated",
                                           "An event was too costly for a rule", "high"};
inline constexpr SelfRule kBudgetExceeded{"tocsin.rule_budget_exceeded",
                                          "A rule raises too many alerts", "medium"};
inline constexpr SelfRule kStoreLoss{"tocsin.store_loss", "The store has lost acknowledged data",
                                     "critical"};
inline constexpr SelfRule kSetAside{
    "tocsin.submission_set_aside", "A submission could not be processed and was set aside", "high"};
inline constexpr SelfRule kCorrelationSuspended{"tocsin.correlation_suspended",
                                                "Detections over time were suspended", "high"};
inline constexpr SelfRule kNotReady{"tocsin.not_ready", "Events could not be taken for a while",
                                    "high"};
inline constexpr SelfRule kRuleFileFailed{"tocsin.rule_file_failed",
                                          "A rule file has an error and was not taken", "high"};
inline constexpr SelfRule kSourceFailed{"tocsin.source_failed", "A source of events has failed",
                                        "high"};
inline constexpr SelfRule kSourceDenied{"tocsin.source_denied", "A source lacks a permission",
                                        "high"};
inline constexpr SelfRule kObjectUnread{"tocsin.object_not_read",
                                        "An object of a source could not be read", "high"};
inline constexpr SelfRule kMessageUnreadable{"tocsin.message_unreadable",
                                             "A message of a queue can never be read", "high"};
// Whether it is one of those.
bool is_own(const Alert& alert);
std::shared_ptr<const RuleFacts> facts_of(const SelfRule& rule);
std::string self_alert_json(const SelfRule& rule, std::string_view about, std::string_view detail,
                            std::int64_t now_ms);

}  // namespace tocsin::alert
