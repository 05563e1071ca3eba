#include <fmt/format.h>

#include <algorithm>

#include "store/store_impl.h"

namespace tocsin::store {
namespace {

constexpr int kMostSevere = 4;
constexpr std::size_t kReasonBytes = 1024;

// The ids that a caller holds already.
class Taken {
 public:
  explicit Taken(std::vector<std::int64_t> ids) : ids_(std::move(ids)) {
    std::sort(ids_.begin(), ids_.end());
  }
  bool has(std::int64_t id) const { return std::binary_search(ids_.begin(), ids_.end(), id); }

 private:
  std::vector<std::int64_t> ids_;
};

// Runs one statement per id, in one transaction.
template <class Work>
Status for_each_id(Store::Impl& store, const std::vector<std::int64_t>& ids, Work&& work) {
  if (ids.empty()) return {};
  return store.write([&](Database& database) -> Status {
    for (const std::int64_t id : ids) {
      if (Status status = work(database, id); !status) return status;
    }
    return {};
  });
}

}  // namespace

std::string_view cut_reason(std::string_view reason) {
  if (reason.size() <= kReasonBytes) return reason;
  std::size_t end = kReasonBytes;
  // Not in the middle of a code point.
  while (end > kReasonBytes - 4 && (static_cast<unsigned char>(reason[end]) & 0xC0) == 0x80) --end;
  return reason.substr(0, end);
}

Delivery read_delivery(const Query& query) {
  Delivery delivery;
  delivery.id = query.integer(0);
  delivery.alert = query.integer(1);
  delivery.receiver = query.text(2);
  delivery.key = query.text(3);
  delivery.severity = static_cast<int>(query.integer(4));
  delivery.count = query.natural(5);
  delivery.first_seen = query.integer(6);
  delivery.last_seen = query.integer(7);
  delivery.status = query.text(8);
  delivery.received = query.integer(9);
  delivery.created = query.integer(10);
  delivery.due = query.integer(11);
  delivery.expires = query.integer(12);
  delivery.attempts = static_cast<unsigned>(query.integer(13));
  delivery.error = query.text(14);
  delivery.dead = query.integer(15) != 0;
  return delivery;
}

Result<std::optional<DeliveryWithAlert>> find_delivery(Database& database, std::int64_t id,
                                                       bool with_json) {
  DeliveryWithAlert found;
  {
    Query query(database, "SELECT " TOCSIN_DELIVERY_COLUMNS ", " TOCSIN_ALERT_COLUMNS
                          " FROM outbox o JOIN alert a ON a.id = o.alert WHERE o.id = ?");
    query.bind(id);
    if (!query.next()) {
      if (Status status = query.status(); !status) return tl::unexpected(std::move(status.error()));
      return std::nullopt;
    }
    found.delivery = read_delivery(query);
    found.alert = read_alert(query, kDeliveryColumns);
  }
  if (with_json) {
    Query query(database, "SELECT json FROM evidence WHERE alert = ?");
    query.bind(found.alert.id);
    if (query.next()) found.alert.json = query.text(0);
    if (Status status = query.status(); !status) return tl::unexpected(std::move(status.error()));
  }
  return found;
}

Result<std::uint64_t> count_outbox(Database& database) {
  const Result<std::int64_t> rows =
      database.number("SELECT coalesce(sum(pending + dead), 0) FROM outbox_count");
  if (!rows) return tl::unexpected(rows.error());
  return static_cast<std::uint64_t>(*rows);
}

Result<bool> Store::outbox_full() {
  bool full = false;
  const Status status = impl_->read(impl_->people, [&](Database& database) -> Status {
    const Result<std::uint64_t> rows = count_outbox(database);
    if (!rows) return tl::unexpected(rows.error());
    full = *rows >= impl_->options.max_rows;
    return {};
  });
  if (!status) return tl::unexpected(status.error());
  return full;
}

// Counted once; then it is kept up to date.
Status Transaction::Impl::count_rows(Database& database) {
  if (rows) return {};
  const Result<std::uint64_t> counted = count_outbox(database);
  if (!counted) return tl::unexpected(counted.error());
  rows = *counted;
  return {};
}

Result<bool> Transaction::outbox_full() {
  return impl_->attempt<bool>([&](Database& database) -> Result<bool> {
    if (Status counted = impl_->count_rows(database); !counted) {
      return tl::unexpected(std::move(counted.error()));
    }
    return *impl_->rows >= impl_->store.options.max_rows;
  });
}

Status Transaction::enqueue(const Delivery& delivery, AtLimit at_limit) {
  return impl_->attempt<void>([&](Database& database) -> Status {
    if (Status counted = impl_->count_rows(database); !counted) return counted;
    std::optional<std::uint64_t>& rows = impl_->rows;
    const int severity = std::clamp(delivery.severity, 0, kMostSevere);
    Status status = run(
        database,
        "INSERT INTO outbox (alert, receiver, key, severity, count, first_seen, last_seen, status, "
        "received, created, due, expires, attempts, error, dead) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
        delivery.alert, delivery.receiver, delivery.key, severity, delivery.count,
        delivery.first_seen, delivery.last_seen, delivery.status, delivery.received,
        delivery.created, delivery.due, delivery.expires, delivery.attempts,
        cut_reason(delivery.error), delivery.dead);
    if (!status) return status;
    if (database.changes() > 0) ++*rows;
    if (*rows <= impl_->store.options.max_rows || at_limit == AtLimit::exceed) return {};
    return fail(Code::busy,
                fmt::format("the outbox has reached its limit of {} notifications; `tocsin outbox "
                            "list` shows which receivers they wait for",
                            impl_->store.options.max_rows));
  });
}

Result<std::vector<DeliveryWithAlert>> Store::due(const std::string& receiver, Milliseconds now,
                                                  std::size_t limit,
                                                  const std::vector<std::int64_t>& taken) {
  const Taken held(taken);
  std::vector<DeliveryWithAlert> found;
  const Status status = impl_->read(impl_->deliver, [&](Database& database) -> Status {
    // One step into the index for each severity, however many rows wait.
    std::vector<std::int64_t> ids;
    for (int severity = kMostSevere; severity >= 0 && ids.size() < limit; --severity) {
      Query query(database,
                  "SELECT id FROM outbox WHERE receiver = ? AND severity = ? AND due <= ? "
                  "AND dead = 0 ORDER BY due, id");
      query.bind(receiver, severity, now);
      while (ids.size() < limit && query.next()) {
        if (!held.has(query.integer(0))) ids.push_back(query.integer(0));
      }
      if (Status good = query.status(); !good) return good;
    }
    for (const std::int64_t id : ids) {
      auto row = find_delivery(database, id, true);
      if (!row) return tl::unexpected(std::move(row.error()));
      if (*row) found.push_back(std::move(**row));
    }
    return {};
  });
  if (!status) return tl::unexpected(status.error());
  return found;
}

Result<std::optional<Milliseconds>> Store::next_due(const std::string& receiver,
                                                    const std::vector<std::int64_t>& taken) {
  const Taken held(taken);
  std::optional<Milliseconds> next;
  const Status status = impl_->read(impl_->deliver, [&](Database& database) -> Status {
    for (int severity = kMostSevere; severity >= 0; --severity) {
      Query query(database,
                  "SELECT id, due FROM outbox WHERE receiver = ? AND severity = ? "
                  "AND dead = 0 ORDER BY due, id");
      query.bind(receiver, severity);
      while (query.next()) {
        if (held.has(query.integer(0))) continue;
        if (!next || query.integer(1) < *next) next = query.integer(1);
        break;
      }
      if (Status good = query.status(); !good) return good;
    }
    return {};
  });
  if (!status) return tl::unexpected(status.error());
  return next;
}

Status Store::delivered(const std::vector<std::int64_t>& ids) {
  return for_each_id(*impl_, ids, [](Database& database, std::int64_t id) {
    return run(database, "DELETE FROM outbox WHERE id = ?", id);
  });
}

Status Store::postpone(const std::vector<std::int64_t>& ids, Milliseconds due,
                       std::string_view error) {
  return for_each_id(*impl_, ids, [&](Database& database, std::int64_t id) {
    return run(database,
               "UPDATE outbox SET attempts = attempts + 1, due = ?, error = ? "
               "WHERE id = ? AND dead = 0",
               due, cut_reason(error), id);
  });
}

Status Store::bury(const std::vector<std::int64_t>& ids, std::string_view reason) {
  return for_each_id(*impl_, ids, [&](Database& database, std::int64_t id) {
    return run(database, "UPDATE outbox SET dead = 1, error = ? WHERE id = ? AND dead = 0",
               cut_reason(reason), id);
  });
}

Result<std::vector<DeliveryWithAlert>> Store::expire(Milliseconds now, std::size_t limit) {
  std::vector<DeliveryWithAlert> expired;
  const Status status = impl_->write([&](Database& database) -> Status {
    std::vector<std::int64_t> ids;
    {
      Query query(database,
                  "SELECT id FROM outbox WHERE dead = 0 AND expires <= ? ORDER BY expires, id "
                  "LIMIT ?");
      query.bind(now, limit);
      while (query.next()) ids.push_back(query.integer(0));
      if (Status good = query.status(); !good) return good;
    }
    for (const std::int64_t id : ids) {
      auto row = find_delivery(database, id, false);
      if (!row) return tl::unexpected(std::move(row.error()));
      if (!*row) continue;
      Delivery& delivery = (**row).delivery;
      std::string reason = "expired: not delivered in time";
      if (!delivery.error.empty()) reason += "; last error: " + delivery.error;
      delivery.error = cut_reason(reason);
      delivery.dead = true;
      Status buried =
          run(database, "UPDATE outbox SET dead = 1, error = ? WHERE id = ?", delivery.error, id);
      if (!buried) return buried;
      expired.push_back(std::move(**row));
    }
    return {};
  });
  if (!status) return tl::unexpected(status.error());
  return expired;
}

}  // namespace tocsin::store
