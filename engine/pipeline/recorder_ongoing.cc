// Alerts that go on: one alert, told as one that is updated.
#include <algorithm>

#include "pipeline/recorder.h"

namespace tocsin::pipeline {

Result<std::int64_t> Recorder::add(const Origin& origin, const OngoingAlert& alert) {
  const route::GroupingOptions& options = origin.live.grouping;
  CachedGroup alone;  // without grouping every change is told by itself
  CachedGroup* cached = &alone;
  if (options.interval != 0) {
    const Result<CachedGroup*> kept = find_group(alert.key);
    if (!kept) return tl::unexpected(kept.error());
    cached = *kept;
  }
  if (alert.row == 0) {
    const Result<bool> affordable = spend(origin.live, name_of(*alert.found.rule));
    if (!affordable) return tl::unexpected(affordable.error());
    if (!*affordable) {
      const Status counted = tell_over_budget(origin, alert.found, alert.last_seen);
      if (!counted) return tl::unexpected(counted.error());
      return 0;
    }
  }
  const bool now = route::is_news(cached->group, now_);
  store::Group group = now ? store::Group() : *cached->group;
  group.fingerprint = alert.key;
  group.alert = alert.row;
  group.count = alert.count;
  group.first_seen = alert.first_seen;
  group.last_seen = alert.last_seen;
  group.closes = now ? now_ + options.interval : std::min(group.closes, now_ + options.interval);
  if (now) group.told = group.count;
  Status told =
      alert.row == 0 ? tell(origin, alert.found, group) : tell_again(origin, alert, group, now);
  if (!told) return tl::unexpected(told.error());
  cached->group = group;
  cached->changed = true;
  return group.alert;
}

Status Recorder::tell_again(const Origin& origin, const OngoingAlert& alert,
                            const store::Group& group, bool now) {
  if (!now) ++recorded_.grouped;
  Status updated = transaction_.update_json(alert.row, alert.found.json);
  if (updated) {
    updated = transaction_.update_alert(alert.row, group.count, group.first_seen, group.last_seen);
  }
  if (!updated || !now) return updated;
  Result<std::optional<store::AlertRow>> row = transaction_.find_alert(alert.row);
  if (!row) return tl::unexpected(std::move(row.error()));
  if (!*row) return {};
  (*row)->json = alert.found.json;  // which makes the key; it is not among what was read
  return enqueue(origin, **row, alert.found.not_to, group);
}

Status Recorder::merge(const store::Key& key, std::int64_t row, std::int64_t into) {
  groups_.erase(key);
  if (Status closed = transaction_.close_group(key); !closed) return closed;
  return transaction_.merge_alert(row, into);
}

}  // namespace tocsin::pipeline
