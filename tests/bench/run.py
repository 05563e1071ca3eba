#!/usr/bin/env python3
"""Measures the engine against what the hardware allows: makes the inputs, runs every lane several
times in turn, prints a table of goals and figures.

  tests/bench/run.py [--corpus FOLDER] [--runs 5] [--lanes A,C] [--json FILE] [--markdown FILE]

Exit code: 0 when everything ran, whether or not the goals are reached; 1 otherwise.
"""
import argparse
import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True  # a source folder stays as it is

import lanes
import make_inputs
import measure
import report

ROOT = pathlib.Path(__file__).resolve().parents[2]
LONGEST_RUN = 5.0  # seconds; a lane that would take longer reads a slice of its input
STARTS = 5  # of the whole process in a round
PASSES = 3  # of a yardstick in one process, which reports the median


def mean(before, after):
    return (before + after) / 2


class Bench:
    def __init__(self, build, binary, corpus, out, tries=1):
        self.build = build
        self.binary = binary
        self.corpus = corpus
        self.out = out
        self.tries = tries  # of a figure whose processes did not get their cores
        self.machine = measure.Machine()
        self.chosen = {}  # lane name → input

    def yardstick(self, lane):
        """What the lane is held to: its seconds for the whole input, records and bytes."""
        path = lane.inputs[0]
        if lane.against == "inflate":
            command = [self.build / "bench_inflate", PASSES, path]
        else:
            command = [self.build / "bench_yardstick", lane.against, path, PASSES]
        return measure.reference(self.machine.pinned(command))

    def scan(self, lane, path):
        command = self.machine.pinned(lane.command(self.binary, path), lane.threads)
        return measure.ScanRun(command, lane.threads).finish()

    def processes(self, lane, path):
        """lane.threads processes of one thread, each on a core of its own, all at the same time:
        their records per second together, and the least share that one had of its core."""
        runs = [measure.ScanRun(self.machine.pinned_to(lane.command(self.binary, path, 1), i))
                for i in range(lane.threads)]
        scans = [run.finish() for run in runs]
        return sum(scan.rate for scan in scans), min(scan.cpu_share for scan in scans)

    def choose_input(self, lane):
        """Settles how much of its input one run of the lane can take, and reads that once."""
        small = lane.inputs[-1]
        seconds = self.scan(lane, small).scan_seconds
        for path in lane.inputs:
            if path == small or seconds * measure.size_of(path) / measure.size_of(small) <= LONGEST_RUN:
                self.chosen[lane.name] = path
                break
        measure.warm(lane.inputs[0])
        measure.warm(self.chosen[lane.name])

    def figure(self, lane):
        """One run of a lane between two runs of what it is held to; again if it was disturbed."""
        tries = []
        while len(tries) < self.tries:
            tries.append(self.beside_processes(lane) if lane.against == "processes"
                         else self.beside_yardstick(lane))
            if not tries[-1].disturbed:
                break
        return max(tries, key=lambda figure: figure.cpu_share)

    def beside_processes(self, lane):
        path = self.chosen[lane.name]
        before, before_cpu = self.processes(lane, path)
        scan = self.scan(lane, path)
        after, after_cpu = self.processes(lane, path)
        # That of the scan itself says nothing: its threads may wait for each other.
        cpu_share = min(before_cpu, after_cpu)
        return report.Figure(lane, scan, scan.rate / mean(before, after), scan.input_bytes, cpu_share)

    def beside_yardstick(self, lane):
        before = self.yardstick(lane)
        scan = self.scan(lane, self.chosen[lane.name])
        after = self.yardstick(lane)
        read = scan.input_bytes / measure.size_of(lane.inputs[0])  # less than 1 with a slice
        share = mean(before["seconds"], after["seconds"]) * read / scan.scan_seconds
        cpu = mean(before["cpu_seconds"], after["cpu_seconds"]) * read / scan.scan_cpu_seconds
        size = before["bytes"] if lane.against == "inflate" else scan.input_bytes
        cpu_share = min(before["cpu_share"], scan.cpu_share, after["cpu_share"])
        return report.Figure(lane, scan, share, size, cpu_share, cpu)

    def whole_process(self):
        """Seconds of the command on one small file, seen from outside."""
        lane = lanes.Lane("start", "", [ROOT / "rules"], [], 0)
        command = lane.command(self.binary, self.out / "one.jsonl")
        return measure.ScanRun(command).finish().wall_seconds

    def loading(self):
        lane = lanes.Lane("load", "", [self.corpus.all_rules], [], 0)
        return self.scan(lane, self.out / "one.jsonl")


def build_missing(build):
    missing = [name for name in ("tocsin", "bench_yardstick", "bench_inflate")
               if not (build / name).is_file()]
    if not missing:
        return
    print(f"building {', '.join(missing)}", file=sys.stderr)
    subprocess.run(["cmake", "-B", build, "-DTOCSIN_BENCH=ON", ROOT], check=True,
                   stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", build, "--target", *missing], check=True)


def add_build_argument(parser):
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release",
                        help="build folder with tocsin and the yardsticks (default: build/release)")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    make_inputs.add_arguments(parser)
    add_build_argument(parser)
    parser.add_argument("--binary", type=pathlib.Path,
                        help="the tocsin to measure (default: that of the build folder)")
    parser.add_argument("--runs", type=int, default=5, help="rounds (default 5)")
    parser.add_argument("--tries", type=int, default=3,
                        help="of a run whose processes had to share their cores (default 3)")
    parser.add_argument("--lanes", help="such as A,C,growth (default: all)")
    parser.add_argument("--json", type=pathlib.Path, help="write every figure of every run here")
    parser.add_argument("--markdown", type=pathlib.Path, help="write the table as Markdown here")
    return parser.parse_args()


def chosen_lanes(every, names):
    wanted = names.split(",") if names else list(every)
    unknown = set(wanted) - set(every)
    if unknown:
        sys.exit(f"no such lane: {', '.join(sorted(unknown))}; there are {', '.join(every)}")
    return [lane for name, lane in every.items() if name in wanted]


def main():
    args = arguments()
    build_missing(args.build)
    corpus = make_inputs.make(args)
    out = args.out.resolve()
    bench = Bench(args.build, args.binary or args.build / "tocsin", corpus, out,
                  args.tries)
    wanted = chosen_lanes(lanes.lanes(corpus, out, ROOT), args.lanes)
    results = report.Results(bench.machine.describe(), report.commit_of(ROOT), corpus.name)
    try:
        for lane in wanted:
            bench.choose_input(lane)
        for number in range(args.runs):
            results.rounds.append({lane.name: bench.figure(lane) for lane in wanted})
            results.loads.append(bench.loading())
            results.starts += [bench.whole_process() for _ in range(STARTS)]
            print(f"round {number + 1} of {args.runs}", file=sys.stderr)
    except measure.Failed as failure:
        sys.exit(f"bench: {failure}")
    print(results.table(), end="")
    if args.json:
        args.json.write_text(results.as_json())
    if args.markdown:
        args.markdown.write_text(results.markdown())


if __name__ == "__main__":
    main()
