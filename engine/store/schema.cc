#include "store/schema.h"

#include <fmt/format.h>

#include <array>

namespace tocsin::store {
namespace {

// AUTOINCREMENT: an id that was dropped is never given again, so that a late answer about it cannot
// hit another row.
constexpr char kVersion1[] = R"(
CREATE TABLE alert (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  alert_id TEXT NOT NULL,
  rule_id TEXT NOT NULL,
  rule_title TEXT NOT NULL,
  level TEXT NOT NULL,
  account TEXT NOT NULL,
  principal TEXT NOT NULL,
  source TEXT NOT NULL,
  count INTEGER NOT NULL,
  created INTEGER NOT NULL,
  first_seen INTEGER NOT NULL,
  last_seen INTEGER NOT NULL
) STRICT;
CREATE INDEX alert_created ON alert (created);

CREATE TABLE evidence (
  alert INTEGER PRIMARY KEY,
  json TEXT NOT NULL
) STRICT;

CREATE TABLE outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  alert INTEGER NOT NULL REFERENCES alert (id),
  receiver TEXT NOT NULL,
  key TEXT NOT NULL,
  severity INTEGER NOT NULL,
  count INTEGER NOT NULL,
  first_seen INTEGER NOT NULL,
  last_seen INTEGER NOT NULL,
  status TEXT NOT NULL,
  received INTEGER NOT NULL,
  created INTEGER NOT NULL,
  due INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  error TEXT NOT NULL,
  dead INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX outbox_key ON outbox (key);
CREATE INDEX outbox_due ON outbox (receiver, severity, due) WHERE dead = 0;
CREATE INDEX outbox_expires ON outbox (dead, expires);
CREATE INDEX outbox_receiver ON outbox (receiver, dead, created);
CREATE INDEX outbox_alert ON outbox (alert);

CREATE TABLE outbox_count (
  receiver TEXT PRIMARY KEY,
  pending INTEGER NOT NULL,
  dead INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER outbox_added AFTER INSERT ON outbox BEGIN
  INSERT INTO outbox_count VALUES (new.receiver, new.dead = 0, new.dead <> 0)
    ON CONFLICT (receiver) DO UPDATE
    SET pending = pending + excluded.pending, dead = dead + excluded.dead;
END;
CREATE TRIGGER outbox_removed AFTER DELETE ON outbox BEGIN
  UPDATE outbox_count SET pending = pending - (old.dead = 0), dead = dead - (old.dead <> 0)
    WHERE receiver = old.receiver;
END;
CREATE TRIGGER outbox_changed AFTER UPDATE OF dead ON outbox WHEN old.dead <> new.dead BEGIN
  UPDATE outbox_count SET pending = pending + (old.dead <> 0) - (new.dead <> 0),
                          dead = dead + (new.dead <> 0) - (old.dead <> 0)
    WHERE receiver = new.receiver;
END;

CREATE TABLE alert_group (
  fingerprint BLOB PRIMARY KEY,
  alert INTEGER NOT NULL,
  count INTEGER NOT NULL,
  told INTEGER NOT NULL,
  first_seen INTEGER NOT NULL,
  last_seen INTEGER NOT NULL,
  closes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX alert_group_closes ON alert_group (closes);
CREATE INDEX alert_group_alert ON alert_group (alert);

CREATE TABLE budget (
  rule TEXT PRIMARY KEY,
  began INTEGER NOT NULL,
  used INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE checkpoint (
  source TEXT PRIMARY KEY,
  position BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE seen_0 (
  event_time INTEGER NOT NULL,
  firing BLOB NOT NULL,
  PRIMARY KEY (event_time, firing)
) STRICT, WITHOUT ROWID;
CREATE TABLE seen_1 (
  event_time INTEGER NOT NULL,
  firing BLOB NOT NULL,
  PRIMARY KEY (event_time, firing)
) STRICT, WITHOUT ROWID;
CREATE TABLE seen_state (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  current INTEGER NOT NULL,
  began INTEGER NOT NULL,
  count_0 INTEGER NOT NULL,
  count_1 INTEGER NOT NULL
) STRICT;
INSERT INTO seen_state VALUES (1, 0, 0, 0, 0);
)";

// Times of events are nanoseconds here. Those of a value that is known are split into seconds and
// the rest, and the last one is told from the first: most then take four bytes, or none.
constexpr char kVersion2[] = R"(
ALTER TABLE alert ADD COLUMN merged_into INTEGER NOT NULL DEFAULT 0;

CREATE TABLE correlation_hits (
  seq INTEGER PRIMARY KEY,
  until INTEGER NOT NULL,
  hits BLOB NOT NULL
) STRICT;
CREATE INDEX correlation_hits_until ON correlation_hits (until);

CREATE TABLE correlation_known (
  key BLOB PRIMARY KEY,
  first_s INTEGER NOT NULL,
  first_ns INTEGER NOT NULL,
  last_s INTEGER NOT NULL,
  last_ns INTEGER NOT NULL,
  count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE correlation_episode (
  episode BLOB PRIMARY KEY,
  correlation BLOB NOT NULL,
  grp BLOB NOT NULL,
  firings INTEGER NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  alert INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX correlation_episode_correlation ON correlation_episode (correlation);
CREATE INDEX correlation_episode_alert ON correlation_episode (alert);

CREATE TABLE correlation_rule (
  key BLOB PRIMARY KEY,
  name TEXT NOT NULL,
  since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE correlation_clock (
  source TEXT PRIMARY KEY,
  newest INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE correlation_state (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  watermark INTEGER NOT NULL,
  next_seq INTEGER NOT NULL,
  hit_bytes INTEGER NOT NULL,
  known INTEGER NOT NULL
) STRICT;
INSERT INTO correlation_state VALUES (1, -9223372036854775808, 0, 0, 0);
)";

constexpr char kVersion3[] = R"(
CREATE TABLE commit_state (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  store BLOB NOT NULL,
  sequence INTEGER NOT NULL
) STRICT;
INSERT INTO commit_state VALUES (1, randomblob(16), 0);

CREATE TABLE set_aside (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  source TEXT NOT NULL,
  received INTEGER NOT NULL,
  created INTEGER NOT NULL,
  reason TEXT NOT NULL,
  bytes BLOB NOT NULL
) STRICT;

CREATE TABLE store_value (
  name TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE rule_file (
  path BLOB PRIMARY KEY,
  text BLOB NOT NULL
) STRICT, WITHOUT ROWID;
)";

constexpr std::array<const char*, 3> kMigrations = {kVersion1, kVersion2, kVersion3};

}  // namespace

std::span<const char* const> migrations() {
  return kMigrations;
}

Result<std::int64_t> format_of(Database& database, std::span<const char* const> steps) {
  Result<std::int64_t> version = database.number("PRAGMA user_version");
  if (!version) return version;
  Result<std::int64_t> application = database.number("PRAGMA application_id");
  if (!application) return application;
  Result<std::int64_t> tables = database.number("SELECT count(*) FROM sqlite_schema");
  if (!tables) return tables;
  const bool empty = *version == 0 && *application == 0 && *tables == 0;
  if (!empty && *application != kApplicationId) {
    return fail(
        Code::refused,
        fmt::format("{} is a database of something else; give the store a folder of its own",
                    database.path()));
  }
  if (*version < 0 || *version > static_cast<std::int64_t>(steps.size())) {
    return fail(
        Code::unsupported,
        fmt::format("{} was written by a newer tocsin (format {}, this one knows up to {}); "
                    "run that version, or give this one a folder of its own",
                    database.path(), *version, steps.size()));
  }
  return version;
}

Status migrate(Database& database, std::span<const char* const> steps) {
  const Result<std::int64_t> version = format_of(database, steps);
  if (!version) return tl::unexpected(version.error());
  for (std::size_t step = static_cast<std::size_t>(*version); step < steps.size(); ++step) {
    Status status = database.begin_write();
    if (status) status = database.execute(steps[step]);
    if (status) {
      status = database.execute(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {};",
                                            kApplicationId, step + 1)
                                    .c_str());
    }
    if (status) status = database.commit();
    if (!status) {
      database.roll_back();
      return fail(status.error().code,
                  fmt::format("cannot bring {} from format {} to {}: {}", database.path(), step,
                              step + 1, status.error().message));
    }
  }
  return {};
}

Status check_schema(Database& database, std::span<const char* const> steps) {
  const Result<std::int64_t> version = format_of(database, steps);
  if (!version) return tl::unexpected(version.error());
  if (*version == static_cast<std::int64_t>(steps.size())) return {};
  return fail(Code::unsupported,
              fmt::format("{} has an older format ({}, now {}); the service brings it up to date "
                          "when it starts",
                          database.path(), *version, steps.size()));
}

}  // namespace tocsin::store
