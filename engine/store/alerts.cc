#include <algorithm>

#include "store/store_impl.h"

namespace tocsin::store {

AlertRow read_alert(const Query& query, int first) {
  AlertRow alert;
  alert.id = query.integer(first);
  alert.alert_id = query.text(first + 1);
  alert.rule_id = query.text(first + 2);
  alert.rule_title = query.text(first + 3);
  alert.level = query.text(first + 4);
  alert.account = query.text(first + 5);
  alert.principal = query.text(first + 6);
  alert.source = query.text(first + 7);
  alert.count = query.natural(first + 8);
  alert.created = query.integer(first + 9);
  alert.first_seen = query.integer(first + 10);
  alert.last_seen = query.integer(first + 11);
  return alert;
}

Result<std::int64_t> Transaction::add_alert(const AlertRow& alert) {
  return impl_->attempt<std::int64_t>([&](Database& database) -> Result<std::int64_t> {
    Status status = run(database,
                        "INSERT INTO alert (alert_id, rule_id, rule_title, level, account, "
                        "principal, source, count, created, first_seen, last_seen) "
                        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                        alert.alert_id, alert.rule_id, alert.rule_title, alert.level, alert.account,
                        alert.principal, alert.source, alert.count, alert.created, alert.first_seen,
                        alert.last_seen);
    const std::int64_t id = database.last_id();
    if (status) status = run(database, "INSERT INTO evidence VALUES (?, ?)", id, alert.json);
    if (!status) return tl::unexpected(std::move(status.error()));
    return id;
  });
}

Result<std::optional<AlertRow>> Transaction::find_alert(std::int64_t id) {
  using Found = std::optional<AlertRow>;
  return impl_->attempt<Found>([&](Database& database) -> Result<Found> {
    Query query(database, "SELECT " TOCSIN_ALERT_COLUMNS " FROM alert a WHERE a.id = ?");
    query.bind(id);
    if (query.next()) return read_alert(query, 0);
    if (Status status = query.status(); !status) return tl::unexpected(std::move(status.error()));
    return std::nullopt;
  });
}

Status Transaction::update_alert(std::int64_t id, std::uint64_t count, Milliseconds first_seen,
                                 Milliseconds last_seen) {
  return impl_->attempt<void>([&](Database& database) {
    return run(database, "UPDATE alert SET count = ?, first_seen = ?, last_seen = ? WHERE id = ?",
               count, first_seen, last_seen, id);
  });
}

Status Transaction::update_json(std::int64_t id, std::string_view json) {
  return impl_->attempt<void>([&](Database& database) {
    return run(database, "UPDATE evidence SET json = ? WHERE alert = ?", json, id);
  });
}

Status Transaction::merge_alert(std::int64_t id, std::int64_t into) {
  return impl_->attempt<void>([&](Database& database) {
    return run(database, "UPDATE alert SET merged_into = ? WHERE id = ?", into, id);
  });
}

Result<std::vector<AlertRow>> Store::alerts(const AlertFilter& filter) {
  std::vector<AlertRow> alerts;
  const Status status = impl_->read(impl_->people, [&](Database& database) -> Status {
    Query query(database, "SELECT " TOCSIN_ALERT_COLUMNS
                          ", e.json FROM alert a JOIN evidence e ON e.alert = a.id WHERE a.id < ?1"
                          " AND (?2 = '' OR a.rule_id = ?2) AND (?3 = '' OR a.level = ?3)"
                          " AND (?4 = '' OR a.account = ?4) AND (?5 = '' OR a.principal = ?5)"
                          " AND a.merged_into = 0"
                          " ORDER BY a.id DESC LIMIT ?6");
    const std::int64_t before =
        filter.before > 0 ? filter.before : std::numeric_limits<std::int64_t>::max();
    query.bind(before, filter.rule_id, filter.level, filter.account, filter.principal,
               filter.limit);
    while (query.next()) {
      alerts.push_back(read_alert(query, 0));
      alerts.back().json = query.text(kAlertColumns);
    }
    return query.status();
  });
  if (!status) return tl::unexpected(status.error());
  return alerts;
}

}  // namespace tocsin::store
