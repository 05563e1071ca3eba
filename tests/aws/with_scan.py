"""`tocsin scan s3://…` and `cloudtrail://…`: the same alerts as from files, no file missed or read twice."""
import datetime
import functools
import gzip
import json
import os
import random
import select
import signal
import subprocess
import threading
import time
import urllib.parse

import with_moto
from fake_aws import Always, FakeAws, s3_error

NOW = datetime.datetime.now(datetime.timezone.utc).replace(second=0, microsecond=0)
RULE = """title: Trail Stopped
id: 3c1a5d59-7a4a-4f8e-9d57-2f3f1f1c0a01
status: test
description: For this test.
logsource: {product: aws, service: cloudtrail}
detection:
  selection: {eventName: StopLogging}
  condition: selection
level: high
"""


def record(number, name="StopLogging"):
    return {"eventVersion": "1.11", "eventID": f"id-{number}", "eventName": name,
            "eventSource": "cloudtrail.amazonaws.com", "awsRegion": "eu-west-1",
            "eventTime": NOW.strftime("%FT%TZ"), "userIdentity": {"type": "Root"}}


def key(account, region, when, suffix, prefix="", service="CloudTrail"):
    return (f"{prefix}AWSLogs/{account}/{service}/{region}/{when:%Y/%m/%d}/"
            f"{account.split('/')[-1]}_{service}_{region}_{when:%Y%m%dT%H%MZ}_{suffix}.json.gz")


