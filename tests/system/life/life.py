#!/usr/bin/env python3
"""Lives the life of a service: days of events with pauses, backfills, odd bodies, restarts, kills,
reloads and wrong clocks, in minutes. After each step Watch holds what must hold; in the end the
alerts must be those of `tocsin scan` over the same events. README.md says how.

The binary is the tests' build (tocsin_sabotaged), whose clock can be moved.
"""
import collections
import concurrent.futures
import http.client
import json
import os
import signal
import sys
import threading
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../service"))
import bodies  # noqa: E402
import events  # noqa: E402
import law  # noqa: E402
import report  # noqa: E402
from clock import Clock  # noqa: E402
from events import HOUR, ROOT, Record  # noqa: E402
from service import Failure, Service, json_of, work_folder  # noqa: E402
from stream import DAY, WEIGHTS, Stream  # noqa: E402
from watch import ONE_FLOOD, Listener, Watch  # noqa: E402

NAME = "life"
BEGIN = 1709424000  # 2024-03-03, a Sunday: even a long life ends before today, as a scan needs it
PATIENCE = 60       # seconds that the service may take for anything, on a machine that stands still
MARGIN = 5          # seconds around a boundary in which nobody can say on which side an event is
SETTLES = 5         # seconds until a file counts as complete
MAX_INFLATED = 8 << 20
KNOWN = 20 * HOUR   # what is sent again comes so soon: the service knows events for a day
RULES = os.path.join(ROOT, "rules")
NEVER = """title: Never met
id: 5e0c5a52-0000-4000-8000-000000000100
status: test
level: low
logsource: {product: aws, service: cloudtrail}
detection:
  selection: {eventName: NeverHappens}
  condition: selection
"""


