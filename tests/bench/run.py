#!/usr/bin/env python3
"""Measures the engine against what the hardware allows: makes the inputs, runs every lane several
times in turn, prints a table of goals and figures.

  tests/bench/run.py [--runs 5] [--lanes A,C] [--json FILE] [--markdown FILE]

Exit code: 0 when everything ran, whether or not the goals are reached; 1 otherwise.
"""
import argparse
import pathlib
import subprocess
import sys

import lanes
import make_inputs
import measure
import report

ROOT = pathlib.Path(__file__).resolve().parents[2]
LONGEST_RUN = 5.0  # seconds; a lane that would take longer reads a slice of its input
PASSES = 3  # of a yardstick in one process, which reports the median


def mean(before, after):
    return (before + after) / 2


class Bench:
    def __init__(self, build, corpus, out, machine):
        self.build = build
        self.out = out
        self.corpus = corpus
        self.machine = machine
        self.binary = build / "tocsin"
        self.chosen = {}  # lane name → input

    def yardstick(self, lane):
        """What the lane is held to: its seconds for the whole input, records and bytes."""
        path = lane.inputs[0]
        if lane.against == "inflate":
            command = [self.build / "bench_inflate", PASSES, path]
        else:
            command = [self.build / "bench_yardstick", lane.against, path, PASSES]
        return measure.reference([str(word) for word in command], self.machine)

    def scan(self, lane, path, threads=None):
        command = lane.command(self.binary, path, threads)
        return measure.scan(self.machine.pinned(command, threads or lane.threads))

    def choose_input(self, lane):
        """Reads the input once, and settles how much of it one run can take."""
        if lane.name in self.chosen:
            return
        trial = self.scan(lane, lane.inputs[-1])
        small = trial.scan_seconds
        for i, path in enumerate(lane.inputs):
            estimate = small * path.stat().st_size / lane.inputs[-1].stat().st_size
            if estimate <= LONGEST_RUN or i + 1 == len(lane.inputs):
                self.chosen[lane.name] = path
                measure.warm(path)
                return

    def processes(self, lane, path):
        """Records per second of one process on each of lane.threads cores at the same time."""
        runs = [measure.ScanRun(self.machine.pinned_to(lane.command(self.binary, path, 1), i))
                for i in range(lane.threads)]
        return sum(run.finish().rate for run in runs)

    def round(self, chosen_lanes):
        """One figure for each lane. Each lane runs between two runs of its yardstick."""
        out = {}
        for lane in chosen_lanes:
            path = self.chosen[lane.name]
            if lane.against == "processes":
                before = self.processes(lane, path)
                scan = self.scan(lane, path)
                share = scan.rate / mean(before, self.processes(lane, path))
                size = path.stat().st_size
            else:
                before = self.yardstick(lane)
                scan = self.scan(lane, path)
                after = self.yardstick(lane)
                share = mean(before["seconds"], after["seconds"]) / scan.scan_seconds
                if lane.against == "inflate":
                    size = before["bytes"]
                else:
                    share *= scan.records / before["records"]  # the lane may read a slice
                    size = scan.input_bytes
            out[lane.name] = report.Figure(lane, scan, share, size)
        return out

    def whole_process(self):
        """Seconds of the command on one small file, seen from outside."""
        lane = lanes.Lane("start", "", [ROOT / "rules"], [], 0)
        return measure.scan(lane.command(self.binary, self.out / "one.jsonl")).wall_seconds

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


def arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    make_inputs.add_arguments(parser)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release",
                        help="build folder with tocsin and the yardsticks (default: build/release)")
    parser.add_argument("--binary", type=pathlib.Path, help="another tocsin to measure")
    parser.add_argument("--runs", type=int, default=5, help="rounds (default 5)")
    parser.add_argument("--lanes", help="such as A,C,growth (default: all)")
    parser.add_argument("--json", type=pathlib.Path, help="write every figure of every run here")
    parser.add_argument("--markdown", type=pathlib.Path, help="write the table as Markdown here")
    return parser.parse_args()


def main():
    args = arguments()
    build_missing(args.build)
    out = args.out.resolve()
    corpus = make_inputs.make(args)
    machine = measure.Machine()
    bench = Bench(args.build, corpus, out, machine)
    if args.binary:
        bench.binary = args.binary.resolve()
    every = lanes.lanes(corpus, out, ROOT)
    names = args.lanes.split(",") if args.lanes else list(every)
    unknown = set(names) - set(every)
    if unknown:
        sys.exit(f"no such lane: {', '.join(sorted(unknown))}; there are {', '.join(every)}")
    wanted = [every[name] for name in every if name in names]

    results = report.Results(machine.describe(), bench.binary, ROOT)
    try:
        for lane in wanted:
            measure.warm(lane.inputs[0])
            bench.choose_input(lane)
        for number in range(args.runs):
            results.rounds.append(bench.round(wanted))
            results.loads.append(bench.loading())
            results.starts += [bench.whole_process() for _ in range(3)]
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
