// Grouping: many firings, few notifications. Pure: state in, decision out.
//
// Firings of one fingerprint (rule, principal, account) belong to one group. The first one is told
// at once. What fires within `interval` after a notification is counted; when the interval ends
// with something untold, one update tells the count and a new interval begins; when it ends with
// nothing untold, the group is closed, and the next firing is news again.
#pragma once

#include <cstdint>
#include <optional>

#include "store/store.h"

namespace tocsin::route {

using store::Milliseconds;

struct GroupingOptions {
  Milliseconds interval = 5LL * 60 * 1000;  // 0: every firing is told by itself
  std::uint64_t rule_budget = 1000;         // new alerts of one rule in budget_period; 0: no limit
  Milliseconds budget_period = 3600LL * 1000;
};

enum class Telling : std::uint8_t {
  now,    // a new alert
  later,  // counted in the group
};

// Whether the next firing is news: there is no group, or it has ended with nothing untold. News has
// to be affordable (spend()).
bool is_news(const std::optional<store::Group>& group, Milliseconds now);

// What a firing with the time `event_time` (0: unknown) does to its group. `group` is changed; a
// new one has alert == 0 and needs an alert's id.
Telling add_firing(std::optional<store::Group>& group, Milliseconds event_time, Milliseconds now,
                   const GroupingOptions& options);

enum class Closing : std::uint8_t { update, close };
// What becomes of a group whose interval has ended. After `update` the group has been told.
Closing end_interval(store::Group& group, Milliseconds now, const GroupingOptions& options);

// Whether the rule may raise one more alert, which is then counted. Firings beyond the budget go
// into one group of the rule as a whole.
bool spend(store::Budget& budget, Milliseconds now, const GroupingOptions& options);

}  // namespace tocsin::route
