#!/usr/bin/env python3
"""What detections over time cost: speed of a scan with and without correlations, memory of live
groups, memory and disk of known values.

    cmake --preset release -DTOCSIN_BENCH=ON && cmake --build --preset release --target tocsin bench_state
    tests/bench/correlations.py [--corpus FOLDER] [--megabytes N] [--rounds N]

The stream: real events (or, without the corpus, the repository's examples) repeated, each with an
eventID and an eventTime of its own; about one in ten fulfils a rule that correlations count. The
same stream is scanned with the rules and correlations and with the rules alone, in turn; the ratio
is that of processor time, which other work on the machine disturbs least.
"""
import argparse
import collections
import datetime
import json
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
START = 1_700_000_000

CORRELATIONS = """
title: Many calls
name: many_calls
correlation:
    type: event_count
    rules: [call]
    group-by: [tocsin.principal]
    timespan: 5m
    condition: {gte: 1000}
---
title: Many networks
name: many_networks
correlation:
    type: value_count
    rules: [call]
    group-by: [tocsin.principal]
    timespan: 10m
    condition: {field: sourceIPAddress, gte: 50}
---
title: Many regions, then many calls
name: regions_then_calls
correlation:
    type: temporal_ordered
    rules: [many_networks, many_calls]
    group-by: [tocsin.principal]
    timespan: 1h
    generate: true
level: high
"""


def events_of(corpus):
    folder = corpus / "events" if corpus else ROOT / "examples" / "events"
    events = []
    for path in sorted(folder.glob("*.jsonl")):
        if path.name.endswith(".meta.jsonl"):
            continue
        for line in path.read_text(errors="replace").splitlines():
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict) and "eventName" in event and "eventSource" in event:
                events.append(event)
    return events


def tenth_of(events):
    """Names of calls that together make about a tenth of the events."""
    counts = collections.Counter(event["eventName"] for event in events)
    wanted, chosen, have = len(events) / 10, [], 0
    for name, count in counts.most_common():
        if have + count <= wanted * 1.05:
            chosen.append(name)
            have += count
    return chosen, have / len(events)


def write_stream(path, events, size):
    rng = random.Random(5)
    number = written = 0
    with open(path, "w") as out:
        while written < size:
            rng.shuffle(events)
            for event in events:
                # Seconds go on by twenty events each; one in two is up to ten minutes late.
                time = START + number // 20 - (rng.randrange(600) if rng.random() < 0.5 else 0)
                event["eventID"] = f"{number:08x}-0000-4000-8000-{number:012x}"
                event["eventTime"] = time_text(time)
                line = json.dumps(event, separators=(",", ":"))
                out.write(line + "\n")
                written += len(line) + 1
                number += 1
                if written >= size:
                    break
    return number


def time_text(seconds):
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def rule(names):
    listed = "".join(f"            - {json.dumps(name)}\n" for name in names)
    return ("title: Call\nname: call\nlogsource: {product: aws, service: cloudtrail}\ndetection:\n"
            f"    selection:\n        eventName:\n{listed}    condition: selection\n"
            "level: informational\n")


def scan(binary, rules, stream, stats):
    subprocess.run([binary, "scan", "--rules", rules, "--output", "none", "--stats", stats, stream],
                   check=True, stderr=subprocess.DEVNULL)
    return json.loads(pathlib.Path(stats).read_text())


def main():
    default = ROOT.parent / "shared" / "corpus"
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=pathlib.Path, default=default if default.is_dir() else None)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release")
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--groups", type=int, default=1_000_000)
    parser.add_argument("--values", type=int, default=10_000_000)
    args = parser.parse_args()
    events = events_of(args.corpus)
    names, share = tenth_of(events)
    result = {}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        stream, stats = folder / "stream.jsonl", folder / "stats.json"
        records = write_stream(stream, events, args.megabytes << 20)
        (folder / "without.yml").write_text(rule(names))
        (folder / "with.yml").write_text(rule(names) + "---\n" + CORRELATIONS.strip() + "\n")
        binary = args.build / "tocsin"
        ratios, rates = [], {"with": [], "without": []}
        for _ in range(args.rounds):
            seconds = {}
            for kind in ("without", "with"):
                measured = scan(binary, folder / f"{kind}.yml", stream, stats)
                seconds[kind] = measured["scan_cpu_seconds"]
                rates[kind].append(measured["records"] / measured["scan_cpu_seconds"])
            ratios.append(seconds["without"] / seconds["with"])
        result["scan"] = {"records": records, "share_of_hits": round(share, 3),
                          "ratio": round(statistics.median(ratios), 3),
                          "ratios": [round(ratio, 3) for ratio in sorted(ratios)],
                          "per_cpu_second": {kind: round(statistics.median(all_))
                                             for kind, all_ in rates.items()}}
        print(json.dumps(result["scan"]), file=sys.stderr, flush=True)
        for mode, count in (("groups", args.groups), ("values", args.values)):
            if count == 0:
                continue
            with tempfile.TemporaryDirectory() as own:
                out = subprocess.run([args.build / "bench_state", mode, str(count), own], check=True,
                                     capture_output=True, text=True).stdout
            result[mode] = json.loads(out)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
