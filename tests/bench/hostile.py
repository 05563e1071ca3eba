#!/usr/bin/env python3
"""Processor time for one hostile event: events that are made to be slow to match.

    hostile.py TOCSIN [RULES]

Each row is the user time of a scan of one event, less that of a scan of an ordinary one (least of
three). It must stay below 50 ms on a machine that does nothing else.
"""
import json
import os
import pathlib
import random
import resource
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULE = ("title: t\nlogsource: {{product: aws, service: cloudtrail}}\ndetection:\n"
        "  s:\n    requestParameters.policyDocument{}\n  condition: s\n")


def event(text):
    return json.dumps({
        "eventVersion": "1.08", "eventID": "1", "eventTime": "2026-01-01T00:00:00Z",
        "eventSource": "iam.amazonaws.com", "eventName": "CreatePolicyVersion",
        "awsRegion": "us-east-1", "sourceIPAddress": "203.0.113.9", "userAgent": "x",
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::1:user/a"},
        "requestParameters": {"policyDocument": text}})


def repeated(piece, size):
    return (piece * (size // len(piece) + 1))[:size]


def user_seconds(tocsin, rules, path):
    least = 1e9
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        subprocess.run([tocsin, "scan", "--rules", rules, "--output", "none", path],
                       check=True, stderr=subprocess.DEVNULL)
        least = min(least, resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before)
    return least


def main():
    tocsin = sys.argv[1]
    pack = sys.argv[2] if len(sys.argv) > 2 else str(ROOT / "rules")
    ab = "".join(random.Random(1).choices("ab", k=65536))
    keys = '"Resource","Effect","Action","Allow","Principal","AWS",'
    start = '{"Effect":"Allow","Action":"*",'
    globs = ": ['" + "', '".join(f"*a?{i:03}?b*" for i in range(20)) + "']"
    alike = "|contains: ['" + "', '".join(f"https://a.example/{i:05}" for i in range(4000)) + "']"
    rows = [
        ("shipped rules, policy of 71 KB", None, start + repeated('"Resource"', 71_000)),
        ("shipped rules, policy of 1.2 MB", None, start + repeated('"Resource"', 1_200_000)),
        ("shipped rules, all keys, 1.2 MB", None, repeated(keys, 1_200_000)),
        ("a[ab]{16}c, 16 KB", "|re: 'a[ab]{16}c'", ab[:16384]),
        ("a[ab]{16}c, 64 KB", "|re: 'a[ab]{16}c'", ab),
        ("(?i)[a-z]{1,1000}x{1000}, 100 KB", "|re: '(?i)[a-z]{1,1000}x{1000}'", "a" * 100_000),
        (".{1000,}, 100 KB of lines", "|re: '.{1000,}'", repeated("a" * 999 + "\n", 100_000)),
        ("20 globs with ?, 1.2 MB", globs, repeated("a1", 1_200_000)),
        ("4,000 literals alike, 1.2 MB", alike, repeated("https://a.example/", 1_200_000)),
    ]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        print(f"{'event':<36}{'ms':>10}")
        for name, item, text in rows:
            rules = pack
            if item is not None:
                rules = "rule.yml"
                pathlib.Path(rules).write_text(RULE.format(item))
            pathlib.Path("hostile.jsonl").write_text(event(text) + "\n")
            pathlib.Path("ordinary.jsonl").write_text(event("x") + "\n")
            cost = user_seconds(tocsin, rules, "hostile.jsonl")
            cost -= user_seconds(tocsin, rules, "ordinary.jsonl")
            print(f"{name:<36}{cost * 1000:>10.1f}", flush=True)


if __name__ == "__main__":
    main()