class Parts:
    def __init__(self, tests):
        self.tests, self.check, self.equal = tests, tests.check, tests.equal
        self.moto = with_moto.moto()
        self.moto.post("/moto-api/reset-auth", b"1000000000")
        self.moto.post("/moto-api/reset")
        self.s3 = self.moto.client("s3")
        self.s3.create_bucket(Bucket="trail")
        self.rule = tests.folder / "rule.yml"
        self.rule.write_text(RULE)
        self.env = {"AWS_ACCESS_KEY_ID": "admin", "AWS_SECRET_ACCESS_KEY": "admin",
                    "AWS_ENDPOINT_URL": self.moto.url, "AWS_REGION": "us-east-1"}
        self.number = 0

    def put(self, name, records=3):
        """An object with some records; returns the ids of its alerts."""
        first, self.number = self.number, self.number + records
        ids = {f"id-{i}" for i in range(first, self.number)}
        body = gzip.compress(json.dumps({"Records": [record(i) for i in range(first, self.number)]}).encode())
        self.s3.put_object(Bucket="trail", Key=name, Body=body)
        return ids

    def command(self, *arguments):
        return [self.tests.tocsin, "scan", "--rules", str(self.rule), "--output", "jsonl", *arguments]

    def scan(self, *arguments, env=None, status=0):
        done = subprocess.run(self.command(*arguments), capture_output=True, text=True, timeout=300,
                              env=self.tests.environment({**self.env, **(env or {})}))
        self.equal(done.returncode, status, f"{arguments}: {done.stderr[-600:]}")
        self.log = done.stderr
        return [json.loads(line)["event_id"] for line in done.stdout.splitlines()]

    def found(self, expected, *arguments, **options):
        ids = self.scan(*arguments, **options)
        self.equal((len(ids), set(ids) == expected), (len(expected), True), f"{arguments}: each once")

    def layouts_and_bounds(self):
        hour, day = datetime.timedelta(hours=1), datetime.timedelta(days=1)
        old, week, recent = NOW - 40 * day, NOW - 6 * day, NOW - hour
        a = self.put(key("111122223333", "eu-west-1", recent, "aa"))
        b = self.put(key("111122223333", "us-east-1", week, "bb"))
        c = self.put(key("444455556666", "eu-west-1", recent, "cc"))
        d = self.put(key("444455556666", "eu-west-1", old, "dd"))
        for service in ["CloudTrail-Digest", "CloudTrail-Insight", "Config"]:
            self.put(key("444455556666", "eu-west-1", recent, "xx", service=service))
        self.found(a | b | c | d, "s3://trail")
        self.check("4 of 4 objects" in self.log, self.log[-300:])
        self.found(a | b | c | d, "s3://trail/AWSLogs")
        self.found(a | b | c, "s3://trail/", "--since", "7d")
        self.found(a | c, "s3://trail/", "--since", "2d", "--threads", "3", "--fetch", "1")
        self.found(b | d, "s3://trail/", "--until", "2d")
        self.found(b, "s3://trail/", "--since", "7d", "--until", (NOW - 3 * day).strftime("%FT%TZ"))
        self.found(c | d, "s3://trail/", "--account", "444455556666")
        self.found(b, "s3://trail/", "--region", "us-east-1")
        self.found(a | b | c, "s3://trail/", "--region", "us-east-1", "--region", "eu-west-1", "--since", "7d")
        self.found(a, "s3://trail/AWSLogs/111122223333/CloudTrail/eu-west-1/")
        self.found(a | b, "s3://trail/AWSLogs/111122223333")
        self.found(a, f"s3://trail/AWSLogs/111122223333/CloudTrail/eu-west-1/{recent:%Y/%m/%d}/")
        self.found(a, "s3://trail/" + key("111122223333", "eu-west-1", recent, "aa"))
        # To the minute, whatever the folder says.
        self.found(a | c, "s3://trail/", "--since", recent.strftime("%FT%TZ"))
        self.found(set(), "s3://trail/", "--since", (recent + datetime.timedelta(minutes=1)).strftime("%FT%TZ"))

        org = self.put(key("o-abc123/777788889999", "eu-west-1", recent, "oo", prefix="deep/er/"))
        self.found(org, "s3://trail/deep/er")
        self.found(org, "s3://trail/deep/er/AWSLogs/o-abc123/")
        self.found(set(), "s3://trail/deep/er", "--account", "111122223333")
        flat = self.put("flat/one.json.gz") | self.put("flat/sub/two=(é) +.json.gz")
        self.s3.put_object(Bucket="trail", Key="flat/empty/", Body=b"")
        self.found(flat, "s3://trail/flat")
        local = self.tests.folder / "local.json"
        local.write_text(json.dumps(record("local")))
        self.found(flat | {"id-local"}, str(local), "s3://trail/flat")

    def what_cannot_be_read(self):
        good = self.put("logs/a.json.gz") | self.put("logs/c.json.gz")
        self.s3.put_object(Bucket="trail", Key="logs/b.json.gz", Body=gzip.compress(b'{"Records":[{"a"')[:-4])
        self.found(good, "s3://trail/logs")
        self.check("s3://trail/logs/b.json.gz" in self.log, self.log)
        self.scan("s3://trail/logs", "--strict", status=2)
        self.found(set(), "s3://missing/x")
        self.check("s3://missing" in self.log and "NoSuchBucket" in self.log, self.log)
        for arguments in [("s3://",), ("s3://a/b",), ("s3://trail", "--since", "yesterday"),
                          ("s3://trail", "--since", "1d", "--until", "2d"), ("cloudtrail://no where",),
                          ("s3://trail", "--allow-network", "10.0.0.1/8"), ("s3://trail", "--external-id", "x")]:
            self.scan(*arguments, status=2)
        self.found(set(), "s3://trail/none")
        self.scan("s3://trail/logs", env={"AWS_ACCESS_KEY_ID": "", "AWS_PROFILE": "missing"}, status=2)
        self.check("profile `missing` does not exist" in self.log, self.log)

    def many_objects(self):
        expected = set()
        for i in range(300):
            day = NOW - datetime.timedelta(days=i % 3)
            expected |= self.put(key("111122223333", "eu-west-1", day, f"{i:04}"), 5)
        self.found(expected, "s3://trail", "--fetch", "16", "--threads", "2")

        # In the order of the listing, however many fetch.
        orders = [self.scan("s3://trail", "--fetch", fetch) for fetch in ["1", "5"]]
        self.equal(orders[0], orders[1], "order")

        # An object that is larger than what is fetched ahead, which hardly compresses.
        noise = random.Random(7)
        records = [{**record(f"big-{i}"), "noise": noise.randbytes(2000).hex()} for i in range(2000)]
        self.s3.put_object(Bucket="trail", Key="big/b.json.gz",
                           Body=gzip.compress(json.dumps({"Records": records}).encode()))
        self.found({f"id-big-{i}" for i in range(2000)} | self.put("big/c.json.gz"), "s3://trail/big")


