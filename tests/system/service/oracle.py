"""Events with known answers: what is sent, and what must be told of it.

The answers are computed here, from how an event was made, never by the engine. Each event has an id
of its own and, unless principals are given, a principal of its own, so that one firing is one alert.
"""
import json
import random
import threading

ACCOUNT = "111122223333"
_RULE = "5e0c5a52-0000-4000-8000-00000000000"
USER_CREATED, NO_MFA, BUCKET, ODD_TOOL = (_RULE + str(i) for i in (1, 2, 3, 4))

# (eventSource, eventName, further members, rules that must fire)
FIRING = [
    ("iam.amazonaws.com", "CreateUser", {"requestParameters": {"userName": "eve"}}, [USER_CREATED]),
    ("signin.amazonaws.com", "ConsoleLogin", {"additionalEventData": {"MFAUsed": "No"}}, [NO_MFA]),
    ("s3.amazonaws.com", "PutBucketPolicy", {"requestParameters": {"bucketName": "prod-data"}},
     [BUCKET]),
    ("s3.amazonaws.com", "DeleteBucketPolicy",
     {"requestParameters": {"bucketName": "prod-logs"}, "userAgent": "oddtool/1.0"},
     [BUCKET, ODD_TOOL]),
    ("ec2.amazonaws.com", "DescribeInstances", {"userAgent": "x oddtool/2"}, [ODD_TOOL]),
]
QUIET = [
    ("iam.amazonaws.com", "GetUser", {"requestParameters": {"userName": "eve"}}, []),
    ("signin.amazonaws.com", "ConsoleLogin", {"additionalEventData": {"MFAUsed": "Yes"}}, []),
    ("s3.amazonaws.com", "PutBucketPolicy", {"requestParameters": {"bucketName": "test-data"}}, []),
    ("s3.amazonaws.com", "PutBucketPolicy",
     {"requestParameters": {"bucketName": "prod-data"}, "errorCode": "AccessDenied"}, []),
    ("ec2.amazonaws.com", "DescribeInstances", {}, []),
]


class Oracle:
    """Makes events; the same seed makes the same ones. Thread-safe."""

    def __init__(self, seed, principals=None, padding=0):
        self.random = random.Random(seed)
        self.principals = principals
        self.padding = padding
        self.made = 0
        self.expected = {}  # (event id, rule id) -> principal
        self.mutex = threading.Lock()

    def event(self, firing):
        """(JSON line, event id)."""
        with self.mutex:
            self.made += 1
            number = self.made
            source, name, members, rules, user = self.choose(firing, number)
            event_id = "%08x-%04x-4%03x-8%03x-%012x" % (
                self.random.getrandbits(32), self.random.getrandbits(16),
                self.random.getrandbits(12), self.random.getrandbits(12), number)
            arn = f"arn:aws:iam::{ACCOUNT}:user/{user}"
            for rule in rules:
                self.expected[(event_id, rule)] = arn
        record = {
            "eventVersion": "1.08",
            "userIdentity": {"type": "IAMUser", "principalId": "AIDA" + user.upper(), "arn": arn,
                             "accountId": ACCOUNT, "userName": user},
            "eventTime": self.time(number),
            "eventSource": source, "eventName": name, "awsRegion": "eu-central-1",
            "sourceIPAddress": "198.51.100.24", "userAgent": "aws-cli/2.17", "eventID": event_id,
            "eventType": "AwsApiCall", "recipientAccountId": ACCOUNT, **members}
        if self.padding:
            record["responseElements"] = {"padding": "x" * self.padding}
        return json.dumps(record), event_id

    def choose(self, firing, number):
        """(eventSource, eventName, further members, rules that must fire, user)."""
        user = (f"u{number}" if self.principals is None
                else f"p{self.random.randrange(self.principals)}")
        return *self.random.choice(FIRING if firing else QUIET), user

    def time(self, number):
        return "2026-11-02T09:%02d:%02dZ" % (number // 60 % 60, number % 60)

    def batch(self, firing, quiet=0):
        """A batch in random order."""
        kinds = [True] * firing + [False] * quiet
        with self.mutex:
            self.random.shuffle(kinds)
        return Batch([self.event(kind) for kind in kinds])


class Batch:
    """What one request carries."""

    def __init__(self, events):
        self.ids = [event_id for _, event_id in events]
        self.body = ("\n".join(line for line, _ in events) + "\n").encode()
