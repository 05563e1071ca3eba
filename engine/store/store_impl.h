// What the files that implement Store and Transaction share.
//
// Locks: `write_mutex` guards the writing connection and what goes with it (a Transaction holds it
// for as long as it lives, which clang cannot follow: no attributes say so); each Reader has its
// own. None is taken while another one is held.
#pragma once

#include <atomic>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "base/mutex.h"
#include "store/commits.h"
#include "store/database.h"
#include "store/fair_mutex.h"
#include "store/folder.h"
#include "store/health.h"
#include "store/seen.h"
#include "store/store.h"
#include "store/tally.h"

namespace tocsin::store {

// Rows that one operation of an operator changes in one transaction, and that one pruning removes.
inline constexpr std::size_t kRowsAtOnce = 1000;

// A reading connection.
struct Reader {
  Mutex mutex;
  std::unique_ptr<Database> database GUARDED_BY(mutex);

  void set(std::unique_ptr<Database> opened) EXCLUDES(mutex) {
    const MutexLock lock(mutex);
    database = std::move(opened);
  }
};

struct Store::Impl {
  Impl(StoreOptions wanted, Folder opened);

  bool is_service() const { return options.access == StoreOptions::Access::service; }

  // `work` in a transaction of its own, also when the store is full. Work: Status(Database&).
  template <class Work>
  Status write(Work&& work) {
    const std::lock_guard lock(write_mutex);
    Status status = begin_write();
    if (status) status = work(*writer);
    if (status) return end_write(false);
    roll_back();
    return status;
  }

  // `work` on what one reading connection sees. Work: Status(Database&).
  template <class Work>
  Status read(Reader& reader, Work&& work) {
    const MutexLock lock(reader.mutex);
    if (Status healthy = health.status(); !healthy) return healthy;
    const Snapshot snapshot(*reader.database);
    if (!snapshot.status()) return snapshot.status();
    return work(*reader.database);
  }

  // The writing connection, to a database that is complete and current.
  Status open_writer();
  Result<std::unique_ptr<Database>> connect(Database::Mode mode);

  // With write_mutex held.
  Status begin_write();
  // Commits; rolled back when that fails. `durable`: so is its witness (store/commits.h).
  Status end_write(bool durable);
  void roll_back();
  Status check_room();  // in a transaction
  Result<std::uint64_t> used_bytes();
  Status prune(Milliseconds now);

  const StoreOptions options;
  Folder folder;
  Health health;

  FairMutex write_mutex;
  std::unique_ptr<Database> writer;
  Seen seen;
  Tally tally;
  Commits commits;
  // Where the search for alerts to forget goes on: created, id.
  std::pair<Milliseconds, std::int64_t> pruned_to{0, 0};
  std::atomic<std::uint64_t> alerts_evicted{0};

  Reader deliver, people;
};

struct Transaction::Impl {
  explicit Impl(Store::Impl& owner) : store(owner), lock(owner.write_mutex) {}

  // What a call does, unless an earlier one has failed; its failure is kept.
  template <class Value, class Work>
  Result<Value> attempt(Work&& work) {
    if (!broken.has_value() && open) {
      Result<Value> result = work(*store.writer);
      if (!result) broken = result.error();
      return result;
    }
    return tl::unexpected(broken.value_or(Error{Code::refused, "the transaction is over"}));
  }

  Status count_rows(Database& database);

  Store::Impl& store;
  std::unique_lock<FairMutex> lock;
  bool open = false;
  std::optional<Error> broken;
  std::optional<std::uint64_t> rows;  // of the outbox, once counted
};

// Columns of an outbox row, and of an alert without its JSON, as the functions below read them.
#define TOCSIN_DELIVERY_COLUMNS                                                        \
  "o.id, o.alert, o.receiver, o.key, o.severity, o.count, o.first_seen, o.last_seen, " \
  "o.status, o.received, o.created, o.due, o.expires, o.attempts, o.error, o.dead"
#define TOCSIN_ALERT_COLUMNS                                                               \
  "a.id, a.alert_id, a.rule_id, a.rule_title, a.level, a.account, a.principal, a.source, " \
  "a.count, a.created, a.first_seen, a.last_seen"
inline constexpr int kDeliveryColumns = 16;
inline constexpr int kAlertColumns = 12;

// Values that are remembered at most.
std::uint64_t known_limit(const StoreOptions& options);

Delivery read_delivery(const Query& query);
AlertRow read_alert(const Query& query, int first);
// An outbox row with its alert; nullopt when it is gone.
Result<std::optional<DeliveryWithAlert>> find_delivery(Database& database, std::int64_t id,
                                                       bool with_json);
Result<std::uint64_t> count_outbox(Database& database);
// At most 1 KiB of it, whole code points.
std::string_view cut_reason(std::string_view reason);

}  // namespace tocsin::store
