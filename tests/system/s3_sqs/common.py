"""Log files with known answers, and the service that reads them from a queue."""
import contextlib
import gzip
import json
import os
import random
import sqlite3
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "peers"))

from running import Failure, Running, must, until  # noqa: E402

__all__ = ["CONFIG", "Failure", "Running", "Told", "key", "log_file", "must", "until", "user"]

QUIET = 20  # events of a file that no rule is about

CONFIG = """server:
  listen: 127.0.0.1:0
rules:
  paths: [{rules}]
store:
  path: {folder}/store
  reserve: 8MiB
alerts:
  group_interval: 0s
  rule_budget: 0
limits:
  workers: 2
  shutdown: 5s
log:
  format: json
reload:
  watch: false
sources:
- name: trail
  type: s3_sqs
  queue_url: {queue}
  region: eu-west-1
  endpoint: {endpoint}
{more}
receivers:
- name: out
  type: file
  path: {folder}/alerts
"""
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/nonexistent",
        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent"}


def user(number):
    return f"arn:aws:iam::111122223333:user/u{number}"


def record(number, index):
    name = "CreateUser" if index == 0 else "DescribeInstances"
    return {"eventVersion": "1.08", "eventID": f"{number:08d}-{index:04d}-4000-8000-000000000000",
            "eventTime": "2026-11-30T10:00:00Z", "eventName": name,
            "eventSource": "iam.amazonaws.com" if index == 0 else "ec2.amazonaws.com",
            "awsRegion": "eu-west-1", "sourceIPAddress": "192.0.2.1", "userAgent": "aws-cli",
            "userIdentity": {"type": "IAMUser", "accountId": "111122223333", "arn": user(number),
                             "userName": f"u{number}"},
            "requestParameters": {"userName": "x"}, "recipientAccountId": "111122223333"}


def log_file(number, events=QUIET + 1, noise=0):
    """A CloudTrail log file with one event that is told of; `noise`: bytes that do not compress."""
    records = [record(number, index) for index in range(events)]
    records[-1]["requestParameters"] = {"noise": random.Random(number).randbytes(noise // 2).hex()}
    return gzip.compress(json.dumps({"Records": records}).encode(), mtime=0)


def key(number, service="CloudTrail"):
    return f"AWSLogs/111122223333/{service}/eu-west-1/2026/11/30/" \
           f"111122223333_{service}_eu-west-1_20261130T1000Z_{number:08d}.json.gz"


class Told:
    """What the service has on disk, and what its receiver got."""

    def __init__(self, service):
        self.folder = service.folder
        self.store = os.path.join(service.folder, "store", "tocsin.db")

    def committed(self, number):
        """Whether the alert about the file is committed: asked of the database, from outside."""
        with contextlib.closing(sqlite3.connect(f"file:{self.store}?mode=ro", uri=True,
                                                timeout=10)) as database:
            return database.execute("SELECT count(*) FROM alert WHERE principal = ?",
                                    (user(number),)).fetchone()[0] > 0

    def users(self):
        """Who was told of, with the ids of the notifications."""
        told = {}
        path = os.path.join(self.folder, "alerts")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                for line in file:
                    alert = json.loads(line)
                    if not alert["rule"]["id"].startswith("tocsin."):
                        told.setdefault(alert["principal"], set()).add(alert["notification"]["id"])
        return told

    def own(self):
        """The alerts of Tocsin about itself: rule id → details."""
        own = {}
        path = os.path.join(self.folder, "alerts")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                for line in file:
                    alert = json.loads(line)
                    if alert["rule"]["id"].startswith("tocsin."):
                        own.setdefault(alert["rule"]["id"], []).append(alert["event"]["detail"])
        return own

    def judge(self, numbers, but=()):
        told = self.users()
        expected = {user(number) for number in numbers} - {user(number) for number in but}
        lost = sorted(expected - set(told))
        strange = sorted(set(told) - expected)
        twice = sorted(who for who, ids in told.items() if len(ids) > 1)
        must(not lost, f"{len(lost)} lost, such as {lost[:3]}")
        must(not strange, f"{len(strange)} that nobody expects, such as {strange[:3]}")
        must(not twice, f"{len(twice)} told twice, such as {twice[:3]}")
        return f"{len(expected)} told of, 0 lost, 0 told twice"


def metric(service, name, **labels):
    """The value of a series; 0: it is not there."""
    status, _, body = service.ask("GET", "/metrics")
    must(status == 200, f"/metrics is {status}")
    for line in body.decode().splitlines():
        if line.startswith(name + "{") or line.startswith(name + " "):
            series, value = line.rsplit(" ", 1)
            if all(f'{label}="{wanted}"' in series for label, wanted in labels.items()):
                return float(value)
    return 0.0


def sources(service):
    status, _, body = service.ask("GET", "/api/v1/status")
    must(status == 200, f"the status is {status}")
    return json.loads(body)["sources"][0]


def start(binary, queue, endpoint, more="", environment=None):
    service = Running(binary, CONFIG, {**KEYS, **(environment or {})}, queue=queue,
                      endpoint=endpoint, more=more)
    # What a test of another kind has set must not be seen.
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_ENDPOINT_URL"):
        service.environment.pop(name, None)
    return service
