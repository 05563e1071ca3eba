// Store: what must survive, in one SQLite database (WAL, synchronous=FULL; both are checked when it
// is opened). It keeps alerts, the outbox (what must still reach a receiver), the firings that were
// seen, open groups, how far each source has been read, and what detections over time know.
//
// Invariants
// - What a Transaction did is on disk when commit() returns success, and not at all otherwise.
// - An outbox row leaves only when it was delivered, or on an operator's word; a row that will not
//   be tried again stays as a dead letter with its reason until it is dropped or its time is up.
// - A failed read, write or fsync is not retried: the store is `failed` from then on, and says so
// to
//   every caller (Linux may have forgotten the dirty pages). Whether a commit() that met it is on
//   disk is known only after a restart: in full or not at all. A full disk is not such a failure:
//   it is Code::busy, and the store works again when there is room.
// Thread-safe. One process at a time writes as a service (a lock file says which); the command line
// may read and change the outbox beside it. Format: store/FORMAT.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/correlation_rows.h"

namespace tocsin::store {

using Milliseconds = std::int64_t;  // wall clock, since 1970

struct StoreOptions {
  std::string folder;                                     // made when missing, mode 0700
  std::uint64_t max_bytes = std::uint64_t{2} << 30;       // of the database; then Code::busy
  std::uint64_t reserve_bytes = std::uint64_t{64} << 20;  // free on the disk; less: Code::busy
  std::uint64_t max_rows = 1'000'000;                     // of the outbox; then Code::busy
  std::uint64_t max_seen = 10'000'000;         // firings remembered; also at most half of max_bytes
  std::uint64_t max_known = 10'000'000;        // values remembered; also at most a quarter of it
  Milliseconds seen_for = 24LL * 3600 * 1000;  // each at least so long, within max_seen
  Milliseconds keep_alerts = 7LL * 24 * 3600 * 1000;  // after the last occurrence
  Milliseconds keep_dead = 30LL * 24 * 3600 * 1000;   // dead letters, after they would expire
  enum class Access : std::uint8_t {
    service,  // takes the lock, migrates an older schema
    operate,  // beside a running service: no lock, no migration; the database must exist
  } access = Access::service;
  // For one start of a service: what the store has lost (store/witness.h) is not asked for again.
  bool accept_loss = false;

  // For the tests of the store alone.
  struct Seams {
    std::string vfs;           // SQLite's name of the file system; "": the real one
    std::string synchronous;   // "": FULL; anything else breaks the promise
    int checkpoint_pages = 0;  // of the log, before it is written back; 0: as many as usual
  } seams;
};

// One alert: what is told, possibly of many firings.
struct AlertRow {
  std::int64_t id = 0;   // given by the store, ascending
  std::string alert_id;  // the "id" in its JSON, 32 hexadecimal digits
  std::string rule_id, rule_title, level, account, principal, source;
  std::string json;         // of the first firing, without occurrences
  std::uint64_t count = 1;  // firings
  Milliseconds created = 0, first_seen = 0, last_seen = 0;  // last two: of the events

  bool operator==(const AlertRow&) const = default;
};

// Firings of one fingerprint that are told together (route/grouping.h).
struct Group {
  Key fingerprint{};
  std::int64_t alert = 0;   // AlertRow::id
  std::uint64_t count = 0;  // firings since it was opened
  std::uint64_t told = 0;   // of them, those in notifications so far
  Milliseconds first_seen = 0, last_seen = 0;
  Milliseconds closes = 0;  // when the current interval ends

  bool operator==(const Group&) const = default;
};

// How often a rule has raised alerts lately.
struct Budget {
  std::string rule;
  Milliseconds began = 0;  // of the current period
  std::uint64_t used = 0;

  bool operator==(const Budget&) const = default;
};

// One notification to one receiver.
struct Delivery {
  std::int64_t id = 0;     // given by the store, ascending
  std::int64_t alert = 0;  // AlertRow::id
  std::string receiver;
  std::string key;          // idempotency key, unique
  int severity = 2;         // 0 informational … 4 critical
  std::uint64_t count = 1;  // occurrences told
  Milliseconds first_seen = 0, last_seen = 0;
  std::string status = "firing";
  Milliseconds received = 0;  // when the event that caused it arrived
  Milliseconds created = 0, due = 0, expires = 0;
  unsigned attempts = 0;
  std::string error;  // of the last attempt; of a dead letter, why it is one
  bool dead = false;

  bool operator==(const Delivery&) const = default;
};

struct DeliveryWithAlert {
  Delivery delivery;
  AlertRow alert;

  bool operator==(const DeliveryWithAlert&) const = default;
};

struct OutboxCount {
  std::string receiver;
  std::uint64_t pending = 0, dead = 0;
  Milliseconds oldest_pending = 0;  // created; 0 when none

