// The alert of a correlation: a rule that several events fulfilled together. Its JSON is that of
// any alert, without `event`, with one more member, `correlation`.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "alert/alert.h"
#include "sigma/ast.h"

namespace tocsin::alert {

// One of the events.
struct CorrelatedEvent : EventFacts<std::string> {
  std::string rule;  // title of the rule that it fulfils

  bool operator==(const CorrelatedEvent&) const = default;
};

// Times are nanoseconds since 1970, UTC.
struct CorrelationFacts {
  std::string type;                // event_count, …
  std::string condition;           // for people: "≥ 20", "a and not b"; "" when there is none
  std::vector<std::string> field;  // what is counted, summed or new
  std::vector<std::pair<std::string, std::string>> group_by;
  std::vector<std::pair<std::string, std::string>> values;  // new_value: what is new
  std::int64_t timespan = 0;
  std::int64_t window_begin = 0, window_end = 0;  // that the latest firing looked at
  double measure = 0;
  std::uint64_t hits = 0;     // in that window
  std::uint64_t firings = 1;  // of the episode
  std::int64_t first = 0, last = 0;
  std::vector<CorrelatedEvent> events;  // of that window: all, or the first and the latest

  bool operator==(const CorrelationFacts&) const = default;
};

struct CorrelationAlert {
  std::shared_ptr<const RuleFacts> rule;
  std::string id, fingerprint;   // 32 hexadecimal digits
  std::int64_t detected_at = 0;  // Unix time in milliseconds
  CorrelationFacts correlation;
  CorrelatedEvent closing;  // the one that the alert's own members tell about
};

// The alert with all its members.
Alert alert_of(const CorrelationAlert& correlated);
// One JSON object on one line, without a line break.
std::string correlation_json(const CorrelationAlert& alert);

// The member of that JSON:
//   {"type", "condition", "field": […], "group_by": {field: value}, "values": {field: value},
//    "window": {"start", "end", "timespan_seconds"}, "measure", "hits", "firings", "first", "last",
//    "events": [{"rule", "event_id", …}], "events_total"}
// condition, field and values are left out when empty, so is what an event does not have.
std::string facts_json(const CorrelationFacts& facts);

// The condition of a document as CorrelationFacts::condition has it.
std::string condition_text(const sigma::Correlation& document);
// RFC 3339, as precise as need be.
std::string nanosecond_text(std::int64_t nanoseconds);

}  // namespace tocsin::alert
