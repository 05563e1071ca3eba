#!/usr/bin/env python3
"""Rule sets that do not exist yet: many AWS rules, and rules with long indicator lists.

Real rules are mutated line by line, so that what comes out has their shapes (source and name, name
lists, filters, user agents, request parameters, error codes) with other services, calls, values and
fields. Half of the calls and most of the fields are taken from the events, so that rules meet them.
"""
import collections
import pathlib
import random
import re
import uuid

VERBS = ("Create Delete Update Put Get List Describe Modify Attach Detach Enable Disable Start Stop "
         "Register Deregister Associate Disassociate Invoke Import Export Restore Copy Tag").split()
NOUNS = ("Cluster Detector Bucket Policy Role User Key Secret Trail Instance Image Snapshot Volume "
         "Subnet Route Gateway Function Layer Queue Topic Stream Table Domain Certificate Parameter "
         "Pipeline Project Repository Budget Alarm Rule Target Session Token Profile Group").split()
SUFFIXES = ("", "", "V2", "Config", "Attribute", "Permission", "Settings", "Association", "Version")
SERVICES = ("ec2 s3 iam sts kms rds lambda eks ecs sqs sns glue ses ssm config guardduty route53 "
            "cloudtrail bedrock athena redshift emr batch backup codebuild cognito-idp").split()
WORDS = ("audit backup billing breakglass build cache deploy export finance gateway internal legacy "
         "metrics payroll prod reports sandbox staging temp vault").split()

FIELD = re.compile(r"^(\s+(?:- )?)([A-Za-z_][\w.-]*)((?:\|\w+)*):(?:\s+(.*))?$")
ITEM = re.compile(r"^(\s+- )(?!\w[\w.|-]*:(?:\s|$))(.*)$")
KEPT = re.compile(r"^(null|true|false|~|-?\d+|'?\"?\*?'?\"?|'?(?:true|false|Success|NO)'?)?\s*(#.*)?$")
PARENTS = ("requestParameters", "responseElements", "additionalEventData")


class Vocabulary:
    """What the events say: their calls and the fields of their parameters."""

    def __init__(self, records):
        calls = collections.Counter()
        fields = set()
        for record in records:
            calls[record["eventSource"], record["eventName"]] += 1
            for parent in PARENTS:
                if isinstance(record.get(parent), dict):
                    fields.update(f"{parent}.{key}" for key in record[parent]
                                  if re.fullmatch(r"[A-Za-z]\w*", key))
        total = sum(calls.values())
        self.calls = sorted(calls)
        # Nobody keeps a rule that fires on every hundredth record: a rule that asks for nothing
        # but the call takes one of these.
        self.rare_calls = [call for call in self.calls if calls[call] <= total / 200] or self.calls
        self.fields = sorted(fields)


class Mutator:
    def __init__(self, bases, vocabulary, seed):
        self.bases = bases
        self.words = vocabulary
        self.random = random.Random(seed)

    def rule(self, number):
        base = self.random.choice(self.bases)
        picks = self.random
        self.bare = is_bare(base)
        self.source, self.name = self.call()
        self.used = set()
        field = None
        out = []
        inside = False
        for line in base.splitlines():
            if re.match(r"\S", line):
                inside = line.startswith("detection:")
                key = line.split(":")[0]
                if key == "title":
                    line = f"title: Generated {number:05} {line[6:].strip()[:60]}"
                elif key == "id":
                    line = f"id: {uuid.UUID(int=picks.getrandbits(128), version=4)}"
            elif inside and not line.strip().startswith(("condition:", "#")):
                line, field = self.detection_line(line, field)
            out.append(line)
        return "\n".join(out) + "\n"

    def detection_line(self, line, field):
        item = ITEM.match(line)
        if item:
            return item[1] + self.value(field, item[2]), field
        found = FIELD.match(line)
        if not found or len(found[1]) < 8:
            return line, field  # the name of a selection
        lead, field, modifiers, value = found.groups()
        if field.startswith(PARENTS) and "." in field and self.random.random() < 0.7:
            field = self.field(field)
        line = f"{lead}{field}{modifiers}:"
        if value:
            line += " " + self.value(field, value)
        return line, field

    def field(self, field):
        if self.words.fields and self.random.random() < 0.7:
            field = self.random.choice(self.words.fields)
        else:
            field += self.random.choice(NOUNS)
        while field in self.used:  # a selection must not name a field twice
            field += "Name"
        self.used.add(field)
        return field

    def call(self):
        if self.random.random() < 0.5:
            return self.random.choice(self.words.rare_calls if self.bare else self.words.calls)
        name = (self.random.choice(VERBS) + self.random.choice(NOUNS) + self.random.choice(NOUNS) +
                self.random.choice(SUFFIXES))
        return f"{self.random.choice(SERVICES)}.amazonaws.com", name

    def value(self, field, value):
        if KEPT.match(value):
            return value
        if field == "eventSource":
            return self.source
        if field == "eventName":
            name = self.name
            self.name = self.call()[1]  # for the next item of a list
            return name
        # The word goes before a closing wildcard or quote.
        end = re.search(r"[*'\"]*\s*(#.*)?$", value).start()
        return f"{value[:end]}-{self.random.choice(WORDS)}{self.random.randrange(1000)}{value[end:]}"


