"""The service with a configuration of one's own, and the receiver that misbehaves."""
import http.client
import json
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
TOOLS = os.path.join(ROOT, "tests", "tools")
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "service"))

from service import RULES, Failure, Service, work_folder  # noqa: E402

__all__ = ["Chaos", "Failure", "Running", "ROOT", "RULES", "TOOLS", "event", "must", "until",
           "work_folder"]


class Running(Service):
    """A Service whose configuration is `text`; {folder}, {rules} and {port} are filled in."""

    def __init__(self, binary, text, environment=None, **values):
        super().__init__(binary, work_folder("peers"))
        self.environment.update(environment or {})
        self.rewrite(text, **values)

    def rewrite(self, text, **values):
        for name, value in {"folder": self.folder, "rules": RULES, **values}.items():
            text = text.replace("{" + name + "}", str(value))
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(text)

    def __enter__(self):
        return self.must_start()

    def __exit__(self, *_):
        self.remove()

    def ask(self, method, path, body=None, headers=None):
        """(status, headers, body)"""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def post(self, body, headers=None):
        return self.ask("POST", "/v1/events", body, headers)


class Chaos:
    """tests/tools/chaos_receiver.py"""

    def __init__(self, lifetime=900):
        self.process = subprocess.Popen(
            [sys.executable, os.path.join(TOOLS, "chaos_receiver.py"), "--lifetime", str(lifetime)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.ports = json.loads(self.process.stdout.readline())
        self.port = self.ports["http"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(10)

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.ports["control"], timeout=20)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            return connection.getresponse().read()
        finally:
            connection.close()

    def control(self, **mode):
        self.ask("POST", "/_control", mode)

    def received(self, requests=False):
        return json.loads(self.ask("GET", "/_received" + ("?requests=1" if requests else "")))

    def reset(self):
        self.ask("POST", "/_reset")


def event(number, name="CreateUser", source="iam.amazonaws.com", **members):
    """One line that the rule "CreateUser" of the tests fires on; a principal of its own."""
    return json.dumps({
        "eventVersion": "1.08", "eventID": f"peer-{number}", "eventTime": "2026-01-01T00:00:00Z",
        "eventSource": source, "eventName": name, "awsRegion": "eu-west-1",
        "sourceIPAddress": "203.0.113.9", "userAgent": "aws-cli/2", "recipientAccountId": "111122223333",
        "requestParameters": {"userName": "eve"},
        "userIdentity": {"type": "IAMUser", "arn": f"arn:aws:iam::111122223333:user/u{number}",
                         "accountId": "111122223333"}, **members}) + "\n"


def must(condition, what):
    if not condition:
        raise Failure(what)


def until(condition, seconds, what):
    """Waits until condition() is true, and returns what it said."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise Failure(f"not within {seconds} s: {what}")