  bool operator==(const OutboxCount&) const = default;
};

// A submission that could not be processed, for a reason of its own.
struct SetAside {
  std::int64_t id = 0;  // given by the store, ascending
  std::string source, reason;
  Milliseconds received = 0, created = 0;
  std::uint64_t size = 0;  // of `bytes`, also where they are left out
  std::string bytes;       // as received

  bool operator==(const SetAside&) const = default;
};
// Of all of them; a submission for which there is no room is refused.
inline constexpr std::uint64_t kSetAsideRows = 1000;
inline constexpr std::uint64_t kSetAsideBytes = std::uint64_t{256} << 20;

struct StoreStats {
  std::uint64_t bytes = 0;  // database and write-ahead log
  std::uint64_t outbox_rows = 0, seen = 0, alerts = 0, groups = 0;
  std::uint64_t seen_evicted = 0;              // forgotten before their time, since the start
  std::uint64_t alerts_evicted = 0;            // likewise, because the database was nearly full
  std::uint64_t known = 0, known_evicted = 0;  // values; forgotten for newer ones, since the start
};

class Store;

// The one writer. Rolled back when it is destroyed without commit(). Holds the store's lock: short.
// After an error of any call the transaction can only be rolled back.
class Transaction {
 public:
  Transaction(Transaction&&) noexcept;
  ~Transaction();

  // False: this firing was seen before. `event_time` keeps neighbours together on disk; it is part
  // of what is looked up, so it must be the event's own (0: it has none), not that of its arrival.
  Result<bool> remember(const Key& firing, Milliseconds event_time, Milliseconds now);

  Result<std::optional<Group>> find_group(const Key& fingerprint);
  Status save_group(const Group& group);
  Status close_group(const Key& fingerprint);
  // Groups whose interval has ended, at most `limit`, the earliest first.
  Result<std::vector<Group>> due_groups(Milliseconds now, std::size_t limit);

  Result<Budget> find_budget(const std::string& rule);
  Status save_budget(const Budget& budget);

  // Returns its id.
  Result<std::int64_t> add_alert(const AlertRow& alert);
  // Without json.
  Result<std::optional<AlertRow>> find_alert(std::int64_t id);
  Status update_alert(std::int64_t id, std::uint64_t count, Milliseconds first_seen,
                      Milliseconds last_seen);
  Status update_json(std::int64_t id, std::string_view json);
  // It is part of another one now, and not listed any more.
  Status merge_alert(std::int64_t id, std::int64_t into);

  // At max_rows: Code::busy, or (`exceed`) the row is added all the same.
  enum class AtLimit : std::uint8_t { refuse, exceed };
  // A row whose key is there already is left as it is.
  Status enqueue(const Delivery& delivery, AtLimit at_limit = AtLimit::refuse);
  // The outbox has reached max_rows.
  Result<bool> outbox_full();

  // Returns its id. Code::busy when there is no room (kSetAsideRows, kSetAsideBytes).
  Result<std::int64_t> set_aside(const SetAside& submission);

  Status save_checkpoint(const std::string& source, std::string_view position);
  // As Store::value().
  Status save_value(const std::string& name, std::string_view value);

  // The last good version of a rule or list file.
  Status keep_file(std::string_view path, std::string_view text);
  Status drop_file(const std::string& path);

  // --- detections over time (correlations.cc)
  // -----------------------------------------------------
  // The journal of hits: each row is needed until the watermark has passed `until`. A row that is
  // there already is replaced, and its `until` never falls.
  Status add_hits(std::int64_t seq, Milliseconds until, std::string_view hits);
  // Forgets rows that are not needed any more, and then the oldest ones beyond `max_bytes`, which
  // are counted. Bounded work per call.
  Result<DroppedHits> prune_hits(Milliseconds watermark, std::uint64_t max_bytes);
  // As of Store.
  Result<std::optional<Hits>> hits_at(std::int64_t seq);

  Result<std::optional<Known>> find_known(const Key& key);
  // A new one at max_known makes some others be forgotten: of those after it by key, the ones that
  // were not seen for longest.
  Status save_known(const Key& key, const Known& known);
  Status forget_known(const Key& key);

  Result<std::optional<Episode>> find_episode(const Key& episode);
  Status save_episode(const Episode& episode);
  Status close_episode(const Key& episode);

  Status save_rule(const CorrelationRule& rule);
  // With its episodes.
  Status forget_rule(const Key& key);
  Status save_clock(const CorrelationClock& clock);

  // Forgets what has outlived its time (bounded work per call; call it every second or so). When
  // the database is nearly full, alerts that nothing refers to are forgotten early, oldest first.
  Status prune(Milliseconds now);

  Status commit();

