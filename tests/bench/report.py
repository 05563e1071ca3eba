"""From figures of single runs to the table of goals."""
import dataclasses
import json
import statistics
import subprocess
import time


# A process that got less of its core than this had to share it: the figure is worth little.
UNDISTURBED = 0.9


@dataclasses.dataclass
class Figure:
    """One lane in one round."""
    lane: object
    scan: object
    share: float  # of what the lane is held to, in the same round
    input_bytes: int   # of what was read, inflated
    cpu_share: float   # the least that one of its processes had of its core
    share_by_cpu: float | None = None  # the share, in processor time

    @property
    def disturbed(self):
        return self.cpu_share < UNDISTURBED


@dataclasses.dataclass
class Row:
    name: str
    what: str
    figure: float
    goal: str
    reached: bool
    spread: str = ""
    by_cpu: str = ""
    rate: str = ""
    gigabytes: str = ""
    load: str = ""
    memory: str = ""
    disturbed: str = ""


def median(values):
    return statistics.median(list(values))


class Results:
    def __init__(self, machine, commit, inputs):
        self.machine = machine
        self.inputs = inputs
        self.commit = commit
        self.when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self.rounds = []  # lane name → Figure
        self.loads = []   # Scan
        self.starts = []  # seconds

    def lane_row(self, name):
        figures = [figures[name] for figures in self.rounds]
        lane = figures[0].lane
        shares = [figure.share for figure in figures]
        scans = [figure.scan for figure in figures]
        return Row(
            name, lane.what, median(shares), f">= {lane.goal:.2f}", median(shares) >= lane.goal,
            f"{min(shares):.3f}-{max(shares):.3f}",
            f"{median(f.share_by_cpu for f in figures):.3f}" if figures[0].share_by_cpu else "",
            f"{median(s.rate for s in scans):,.0f}",
            f"{median(f.input_bytes / f.scan.scan_seconds for f in figures) / 1e9:.3f}",
            f"{median(s.load_seconds for s in scans) * 1e3:,.0f}",
            f"{median(s.max_rss_bytes for s in scans) / 1e6:,.0f}",
            f"{sum(f.disturbed for f in figures)}/{len(figures)}")

    def ratio_row(self, name, what, goal, top, bottom, at_most):
        """A ratio of two lanes of the same round, in records per second."""
        ratios = [f[top].scan.rate / f[bottom].scan.rate for f in self.rounds]
        by_cpu = median(f[top].scan.rate_by_cpu / f[bottom].scan.rate_by_cpu for f in self.rounds)
        value = median(ratios)
        sign = "<=" if at_most else ">="
        return Row(name, what, value, f"{sign} {goal:.2f}",
                   value <= goal if at_most else value >= goal,
                   f"{min(ratios):.3f}-{max(ratios):.3f}", f"{by_cpu:.3f}")

    def rows(self):
        names = list(self.rounds[0])
        out = [self.lane_row(name) for name in names if name != "growth"]
        if {"A", "C"} <= set(names):
            out.append(self.ratio_row("C/A", "3,000 rules, share of lane A", 0.75, "C", "A", False))
        if {"C", "growth"} <= set(names):
            out.append(self.ratio_row("growth", "cost per record, ten times the rules of C", 2.0,
                                      "C", "growth", True))
        milliseconds = median(s.load_seconds for s in self.loads) * 1e3
        megabytes = median(s.max_rss_bytes for s in self.loads) / 1e6
        start = median(self.starts) * 1e3
        rules = self.loads[0].rules
        out.append(Row("load", f"loading all {rules:,} SigmaHQ rules, ms", milliseconds, "<= 250",
                       milliseconds <= 250))
        out.append(Row("rss", "peak memory of that, MB", megabytes, "<= 100", megabytes <= 100))
        out.append(Row("start", "whole process on one record, starter pack, ms", start, "<= 30",
                       start <= 30))
        return out

    HEAD = ("lane", "what", "goal", "figure", "reached", "spread", "by CPU", "records/s", "GB/s",
            "load ms", "RSS MB", "disturbed")

    def cells(self):
        for row in self.rows():
            figure = f"{row.figure:.3f}" if row.figure < 10 else f"{row.figure:,.0f}"
            yield (row.name, row.what, row.goal, figure, "yes" if row.reached else "NO", row.spread,
                   row.by_cpu, row.rate, row.gigabytes, row.load, row.memory, row.disturbed)

    def headline(self):
        return (f"{self.machine['cpu']}, {self.machine['cores']} cores, commit {self.commit}, "
                f"{self.when}, median of {len(self.rounds)}, load before "
                f"{self.machine['load_before']:.1f}, inputs from {self.inputs}")

    def table(self):
        rows = [self.HEAD, *self.cells()]
        widths = [max(len(row[i]) for row in rows) for i in range(len(self.HEAD))]
        lines = [self.headline(), ""]
        for row in rows:
            lines.append("  ".join(cell.ljust(width) if i in (0, 1, 4) else cell.rjust(width)
                                   for i, (cell, width) in enumerate(zip(row, widths))).rstrip())
        return "\n".join(lines) + "\n"

    def markdown(self):
        lines = [self.headline(), "", "| " + " | ".join(self.HEAD) + " |",
                 "|" + "---|" * len(self.HEAD)]
        lines += ["| " + " | ".join(row) + " |" for row in self.cells()]
        return "\n".join(lines) + "\n"

    def as_json(self):
        def figure(value):
            return {"share": value.share, "share_by_cpu": value.share_by_cpu,
                    "read_bytes": value.input_bytes, "least_cpu_share": value.cpu_share,
                    **dataclasses.asdict(value.scan)}
        return json.dumps({
            "machine": self.machine, "inputs": self.inputs, "commit": self.commit,
            "when": self.when, "rows": [dataclasses.asdict(row) for row in self.rows()],
            "rounds": [{name: figure(f) for name, f in one.items()} for one in self.rounds],
            "loads": [dataclasses.asdict(scan) for scan in self.loads],
            "start_seconds": self.starts}, indent=1) + "\n"


def commit_of(root):
    done = subprocess.run(["git", "-C", str(root), "describe", "--always", "--dirty"],
                          capture_output=True, text=True)
    return done.stdout.strip() or "unknown"
