"""The alerts that must be there in the end, by what is documented: those of `tocsin scan` over the
same events, and the silences of live sources, which a scan leaves out.

README.md says which events a service correlates; the others meet single rules only.
"""
import collections
import json
import os
import subprocess

from events import HOUR

LATENESS = 900  # seconds: correlation.lateness, by default
SKEW = 10       # so far ahead of its receipt an event may be dated, or it moves no clock
AHEAD = 900     # so far, or it is not correlated
SILENCES = {    # shipped rules of type silent_source without rules: their timespan
    "source": 1 * HOUR,
    "account": 12 * HOUR,
}
# Correlations that count firings of a `new_value`. "When an earlier use of the value comes late, [a
# parent] gets that as well (this is the one place where the order of arrival shows)", says
# engine/correlate/README.md: the service may find more of these than a scan, never less.
ORDER_SHOWS = {
    "Console Logins of One User From Two Networks Within Half an Hour",
    "Role Without MFA Creates a Compute Environment From an Unknown Network With an Unknown Client",
}


def scan(binary, rules, folder, lines):
    """[alert] of a scan over `lines`, which are in order of arrival."""
    path = os.path.join(folder, "accepted.jsonl")
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines)
    done = subprocess.run([binary, "scan", "--rules", *rules, "--output", "jsonl", path],
                          capture_output=True, text=True, check=False)
    os.remove(path)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"scan ends with {done.returncode}: {done.stderr[-500:]}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def over_time(alert):
    return alert.get("correlation")


def single_of(alert):
    """A firing of a single rule: which rule, which event. Records of examples share ids."""
    return alert["rule"]["title"], alert.get("event_id", ""), alert["event_time"], alert["id"]


def episode_of(alert):
    """An episode: of which rule and group, from when to when, how often it fired."""
    found = alert["correlation"]
    return (alert["rule"]["title"], tuple(sorted(found["group_by"].items())),
            tuple(sorted(found.get("values", {}).items())),
            found["first"], found["last"], found["firings"])


SILENT_AFTER = 10  # seconds: then a source's time goes on with the clock


class Time:
    """How far event time must have come, at least: engine/correlate/README.md, "Clocks"."""

    def __init__(self):
        self.sources = {}  # name -> [newest, when it was heard of]; newest None: nobody knows

    def heard(self, source, first, now, wall):
        """`first`: the time of the first event of a submission. The service asks that one its time,
        and of the others only some (Evaluator::examine). What is dated later than its receipt moves
        the source's clock no further than that."""
        newest, _ = self.sources.setdefault(source, [None, now])
        if first is not None and first <= wall + SKEW - 1:
            first = min(first, wall)
            newest = first if newest is None else max(newest, first)
        self.sources[source] = [newest, now]

    def excuse(self, seconds):
        """The service was not there to hear of them."""
        for source in self.sources.values():
            source[1] += seconds

    def doubt(self, now):
        """It was killed, and started again: what it had heard last may be lost. Until a source is
        heard again, or has been silent for the lateness, it may hold back the others."""
        for source in self.sources.values():
            source[:] = [None, now]

    def least(self, now):
        """None: nobody knows. The slowest account of a source may hold it back by the lateness."""
        silences = {name: now - heard for name, (_, heard) in self.sources.items()}
        unknown = [name for name, (newest, _) in self.sources.items() if newest is None]
        if any(silences[name] < LATENESS + SILENT_AFTER for name in unknown):
            return None
        reached = {name: newest + (silences[name] if silences[name] >= SILENT_AFTER else 0)
                   for name, (newest, _) in self.sources.items() if newest is not None}
        if not reached:
            return None
        active = [reached[name] for name in reached if silences[name] < LATENESS]
        return (min(active) if active else max(reached.values())) - 2 * LATENESS - SILENT_AFTER


class Ledger:
    """What was accepted, in order of arrival."""

    def __init__(self):
        self.accepted = []    # lines
        self.correlated = []  # lines of those that came in time
        self.present = collections.defaultdict(list)  # ("source" | "account", name) -> times

    def add(self, record, source, in_time):
        self.accepted.append(record.line)
        if not in_time:
            return
        self.correlated.append(record.line)
        if record.time is not None:
            self.present["source", source].append(record.time)
            if record.account is not None:
                self.present["account", record.account].append(record.time)

    def join(self, records, source, watermark):
        """Events of one submission between which no gap is longer than T are heard as one stretch:
        of one that begins late, what comes after the watermark counts, from the watermark on."""
        times = collections.defaultdict(list)
        for record in records:
            if record.time is not None:
                times["source", source].append(record.time)
                if record.account is not None:
                    times["account", record.account].append(record.time)
        for key, heard in times.items():
            before = [time for time in heard if time < watermark]
            after = [time for time in heard if time >= watermark]
            if before and after and min(after) - max(before) <= SILENCES[key[0]]:
                self.present[key].append(watermark)

    def silences(self, watermark):
        """{(kind, name): [times at which it had been silent for too long]}, up to `watermark`."""
        out = {}
        for (kind, name), times in self.present.items():
            times = sorted(times)
            span = SILENCES[kind]
            out[kind, name] = [time + span for time, after in zip(times, times[1:] + [float("inf")])
                               if after - time > span and time + span < watermark]
        return out


def compare_single(expected, found):
    """Of single rules, without grouping: each firing is an alert. A scan raises one again for an
    event that it meets again."""
    return differences(collections.Counter(set(map(single_of, expected))),
                       collections.Counter(map(single_of, found)), "alert")


def compare_counts(expected, found):
    """The same with grouping: firings by rule, principal and account, whatever alert counts them."""
    firings = {(alert["id"], alert["event_time"], alert["rule"]["title"], alert["principal"],
                alert["account"]) for alert in expected}
    told = collections.Counter()
    for alert in found:
        told[alert["rule"]["title"], alert["principal"], alert["account"]] += alert["count"]
    return differences(collections.Counter(firing[2:] for firing in firings), told, "firings")


def compare_episodes(expected, found):
    """Texts: what differs. Both are lists of alerts."""
    exact = [collections.Counter(episode_of(alert) for alert in alerts
                                 if alert["rule"]["title"] not in ORDER_SHOWS)
             for alerts in (expected, found)]
    out = differences(*exact, "episode")
    rest = [[episode_of(alert) for alert in alerts if alert["rule"]["title"] in ORDER_SHOWS]
            for alerts in (expected, found)]
    for title, group, values, first, last, firings in rest[0]:
        if not any(episode[:3] == (title, group, values) and episode[3] <= first and
                   episode[4] >= last and episode[5] >= firings for episode in rest[1]):
            out.append(f"- 1 episode: {(title, group, values, first, last, firings)}")
    return out


def differences(expected, found, what):
    """Texts, one for each that is missing or too many."""
    out = []
    for sign, left in (("-", expected - found), ("+", found - expected)):
        out += [f"{sign} {times} {what}: {entry}" for entry, times in sorted(left.items(), key=str)]
    return out
