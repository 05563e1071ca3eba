#include "store/store_impl.h"

namespace tocsin::store {
namespace {

Status forget_dead(Database& database, Milliseconds before) {
  return run(database,
             "DELETE FROM outbox WHERE id IN "
             "(SELECT id FROM outbox WHERE dead = 1 AND expires < ? LIMIT ?)",
             before, kRowsAtOnce);
}

// Receivers that have no rows any more.
Status forget_receivers(Database& database) {
  return run(database, "DELETE FROM outbox_count WHERE pending + dead = 0");
}

struct Oldest {
  Milliseconds created;
  std::int64_t id;
};

}  // namespace

// Alerts are looked at in the order in which they were made, kRowsAtOnce of them, from where the
// last call ended, so that old ones that are still needed do not hide those behind them.
Status Store::Impl::prune(Milliseconds now) {
  if (Status status = seen.rotate_if_due(*writer, now); !status) return status;
  if (Status status = forget_dead(*writer, now - options.keep_dead); !status) return status;
  if (Status status = forget_receivers(*writer); !status) return status;

  const Result<std::uint64_t> used = used_bytes();
  if (!used) return tl::unexpected(used.error());
  // Nobody shall be refused a new alert because of the memory of old ones.
  const bool nearly_full = *used >= options.max_bytes / 4 * 3;
  const Milliseconds old = now - options.keep_alerts;
  const Milliseconds before = nearly_full ? std::numeric_limits<Milliseconds>::max() : old;

  std::vector<Oldest> candidates;
  {
    Query query(*writer,
                "SELECT created, id FROM alert WHERE (created, id) > (?1, ?2) AND created < ?3 "
                "ORDER BY created, id LIMIT ?4");
    query.bind(pruned_to.first, pruned_to.second, before, kRowsAtOnce);
    while (query.next()) candidates.push_back({query.integer(0), query.integer(1)});
    if (Status status = query.status(); !status) return status;
  }
  for (const Oldest& candidate : candidates) {
    const bool early = nearly_full && candidate.created >= old;
    // An event may claim a time in the future, which then says nothing about its age.
    Status status = run(*writer,
                        "DELETE FROM alert WHERE id = ?1 AND (?2 OR last_seen < ?3 OR "
                        "last_seen > ?4) AND NOT EXISTS (SELECT 1 FROM outbox WHERE alert = ?1) "
                        "AND NOT EXISTS (SELECT 1 FROM alert_group WHERE alert = ?1) "
                        "AND NOT EXISTS (SELECT 1 FROM correlation_episode WHERE alert = ?1)",
                        candidate.id, nearly_full, old, now);
    if (!status) return status;
    if (writer->changes() == 0) continue;
    if (early) alerts_evicted.fetch_add(1, std::memory_order_relaxed);
    status = run(*writer, "DELETE FROM evidence WHERE alert = ?", candidate.id);
    if (!status) return status;
  }
  pruned_to = {0, 0};
  if (candidates.size() == kRowsAtOnce)
    pruned_to = {candidates.back().created, candidates.back().id};
  return {};
}

}  // namespace tocsin::store
