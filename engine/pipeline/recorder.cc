#include "pipeline/recorder.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "alert/occurrences.h"
#include "base/hash.h"
#include "base/text.h"

namespace tocsin::pipeline {
namespace {

// What a receiver without an expiry of its own gets: one that is no longer configured.
constexpr store::Milliseconds kExpiresAfter = 72LL * 3600 * 1000;

store::AlertRow row_of(const Origin& origin, const FoundAlert& found, const store::Group& group,
                       store::Milliseconds now) {
  store::AlertRow row;
  row.alert_id = found.id;
  row.rule_id = name_of(*found.rule);
  row.rule_title = found.rule->title;
  row.level = found.rule->level;
  row.account = found.account;
  row.principal = found.principal;
  row.source = origin.source;
  row.json = found.json;
  row.count = group.count;
  row.created = now;
  row.first_seen = group.first_seen;
  row.last_seen = group.last_seen;
  return row;
}

}  // namespace

const std::string& name_of(const alert::RuleFacts& rule) {
  return rule.id.empty() ? rule.title : rule.id;
}

Status Recorder::add(const Part& part) {
  using AtLimit = store::Transaction::AtLimit;
  const Findings& findings = *part.of;
  const Origin origin{*findings.live, findings.source, findings.received,
                      findings.about_itself ? AtLimit::exceed : AtLimit::refuse};
  for (std::size_t i = part.firing_begin; i < part.firing_end; ++i) {
    const Firing& firing = findings.firings[i];
    const Result<bool> is_new = transaction_.remember(firing.id, firing.event_time, now_);
    if (!is_new) return tl::unexpected(is_new.error());
    if (!*is_new) {
      ++recorded_.duplicates;
      continue;
    }
    Status added = add_firing(origin, findings.alerts[firing.alert], firing);
    if (!added) return added;
  }
  return {};
}

Status Recorder::add_firing(const Origin& origin, const FoundAlert& found, const Firing& firing) {
  const store::Milliseconds time = firing.event_time != 0 ? firing.event_time : origin.received;
  CachedGroup alone;  // without grouping nothing is kept of it
  CachedGroup* cached = &alone;
  if (origin.live.grouping.interval != 0) {
    const Result<CachedGroup*> kept = find_group(firing.fingerprint);
    if (!kept) return tl::unexpected(kept.error());
    cached = *kept;
  }
  if (route::is_news(cached->group, now_)) {
    const Result<bool> affordable = spend(origin.live, name_of(*found.rule));
    if (!affordable) return tl::unexpected(affordable.error());
    if (!*affordable) return tell_over_budget(origin, found, time);
  }
  if (count(*cached, firing.fingerprint, time, origin.live) == route::Telling::now) {
    return tell(origin, found, *cached->group);
  }
  ++recorded_.grouped;
  return {};
}

route::Telling Recorder::count(CachedGroup& cached, const store::Key& fingerprint,
                               store::Milliseconds time, const Live& live) {
  const route::Telling telling = route::add_firing(cached.group, time, now_, live.grouping);
  cached.group->fingerprint = fingerprint;
  cached.changed = true;
  return telling;
}

Result<Recorder::CachedGroup*> Recorder::find_group(const store::Key& fingerprint) {
  const auto [at, is_new] = groups_.try_emplace(fingerprint);
  if (is_new) {
    Result<std::optional<store::Group>> found = transaction_.find_group(fingerprint);
    if (!found) return tl::unexpected(std::move(found.error()));
    at->second.group = *found;
  }
  return &at->second;
}

Result<bool> Recorder::spend(const Live& live, const std::string& rule) {
  if (live.grouping.rule_budget == 0) return true;
  auto at = budgets_.find(rule);
  if (at == budgets_.end()) {
    Result<store::Budget> budget = transaction_.find_budget(rule);
    if (!budget) return tl::unexpected(std::move(budget.error()));
    at = budgets_.emplace(rule, std::move(*budget)).first;
  }
  return route::spend(at->second, now_, live.grouping);
}

Status Recorder::tell(const Origin& origin, const FoundAlert& found, store::Group& group) {
  const store::AlertRow row = row_of(origin, found, group, now_);
  const Result<std::int64_t> id = transaction_.add_alert(row);
  if (!id) return tl::unexpected(id.error());
  group.alert = *id;
  ++recorded_.alerts[row.level];
  store::AlertRow added = row;
  added.id = *id;
  return enqueue(origin, added, found.not_to, group);
}

// All that a rule raises beyond its budget is counted in one group of the rule as a whole.
Status Recorder::tell_over_budget(const Origin& origin, const FoundAlert& found,
                                  store::Milliseconds event_time) {
  ++recorded_.over_budget;
  static const auto facts = alert::facts_of(alert::kBudgetExceeded);
  const std::string& rule = name_of(*found.rule);
  const KeyHash fingerprint = KeyHash().add_field(facts->id).add_field(rule);
  const Result<CachedGroup*> cached = find_group(fingerprint.bytes());
  if (!cached) return tl::unexpected(cached.error());
  if (count(**cached, fingerprint.bytes(), event_time, origin.live) == route::Telling::later) {
    return {};
  }

  FoundAlert summary;
  summary.rule = facts;
  summary.id = hex_of(KeyHash(fingerprint).add_field(found.id));
  const std::string detail = fmt::format(
      "rule {} ({}) raised more than {} alerts in {} s; further ones are only counted here, see "
      "the "
      "alerts of the rule and consider a filter",
      text::printable(rule), text::printable(found.rule->title), origin.live.grouping.rule_budget,
      origin.live.grouping.budget_period / 1000);
  summary.json = alert::self_alert_json(alert::kBudgetExceeded, rule, detail, now_);
  return tell(origin, summary, *(*cached)->group);
}

Status Recorder::enqueue(const Origin& origin, const store::AlertRow& alert,
                         const std::string& not_to, const store::Group& group) {
  const Live& live = origin.live;
  const route::Subject subject{alert.level,   alert.rule_id, alert.rule_title,
                               alert.account, alert.source,  live.tags_of(alert.rule_id)};
  for (const std::string& receiver : live.routes.receivers_of(subject)) {
    if (receiver == not_to) continue;
    const auto expiry = live.expires_after_ms.find(receiver);
    store::Delivery delivery;
    delivery.alert = alert.id;
    delivery.receiver = receiver;
    // One key, one body. An event that comes again after its firing was evicted raises the same
    // alert anew, and an episode may change without another firing: each is another notification.
    delivery.key = hex_of(KeyHash()
                              .add_field(receiver)
                              .add_field(alert.alert_id)
                              .add_field(std::to_string(alert.created))
                              .add_field(std::to_string(group.count))
                              .add_field(alert.json));
    delivery.severity = alert::severity_rank(alert.level);
    delivery.count = group.count;
    delivery.first_seen = group.first_seen;
    delivery.last_seen = group.last_seen;
    delivery.received = origin.received;
    delivery.created = now_;
    delivery.due = now_;
    delivery.expires =
        now_ + (expiry == live.expires_after_ms.end() ? kExpiresAfter : expiry->second);
    if (Status queued = transaction_.enqueue(delivery, origin.at_limit); !queued) {
      return queued;
    }
    ++recorded_.deliveries;
  }
  return {};
}

Result<std::size_t> Recorder::end_intervals(const Live& live, std::size_t limit) {
  const Result<bool> full = transaction_.outbox_full();
  if (!full) return tl::unexpected(full.error());
  if (*full) return 0;
  Result<std::vector<store::Group>> due = transaction_.due_groups(now_, limit);
  if (!due) return tl::unexpected(std::move(due.error()));
  for (store::Group& group : *due) {
    const route::Closing closing = route::end_interval(group, now_, live.grouping);
    if (closing == route::Closing::close) {
      if (Status closed = transaction_.close_group(group.fingerprint); !closed) {
        return tl::unexpected(closed.error());
      }
      continue;
    }
    Result<std::optional<store::AlertRow>> alert = transaction_.find_alert(group.alert);
    if (!alert) return tl::unexpected(std::move(alert.error()));
    if (*alert) {
      const Origin origin{live, (*alert)->source, now_, store::Transaction::AtLimit::exceed};
      if (Status queued = enqueue(origin, **alert, {}, group); !queued) {
        return tl::unexpected(queued.error());
      }
    }
    groups_[group.fingerprint] = {group, true};
  }
  return due->size();
}

Status Recorder::finish() {
  for (const auto& [fingerprint, cached] : groups_) {
    if (!cached.changed) continue;
    const store::Group& group = *cached.group;
    if (Status saved = transaction_.save_group(group); !saved) return saved;
    Status updated =
        transaction_.update_alert(group.alert, group.count, group.first_seen, group.last_seen);
    if (!updated) return updated;
  }
  for (const auto& [rule, budget] : budgets_) {
    if (Status saved = transaction_.save_budget(budget); !saved) return saved;
  }
  return {};
}

}  // namespace tocsin::pipeline
