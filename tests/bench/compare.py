#!/usr/bin/env python3
"""Compares two builds of tocsin on the same inputs, run in turn: how many times as fast is B?

  tests/bench/compare.py BINARY_A BINARY_B [--lanes A,C] [--runs 7]
"""
import argparse
import pathlib
import statistics
import sys

sys.dont_write_bytecode = True  # a source folder stays as it is

import lanes
import make_inputs
import measure
import run


def arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    make_inputs.add_arguments(parser)
    parser.add_argument("a", type=pathlib.Path, metavar="BINARY_A")
    parser.add_argument("b", type=pathlib.Path, metavar="BINARY_B")
    parser.add_argument("--runs", type=int, default=7, help="of each binary (default 7)")
    parser.add_argument("--lanes", default="A", help="such as A,C,growth (default A)")
    return parser.parse_args()


def pairs_of_scans(benches, lane, runs):
    """(A, B) of each run; the binaries take turns in going first."""
    out = []
    for number in range(runs):
        pair = [None, None]
        for which in (0, 1) if number % 2 == 0 else (1, 0):
            bench = benches[which]
            pair[which] = bench.scan(lane, bench.chosen[lane.name])
        out.append(pair)
    return out


def print_ratios(name, pairs):
    ratios = [b.rate / a.rate for a, b in pairs]
    by_cpu = statistics.median(b.rate_by_cpu / a.rate_by_cpu for a, b in pairs)
    spread = f"{min(ratios):.3f}-{max(ratios):.3f}"
    rate_a, rate_b = (statistics.median(scan.rate for scan in column) for column in zip(*pairs))
    print(f"{name:6}  {statistics.median(ratios):6.3f}  {spread:>13}  {by_cpu:6.3f}  {rate_a:12,.0f}"
          f"  {rate_b:12,.0f}", flush=True)


def main():
    args = arguments()
    corpus = make_inputs.make(args)
    out = args.out.resolve()
    benches = [run.Bench(None, binary, corpus, out) for binary in (args.a, args.b)]
    print(f"{'lane':6}  {'B/A':>6}  {'spread':>13}  {'by CPU':>6}  {'A records/s':>12}  "
          f"{'B records/s':>12}")
    try:
        for lane in run.chosen_lanes(lanes.lanes(corpus, out, run.ROOT), args.lanes):
            for bench in benches:
                bench.choose_input(lane)
            print_ratios(lane.name, pairs_of_scans(benches, lane, args.runs))
    except measure.Failed as failure:
        sys.exit(f"bench: {failure}")


if __name__ == "__main__":
    main()
