"""Runs one process and reads what it measured. Nothing here knows what is compared with what."""
import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time


@dataclasses.dataclass
class Scan:
    """One run of `tocsin scan`."""
    records: int
    matches: int
    rules: int
    input_bytes: int
    load_seconds: float
    scan_seconds: float
    max_rss_bytes: int
    wall_seconds: float = 0.0

    @property
    def rate(self):
        return self.records / self.scan_seconds if self.scan_seconds else 0.0


class Machine:
    """The cores that measurements may use."""

    def __init__(self):
        self.cores = sorted(os.sched_getaffinity(0))
        self.taskset = shutil.which("taskset")

    def pinned(self, command, cores):
        """The command on some of our cores, counted from the last: the first serves interrupts."""
        if not self.taskset:
            return command
        chosen = ",".join(str(core) for core in self.cores[-cores:])
        return [self.taskset, "-c", chosen, *command]

    def pinned_to(self, command, index):
        if not self.taskset:
            return command
        return [self.taskset, "-c", str(self.cores[-1 - index % len(self.cores)]), *command]

    def describe(self):
        model = "unknown"
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
        return {"cpu": model, "cores": len(self.cores), "kernel": os.uname().release,
                "load_before": os.getloadavg()[0]}


class Failed(Exception):
    pass


def run(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode != 0:
        text = done.stderr.decode(errors="replace").strip().splitlines()
        raise Failed(f"{' '.join(map(str, command))}: exit {done.returncode}: {text[-1:]}")
    return done.stdout


def reference(command, machine):
    """A yardstick's JSON object."""
    return json.loads(run(machine.pinned(command, 1)))


class ScanRun:
    """A `tocsin scan` that has been started; several may run at a time."""

    def __init__(self, command):
        self.stats = tempfile.NamedTemporaryFile(prefix="bench", suffix=".json")
        self.start = time.perf_counter()
        self.command = [*command, "--stats", self.stats.name]
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def finish(self):
        errors = self.process.communicate()[1]
        wall = time.perf_counter() - self.start
        if self.process.returncode != 0:
            last = errors.decode(errors="replace").strip().splitlines()[-1:]
            raise Failed(f"{' '.join(self.command)}: exit {self.process.returncode}: {last}")
        fields = {field.name for field in dataclasses.fields(Scan)}
        with self.stats, open(self.stats.name) as file:
            stats = json.load(file)
        return Scan(wall_seconds=wall, **{k: v for k, v in stats.items() if k in fields})


def scan(command):
    return ScanRun(command).finish()


def warm(path):
    """Reads a file or a folder once, so that it is in the page cache."""
    path = pathlib.Path(path)
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            with open(file, "rb", buffering=0) as stream:
                while stream.read(1 << 22):
                    pass
