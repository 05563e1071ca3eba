#!/usr/bin/env python3
"""How fast is reading what is out of the ordinary? Each input is made from the same records, and its
speed is that of `tocsin scan --output none` on one thread, by processor time without loading the
rules. Prints MB/s of inflated text, and the time per byte in terms of the plain input's.

    tests/bench/odd_inputs.py --binary build/release/tocsin [--events FILE.jsonl] [--only NAME]…

Held to: no input below 20 MB/s on an idle core of 2020 or later; one bad record in 150 costs at most
1.15 times the plain input.
"""
import argparse
import gzip
import json
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SIZE = 24 << 20


def base_records(path):
    files = [path] if path else sorted((ROOT / "examples/events").glob("*.jsonl"))
    lines = []
    for file in files:
        lines += [line for line in file.read_bytes().split(b"\n") if line.startswith(b"{")]
    return lines


def repeated(lines, size=SIZE):
    out, total = [], 0
    while total < size:
        out.append(lines[len(out) % len(lines)])
        total += len(out[-1]) + 1
    return out


def with_bad(lines, spoil, every):
    return [spoil(line) if i % every == every - 1 else line for i, line in enumerate(lines)]


def member(line, value):
    """`line` with one more member, whose value is the text `value` as it stands."""
    return line[:-1] + b',"odd":' + value + b"}"


def inputs(lines):
    plain = repeated(lines)
    text = lambda records: b"\n".join(records) + b"\n"
    bad_byte = lambda line: member(line, b'"a\xffb"')
    control = lambda line: member(line, b'"a\tb"')
    unclosed = lambda line: line[:len(line) // 2]
    quote = lambda line: member(line, b'"a"b"')
    long_string = member(lines[0], b'"' + b"y" * (300 << 10) + b'"')
    long_members = member(lines[0], b"{" + b",".join(b'"k%d":"v%d"' % (i, i) for i in range(20000)) + b"}")
    yield "plain", text(plain)
    yield "1 of 150: ill-formed UTF-8", text(with_bad(plain, bad_byte, 150))
    yield "1 of 150: control byte", text(with_bad(plain, control, 150))
    yield "1 of 150: cut off", text(with_bad(plain, unclosed, 150))
    yield "1 of 150: a quote too many", text(with_bad(plain, quote, 150))
    yield "all: ill-formed UTF-8", text(with_bad(plain, bad_byte, 1))
    yield "all: ill-formed UTF-8, long", text(repeated([member(lines[0], b'"' + b"a\xff" * 5000 + b'"')]))
    yield "all: control byte", text(with_bad(plain, control, 1))
    yield "all: cut off", text(with_bad(plain, unclosed, 1))
    yield "all: a quote too many", text(with_bad(plain, quote, 1))
    yield "lines over 256 KiB, a string", text(repeated([long_string]))
    yield "lines over 256 KiB, members", text(repeated([long_members]))
    for name, escape in (("\\u00e9", b"\\u00e9"), ("\\ud83d\\ude00", b"\\ud83d\\ude00"),
                         ("\\ud83d alone", b"\\ud83d"), ("\\u0041 needless", b"\\u0041"), ("\\n", b"\\n")):
        yield f"all: {name}", text(repeated([member(lines[0], b'"' + escape * 2000 + b'"')]))
        value = b'{"userAgent":"' + escape * 2000 + b'","eventName":"' + escape * 2000 + b'"}'
        yield f"all: {name} where rules look", text(repeated([value[:-1] + b"," + lines[0][1:]]))
    yield "keys of \\u", text(repeated([b"{" + b",".join(b'"\\u006b%d":1' % i for i in range(3000)) + b"}"]))
    yield "pretty-printed", b"\n".join(json.dumps(json.loads(line), indent=2).encode() for line in plain[:len(plain) // 2])
    yield "one array", b"[" + b",".join(plain) + b"]"
    yield "log file, one line", b'{"Records":[' + b",".join(plain) + b"]}"
    yield "no line breaks", b"".join(plain)
    yield "tiny gzip members", b"".join(gzip.compress(line + b"\n", 1) for line in plain[:len(plain) // 4])
    sns = json.dumps({"Type": "Notification", "TopicArn": "t", "Message": plain[0].decode()}).encode()
    yield "SNS envelopes", text(repeated([sns]))
    for garbage in (b"x", b"[", b"{", b'"a"', b"{}", b'{"', b"{]", b"[[[[[[[[[[", b"1 2 3", b"\xff", b"}"):
        yield f"lines {garbage.decode('latin-1')}", (garbage + b"\n") * (SIZE // 8 // (len(garbage) + 1))
    yield "{\"a\": nested", b'{"a":' * (SIZE // 16)
    yield "[{ nested", b"[{" * (SIZE // 8)
    yield "blanks", b" " * SIZE
    yield "line breaks", b"\n" * SIZE
    yield "one string without end", b'{"a":"' + b"y" * SIZE
    yield "objects in one another", text(repeated([b'{"a":' * 60 + b"1" + b"}" * 60]))
    yield "empty arrays", text(repeated([b'{"a":[' + b",".join([b"[]"] * 50000) + b"]}"]))
    yield "numbers", text(repeated([b'{"a":[' + b",".join([b"1"] * 50000) + b"]}"]))


def inflated(data):
    return len(gzip.decompress(data)) if data.startswith(b"\x1f\x8b") else len(data)


def measure(binary, rules, data, folder):
    path, stats = folder / "input", folder / "stats"
    path.write_bytes(data)
    best = None
    for _ in range(3):
        subprocess.run([binary, "scan", "--rules", rules, "--output", "none", "--stats", stats, path],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, timeout=600)
        seconds = json.loads(stats.read_text())["scan_cpu_seconds"]
        best = seconds if best is None else min(best, seconds)
        if seconds > 2:
            break
    return max(best, 1e-6)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=ROOT / "build/release/tocsin", type=pathlib.Path)
    parser.add_argument("--rules", default=ROOT / "rules", type=pathlib.Path)
    parser.add_argument("--events", type=pathlib.Path, help="records, one a line; default: the examples")
    parser.add_argument("--only", action="append", default=[], help="inputs whose name has this in it")
    arguments = parser.parse_args()
    plain = None
    print(f"{'input':32} {'MB/s':>8} {'x plain':>8}")
    with tempfile.TemporaryDirectory() as name:
        for what, data in inputs(base_records(arguments.events)):
            if arguments.only and what != "plain" and not any(part in what for part in arguments.only):
                continue
            speed = inflated(data) / measure(arguments.binary, arguments.rules, data, pathlib.Path(name)) / 1e6
            plain = plain or speed
            print(f"{what:32} {speed:8.1f} {plain / speed:8.2f}{'  SLOW' if speed < 20 else ''}", flush=True)


if __name__ == "__main__":
    main()