def is_bare(text):
    """Whether the rule asks for a call only: filters and error codes let most records through."""
    block = ""
    for line in detection_of(text).splitlines():
        found = FIELD.match(line)
        if found and len(found[1]) < 8:
            block = found[2]
        elif found and not block.startswith("filter"):
            if found[2] not in ("eventName", "eventSource", "errorCode", "errorMessage"):
                return False
    return True


def detection_of(text):
    found = re.search(r"^detection:\n((?:\s.*\n|\n)*)", text, re.M)
    return found[1] if found else ""


def base_rules(folder):
    """Single rule documents that every engine can run."""
    out = []
    for path in sorted(pathlib.Path(folder).rglob("*.yml")):
        text = path.read_text()
        if {"unsupported", "rules-placeholder"} & set(path.parts) or path.name.endswith(".test.yml"):
            continue
        if "\n---" in text or "|expand" in text or "correlation:" in text or "|count(" in text:
            continue
        if re.search(r"^\s+product: aws$|product: aws,", text, re.M) and detection_of(text):
            out.append(text)
    return out


def write_mutated(folder, bases, vocabulary, count, seed):
    folder.mkdir(parents=True)
    mutator = Mutator(bases, vocabulary, seed)
    for number in range(count):
        (folder / f"rule_{number:05}.yml").write_text(mutator.rule(number))


INDICATOR_RULE = """title: Indicator list {name}
id: {id}
status: test
level: high
logsource: {{product: aws, service: cloudtrail}}
detection:
    selection:
        {field}: '%{name}%'
    condition: selection
"""


def indicators(records, picks, hits=0.005):
    """Kind → field with modifiers, and a function that makes one value."""
    def address():
        return ".".join(str(picks.randrange(1, 255)) for _ in range(4))

    def network():
        bits = picks.choice((16, 20, 22, 24, 24, 24, 28))
        whole = picks.getrandbits(32) >> (32 - bits) << (32 - bits)
        return ".".join(str(whole >> shift & 255) for shift in (24, 16, 8, 0)) + f"/{bits}"

    def agent():
        name = f"{picks.choice(WORDS)}-{picks.choice(NOUNS).lower()}"
        return f"{name}/{picks.randrange(99)}.{picks.randrange(999)}"

    def arn():
        account = picks.randrange(10**11, 10**12)
        kind = picks.choice(("user", "role", "assumed-role"))
        return (f"arn:aws:{picks.choice(('iam', 'sts'))}::{account}:{kind}/"
                f"{picks.choice(WORDS)}-{picks.randrange(9999)}")

    seen = {
        "sourceIPAddress": sorted({r.get("sourceIPAddress") for r in records} - {None}),
        "userIdentity.arn": sorted({r["userIdentity"]["arn"] for r in records
                                    if isinstance(r.get("userIdentity"), dict)
                                    and isinstance(r["userIdentity"].get("arn"), str)}),
    }

    def some_real(make, field):
        real = [value for value in seen[field] if re.fullmatch(r"[\w.:/@=,-]+", value)]
        return lambda: picks.choice(real) if real and picks.random() < hits else make()

    return {
        "addresses": ("sourceIPAddress|expand", some_real(address, "sourceIPAddress")),
        "networks": ("sourceIPAddress|cidr|expand", network),
        "agents": ("userAgent|expand|contains", agent),
        "principals": ("userIdentity.arn|expand", some_real(arn, "userIdentity.arn")),
    }


def write_indicators(folder, records, seed, rules_per_kind=5, values_per_rule=500):
    (folder / "lists").mkdir(parents=True)
    picks = random.Random(seed)
    for kind, (field, make) in indicators(records, picks).items():
        for number in range(rules_per_kind):
            name = f"{kind}_{number}"
            rule = INDICATOR_RULE.format(name=name, field=field,
                                         id=uuid.UUID(int=picks.getrandbits(128), version=4))
            (folder / f"{name}.yml").write_text(rule)
            values = "".join(f"{make()}\n" for _ in range(values_per_rule))
            (folder / "lists" / f"{name}.txt").write_text(values)
