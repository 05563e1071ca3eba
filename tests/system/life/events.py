"""Where events come from: the corpus (days of real accounts, in order of arrival), the examples of
this repository, and made ones that tell a story about a rule. An event is a dict; records that are
no CloudTrail record come as they are.
"""
import datetime
import glob
import json
import os
import re
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, "../../.."))
UTC = datetime.timezone.utc
HOUR = 3600
USUALLY_LATE = 600  # less than the lateness of the service, 15 minutes
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")


def corpus_folder():
    """As the other tests find it; None: there is none."""
    folder = os.environ.get("TOCSIN_CORPUS") or os.path.join(ROOT, "../shared/corpus")
    events = os.path.join(folder, "events")
    return events if os.path.isdir(events) else None


def seconds_of(record):
    """The time of a record, seconds since 1970; None: it has none that can be read."""
    text = record.get("eventTime") if isinstance(record, dict) else None
    if not isinstance(text, str) or not TIME.match(text):
        return None
    whole = datetime.datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    return whole.timestamp() + float("0" + text[19:-1] if text[19:-1] else 0)


def text_of(seconds):
    return datetime.datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Record:
    """One event as it is sent: a line of JSON, its time and whom it is about."""

    __slots__ = ("line", "time", "account")

    def __init__(self, record):
        self.line = json.dumps(record, separators=(",", ":"))
        self.time = seconds_of(record)
        account = record.get("recipientAccountId") if isinstance(record, dict) else None
        self.account = account if isinstance(account, str) else None


class Library:
    """Files of events, of which slices are replayed at another time under other ids."""

    def __init__(self, random):
        self.random = random
        self.replays = 0
        examples = os.path.join(ROOT, "examples/events")
        self.files = [read(path) for path in sorted(glob.glob(examples + "/*.jsonl"))]
        self.has_corpus = corpus_folder() is not None
        if self.has_corpus:
            for path in sorted(glob.glob(corpus_folder() + "/*.jsonl")):
                if not path.endswith(".meta.jsonl"):
                    self.files.append(read(path))
        self.files = [records for records in self.files if records]

    def slice(self, most):
        """Up to `most` records that came one after the other, of an hour or so: [dict]. Their ids
        are new ones, alike where they were alike."""
        records = self.random.choice(self.files)
        begin = self.random.randrange(len(records))
        self.replays += 1
        return [renamed(record, self.replays) for record in records[begin:begin + most]]