class FakeParts:
    """What moto cannot do: a history of events, and a server that breaks off or waits."""

    def __init__(self, tests):
        self.tests, self.check, self.equal = tests, tests.check, tests.equal
        self.fake = FakeAws()
        self.rule = tests.folder / "rule.yml"
        self.rule.write_text(RULE)
        self.number = 0
        self.gate, self.allowed = threading.Event(), 10**9  # further objects wait at the gate
        self.fake.script["ListObjectsV2"] = [Always(self.listing)]
        self.fake.script["GetObject"] = [Always(self.gated)]

    def listing(self, request):
        prefix = request.parameter("prefix")
        names = sorted(name.removeprefix("/bucket/") for name in self.fake.objects)
        items = "".join(
            f"<Contents><Key>{urllib.parse.quote_plus(name)}</Key><Size>"
            f"{len(self.fake.objects['/bucket/' + name][0])}</Size></Contents>"
            for name in names if name.startswith(prefix))
        return {"status": 200, "headers": {}, "body": (
            "<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>"
            f"{items}</ListBucketResult>").encode()}

    def gated(self, request):
        self.allowed -= 1
        if self.allowed < 0:
            self.gate.wait(200)
        return None

    def put(self, name, records=3):
        first, self.number = self.number, self.number + records
        body = gzip.compress(json.dumps({"Records": [record(i) for i in range(first, self.number)]}).encode())
        self.fake.objects["/bucket/" + name] = (body, f'"{first}"', {})
        return {f"id-{i}" for i in range(first, self.number)}

    def start(self, *arguments):
        env = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "fake/secret+key",
               "AWS_ENDPOINT_URL": self.fake.url, "AWS_REGION": "eu-west-1"}
        return subprocess.Popen([self.tests.tocsin, "scan", "--rules", str(self.rule), "--output", "jsonl",
                                 *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                env=self.tests.environment(env))

    def scan(self, *arguments, status=0):
        process = self.start(*arguments)
        out, log = process.communicate(timeout=120)
        self.log = log.decode()
        self.equal(process.returncode, status, self.log[-500:])
        return [json.loads(line)["event_id"] for line in out.splitlines()]

    def found(self, expected, *arguments):
        ids = self.scan(*arguments)
        self.equal((len(ids), set(ids) == expected), (len(expected), True), f"{arguments}: each once")

    def first(self, process, count):
        """The first alerts of a scan that goes on. The server waits longer than this does."""
        text = b""
        while text.count(b"\n") < count or not text.endswith(b"\n"):
            ready, _, _ = select.select([process.stdout], [], [], 100)
            more = os.read(process.stdout.fileno(), 4096) if ready else b""
            if not more:
                process.kill()
                raise RuntimeError(f"no alerts came: {text!r}")
            text += more
        return [json.loads(line)["event_id"] for line in text.splitlines()]

    def resuming(self):
        done = self.tests.folder / "done"
        expected = set()
        for i in range(60):
            expected |= self.put(f"r/{i:03} é.json.gz", 200)
        seen = []
        # Killed again and again: no alert is lost, and those of finished objects come once.
        for _ in range(6):
            before = len(done.read_text().splitlines()) if done.exists() else 0
            self.gate.clear()
            self.allowed = 8
            process = self.start("s3://bucket/r", "--resume", str(done), "--fetch", "2")
            ids = []
            reader = threading.Thread(target=lambda: ids.extend(
                json.loads(line)["event_id"] for line in process.stdout if line.endswith(b"\n")))
            reader.start()
            deadline = time.monotonic() + 60
            while len(done.read_text().splitlines() if done.exists() else []) < before + 4:
                self.check(time.monotonic() < deadline and process.poll() is None, "it goes on")
                if time.monotonic() > deadline or process.poll() is not None:
                    break
                time.sleep(0.01)
            process.send_signal(signal.SIGKILL)
            process.wait()
            self.gate.set()
            reader.join()
            seen += ids
        finished = len(done.read_text().splitlines())
        self.check(24 <= finished <= 48, f"killed in the middle: {finished}")
        self.allowed = 10**9
        done.write_bytes(done.read_bytes() + b"s3://bucket/r/0")  # a line that was cut off
        seen += self.scan("s3://bucket/r", "--resume", str(done))
        self.equal(set(seen), expected, "nothing is lost")
        self.check(f"{finished} objects were done already" in self.log, self.log[-400:])
        self.check(len(seen) - len(expected) <= 6 * 4 * 200, "more was repeated than was under way")
        # A late file whose name is smaller than all others.
        late = self.put("r/000 a.json.gz")
        self.found(late, "s3://bucket/r", "--resume", str(done))
        self.found(set(), "s3://bucket/r", "--resume", str(done))
        # One that could not be read is not done.
        self.fake.objects["/bucket/r/torn.json.gz"] = (b"\x1f\x8b\x08torn", '"t"', {})
        self.found(set(), "s3://bucket/r", "--resume", str(done))
        fixed = self.put("r/torn.json.gz")
        self.found(fixed, "s3://bucket/r", "--resume", str(done))
        self.scan("s3://bucket/r", "--resume", "/nowhere/x", status=2)
        self.equal(self.fake.problems, [])

    def interrupting(self):
        expected = set()
        for i in range(20):
            expected |= self.put(f"i/{i:03}.json.gz", 1)
        done = self.tests.folder / "interrupted"
        self.allowed = 10
        process = self.start("s3://bucket/i", "--fetch", "1", "--resume", str(done))
        seen = self.first(process, 5)
        process.send_signal(signal.SIGINT)
        out, log = process.communicate(timeout=30)  # the server still waits
        seen += [json.loads(line)["event_id"] for line in out.splitlines()]
        self.equal(process.returncode, 130, log[-300:])
        self.check(b"to go on, scan again with --resume" in log, log[-300:])
        self.gate.set()
        self.allowed = 10**9
        self.found(expected - set(seen), "s3://bucket/i", "--resume", str(done))

    def alerts_do_not_wait_for_slow_objects(self):
        """What was found is told before the next object, or the rest of one, is waited for."""
        first = self.put("s/1.json.gz", 1) | self.put("s/2.json.gz", 1)
        self.put("s/3.json.gz", 1)
        self.allowed = 2
        process = self.start("s3://bucket/s", "--fetch", "1")
        self.equal(set(self.first(process, 2)), first)
        self.gate.set()
        out, _ = process.communicate(timeout=60)
        self.equal(len(out.splitlines()), 1)

    def history_of_events(self):
        def page(request):
            at = int(request.json().get("NextToken", "0"))
            self.equal(request.json()["MaxResults"], 50)
            events = [{"CloudTrailEvent": json.dumps(record(i))} for i in range(at, min(at + 50, 120))]
            answer = {"Events": events, **({"NextToken": str(at + 50)} if at < 100 else {})}
            return {"status": 200, "headers": {}, "body": json.dumps(answer).encode()}

        self.fake.script["LookupEvents"] = [
            {"status": 400, "headers": {}, "body": b'{"__type":"ThrottlingException"}'}, Always(page)]
        self.equal(self.scan("cloudtrail://eu-central-1", "--since", "30d"), [f"id-{i}" for i in range(120)])
        asked = self.fake.seen("LookupEvents")
        self.equal({request.region for request in asked}, {"eu-central-1"})
        body = asked[0].json()
        self.check(abs(body["EndTime"] - body["StartTime"] - 30 * 86400) < 10, body)
        self.equal(self.scan("cloudtrail://"), [f"id-{i}" for i in range(120)])
        body = self.fake.requests[-1].json()
        self.check(abs(body["EndTime"] - body["StartTime"] - 90 * 86400) < 10, body)
        self.equal(self.fake.problems, [])

    def objects_that_break_off(self):
        body = gzip.compress(json.dumps({"Records": [
            {**record(i), "noise": os.urandom(1500).hex()} for i in range(1500)]}).encode())
        self.check(len(body) > 2_000_000, "larger than what is fetched ahead")
        self.fake.objects["/bucket/k.json.gz"] = (body, '"e"', {})
        def cut(size):
            return lambda request: {**self.fake.do_GetObject(request), "cut": size}

        self.fake.script["GetObject"] = [cut(300_000), s3_error(503, "SlowDown"), cut(1_200_000), cut(0)]
        self.equal(self.scan("s3://bucket"), [f"id-{i}" for i in range(1500)])
        self.equal(self.fake.problems, [])


def parts(tests):
    for kind in [Parts, FakeParts]:
        for name in [n for n in vars(kind) if not n.startswith("_")]:
            if name in {"put", "command", "scan", "found", "listing", "gated", "start", "first"}:
                continue
            yield "scan: " + name.replace("_", " "), functools.partial(
                lambda k, n: getattr(k(tests), n)(), kind, name)
