"""Rules over time and a stream of events for them, made from a seed: correlations of every kind
with spans and counts of its own, events that come out of order, some of them twice.
"""
import datetime
import json
import random

LATENESS = 60  # seconds, that the service waits for
LATEST = 40    # that an event is late at most: the rest is for a machine that stands still
MUCH_LATER = 6 * 3600
NAMES = "ABCD"
REGIONS = "eu-central-1 eu-west-1 us-east-1 us-west-2 sa-east-1".split()
SINGLE, OTHER = "Single", "Other"

_RULE = """title: {0}
name: {0}
id: {id}
status: test
level: low
logsource: {{product: aws, service: cloudtrail}}
detection:
  selection: {{eventName: {0}}}
  condition: selection
---
"""
_CORRELATION = """title: {name}
name: {name}
id: {id}
status: test
level: medium
{generate}correlation:
  type: {type}
  rules: [{rules}]
{body}---
"""
_BY_USER = "  group-by: [userIdentity.arn]\n"
_BY_ACCOUNT = "  group-by: [recipientAccountId]\n"


def rules(seed):
    """The text of a file of rules."""
    random_ = random.Random(f"rules {seed}")
    text, made = "", 0

    def new_id():
        nonlocal made
        made += 1
        return f"5e0c5a52-0000-4000-8000-{made:012d}"

    for name in (*NAMES, SINGLE):
        text += _RULE.format(name, id=new_id())

    def add(name, type_, inputs, body, span=None, generate=False):
        nonlocal text
        seconds = random_.randint(*(span or (20, 120)))
        if "tumbling" in body:
            seconds = random_.choice([20, 45, 60, 120])  # of which a day has a whole number
        if type_ != "new_value":
            body += f"  timespan: {seconds}s\n"
        text += _CORRELATION.format(name=name, id=new_id(), type=type_, rules=inputs,
                                    body=body, generate="generate: true\n" if generate else "")

    def bound(low, high, operator="gte", field=None):
        of = f"field: {field}, " if field else ""
        return f"  condition: {{{of}{operator}: {random_.randint(low, high)}}}\n"

    add("burst", "event_count", "A", _BY_USER + bound(2, 4))
    add("users", "value_count", "A, B", _BY_ACCOUNT + bound(2, 4, field="userIdentity.arn"))
    add("bytes", "value_sum", "A, D", _BY_USER + bound(20, 60, field="requestParameters.size"))
    add("average", "value_avg", "D", _BY_ACCOUNT + bound(8, 14, field="requestParameters.size"))
    add("together", "temporal", "B, C, D", _BY_USER)
    add("steps", "temporal_ordered", "A, B, C", _BY_USER)
    add("chain", "temporal_ordered", "burst, D", _BY_USER, generate=random_.random() < 0.5)
    add("absent", "temporal_ordered", "A, C", _BY_USER + "  condition: A and not C\n")
    add("unmatched", "temporal", "B, D", _BY_USER + "  condition: B and not D\n")
    add("absences", "event_count", "absent", _BY_ACCOUNT + bound(2, 4), generate=True)
    add("few", "event_count", "B", _BY_USER + bound(2, 4, "lt"))
    add("exactly", "event_count", "C", _BY_ACCOUNT + bound(2, 4, "eq"))
    add("bucket", "event_count", "B, C",
        _BY_USER + bound(2, 5, random_.choice(["gte", "lte"])) + "  window: tumbling\n")
    add("session", "event_count", "A, D",
        _BY_ACCOUNT + bound(3, 8, random_.choice(["gte", "lt"])) + "  window: session\n", (5, 20))
    learning, forget = random_.randint(10, 200), random_.randint(300, 1500)
    add("region", "new_value", "A, B, C, D", _BY_USER + "  field: awsRegion\n"
        f"  learning: {learning}s\n  forget: {forget}s\n")
    add("address", "new_value", "A, D", "  field: sourceIPAddress\n")
    add("quiet", "silent_source", "C", _BY_USER, (60, 200))
    return text


class Stream:
    """`events`: [(JSON line, event id)] in the order of arrival. `last`: one so much later that
    everything before it is decided; `reached`: a time that the watermark has then passed."""

    def __init__(self, seed, most=800):
        self.random = random.Random(f"stream {seed}")
        # Recent, because alerts are kept for days only; from midnight, because buckets are of the day.
        today = datetime.datetime.now(datetime.timezone.utc).date()
        self.begin = datetime.datetime.combine(today - datetime.timedelta(days=2), datetime.time(),
                                               datetime.timezone.utc)
        self.made = 0
        self.now = 0.0
        users, gap = self.random.randint(1, 5), self.random.choice([0.5, 2, 5])
        self.users = [f"u{i}" for i in range(users)]
        arrivals = []
        for _ in range(self.random.randint(200, most)):
            self.now += self.random.expovariate(1 / gap)
            late = self.random.uniform(0, LATEST) if self.random.random() < 0.4 else 0
            event = self.event(self.random.choice([*NAMES, *NAMES, SINGLE, OTHER]), self.now)
            arrivals.append((self.now + late, event))
            while self.random.random() < 0.1:
                arrivals.append((self.now + late + self.random.expovariate(1 / 60), event))
        arrivals.sort(key=lambda arrival: arrival[0])
        self.events = [event for _, event in arrivals]
        end = self.now + MUCH_LATER
        self.last = self.event(SINGLE, end)
        # The other account's clock stands still, which delays the source by the lateness at most.
        self.reached = self.text_of(end - 2 * LATENESS - 1)

    def text_of(self, seconds):
        time = self.begin + datetime.timedelta(seconds=int(seconds))
        return time.strftime("%Y-%m-%dT%H:%M:%S")

    def event(self, name, seconds):
        self.made += 1
        choose = self.random.choice
        fraction = "" if self.random.random() < 0.7 else ".%03d" % (seconds % 1 * 1000)
        user = choose(self.users)
        account = "11112222333%d" % self.random.randrange(2)
        event_id = "%08x-0000-4000-8000-%012x" % (self.random.getrandbits(32), self.made)
        record = {
            "eventVersion": "1.08",
            "userIdentity": {"type": "IAMUser", "principalId": "AIDA" + user.upper(),
                             "arn": f"arn:aws:iam::111122223333:user/{user}",
                             "accountId": "111122223333", "userName": user},
            "eventTime": self.text_of(seconds) + fraction + "Z",
            "eventSource": "test.amazonaws.com", "eventName": name,
            "awsRegion": choose(REGIONS), "userAgent": "aws-cli/2.17",
            "sourceIPAddress": f"198.51.100.{self.random.randrange(20)}",
            "requestParameters": {"size": self.random.randrange(20)},
            "eventID": event_id, "eventType": "AwsApiCall", "recipientAccountId": account}
        return json.dumps(record), event_id