def read(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def renamed(record, replay):
    """Examples share ids such as "...": what differs gets different ones."""
    record = dict(record)
    if isinstance(record.get("eventID"), str) and record["eventID"]:
        content = zlib.crc32(json.dumps(record, sort_keys=True).encode())
        record["eventID"] = f"{record['eventID']}-{replay}-{content:08x}"
    return record


def spread(records, random):
    """[(seconds after the first, record)] in order of arrival: the order in which they stand, when it
    may be one, else by their times, some a little late. What lies an hour apart or more is brought
    near: files of examples have years between their lines."""
    times = [time for time in map(seconds_of, records) if time is not None]
    begin = min(times, default=0)
    out = [((seconds_of(record) or begin) - begin, record) for record in records]
    newest, is_arrival = 0, True
    for at, _ in out:
        is_arrival = is_arrival and newest - USUALLY_LATE <= at <= HOUR
        newest = max(newest, at)
    if is_arrival:
        return out
    late = [(at % HOUR, record, min(USUALLY_LATE, random.expovariate(1 / 30))) for at, record in out]
    late.sort(key=lambda entry: entry[0] + entry[2])
    return [(at, record) for at, record, _ in late]


def dated(record, seconds):
    """The record with that time; one without a time that can be read stays as it is."""
    if isinstance(record, dict) and (seconds_of(record) is not None or record.get("eventTime") == ""):
        return {**record, "eventTime": text_of(seconds)}
    return record


# --- made ones ---------------------------------------------------------------------------------
ACCOUNT = "111122223333"
SERVICES = "ec2 iam s3 lambda rds kms sts sns sqs logs ecs ecr eks ses ssm config athena glue".split()
REGIONS = ("eu-west-1 eu-west-2 eu-central-1 us-east-1 us-east-2 us-west-1 us-west-2 sa-east-1 "
           "ap-south-1 ap-southeast-1 ap-southeast-2 ap-northeast-1 ca-central-1 eu-north-1").split()


class Maker:
    """Stories, one call each: [(seconds after the first, dict)]."""

    def __init__(self, random):
        self.random = random
        self.made = 0
        self.stories = [self.ordinary, self.role, self.denied, self.regions, self.services,
                        self.stopped, self.keys, self.deleted, self.logins, self.spray,
                        self.secrets, self.administrator, self.environment]

    def call(self, user, service, name, **members):
        self.made += 1
        kind = members.pop("kind", "IAMUser")
        identity = {"type": "IAMUser", "principalId": "AIDA" + user.upper(), "userName": user,
                    "arn": f"arn:aws:iam::{ACCOUNT}:user/{user}", "accountId": ACCOUNT,
                    "accessKeyId": "AKIA" + user.upper()}
        if kind == "AssumedRole":
            identity = {
                "type": kind, "principalId": f"AROA{user.upper()}:s", "accountId": ACCOUNT,
                "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{user}/s", "accessKeyId": "ASIAX",
                "sessionContext": {
                    "attributes": {"mfaAuthenticated": "false"},
                    "sessionIssuer": {"type": "Role", "arn": f"arn:aws:iam::{ACCOUNT}:role/{user}",
                                      "accountId": ACCOUNT, "userName": user}}}
        return {"eventVersion": "1.09", "userIdentity": identity, "eventTime": "",
                "eventSource": service + ".amazonaws.com", "eventName": name,
                "awsRegion": "eu-central-1", "sourceIPAddress": "198.51.100.24",
                "userAgent": "aws-cli/2.17.0", "requestParameters": None, "responseElements": None,
                "eventID": f"{self.random.getrandbits(64):016x}-{self.made:08x}",
                "eventType": "AwsApiCall", "managementEvent": True, "readOnly": False,
                "recipientAccountId": ACCOUNT, **members}

    def user(self):
        return f"u{self.random.randrange(40)}"

    def spread(self, calls, gap):
        at, out = 0, []
        for call in calls:
            out.append((at, call))
            at += self.random.uniform(0, 2 * gap)
        return out

    def story(self):
        return self.random.choice(self.stories)()

    def ordinary(self):
        user = self.user()
        return self.spread([self.call(user, self.random.choice(SERVICES), "DescribeThings")
                            for _ in range(self.random.randint(1, 30))], 40)

    def role(self):
        """A role that is known for one client and network; now and then it has another."""
        role = f"role{self.random.randrange(4)}"
        odd = self.random.random() < 0.15
        return self.spread([self.call(
            role, self.random.choice(SERVICES[:3]), "GetThing", kind="AssumedRole",
            userAgent=f"odd{self.random.randrange(50)}/1.0" if odd else "Boto3/1.34",
            awsRegion=self.random.choice(REGIONS) if odd else "eu-central-1",
            sourceIPAddress=f"203.0.{self.random.randrange(200)}.9" if odd else "198.51.100.7")
            for _ in range(5)], 60)

    def denied(self):
        user = self.user()
        calls = [self.call(user, "secretsmanager", "GetSecretValue", errorCode="AccessDenied",
                           requestParameters={"secretId": f"s{i}"})
                 for i in range(self.random.randint(5, 40))]
        if self.random.random() < 0.5:
            calls.append(self.call(user, "secretsmanager", "GetSecretValue",
                                   requestParameters={"secretId": "s"}))
        return self.spread(calls, 6)

    def regions(self):
        user = self.user()
        return self.spread([self.call(user, "ec2", "DescribeInstances", awsRegion=region,
                                      readOnly=True) for region in REGIONS], 15)

    def services(self):
        user = self.user()
        return self.spread([self.call(user, service, "ListThings", readOnly=True)
                            for service in SERVICES], 10)

    def stopped(self):
        user = self.user()
        trail = {"name": f"arn:aws:cloudtrail:eu-central-1:{ACCOUNT}:trail/main"}
        calls = [self.call(user, "cloudtrail", "StopLogging", requestParameters=trail)]
        calls += [self.call(user, "iam", "CreateAccessKey", requestParameters={"userName": "eve"})
                  for _ in range(self.random.randint(0, 3))]
        if self.random.random() < 0.5:
            calls.append(self.call(user, "cloudtrail", "StartLogging", requestParameters=trail))
        return self.spread(calls, self.random.choice([30, 900]))

    def keys(self):
        user = self.user()
        return self.spread([self.call(user, "kms", "ScheduleKeyDeletion",
                                      requestParameters={"keyId": f"k{self.made}"})
                            for _ in range(self.random.randint(2, 8))], 200)

    def deleted(self):
        user = self.user()
        return self.spread([self.call(user, "s3", "DeleteObject", requestParameters={
            "bucketName": "data", "key": f"o{i}"}) for i in range(self.random.randint(50, 150))], 4)

    def login(self, user, result, address):
        return self.call(user, "signin", "ConsoleLogin", eventType="AwsConsoleSignIn",
                         responseElements={"ConsoleLogin": result}, sourceIPAddress=address,
                         additionalEventData={"MFAUsed": "No"},
                         **({"errorMessage": "Failed authentication"} if result == "Failure" else {}))

    def logins(self):
        user, address = self.user(), f"203.0.113.{self.random.randrange(250)}"
        calls = [self.login(user, "Failure", address) for _ in range(self.random.randint(2, 12))]
        return self.spread([*calls, self.login(user, "Success", address)], 50)

    def spray(self):
        address = f"203.0.113.{self.random.randrange(250)}"
        return self.spread([self.login(f"u{i}", "Failure", address) for i in range(20)], 60)

    def secrets(self):
        user = self.user()
        return self.spread([self.call(user, "secretsmanager", "GetSecretValue", readOnly=True,
                                      requestParameters={"secretId": f"s{i}"})
                            for i in range(self.random.randint(5, 30))], 10)

    def administrator(self):
        user = self.user()
        new = {"userName": f"eve{self.random.randrange(1000)}"}
        policy = {**new, "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}
        calls = [self.call(user, "iam", "CreateUser", requestParameters=new),
                 self.call(user, "iam", "AttachUserPolicy", requestParameters=policy),
                 self.call(user, "iam", "CreateAccessKey", requestParameters=new)]
        self.random.shuffle(calls)
        return self.spread(calls, 300)

    def environment(self):
        role = f"role{self.random.randrange(4)}"
        calls = [self.call(role, "batch", "CreateComputeEnvironment", kind="AssumedRole")]
        calls += [self.call(role, "batch", "SubmitJob", kind="AssumedRole")
                  for _ in range(self.random.randint(0, 30))]
        return self.spread(calls, 15)
