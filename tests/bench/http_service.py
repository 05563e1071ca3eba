#!/usr/bin/env python3
"""How fast is the service? Every figure is taken in one run with what it is compared with.

    tests/bench/http_service.py --corpus FOLDER [--binary build/release/tocsin] [--runs 3] [--json FILE]

ingest    records a second over HTTP (1 MB bodies of JSON lines, keep-alive, the sender on the same two
          cores), as a share of what `tocsin scan --output none` does on one core with the same file
latency   from an event's send to the moment its alert's request has reached the receiver, at 20,000
          events/s of which 20 raise alerts
idle      resident memory with the shipped rules; start: from exec to "ready"
"""
import argparse
import glob
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "system", "peers"))
from running import Running, event  # noqa: E402

BODY_BYTES = 1 << 20
SENDERS = 4  # an answer waits for a COMMIT: one sender alone would mostly wait, too


def configuration(rules, receiver):
    return f"""
server: {{listen: 127.0.0.1:0}}
rules: {{paths: ["{rules}"]}}
store: {{path: "{{folder}}/store"}}
log: {{format: json}}
receivers:
  - {receiver}
"""


FILE = '{name: file, type: file, path: "{folder}/alerts.jsonl", max_bytes: 1GiB}'


def bodies(path, limit):
    """Requests of about BODY_BYTES, up to `limit` bytes of the file in all."""
    found, size = [], 0
    with open(path, "rb") as file:
        while size < limit:
            body = file.read(BODY_BYTES)
            if not body:
                break
            body += file.readline()
            size += len(body)
            found.append(b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
                         % len(body) + body)
    return found, size


def send(port, requests, answers):
    """One connection, one request after the other."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for request in requests:
            connection.sendall(request)
            answer = b""
            while b"\r\n\r\n" not in answer or not answer.rstrip().endswith(b"}"):
                answer += connection.recv(65536)
            found = re.search(rb'"accepted":(\d+)', answer)
            answers.append(int(found[1]) if found else 0)


def ingest(arguments, rules, data):
    """(records/s over HTTP, records/s of scan) of one round."""
    requests, size = bodies(data, arguments.megabytes << 20)
    with Running(arguments.binary, configuration(rules, FILE)) as service:
        answers = []
        start = time.monotonic()
        senders = [threading.Thread(target=send, args=(service.port, requests[i::SENDERS], answers))
                   for i in range(SENDERS)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        seconds = time.monotonic() - start
        over_http = sum(answers) / seconds
        memory = service.resident_bytes() / 1e6
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as part, \
            tempfile.NamedTemporaryFile(suffix=".json") as stats:
        for request in requests:
            part.write(request.split(b"\r\n\r\n", 1)[1])
        part.flush()
        subprocess.run(["taskset", "-c", "0", arguments.binary, "scan", "--rules", rules, "--output",
                        "none", "--stats", stats.name, part.name], check=True,
                       stderr=subprocess.DEVNULL)
        found = json.load(open(stats.name, encoding="utf-8"))
        scan = found["records"] / found["scan_seconds"]
    return over_http, scan, memory


class Receiver(threading.Thread):
    """Notes when each alert has come."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.came = {}

    def run(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        buffer = b""
        while True:
            while b"\r\n\r\n" not in buffer:
                piece = connection.recv(65536)
                if not piece:
                    return
                buffer += piece
            head, buffer = buffer.split(b"\r\n\r\n", 1)
            length = int(re.search(rb"(?i)content-length: *(\d+)", head)[1])
            while len(buffer) < length:
                buffer += connection.recv(65536)
            body, buffer = buffer[:length], buffer[length:]
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            self.came[json.loads(body)["event_id"]] = time.monotonic()


def latency(arguments, data):
    """Milliseconds, sorted."""
    receiver = Receiver()
    receiver.start()
    hook = (f'{{name: hook, type: webhook, url: "http://127.0.0.1:{receiver.port}/", rate: 0, '
            f'allow_networks: [127.0.0.0/8]}}')
    quiet = event("quiet", name="GetUser")
    with Running(arguments.binary, configuration("{rules}", hook)) as service:
        sent, ticks = {}, 20 * arguments.seconds
        filler = (quiet * 1000).encode()
        with socket.create_connection(("127.0.0.1", service.port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            start = time.monotonic()
            for tick in range(ticks):  # 20 a second, each of 1,000 events of which one raises an alert
                time.sleep(max(0, start + tick / 20 - time.monotonic()))
                body = filler + event(f"t{tick}").encode()
                request = b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(
                    body) + body
                sent[f"peer-t{tick}"] = time.monotonic()
                connection.sendall(request)
                while b"}" not in connection.recv(65536):
                    pass
        end = time.monotonic() + 10
        while len(receiver.came) < len(sent) and time.monotonic() < end:
            time.sleep(0.05)
    missing = len(sent) - len(receiver.came)
    if missing:
        raise SystemExit(f"{missing} alerts did not arrive")
    return sorted((receiver.came[key] - at) * 1000 for key, at in sent.items())


def start_and_idle(arguments):
    with Running(arguments.binary, configuration(os.path.join(ROOT, "rules"), FILE)) as service:
        time.sleep(1)
        return service.ready_seconds * 1000, service.resident_bytes() / 1e6


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--corpus", default="")
    parser.add_argument("--binary", default=os.path.join(ROOT, "build/release/tocsin"))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--megabytes", type=int, default=400)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--json", default="")
    arguments = parser.parse_args()
    made = sorted(glob.glob(os.path.join(ROOT, "build/bench/*.jsonl")), key=os.path.getsize)
    if not made:
        raise SystemExit("no input: tests/bench/run.py makes it (README.md)")
    rules = os.path.join(arguments.corpus, "rules/sigmahq-aws") if arguments.corpus else os.path.join(
        ROOT, "rules")
    rounds = [ingest(arguments, rules, made[-1]) for _ in range(arguments.runs)]
    times = latency(arguments, made[-1])
    starts = [start_and_idle(arguments) for _ in range(arguments.runs)]
    ratios = [http / scan for http, scan, _ in rounds]
    result = {
        "ingest_share_of_scan": statistics.median(ratios),
        "ingest_records_per_second": statistics.median(http for http, _, _ in rounds),
        "scan_records_per_second": statistics.median(scan for _, scan, _ in rounds),
        "ingest_rss_mb": max(memory for _, _, memory in rounds),
        "latency_p50_ms": times[len(times) // 2],
        "latency_p99_ms": times[min(len(times) - 1, len(times) * 99 // 100)],
        "latency_max_ms": times[-1],
        "start_to_ready_ms": statistics.median(start for start, _ in starts),
        "idle_rss_mb": statistics.median(idle for _, idle in starts),
    }
    goals = {"ingest_share_of_scan": (">=", 0.5), "latency_p99_ms": ("<=", 20),
             "start_to_ready_ms": ("<=", 300), "idle_rss_mb": ("<=", 40)}
    print("| figure | value | goal | reached |\n|---|---|---|---|")
    for name, value in result.items():
        sign, goal = goals.get(name, ("", 0))
        reached = "" if not sign else "yes" if (value >= goal) == (sign == ">=") else "NO"
        print(f"| {name} | {value:,.2f} | {f'{sign} {goal}' if sign else ''} | {reached} |")
    print(f"\nspread of ingest: {min(ratios):.2f}–{max(ratios):.2f}, {len(times)} alerts timed")
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump(result, file, indent=1)


if __name__ == "__main__":
    main()
