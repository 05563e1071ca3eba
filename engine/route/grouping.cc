#include "route/grouping.h"

#include <algorithm>
#include <limits>

namespace tocsin::route {
namespace {

constexpr Milliseconds kEndOfTime = std::numeric_limits<Milliseconds>::max();

// Neither is negative in practice; a clock that is far off must not overflow.
Milliseconds later(Milliseconds now, Milliseconds by) {
  return now > kEndOfTime - by ? kEndOfTime : now + by;
}

}  // namespace

// A group that has ended, though nobody has closed it yet, counts as closed.
bool is_news(const std::optional<store::Group>& group, Milliseconds now) {
  return !group || (group->told >= group->count && now >= group->closes);
}

Telling add_firing(std::optional<store::Group>& group, Milliseconds event_time, Milliseconds now,
                   const GroupingOptions& options) {
  const Milliseconds time = event_time == 0 ? now : event_time;
  if (is_news(group, now)) {
    const store::Key fingerprint = group ? group->fingerprint : store::Key{};
    group = store::Group{fingerprint, 0, 1, 1, time, time, later(now, options.interval)};
    return Telling::now;
  }
  ++group->count;
  group->first_seen = std::min(group->first_seen, time);
  group->last_seen = std::max(group->last_seen, time);
  // Nothing waits longer than an interval, also when the clock was set back or the interval was
  // made shorter in the meantime.
  group->closes = std::min(group->closes, later(now, options.interval));
  return Telling::later;
}

Closing end_interval(store::Group& group, Milliseconds now, const GroupingOptions& options) {
  if (group.told >= group.count) return Closing::close;
  group.told = group.count;
  group.closes = later(now, options.interval);
  return Closing::update;
}

bool spend(store::Budget& budget, Milliseconds now, const GroupingOptions& options) {
  if (options.rule_budget == 0) return true;
  // A period that begins in the future was written by a clock that was wrong.
  if (budget.began == 0 || now < budget.began ||
      now >= later(budget.began, options.budget_period)) {
    budget.began = now;
    budget.used = 0;
  }
  if (budget.used >= options.rule_budget) return false;
  ++budget.used;
  return true;
}

}  // namespace tocsin::route
