#include <utility>

#include "store/store_impl.h"

namespace tocsin::store {
namespace {

Group read_group(const Query& query) {
  Group group;
  group.fingerprint = query.key(0);
  group.alert = query.integer(1);
  group.count = query.natural(2);
  group.told = query.natural(3);
  group.first_seen = query.integer(4);
  group.last_seen = query.integer(5);
  group.closes = query.integer(6);
  return group;
}

}  // namespace

Transaction::Transaction(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Transaction::Transaction(Transaction&&) noexcept = default;

Transaction::~Transaction() {
  if (impl_ != nullptr && impl_->open) impl_->store.roll_back();
}

Status Transaction::commit() {
  Status status = impl_->attempt<void>([&](Database&) { return impl_->store.end_write(true); });
  if (status) {
    impl_->open = false;
    impl_->lock.unlock();
  }
  return status;
}

Result<bool> Transaction::remember(const Key& firing, Milliseconds event_time, Milliseconds now) {
  return impl_->attempt<bool>([&](Database& database) {
    return impl_->store.seen.remember(database, firing, event_time, now);
  });
}

Result<std::optional<Group>> Transaction::find_group(const Key& fingerprint) {
  using Found = std::optional<Group>;
  return impl_->attempt<Found>([&](Database& database) -> Result<Found> {
    Query query(database,
                "SELECT fingerprint, alert, count, told, first_seen, last_seen, closes "
                "FROM alert_group WHERE fingerprint = ?");
    query.bind(fingerprint);
    if (query.next()) return read_group(query);
    if (Status status = query.status(); !status) return tl::unexpected(std::move(status.error()));
    return std::nullopt;
  });
}

Status Transaction::save_group(const Group& group) {
  return impl_->attempt<void>([&](Database& database) {
    return run(database,
               "INSERT INTO alert_group VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
               "alert = excluded.alert, count = excluded.count, told = excluded.told, "
               "first_seen = excluded.first_seen, last_seen = excluded.last_seen, "
               "closes = excluded.closes",
               group.fingerprint, group.alert, group.count, group.told, group.first_seen,
               group.last_seen, group.closes);
  });
}

Status Transaction::close_group(const Key& fingerprint) {
  return impl_->attempt<void>([&](Database& database) {
    return run(database, "DELETE FROM alert_group WHERE fingerprint = ?", fingerprint);
  });
}

Result<std::vector<Group>> Transaction::due_groups(Milliseconds now, std::size_t limit) {
  using Groups = std::vector<Group>;
  return impl_->attempt<Groups>([&](Database& database) -> Result<Groups> {
    Groups groups;
    Query query(database,
                "SELECT fingerprint, alert, count, told, first_seen, last_seen, closes "
                "FROM alert_group WHERE closes <= ? ORDER BY closes, fingerprint LIMIT ?");
    query.bind(now, limit);
    while (query.next()) groups.push_back(read_group(query));
    if (Status status = query.status(); !status) return tl::unexpected(std::move(status.error()));
    return groups;
  });
}

Result<Budget> Transaction::find_budget(const std::string& rule) {
  return impl_->attempt<Budget>([&](Database& database) -> Result<Budget> {
    Budget budget;
    budget.rule = rule;
    Query query(database, "SELECT began, used FROM budget WHERE rule = ?");
    query.bind(rule);
    if (query.next()) {
      budget.began = query.integer(0);
      budget.used = query.natural(1);
    }
    if (Status status = query.status(); !status) return tl::unexpected(std::move(status.error()));
    return budget;
  });
}

Status Transaction::save_budget(const Budget& budget) {
  return impl_->attempt<void>([&](Database& database) {
    return run(database,
               "INSERT INTO budget VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET "
               "began = excluded.began, used = excluded.used",
               budget.rule, budget.began, budget.used);
  });
}

Status Transaction::save_checkpoint(const std::string& source, std::string_view position) {
  return impl_->attempt<void>([&](Database& database) {
    Query query(database,
                "INSERT INTO checkpoint VALUES (?, ?) ON CONFLICT DO UPDATE SET "
                "position = excluded.position");
    query.bind(source).bind_blob(position);
    return query.run();
  });
}

Status Transaction::save_value(const std::string& name, std::string_view value) {
  return impl_->attempt<void>([&](Database& database) {
    Query query(database,
                "INSERT INTO store_value VALUES (?, ?) ON CONFLICT DO UPDATE SET "
                "value = excluded.value");
    query.bind(name).bind_blob(value);
    return query.run();
  });
}

Status Transaction::prune(Milliseconds now) {
  impl_->rows.reset();  // it may remove some
  return impl_->attempt<void>([&](Database&) { return impl_->store.prune(now); });
}

}  // namespace tocsin::store
