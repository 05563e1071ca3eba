#!/usr/bin/env python3
"""Makes what the benchmarks read, from a corpus of real events and rules. Seeded: the same corpus
gives the same bytes. Nothing is done when the folder is up to date.

  make_inputs.py [--corpus FOLDER | --examples] [--out build/bench] [--megabytes 430]
"""
import argparse
import gzip
import hashlib
import json
import pathlib
import random
import re
import shutil
import sys
import time

sys.dont_write_bytecode = True  # a source folder stays as it is

import make_rules

ROOT = pathlib.Path(__file__).resolve().parents[2]
SEED = 20261123
SLICES = (4, 16, 64)  # mix_4.jsonl is a quarter of mix.jsonl, and so on: for what is slow

# What differs from one record to the next even if the same call is made again.
FRESH = re.compile(
    rb'"(eventID|requestID|eventTime|(?:Parent)?ProcessGuid|LogonGuid)":"([^"\\]*)"')
UUID = re.compile(rb"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
TIME = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


class Record:
    """A real record, cut at the places that get a fresh value in each copy."""

    def __init__(self, line):
        self.parts = []
        at = 0
        for found in FRESH.finditer(line):
            make = fresh_value(found[2])
            if make is None:
                continue
            self.parts += [line[at:found.start(2)], make]
            at = found.end(2)
        self.parts.append(line[at:])

    def copy(self, picks):
        return b"".join(p if isinstance(p, bytes) else p(picks) for p in self.parts)


def fresh_value(old):
    if UUID.fullmatch(old):
        return lambda picks: b"%08x-%04x-%04x-%04x-%012x" % (
            picks.getrandbits(32), picks.getrandbits(16), picks.getrandbits(16),
            picks.getrandbits(16), picks.getrandbits(48))
    if TIME.fullmatch(old):
        return lambda picks: b"2026-%02d-%02dT%02d:%02d:%02dZ" % (
            picks.randrange(1, 13), picks.randrange(1, 29), picks.randrange(24),
            picks.randrange(60), picks.randrange(60))
    if re.fullmatch(rb"[0-9A-Z]{12,32}", old):
        return lambda picks: (b"%0*X" % (len(old), picks.getrandbits(4 * len(old))))
    return None


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def is_cloudtrail(record):
    return isinstance(record, dict) and all(isinstance(record.get(key), str)
                                            for key in ("eventName", "eventSource", "eventTime"))


def load_events(folder):
    """(line, record) of every CloudTrail record below the folder."""
    out = []
    for path in sorted(folder.glob("*.json*")):
        if ".meta." in path.name:
            continue
        text = path.read_bytes()
        if path.suffix == ".jsonl":
            pairs = [(line, json.loads(line)) for line in text.splitlines() if line.strip()]
        else:
            value = json.loads(text)
            pairs = [(compact(value), value)]
        out += [(line, record) for line, record in pairs if is_cloudtrail(record)]
    return out


def repeated(lines, size, seed):
    """Copies of all lines, each equally often, shuffled, at least `size` bytes together."""
    picks = random.Random(seed)
    records = [Record(line) for line in lines]
    whole = sum(len(line) + 1 for line in lines)
    order = list(range(len(records))) * -(-size // whole)
    picks.shuffle(order)
    out, made = [], 0
    for index in order:
        if made >= size:
            break
        out.append(records[index].copy(picks))
        made += len(out[-1]) + 1
    return out


def write_lines(path, lines):
    path.write_bytes(b"\n".join(lines) + b"\n")


def write_logs(folder, lines, size, seed):
    """CloudTrail log files as S3 has them: mostly small, some large."""
    folder.mkdir(parents=True)
    picks = random.Random(seed)
    at = made = number = 0
    while made < size and at < len(lines):
        count = int(50 * 100 ** picks.random())  # 50 … 5,000, small ones more often
        text = b'{"Records":[' + b",".join(lines[at:at + count]) + b"]}"
        packed = gzip.compress(text, 6, mtime=0)
        (folder / f"111122223333_CloudTrail_us-east-1_{number:05}.json.gz").write_bytes(packed)
        at, made, number = at + count, made + len(text), number + 1


EVERY_RECORD = """title: Every API call
id: 2f0b6e2c-53a4-4c0e-9d27-5f6f1d6f0c55
status: test
description: Fires on every record, to show what an alert costs.
tags: [attack.execution, attack.t1651]
level: medium
logsource: {product: aws, service: cloudtrail}
detection:
    selection:
        eventName|exists: true
    condition: selection
"""

WINDOWS_SAMPLE = [
    {"Provider_Name": "Microsoft-Windows-Sysmon", "EventID": 1,
     "Channel": "Microsoft-Windows-Sysmon/Operational", "Computer": f"host{i}", "Level": 4,
     "Image": "C:\\Windows\\System32\\cmd.exe", "CommandLine": f"cmd.exe /c \"whoami /{i}\"",
     "ParentImage": "C:\\Windows\\explorer.exe", "User": "EXAMPLE\\user"} for i in range(20)]


class Corpus:
    """Where things are; without a corpus folder the repository's own examples serve."""

    def __init__(self, folder):
        self.folder = folder
        self.name = "corpus" if folder else "the repository's examples (too few to judge by)"
        self.events = folder / "events" if folder else ROOT / "examples" / "events"
        self.aws_rules = folder / "rules" / "sigmahq-aws" if folder else ROOT / "rules" / "aws"
        self.all_rules = folder / "rules" / "sigma-all" if folder else ROOT / "rules"
        windows = self.all_rules / "rules" / "windows"
        self.windows_rules = windows if windows.is_dir() else self.all_rules

    def windows_events(self):
        if not self.folder:
            return WINDOWS_SAMPLE
        lines = (self.folder / "regression" / "events.jsonl").read_text().splitlines()
        events = [json.loads(line)["event"] for line in lines]
        return [event for event in events if isinstance(event, dict) and "EventID" in event]

    def supported_aws_rules(self):
        """Without unsupported/ and rules-placeholder/, which wait for other engines and lists."""
        inner = self.aws_rules / "rules"
        return inner if inner.is_dir() else self.aws_rules


def stamp_of(args, corpus):
    """Changes when the inputs have to be made again."""
    digest = hashlib.sha256(json.dumps([SEED, args.megabytes, args.rules]).encode())
    for script in sorted(pathlib.Path(__file__).parent.glob("make_*.py")):
        digest.update(script.read_bytes())
    regression = [corpus.folder / "regression"] if corpus.folder else []
    for folder in (corpus.events, corpus.aws_rules, *regression):
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                digest.update(f"{path.name} {path.stat().st_size}\n".encode())
    return digest.hexdigest()


def build(args, corpus, out, say):
    events = load_events(corpus.events)
    lines = [line for line, _ in events]
    records = [record for _, record in events]
    size = args.megabytes * 1_000_000
    mix = repeated(lines, size, SEED)
    say(f"{len(mix):,} records from {len(lines):,}")
    write_lines(out / "mix.jsonl", mix)
    for part in SLICES:
        write_lines(out / f"mix_{part}.jsonl", mix[:max(1, len(mix) // part)])
    write_lines(out / "one.jsonl", mix[:1])
    say("log files")
    write_logs(out / "logs", mix, max(size // 4, min(size, 100_000_000)), SEED + 1)
    say("windows records")
    windows = repeated([compact(event) for event in corpus.windows_events()], size // 4, SEED + 2)
    write_lines(out / "windows.jsonl", windows)
    for part in SLICES:
        write_lines(out / f"windows_{part}.jsonl", windows[:max(1, len(windows) // part)])
    say("rules")
    rules = out / "rules"
    bases = make_rules.base_rules(corpus.aws_rules)
    vocabulary = make_rules.Vocabulary(records)
    make_rules.write_mutated(rules / "many", bases, vocabulary, args.rules, SEED + 3)
    make_rules.write_mutated(rules / "growth", bases, vocabulary, 10 * args.rules, SEED + 4)
    make_rules.write_indicators(rules / "indicators", records, SEED + 5)
    (rules / "every").mkdir()
    (rules / "every" / "every_api_call.yml").write_text(EVERY_RECORD)


def add_arguments(parser):
    default = ROOT.parent / "shared" / "corpus"
    parser.add_argument("--corpus", type=pathlib.Path,
                        default=default if default.is_dir() else None,
                        help="folder with events/, rules/ and regression/ (default: ../shared/corpus "
                        "beside the repository; if there is none, the repository's own examples, "
                        "which are too few to judge by)")
    parser.add_argument("--examples", action="store_const", const=None, dest="corpus",
                        help="take the repository's own examples in any case")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build" / "bench",
                        help="where the inputs go (default: build/bench)")
    parser.add_argument("--megabytes", type=int, default=430, help="of the mix (default 430)")
    parser.add_argument("--rules", type=int, default=3000,
                        help="generated rules; ten times as many for the growth line (default 3000)")


def make(args, say=lambda text: print(text, file=sys.stderr)):
    """Returns the corpus that the inputs in args.out are made from."""
    if args.corpus and not (args.corpus / "events").is_dir():
        sys.exit(f"{args.corpus} has no events/")
    corpus = Corpus(args.corpus)
    out = args.out.resolve()
    stamp = stamp_of(args, corpus)
    stamp_file = out / "stamp"
    if stamp_file.is_file() and stamp_file.read_text() == stamp:
        return corpus
    if out.is_dir() and any(out.iterdir()) and not stamp_file.exists():
        sys.exit(f"{out} is not empty and was not made by this script: empty it first")
    start = time.monotonic()
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    stamp_file.touch()  # ours, though not complete
    build(args, corpus, out, say)
    stamp_file.write_text(stamp)
    say(f"inputs in {out} after {time.monotonic() - start:.0f} s")
    return corpus


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    make(parser.parse_args())