 private:
  friend class Store;
  struct Impl;
  explicit Transaction(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

struct AlertFilter {
  std::string rule_id, level, account, principal;  // "": any
  std::int64_t before = 0;                         // ids below it; 0: from the newest
  std::size_t limit = 100;
};

class Store {
 public:
  // Code::refused when the store has lost what it had promised, unless that is accepted.
  static Result<std::unique_ptr<Store>> open(const StoreOptions& options);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // Waits for other writers of this process. Code::busy when the disk or the database is full.
  // With Access::service only.
  Result<Transaction> begin();
  // Whether begin() would find room on the disk and in the database.
  Status room();
  // The outbox has reached max_rows.
  Result<bool> outbox_full();
  // A transaction of its own that only prunes; also when the store is full, which may end that.
  Status prune(Milliseconds now);

  Result<std::optional<std::string>> checkpoint(const std::string& source);
  // The loss that was accepted last, as a sentence.
  Result<std::optional<std::string>> accepted_loss();
  // A single value that is kept under its name, such as a key; nullopt: it was never saved.
  Result<std::optional<std::string>> value(const std::string& name);
  // Text by path, as Transaction::keep_file() left it.
  Result<std::map<std::string, std::string>> kept_files();

  // --- for delivery ---------------------------------------------------------------------------
  // The calls from here on work in a full store, too.
  //
  // Rows of `receiver` that are due and not dead, at most `limit`, the most severe first, then
  // those that have been due for longest, without those in `taken` (ids that are being delivered).
  Result<std::vector<DeliveryWithAlert>> due(const std::string& receiver, Milliseconds now,
                                             std::size_t limit,
                                             const std::vector<std::int64_t>& taken);
  // When the next row of `receiver` not in `taken` is due; nullopt: there is none.
  Result<std::optional<Milliseconds>> next_due(const std::string& receiver,
                                               const std::vector<std::int64_t>& taken);
  // Delivered: the rows are gone when this returns success.
  Status delivered(const std::vector<std::int64_t>& ids);
  // Not delivered: `attempts` is counted up, and the rows are due again at `due`. Of `error` and
  // `reason` 1 KiB is kept. Rows that are gone or dead by now are left alone.
  Status postpone(const std::vector<std::int64_t>& ids, Milliseconds due, std::string_view error);
  // Will not be tried again.
  Status bury(const std::vector<std::int64_t>& ids, std::string_view reason);
  // Buries rows that have expired; returns them (without alert.json).
  Result<std::vector<DeliveryWithAlert>> expire(Milliseconds now, std::size_t limit);

  // --- for people (they wait for each other, not for the above) ---------------------------------
  // By receiver, dead ones first, then the oldest; "": of all receivers. Without alert.json.
  Result<std::vector<DeliveryWithAlert>> list(const std::string& receiver, bool dead_only,
                                              std::size_t limit);
  Result<std::optional<DeliveryWithAlert>> show(std::int64_t id);
  // Makes dead or waiting rows due now, with attempts and expiry as if new. All dead ones when
  // `ids` is empty (in several transactions). Returns how many.
  Result<std::uint64_t> retry(const std::vector<std::int64_t>& ids, Milliseconds now,
                              Milliseconds expires);
  Result<std::uint64_t> drop(const std::vector<std::int64_t>& ids);
  // Submissions that were set aside, the oldest first, without their bytes.
  Result<std::vector<SetAside>> list_set_aside(std::size_t limit);
  Result<std::optional<SetAside>> show_set_aside(std::int64_t id);
  Result<std::uint64_t> drop_set_aside(const std::vector<std::int64_t>& ids);
  // Of the receivers that have rows, by name.
  Result<std::vector<OutboxCount>> counts();
  // Newest first, with json, without those that were merged into others.
  Result<std::vector<AlertRow>> alerts(const AlertFilter& filter);

  // --- detections over time ---------------------------------------------------------------------
  // All rows of the journal in their order, until `visit` returns an error, which is returned. Over
  // a connection of its own: nobody waits for it.
  Status each_hits(const std::function<Status(std::int64_t seq, std::string_view hits)>& visit);
  // The last row of the journal with a number of at most `seq`.
  Result<std::optional<Hits>> hits_at(std::int64_t seq);
  Result<std::optional<Known>> find_known(const Key& key);
  // Of one correlation, or of all.
  Result<std::vector<Episode>> episodes(const std::optional<Key>& correlation = std::nullopt);
  Result<std::vector<CorrelationRule>> correlation_rules();
  Result<CorrelationClock> clock();

  Result<StoreStats> stats();
  std::uint64_t known_evicted() const;  // as of stats()
  // A read, write or fsync failed: nothing more can be promised; the process should end.
  bool failed() const;

  struct Impl;

 private:
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::store
