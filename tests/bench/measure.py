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
    scan_cpu_seconds: float
    max_rss_bytes: int
    wall_seconds: float = 0.0  # of the whole process, seen from outside
    cpu_share: float = 1.0     # processor time by wall time and threads: below 1 it had to wait

    @property
    def rate(self):
        return self.records / self.scan_seconds

    @property
    def rate_by_cpu(self):
        """Records per second of processor time: steadier when the machine is shared."""
        return self.records / self.scan_cpu_seconds


class Machine:
    """The cores that measurements may use."""

    def __init__(self):
        self.cores = sorted(os.sched_getaffinity(0))
        self.taskset = shutil.which("taskset")

    def pinned(self, command, cores=1):
        """The command on the last of our cores: the first serves most interrupts."""
        if not self.taskset:
            return command
        chosen = ",".join(str(core) for core in self.cores[-cores:])
        return [self.taskset, "-c", chosen, *command]

    def pinned_to(self, command, index):
        """The command on one core; different indices are different cores while there are any."""
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


class Run:
    """A process that has been started; several may run at a time."""

    def __init__(self, command, stdout):
        self.command = [str(word) for word in command]
        self.start = time.perf_counter()
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=stdout,
                                        stderr=subprocess.PIPE)

    def finish(self):
        """(standard output, wall seconds, processor seconds)"""
        output = self.process.stdout.read() if self.process.stdout else b""
        errors = self.process.stderr.read()
        status, usage = os.wait4(self.process.pid, 0)[1:]
        wall = time.perf_counter() - self.start
        self.process.returncode = os.waitstatus_to_exitcode(status)
        if self.process.returncode != 0:
            last = errors.decode(errors="replace").strip().splitlines()[-1:]
            raise Failed(f"{' '.join(self.command)}: exit {self.process.returncode}: {last}")
        return output, wall, usage.ru_utime + usage.ru_stime


def reference(command):
    """A yardstick's JSON object, and its share of the processor as "cpu_share"."""
    output, wall, cpu = Run(command, subprocess.PIPE).finish()
    return {**json.loads(output), "cpu_share": cpu / wall}


class ScanRun:
    """A `tocsin scan` that has been started."""

    def __init__(self, command, threads=1):
        self.stats = tempfile.NamedTemporaryFile(prefix="bench", suffix=".json")
        self.threads = threads
        self.run = Run([*command, "--stats", self.stats.name], subprocess.DEVNULL)

    def finish(self):
        with self.stats:
            _, wall, cpu = self.run.finish()
            stats = json.load(open(self.stats.name))
        fields = {field.name for field in dataclasses.fields(Scan)}
        return Scan(wall_seconds=wall, cpu_share=cpu / wall / self.threads,
                    **{k: v for k, v in stats.items() if k in fields})


def files_of(path):
    path = pathlib.Path(path)
    return [file for file in sorted(path.rglob("*")) if file.is_file()] if path.is_dir() else [path]


def size_of(path):
    return sum(file.stat().st_size for file in files_of(path))


def warm(path):
    """Reads a file or a folder once, so that it is in the page cache."""
    for file in files_of(path):
        with open(file, "rb", buffering=0) as stream:
            while stream.read(1 << 22):
                pass
