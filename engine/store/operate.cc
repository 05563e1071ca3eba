#include <algorithm>

#include "store/store_impl.h"

namespace tocsin::store {
namespace {

// Ids of dead letters, oldest first.
Status find_dead(Database& database, std::size_t limit, std::vector<std::int64_t>& ids) {
  ids.clear();
  Query query(database, "SELECT id FROM outbox WHERE dead = 1 ORDER BY expires, id LIMIT ?");
  query.bind(limit);
  while (query.next()) ids.push_back(query.integer(0));
  return query.status();
}

Status retry_one(Database& database, std::int64_t id, Milliseconds now, Milliseconds expires,
                 std::uint64_t& count) {
  Status status = run(database,
                      "UPDATE outbox SET dead = 0, attempts = 0, due = ?, expires = ?, error = '' "
                      "WHERE id = ?",
                      now, expires, id);
  count += database.changes();
  return status;
}

}  // namespace

Result<std::vector<DeliveryWithAlert>> Store::list(const std::string& receiver, bool dead_only,
                                                   std::size_t limit) {
  std::vector<DeliveryWithAlert> found;
  const Status status = impl_->read(impl_->people, [&](Database& database) -> Status {
    std::vector<std::string> receivers;
    if (receiver.empty()) {
      Query query(database, "SELECT receiver FROM outbox_count ORDER BY receiver");
      while (query.next()) receivers.push_back(query.text(0));
      if (Status good = query.status(); !good) return good;
    } else {
      receivers.push_back(receiver);
    }
    for (const std::string& name : receivers) {
      for (const int dead : {1, 0}) {
        if (found.size() == limit || (dead_only && dead == 0)) break;
        Query query(database, "SELECT " TOCSIN_DELIVERY_COLUMNS ", " TOCSIN_ALERT_COLUMNS
                              " FROM outbox o JOIN alert a ON a.id = o.alert "
                              "WHERE o.receiver = ? AND o.dead = ? "
                              "ORDER BY o.created, o.id LIMIT ?");
        query.bind(name, dead, limit - found.size());
        while (query.next()) {
          found.push_back({read_delivery(query), read_alert(query, kDeliveryColumns)});
        }
        if (Status good = query.status(); !good) return good;
      }
    }
    return {};
  });
  if (!status) return tl::unexpected(status.error());
  return found;
}

Result<std::optional<DeliveryWithAlert>> Store::show(std::int64_t id) {
  std::optional<DeliveryWithAlert> found;
  const Status status = impl_->read(impl_->people, [&](Database& database) -> Status {
    auto row = find_delivery(database, id, true);
    if (!row) return tl::unexpected(std::move(row.error()));
    found = std::move(*row);
    return {};
  });
  if (!status) return tl::unexpected(status.error());
  return found;
}

Result<std::uint64_t> Store::retry(const std::vector<std::int64_t>& ids, Milliseconds now,
                                   Milliseconds expires) {
  std::uint64_t count = 0;
  const auto retry_all = [&](Database& database, const std::vector<std::int64_t>& these) {
    Status status;
    for (const std::int64_t id : these) {
      if (status) status = retry_one(database, id, now, expires, count);
    }
    return status;
  };
  if (!ids.empty()) {
    const Status status =
        impl_->write([&](Database& database) { return retry_all(database, ids); });
    if (!status) return tl::unexpected(status.error());
    return count;
  }
  // In parts, so that nobody waits for all of them.
  std::vector<std::int64_t> dead;
  do {
    const Status status = impl_->write([&](Database& database) {
      Status found = find_dead(database, kRowsAtOnce, dead);
      return found ? retry_all(database, dead) : found;
    });
    if (!status) return tl::unexpected(status.error());
  } while (dead.size() == kRowsAtOnce);
  return count;
}

Result<std::uint64_t> Store::drop(const std::vector<std::int64_t>& ids) {
  std::uint64_t count = 0;
  if (ids.empty()) return count;
  const Status status = impl_->write([&](Database& database) -> Status {
    for (const std::int64_t id : ids) {
      if (Status gone = run(database, "DELETE FROM outbox WHERE id = ?", id); !gone) return gone;
      count += database.changes();
    }
    return {};
  });
  if (!status) return tl::unexpected(status.error());
  return count;
}

Result<std::vector<OutboxCount>> Store::counts() {
  std::vector<OutboxCount> counts;
  const Status status = impl_->read(impl_->people, [&](Database& database) -> Status {
    Query query(database,
                "SELECT receiver, pending, dead, coalesce((SELECT min(created) FROM outbox o "
                "WHERE o.receiver = c.receiver AND o.dead = 0), 0) FROM outbox_count c "
                "WHERE pending + dead > 0 ORDER BY receiver");
    while (query.next()) {
      OutboxCount count;
      count.receiver = query.text(0);
      count.pending = query.natural(1);
      count.dead = query.natural(2);
      count.oldest_pending = query.integer(3);
      counts.push_back(std::move(count));
    }
    return query.status();
  });
  if (!status) return tl::unexpected(status.error());
  return counts;
}

}  // namespace tocsin::store