class Life:
    def __init__(self, options, seed):
        self.options = options
        self.folder = work_folder("life")
        self.clock = Clock(self.folder, BEGIN)
        self.listener = Listener(self.clock)
        self.service = Service(options.binary, self.folder, options.sabotage)
        self.service.environment["TOCSIN_CLOCK"] = self.clock.path
        self.more_rules = os.path.join(self.folder, "more")
        os.mkdir(self.more_rules)
        self.doors = options.doors.split(",")
        self.configure()
        self.watch = Watch(self.service, self.listener, self.clock)
        self.ledger, self.time = law.Ledger(), law.Time()
        self.report = report.Report(NAME, seed, options.sabotage)
        self.lived = self.markers = 0
        self.sifted_at = None  # the watermark when events were sifted last
        self.alerts, self.harvested = {}, BEGIN  # by number
        self.sent = []  # (when, body, records): what may be sent again
        self.folder_door = Folder(os.path.join(self.folder, "trail"))
        self.service.must_start()

    def configure(self):
        sources = ""
        if "folder" in self.doors:
            sources = (f'sources: [{{name: folder, type: file, path: "{self.folder}/trail", '
                       "poll: 100ms}]\n")
        grouping = "" if self.options.grouped else "group_interval: 0, "
        with open(self.service.config, "w", encoding="utf-8") as file:
            file.write(f"""{sources}server: {{listen: "127.0.0.1:0", threads: 1}}
rules: {{paths: ["{RULES}", "{self.more_rules}"], strict: true}}
store: {{path: "{self.service.store}", reserve: 8MiB}}
alerts: {{{grouping}rule_budget: 0}}
limits: {{workers: 2, shutdown: 5s, max_inflated: {MAX_INFLATED >> 20}MiB}}
log: {{format: json}}
reload: {{watch: false}}
receivers:
  - name: hook
    type: webhook
    url: "http://127.0.0.1:{self.listener.port}/hook"
    secret: "${{TOCSIN_TEST_SECRET}}"
    allow_networks: [127.0.0.0/8]
    rate: 0
    concurrency: 1
""")

    def close(self):
        self.service.remove()
        self.listener.close()
        self.clock.close()

    def violation(self, text):
        self.report.violations.append(f"seed {self.report.seed}, day "
                                      f"{(self.clock.now() - BEGIN) / DAY:.2f}: {text}")

    # --- what the service says ------------------------------------------------------------------
    def watermark(self):
        """Seconds since 1970; None as long as there is none."""
        text = json_of(self.service.get("/api/v1/status")[1]).get("watermark")
        if text is None or text.startswith("1970"):
            return None
        fraction = text[19:].rstrip("Z")
        return events.seconds_of({"eventTime": text[:19] + "Z"}) + float("0" + (fraction or ".0"))

    def wait(self, condition, what):
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > end:
                status = self.service.get("/api/v1/status")[1]
                raise Failure(f"{what}: not within {PATIENCE} s: {self.service.last_log(1)} {status}")
            time.sleep(0.01)

    def wait_for_deliveries(self):
        self.wait(lambda: not self.service.metric("tocsin_outbox_rows"), "an empty outbox")

    # --- sending --------------------------------------------------------------------------------
    def sift(self, records, within=0):
        """[(record, whether it is in time)] of what is sent now and received `within` seconds. Those
        of which nobody can say are left out: the service's time goes on while they are under way."""
        watermark, out = self.watermark(), []
        self.sifted_at = soon = watermark
        if watermark is not None and within:  # it may jump so far: a source may become silent
            soon = max(watermark, self.clock.now() + within - law.LATENESS)
        newest = None  # of this body: parts of it may be committed one after the other
        latest = self.clock.wall() + law.AHEAD
        for record in records:
            if record.time is None:
                out.append((record, False))
                continue
            if abs(record.time - latest) < MARGIN:
                continue
            if watermark is not None and watermark - 1 < record.time < soon + MARGIN:
                continue
            late = watermark is not None and record.time < watermark
            ahead = record.time > latest
            if not late and newest is not None and record.time < newest - law.LATENESS + MARGIN:
                continue
            if not late and not ahead:
                newest = record.time if newest is None else max(newest, record.time)
            out.append((record, not late and not ahead))
        self.report.add(left_out=len(records) - len(out))
        return out

    def post(self, body, records=()):
        """(status, answer)."""
        first = records and body.events[0] == records[0].line  # else one without a time is before it
        self.time.heard("http", records[0].time if first else None, self.clock.now(),
                        self.clock.wall())
        connection = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=PATIENCE)
        try:
            connection.request("POST", "/v1/events", body.data, body.headers)
            response = connection.getresponse()
            return response.status, response.read().decode(errors="replace")
        finally:
            connection.close()

    def send(self, shape, records):
        """Good events, which must be taken."""
        sifted = self.sift(records)
        if not sifted:
            return
        body = shape([record.line for record, _ in sifted])
        self.judge(body, *self.post(body, [record for record, _ in sifted]))
        self.note(body, sifted)

    def note(self, body, sifted):
        self.enter(sifted, "http")
        self.sent.append((self.clock.now(), body, [record for record, _ in sifted]))

    def enter(self, sifted, source):
        for record, in_time in sifted:
            self.ledger.add(record, source, in_time)
        if self.sifted_at is not None:
            believed = [record for record, in_time in sifted
                        if in_time or record.time is not None and record.time < self.sifted_at]
            self.ledger.join(believed, source, self.sifted_at)
        self.report.add(events=len(sifted))

    # --- through the folder: the last event is one that is told at once -------------------------
    def put(self, shape, records):
        """Writes them into the folder. What wait_for_put() waits for."""
        self.markers += 1  # of somebody else each time: a second one of the same may only be counted
        record = self.maker.call(f"marker{self.markers}", "ec2", "EnableSerialConsoleAccess",
                                 eventTime=events.text_of(self.clock.now()))
        sifted = self.sift([*records, Record(record)], SETTLES + MARGIN)
        self.folder_door.put(shape, [record.line for record, _ in sifted], self.clock.wall())
        self.enter(sifted, "folder")
        return record["eventID"], sifted[0][0].time

    def wait_for_put(self, put):
        marker, first = put
        self.clock.sleep(SETTLES)
        self.wait(lambda: marker in self.listener.told_events, "what was put into the folder")
        self.time.heard("folder", first, self.clock.now(), self.clock.wall())

    def judge(self, body, status, answer):
        if body.odd or body.refusable:
            self.watch.provoke(r"events could not be read", r"events could not be taken")
        if status not in (200, 202):
            if body.refusable and status in (400, 413, 415):
                return
            ready = self.service.get("/readyz")[0]
            raise Failure(f"a post is answered with {status} ({answer.strip()[:300]}), readyz says "
                          f"{ready}: {self.service.last_log(2)}")
        receipt = json.loads(answer)
        if receipt["accepted"] != len(body.events):
            self.violation(f"{len(body.events)} events, {receipt['accepted']} accepted: "
                           f"{answer[:300]} {body.data[:300]!r}")
        if bool(receipt["rejected"]) != body.odd:
            self.violation(f"{receipt['rejected']} rejected: {answer[:300]} {body.data[:300]!r}")

    def sleep(self, seconds):
        """Time passes, and the service notices it: it looks at the clock four times a second."""
        if seconds > 1:
            self.wait_for_deliveries()  # to those that are under way it would be a time-out
        before = self.watermark()
        self.clock.sleep(seconds)
        if seconds < 1:
            return
        end = time.monotonic() + 2
        while self.watermark() == before and time.monotonic() < end:
            time.sleep(0.02)
        self.check_time()

    def check_time(self):
        """Event time has come as far as it must, and no further than the clock."""
        watermark, now = self.watermark(), self.clock.now()
        if watermark is None:
            return
        if watermark > now - law.LATENESS + MARGIN:
            self.violation(f"the watermark is {watermark - now + law.LATENESS:.0f} s ahead of time")
        least = self.time.least(now)
        if least is not None:
            self.wait(lambda: self.watermark() >= least,
                      f"a watermark of {events.text_of(least)}, at {events.text_of(now)}")

    # --- steps ----------------------------------------------------------------------------------
    def dated(self, story, begin):
        return [Record(events.dated(record, begin + at)) for at, record in story]

    def traffic(self, step):
        """In parts, each when its events have happened."""
        begin = self.clock.now()
        size = -(-len(step.events) // step.parts)
        for at in range(0, len(step.events), size):
            part = step.events[at:at + size]
            happened = begin + max(seconds for seconds, _ in part)
            self.sleep(max(0, happened - self.clock.now()))
            if step.door == "folder":
                self.wait_for_put(self.put(step.shape, self.dated(part, begin)))
            else:
                self.send(step.shape, self.dated(part, begin))

    def pause(self, step):
        self.sleep(step.seconds)

    def past(self, story, age):
        """A story that ended `age` seconds ago, in one body."""
        length = max(seconds for seconds, _ in story)
        return self.dated(story, self.clock.now() - age - length)

    def again(self, step):
        self.sent = [entry for entry in self.sent if entry[0] > self.clock.now() - KNOWN]
        if not self.sent:
            return
        _, body, records = self.sent[int(step.which * len(self.sent))]
        sifted = self.sift(records)
        if len(sifted) == len(records):  # what was ahead of its time may count now
            self.judge(body, *self.post(body, records))
            self.enter(sifted, "http")

    def backfill(self, step):
        for age, story in zip(step.ages, step.events):
            self.send(bodies.lines, self.past(story, age))

    def late(self, step):
        self.send(bodies.lines, self.past(step.events, step.age))

    def ahead(self, step):
        self.watch.allowed_own.add("tocsin.events_ahead")
        self.send(bodies.lines, self.dated(step.events, self.clock.now() + step.by))

    def odd(self, step):
        self.watch.allowed_own.add("tocsin.unreadable_record")
        sifted = self.sift(self.past(step.events, 0))
        body = step.body(self.stream.random, [record.line for record, _ in sifted])
        self.judge(body, *self.post(body, [record for record, _ in sifted] if body.events else ()))
        if body.events:
            self.note(body, sifted)

    def flood(self, step):
        self.watch.allowed_own.add("tocsin.unreadable_record")
        before = sum(self.watch.count_rows().values())
        body = step.body(self.stream.random)
        self.judge(body, *self.post(body))
        more = sum(self.watch.count_rows().values()) - before
        if more > ONE_FLOOD:
            self.violation(f"{len(body.data)} bytes leave {more} rows behind")

    def restart(self, step):
        status = self.service.stop()
        self.watch.ends += 1
        if status != 0:
            self.violation(f"exit status {status}: {self.service.last_log()}")
        self.clock.sleep(step.down)
        self.time.excuse(step.down)
        self.service.must_start("again")
        self.report.add(restarts=1)

    def kill(self, step):
        if step.door == "folder":
            return self.kill_reading(step)
        records = self.past(step.events, 0)
        sifted = self.sift(records)
        body = bodies.lines([record.line for record, _ in sifted])
        timer = None
        if step.during:
            timer = threading.Timer(step.after, self.service.signal, [signal.SIGKILL])
            timer.start()
            try:
                self.judge(body, *self.post(body))
            except (OSError, http.client.HTTPException):
                pass
            timer.join()
        self.service.signal(signal.SIGKILL)
        self.service.wait()
        self.watch.killed()
        self.clock.sleep(step.down)
        self.service.must_start("after a kill")
        self.time.doubt(self.clock.now())
        self.judge(body, *self.post(body, records))
        self.note(body, sifted)
        self.report.add(kills=1)

    def kill_reading(self, step):
        put = self.put(bodies.lines, self.past(step.events, 0))
        time.sleep(step.after * 10)
        self.service.signal(signal.SIGKILL)
        self.service.wait()
        self.watch.killed()
        self.clock.sleep(step.down)
        self.service.must_start("after a kill")
        self.time.doubt(self.clock.now())
        self.wait_for_put(put)
        self.report.add(kills=1)

    def reload(self, step):
        if step.how == "more":
            path = os.path.join(self.more_rules, "never.yml")
            if os.path.exists(path):
                os.remove(path)
            else:
                with open(path, "w", encoding="utf-8") as file:
                    file.write(NEVER)
        before = self.service.metric("tocsin_reloads_total") or 0
        if step.how == "signal":
            self.service.signal(signal.SIGHUP)
            self.wait(lambda: (self.service.metric("tocsin_reloads_total") or 0) > before, "a reload")
        else:
            status, answer = self.service.get("/-/reload", "POST")
            if status != 200:
                self.violation(f"reload: {status} {answer[:300]}")
        self.report.add(reloads=1)

    def clock_step(self, step):
        self.watch.allowed_own.add("tocsin.events_ahead")
        self.watch.allowed_always = ["the clock was set"]
        self.clock.step(step.off)
        self.send(bodies.lines, self.past(step.events, 0))
        self.clock.step(0)

    # --- the whole ------------------------------------------------------------------------------
    def live(self, days):
        weights = WEIGHTS
        if self.options.kinds:
            pairs = (entry.split(":") for entry in self.options.kinds.split(","))
            weights = {kind: int(weight) for kind, weight in pairs}
        self.stream = Stream(self.report.seed, self.doors, weights)
        self.maker = self.stream.maker
        deeds = {"clock": self.clock_step}
        for number, step in enumerate(self.stream):
            if self.clock.now() - BEGIN > days * DAY:
                break
            if self.options.verbose:
                print(f"{number} {(self.clock.now() - BEGIN) / DAY:.2f} {step}", file=sys.stderr)
            deeds.get(step.kind, getattr(self, step.kind, None))(step)
            for text in self.watch.check():
                self.violation(f"after step {number}, {step}: {text}")
            self.report.add(steps=1)
            if self.clock.now() > self.harvested + DAY:
                self.harvest()
            if len(self.report.violations) > 50:
                break
        self.lived = self.clock.now() - BEGIN
        self.finish()

    def finish(self):
        """One event of nobody, long after all others: then everything is decided."""
        self.harvest()
        self.sleep(2 * DAY)
        self.clock.sleep(1)
        closing = self.clock.now()
        closing_event = Record(self.maker.call("nobody", "ec2", "DescribeThings",
                                               recipientAccountId="999999999999",
                                               eventTime=events.text_of(closing)))
        self.send(bodies.lines, [closing_event])
        if "folder" in self.doors:
            self.wait_for_put(self.put(bodies.lines, [closing_event]))
        self.clock.sleep(law.LATENESS + 30)
        self.wait(lambda: self.watermark() > closing, "the end of time")
        self.wait_for_deliveries()
        for text in self.watch.check():
            self.violation(f"in the end: {text}")
        self.compare(self.watermark())

    def harvest(self):
        """Remembers the alerts that there are: they are kept for a week after their last event. Those
        of the last days may have changed, or become part of another one, since the last time."""
        since = self.clock.now() - 3 * DAY
        rows, before = [], ""
        while True:
            page = json_of(self.service.get(f"/api/v1/alerts?limit=1000{before}")[1])
            rows += page["alerts"]
            if "next_before" not in page or raised(rows[-1]) < since:
                break
            before = f"&before={page['next_before']}"
        self.alerts = {number: row for number, row in self.alerts.items() if raised(row) < since}
        self.alerts.update((row["number"], row) for row in rows if raised(row) >= since)
        self.harvested = self.clock.now()

    def compare(self, watermark):
        rules = [RULES]
        scan = self.options.scan
        expected = [alert for alert in law.scan(scan, rules, self.folder, self.ledger.accepted)
                    if not law.over_time(alert)]
        over_time = [alert for alert in law.scan(scan, rules, self.folder, self.ledger.correlated)
                     if law.over_time(alert)]
        self.harvest()
        found = [row["alert"] for row in self.alerts.values()
                 if not row["alert"]["rule"]["id"].startswith("tocsin.")]
        single = [alert for alert in found if not law.over_time(alert)]
        compare = law.compare_counts if self.options.grouped else law.compare_single
        self.report.violations += compare(expected, single)
        silent = [a for a in found if law.over_time(a) and a["correlation"]["type"] == "silent_source"]
        episodes = [a for a in found
                    if law.over_time(a) and a["correlation"]["type"] != "silent_source"]
        self.report.violations += law.compare_episodes(over_time, episodes)
        self.compare_silences(silent, watermark)
        self.report.add(alerts=len(single), episodes=len(episodes), silences=len(silent))

    def compare_silences(self, alerts, watermark):
        found = collections.defaultdict(list)
        for alert in alerts:
            group = alert["correlation"]["group_by"]
            if not group:
                self.report.violations.append(f"an episode without its group: {json.dumps(alert)}")
                continue
            kind = "source" if "tocsin.source" in group else "account"
            first = alert["correlation"]["first"]
            found[kind, next(iter(group.values()))].append(
                events.seconds_of({"eventTime": first[:19] + "Z"}))
        for key, times in self.ledger.silences(watermark).items():
            early = law.SILENCES[key[0]] / 32 + 2 if self.watch.kills else 1
            told = sorted(found.pop(key, []))
            fits = len(told) == len(times) and all(
                -early <= a - b <= 1 for a, b in zip(told, times))
            if not fits:
                self.report.violations.append(
                    f"silences of {key}: {[events.text_of(t) for t in told]}, not "
                    f"{[events.text_of(t) for t in times]}")
        for key, times in found.items():
            self.report.violations.append(f"silences of {key}, which nobody heard: {times}")


class Folder:
    """A folder into which files are put: lines that are added, and whole files as AWS writes them."""

    def __init__(self, path):
        self.path = path
        self.files = 0
        self.appended = 0
        os.mkdir(path)
        with open(os.path.join(path, "nothing.jsonl"), "w", encoding="utf-8"):
            pass

    def put(self, shape, lines, now):
        if shape in (bodies.log_file, bodies.packed):
            self.files += 1
            name = f"{self.files:05}.json" + (".gz" if shape is bodies.packed else "")
            with open(os.path.join(self.path, ".new"), "wb") as file:
                file.write(shape(lines).data)
            os.utime(file.name, (now, now))
            os.rename(file.name, os.path.join(self.path, name))
            return
        self.appended += 1
        path = os.path.join(self.path, f"lines{self.appended // 20:04}.jsonl")
        with open(path, "ab") as file:
            file.write(bodies.lines(lines).data)
        os.utime(path, (now, now))


def raised(row):
    return events.seconds_of({"eventTime": row["raised_at"]})


def one(options, seed):
    life = Life(options, seed)
    try:
        life.live(options.days)
    except Exception as error:  # of this seed; the others are still to be seen
        life.violation(str(error) if isinstance(error, Failure) else repr(error))
        if not isinstance(error, Failure):
            traceback.print_exc()
    finally:
        life.report.add(days=round(life.lived / DAY, 1))
        life.report.most(**life.watch.figures)
        life.close()
    return life.report


def main():
    parser = report.arguments(__doc__)
    parser.add_argument("--scan", help="the tocsin to compare with (default: the one beside it)")
    parser.add_argument("--days", type=float, default=4)
    parser.add_argument("--seeds", type=int, default=1, help="--seed and the ones that follow it")
    parser.add_argument("--parallel", type=int, default=1)
    parser.add_argument("--doors", default="http", help="http, folder, or http,folder")
    parser.add_argument("--kinds", help="other steps than the usual ones, and how often: pause:1,odd:4")
    parser.add_argument("--grouped", action="store_true", help="alerts are grouped, as by default")
    parser.add_argument("--verbose", action="store_true")
    options = report.parse(parser)
    options.scan = options.scan or os.path.join(os.path.dirname(options.binary), "tocsin")
    if events.corpus_folder() is None:
        print(f"SKIPPED: {NAME}: the events of the corpus, which is not there (set TOCSIN_CORPUS); "
              "made ones only", flush=True)
    total = report.Report(NAME, options.seed, options.sabotage)
    with concurrent.futures.ProcessPoolExecutor(options.parallel) as pool:
        for done in pool.map(one, [options] * options.seeds,
                             range(options.seed, options.seed + options.seeds)):
            total.merge(done)
    sys.exit(total.finish())


if __name__ == "__main__":
    main()
