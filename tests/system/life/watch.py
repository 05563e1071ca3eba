"""What must hold after every step, whatever it was: nobody is notified twice, readiness tells the
truth, the log has no complaint that was not provoked, memory and rows stay within bounds.
"""
import datetime
import json
import re
import sqlite3

from receiver import Receiver

# The service at rest takes 45 MiB or so; the floods of bodies.py may take 64 MiB for a while.
MOST_RESIDENT = 400 << 20
# Rows besides those of alerts, which are kept for a week: of hits and values within the longest time
# that a shipped rule looks back, of firings within a day, and so on.
MOST_ROWS = 150_000
ONE_FLOOD = 1000  # rows that a flood may leave behind

class Listener(Receiver):
    """A receiver of webhooks that notices a second notification of the same, and counts that fall."""

    def __init__(self, clock):
        super().__init__(clock.wall, tolerance=7 * 24 * 3600)  # time jumps while one is under way
        self.highest = {}         # alert id -> count told last
        self.taken = {}           # key -> body
        self.told_events = set()  # ids
        self.again = 0            # notifications that came once more

    def take(self, handler, name, body):
        super().take(handler, name, body)
        key = handler.headers.get("webhook-id", "")
        try:
            alert = json.loads(body)
        except ValueError:
            return
        with self.mutex:
            if key in self.taken:
                self.again += 1
                if self.taken[key] != hash(body):
                    self.problems.append(f"two bodies with the key {key}: {body[:300]}")
                return
            self.taken[key] = hash(body)
            self.told_events.add(alert.get("event_id"))
            told = self.highest.get(alert["id"], 0)
            if alert["count"] <= told:
                self.problems.append(f"{alert['id']} was told with {told} and then with "
                                     f"{alert['count']} firings: {alert['rule']['title']}")
            self.highest[alert["id"]] = max(told, alert["count"])


class Watch:
    def __init__(self, service, listener, clock):
        self.service, self.listener, self.clock = service, listener, clock
        self.allowed_logs = []    # patterns, of messages that this step has provoked
        self.allowed_late = []    # of the step before; what it provoked may be read only now
        self.allowed_until = ""   # when that step ended: so far its messages are dated
        self.allowed_always = []  # whose time cannot be told, because the clock was set
        self.allowed_own = set()  # rules of Tocsin's own alerts that were provoked
        self.kills = 0
        self.ends = 0             # kills, and stops
        self.read_log = 0
        self.read_problems = 0
        self.read_own = 0
        self.read_again = 0
        self.figures = {"resident_mib_max": 0, "rows_max": 0, "alert_rows_max": 0}

    def provoke(self, *patterns):
        self.allowed_logs += patterns

    def killed(self):
        self.kills += 1
        self.ends += 1

    def check(self):
        """Everything that does not hold after a step: [text]."""
        found = [*self.log(), *self.notifications(), *self.readiness(), *self.memory(), *self.rows()]
        self.allowed_late, self.allowed_logs = self.allowed_logs, []
        self.allowed_until = iso(self.clock.wall())
        return found

    def log(self):
        found = []
        with open(self.service.log_path, "rb") as log:
            log.seek(self.read_log)
            new = log.read()
        whole = new[:new.rfind(b"\n") + 1]
        self.read_log += len(whole)
        for line in whole.decode(errors="replace").splitlines():
            try:
                entry = json.loads(line)
                level, dated = entry["level"], entry["time"]
            except (ValueError, KeyError, TypeError):
                found.append(f"log: no JSON: {line[:200]}")
                continue
            if level in ("info", "debug"):
                continue
            late = self.allowed_late if dated <= self.allowed_until else []
            if not any(re.search(pattern, line) for pattern in [*self.allowed_logs, *late, *self.allowed_always]):
                found.append(f"log: {line[:400]}")
        return found

    def notifications(self):
        with self.listener.mutex:
            found = self.listener.problems[self.read_problems:]
            self.read_problems += len(found)
            own = self.listener.own[self.read_own:]
            self.read_own += len(own)
            again = self.listener.again
        found += [f"unprovoked: {rule}: {json.dumps(alert)[:300]}" for _, rule, alert in own
                  if rule not in self.allowed_own]
        if again > max(self.ends, self.read_again):
            found.append(f"{again} notifications came twice after {self.ends} kills and stops")
            self.read_again = again
        return [f"notification: {problem}" for problem in found]

    def readiness(self):
        status, text = self.service.get("/readyz")
        return [] if status == 200 else [f"/readyz is {status}: {text.strip()}"]

    def memory(self):
        resident = self.service.resident_bytes()
        self.figures["resident_mib_max"] = max(self.figures["resident_mib_max"], resident >> 20)
        return [f"{resident >> 20} MiB are resident"] if resident > MOST_RESIDENT else []

    def rows(self):
        rows = self.count_rows()
        alerts = sum(rows[table] for table in rows if table in ("alert", "evidence"))
        rest = sum(rows.values()) - alerts
        self.figures["rows_max"] = max(self.figures["rows_max"], rest)
        self.figures["alert_rows_max"] = max(self.figures["alert_rows_max"], alerts)
        return [f"{rest} rows: {dict(rows)}"] if rest > MOST_ROWS else []

    def count_rows(self):
        """{table: rows}, of whatever tables the store has."""
        database = sqlite3.connect(f"file:{self.service.store}/tocsin.db?mode=ro", uri=True, timeout=10)
        try:
            tables = [name for name, in database.execute(
                "SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%'")]
            return {table: database.execute(f"SELECT count(*) FROM \"{table}\"").fetchone()[0]
                    for table in tables}
        finally:
            database.close()


def iso(seconds):
    """As the log has it; texts of this form are in the order of their times."""
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).isoformat(
        timespec="milliseconds").replace("+00:00", "Z")
