-- A database of format 2, as tocsin made it.
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
INSERT INTO alert VALUES
  (8, 'merged', 'rule', 'Title', 'high', '1', 'p', 'http', 3, 1000, 900, 950, 9),
  (9, 'kept', 'rule', 'Title', 'high', '1', 'p', 'http', 3, 1000, 900, 950, 0);
INSERT INTO evidence VALUES (8, '{"id":"merged"}');
INSERT INTO evidence VALUES (9, '{"id":"kept"}');
INSERT INTO outbox VALUES
  (5, 9, 'slack', 'kept key', 3, 1, 900, 900, 'firing', 990, 1000, 4000, 9000, 2, '503', 0),
  (6, 9, 'hook', 'dead key', 3, 1, 900, 900, 'firing', 990, 1000, 4000, 9000, 1, '410', 1);
INSERT INTO alert_group VALUES (zeroblob(16), 9, 3, 1, 900, 950, 6000);
INSERT INTO budget VALUES ('rule', 5, 6);
INSERT INTO checkpoint VALUES ('file', CAST('kept position' AS BLOB));
INSERT INTO seen_0 VALUES (7, zeroblob(16));
UPDATE seen_state SET began = 900, count_0 = 1;
INSERT INTO correlation_hits VALUES (40, 5000, CAST('kept hits' AS BLOB));
INSERT INTO correlation_known VALUES (zeroblob(16), 1700000000, 5, 60, 0, 7);
INSERT INTO correlation_episode VALUES
  (zeroblob(16), CAST('correlation key!' AS BLOB), zeroblob(16), 4, 1700000000000000000,
   1700000060000000000, 9);
INSERT INTO correlation_rule VALUES (CAST('correlation key!' AS BLOB), 'Kept', 40);
INSERT INTO correlation_clock VALUES ('http', 1700000060000000000);
UPDATE correlation_state
  SET watermark = 1699999000000000000, next_seq = 45, hit_bytes = 9, known = 1;
PRAGMA application_id = 1416586099;
PRAGMA user_version = 2;
