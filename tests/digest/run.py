#!/usr/bin/env python3
"""`tocsin digest verify` on trails that are made up and then tampered with: each change is found and named,
nothing else is, and awscli's validator agrees about each digest.

Usage: run.py TOCSIN [PART…]. Exits with 77 when the package cryptography is not installed: the tests
are skipped, and say so. Without awscli or botocore the parts that need them are skipped, and say so.
"""
import collections
import copy
import datetime
import gzip
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "aws"))
try:
    import trail as made
    from cryptography.hazmat.primitives import serialization
except ImportError as missing:
    print(f"SKIPPED: the tests of digests need the package cryptography: {missing}")
    sys.exit(77)
try:
    from awscli.customizations.cloudtrail.validation import DigestError, Sha256RSADigestValidator
except ImportError as missing:
    Sha256RSADigestValidator = None
    print(f"SKIPPED: no comparison with awscli's validator: {missing}")
try:
    import over_s3
except ImportError as missing:
    over_s3 = None
    print(f"SKIPPED: no digests over S3: {missing}")

KEY, ROTATED, FOREIGN = made.Key(), made.Key(), made.Key()
Finding = collections.namedtuple("Finding", "state kind key")


class Verdicts:
    """What one run of tocsin said."""

    def __init__(self, done):
        self.status, self.log = done.returncode, done.stderr
        self.lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.findings = sorted(Finding(x["state"], x["kind"], x["key"]) for x in self.lines if x["state"] != "valid")
        self.valid = collections.Counter(x["kind"] for x in self.lines if x["state"] == "valid")


class Tests:
    def __init__(self, tocsin):
        self.tocsin = tocsin
        self.checks = self.failures = self.agreed = 0
        self.part = ""

    def check(self, good, what):
        self.checks += 1
        if not good:
            self.failures += 1
            print(f"FAILED: {self.part}: {what}", flush=True)

    def equal(self, got, expected, what=""):
        self.check(got == expected, f"{what}: {got!r} is not {expected!r}")

    def run(self, *arguments, env=None):
        command = [self.tocsin, "digest", "verify", "--output", "jsonl", "--all", *map(str, arguments)]
        environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **(env or {})}
        return Verdicts(subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment))

    def verify(self, objects, *arguments, keys=(KEY,), bucket="trail"):
        with tempfile.TemporaryDirectory() as folder:
            made.write(objects, folder)
            listed = pathlib.Path(folder) / "keys.json"
            listed.write_text(json.dumps({"PublicKeyList": [key.listed() for key in keys]}))
            return self.run(pathlib.Path(folder) / bucket, "--public-keys", listed, *arguments)

    def found(self, objects, expected, *arguments, status=None, lenient=False, **options):
        """The findings are `expected` and no others; awscli agrees about each digest."""
        verdicts = self.verify(objects, *arguments, **options)
        self.equal(verdicts.findings, sorted(expected), verdicts.log)
        self.equal(verdicts.status, (1 if expected else 0) if status is None else status, verdicts.log)
        for line in verdicts.lines:
            self.check(bool(line.get("message")) == (line["state"] != "valid"), f"a sentence for findings: {line}")
        if not lenient:
            self.agree(objects, verdicts, options.get("keys", (KEY,)))
        return verdicts

    def agree(self, objects, verdicts, keys):
        """awscli has the same opinion of each digest that is there."""
        if Sha256RSADigestValidator is None:
            return
        values = {key.fingerprint: key.value for key in keys}
        for line in verdicts.lines:
            name = (line["bucket"], line["key"])
            if line["kind"] != "digest" or name not in objects or line["state"] == "gap":
                continue
            self.agreed += 1
            self.equal(line["state"] in ("valid", "appended"), awscli_accepts(objects, name, values),
                       f"awscli disagrees about {name}: {line}")


def awscli_accepts(objects, name, keys):
    data, metadata = objects[name]
    try:
        content = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(data)
        digest = json.loads(content)
        digest["_signature"] = metadata["signature"]
        if (digest["digestS3Bucket"], digest["digestS3Object"]) != name:
            return False
        if name[1].endswith("_backfill.json.gz") and "backfill-generation-timestamp" not in metadata:
            return False
        Sha256RSADigestValidator().validate(*name, keys[digest["digestPublicKeyFingerprint"]], digest, content)
        return True
    except (DigestError, KeyError, ValueError, zlib.error):
        return False


TRAIL = made.Trail(KEY).fill()


def copy_of(trail):
    return {name: [data, dict(metadata)] for name, (data, metadata) in trail.objects.items()}


def log(name):
    return lambda state: Finding(state, "log", name[1])


def digest(name):
    return lambda state: Finding(state, "digest", name[1])


def altered(data, old=b'"eventID"', new=b'"eventId"'):
    content = gzip.decompress(data)
    assert old in content
    return gzip.compress(content.replace(old, new, 1))


def logs_of(trail, hour):
    return trail.listed[trail.digests[hour]]


def genuine(t):
    verdicts = t.found(TRAIL.objects, [])
    t.equal(verdicts.valid["digest"], made.HOURS)
    t.equal(verdicts.valid["log"], sum(map(len, TRAIL.listed.values())))
    t.equal({(x["from"], x["to"]) for x in verdicts.lines if x["kind"] == "digest"},
            {(made.iso(TRAIL.end_of(h - 1)), made.iso(TRAIL.end_of(h))) for h in range(made.HOURS)})


def log_files(t):
    """Each way to tamper with one log file, alone and then all at once."""
    ways = {
        "deleted": ("missing_log", None), "altered": ("modified", altered),
        "cut": ("modified", lambda data: data[:-3]), "emptied": ("modified", lambda data: b""),
        "no gzip": ("modified", lambda data: gzip.decompress(data)),
        "damaged": ("modified", lambda data: data[:30] + bytes([data[30] ^ 64]) + data[31:]),
        "member appended": ("appended", lambda data: data + gzip.compress(b'{"Records":[{"eventName":"x"}]}')),
        "zero appended": ("appended", lambda data: data + b"\0"),
        "text appended": ("appended", lambda data: data + b"more"),
        "altered and appended": ("modified", lambda data: altered(data) + gzip.compress(b"x"))}
    every = [name for h in range(made.HOURS) for name in logs_of(TRAIL, h)]
    chosen = random.Random(7).sample(every, len(ways))
    together, all_expected = copy_of(TRAIL), []
    for (way, (state, change)), name in zip(ways.items(), chosen):
        objects = copy_of(TRAIL)
        for place in (objects, together):
            if change is None:
                del place[name]
            else:
                place[name][0] = change(place[name][0])
        expected = log(name)(state)
        all_expected.append(expected)
        if way in ("deleted", "altered", "member appended"):
            t.found(objects, [expected])
    verdicts = t.found(together, all_expected)
    t.equal(verdicts.valid["log"], len(every) - len(ways))


def log_files_change_places(t):
    objects = copy_of(TRAIL)
    a, b = logs_of(TRAIL, 7)[0], logs_of(TRAIL, 28)[0]
    objects[a], objects[b] = objects[b], objects[a]
    t.found(objects, [log(a)("modified"), log(b)("modified")])


def injected(t):
    """A file that no digest lists, in the first and last minutes of an hour too."""
    objects, expected = copy_of(TRAIL), []
    for hour, minute in [(3, 2), (12, 30), (20, 0), (44, 59)]:
        time = (made.BEGIN + hour * made.HOUR).replace(minute=minute, second=0)
        name = ("trail", TRAIL.log_key(time))
        objects[name] = [gzip.compress(b'{"Records":[]}'), {}]
        expected.append(log(name)("unlisted"))
    odd = ("trail", f"{TRAIL.root}CloudTrail/eu-west-1/2026/01/31/readme.json.gz")
    objects[odd] = [gzip.compress(b'{"Records":[]}'), {}]
    t.found(objects, [*expected, log(odd)("unlisted")])
    # Of the last two hours nothing is known yet: the digest of a later hour may list the file.
    late = ("trail", TRAIL.log_key(TRAIL.end_of(made.HOURS - 1) - datetime.timedelta(minutes=50)))
    objects = {**copy_of(TRAIL), late: [gzip.compress(b"{}"), {}]}
    t.found(objects, [])


def digests(t):
    """Each way to tamper with one digest. Its hour is not proven; the walk goes on before it."""
    middle, newest, oldest = TRAIL.digests[20], TRAIL.digests[-1], TRAIL.digests[0]
    for name in (middle, newest, oldest):
        objects = copy_of(TRAIL)
        objects[name][0] = altered(objects[name][0], b'"hashAlgorithm": "SHA-256"', b'"hashAlgorithm": "SHA-257"') \
            if TRAIL.listed[name] else altered(objects[name][0], b'"newestEventTime": null', b'"newestEventTime":1')
        t.found(objects, [digest(name)("bad_signature")])
        objects = copy_of(TRAIL)
        objects[name][1]["signature"] = objects[name][1]["signature"][::-1]
        t.found(objects, [digest(name)("bad_signature")])
        objects = copy_of(TRAIL)
        objects[name][0] += gzip.compress(b"{}")
        t.found(objects, [digest(name)("appended")])
        objects = copy_of(TRAIL)
        objects[name][0] = objects[name][0][:-9]
        t.found(objects, [digest(name)("modified")], lenient=True)  # zlib gives what it has
    for text in ["zz", "abc", ""]:
        objects = copy_of(TRAIL)
        objects[middle][1]["signature"] = text
        t.found(objects, [digest(middle)("bad_signature")])
    objects = copy_of(TRAIL)
    objects[middle][1]["signature-algorithm"] = "MD5withRSA"
    t.found(objects, [digest(middle)("bad_signature")], lenient=True)  # awscli takes any
    # A log file that was deleted together with its line in the digest.
    objects = copy_of(TRAIL)
    name = next(name for name in TRAIL.digests if TRAIL.listed[name])
    content = json.loads(gzip.decompress(objects[name][0]))
    gone = content["logFiles"].pop()
    del objects[gone["s3Bucket"], gone["s3Object"]]
    objects[name][0] = gzip.compress(json.dumps(content).encode())
    t.found(objects, [digest(name)("bad_signature")])
    # Signed again by somebody else's key, under its own fingerprint and under that of the genuine one.
    for fingerprint in (FOREIGN.fingerprint, KEY.fingerprint):
        forged = made.Trail(KEY, objects=copy_of(TRAIL))
        content["digestPublicKeyFingerprint"] = fingerprint
        forged.store(name, json.dumps(content).encode(), FOREIGN)
        t.found(forged.objects, [digest(name)("bad_signature")])


def two_digests_of_an_hour(t):
    """Both signed by CloudTrail: the one that the digest after it does not mean is not accepted."""
    name = next(name for name in TRAIL.digests[5:] if TRAIL.listed[name])
    content = json.loads(gzip.decompress(TRAIL.objects[name][0]))
    content["logFiles"].pop()
    twin = made.Trail(KEY, objects=copy_of(TRAIL))
    twin.store(name, json.dumps(content).encode(), KEY)
    t.found(twin.objects, [digest(name)("modified")], lenient=True)  # awscli does not compare


def digests_are_missing(t):
    objects = copy_of(TRAIL)
    del objects[TRAIL.digests[20]]
    t.found(objects, [digest(TRAIL.digests[20])("missing_digest")])
    # The first one is named by the digest after it, the others by the hole.
    for hour in (16, 17, 18, 19):
        del objects[TRAIL.digests[hour]]
    verdicts = t.found(objects, [digest(TRAIL.digests[h])("missing_digest") for h in (20, 19)])
    hole = [x for x in verdicts.lines if x["key"] == TRAIL.digests[19][1]]
    t.equal([(x["from"], x["to"]) for x in hole], [(made.iso(TRAIL.end_of(15)), made.iso(TRAIL.end_of(19)))])
    # All before: only a bound says that there should be some.
    objects = copy_of(TRAIL)
    for hour in range(21):
        del objects[TRAIL.digests[hour]]
    t.found(objects, [digest(TRAIL.digests[20])("missing_digest")])
    t.found(objects, [digest(TRAIL.digests[h])("missing_digest") for h in (20, 19)],
            "--since", made.iso(made.BEGIN))


def digests_change_places(t):
    objects = copy_of(TRAIL)
    a, b = TRAIL.digests[9], TRAIL.digests[30]
    objects[a], objects[b] = objects[b], objects[a]
    t.found(objects, [digest(a)("modified"), digest(b)("modified")])
    objects = copy_of(TRAIL)
    objects[a] = copy.deepcopy(objects[b])  # one is used twice
    t.found(objects, [digest(a)("modified")])
    # In the place of the newest, of which no other digest has a hash: only its own name gives it away.
    newest = TRAIL.digests[-1]
    objects = copy_of(TRAIL)
    objects[newest] = copy.deepcopy(objects[b])
    t.found(objects, [digest(newest)("modified")])


def gaps(t):
    """Where the chain begins anew it says so itself: a gap. The log files of that time are not judged."""
    trail = made.Trail(KEY, seed=2).fill(without=range(14, 20))
    verdicts = t.found(trail.objects, [Finding("gap", "digest", trail.digest_key(20))])
    gap = next(x for x in verdicts.lines if x["state"] == "gap")
    t.equal((gap["from"], gap["to"]), (made.iso(trail.end_of(13)), made.iso(trail.end_of(19))))
    t.check("not by itself tampering" in gap["message"] and "see who made" not in gap["message"], gap)
    # With the call that explains it, when the hour before has it and its log file is genuine.
    stopped = made.Trail(KEY, seed=2).fill(range(13))
    stop = stopped.put_log(13)
    stopped.objects[stop][0] = gzip.compress(b'{"Records":[{"eventName":"StopLogging"}]}')
    stopped.put_digest(13, [stopped.put_log(13), stop])
    stopped.last = None
    stopped.fill(range(20, made.HOURS))
    verdicts = t.found(stopped.objects, [Finding("gap", "digest", stopped.digest_key(20))])
    gap = next(x for x in verdicts.lines if x["state"] == "gap")
    t.check(stop[1] in gap["message"] and "has a StopLogging" in gap["message"], gap)
    stopped.objects[stop][0] = gzip.compress(b'{"Records":[{"eventName":"StopLogging","x":1}]}')
    verdicts = t.found(stopped.objects, [Finding("gap", "digest", stopped.digest_key(20)), log(stop)("modified")])
    t.check(all("see who made" not in x.get("message", "") for x in verdicts.lines), "a forged explanation")
    # The newest digests are gone: no signature refers to them.
    objects = copy_of(TRAIL)
    for name in TRAIL.digests[-5:]:
        del objects[name]
    until = made.iso(TRAIL.end_of(made.HOURS - 1))
    t.found(objects, [])
    t.found(objects, [digest(TRAIL.digests[-6])("gap")], "--until", until)
    t.found(TRAIL.objects, [], "--until", until)
    # A gap and, at its end, a digest that was deleted: the second hides that there was a gap.
    objects = {name: value for name, value in trail.objects.items() if name[1] != trail.digest_key(20)}
    t.found(objects, [Finding("missing_digest", "digest", trail.digest_key(h)) for h in (20, 19)])


def keys(t):
    trail = made.Trail(KEY, seed=3).fill(range(24))
    trail.key = ROTATED
    trail.fill(range(24, made.HOURS))
    t.found(trail.objects, [], keys=(KEY, ROTATED))
    t.found(trail.objects, [digest(name)("bad_signature") for name in trail.digests[:24]], keys=(ROTATED,))
    spki = made.Key(serialization.PublicFormat.SubjectPublicKeyInfo)
    trail = made.Trail(spki, seed=4).fill(range(5))
    t.found(trail.objects, [], keys=(spki,), lenient=True)  # awscli takes PKCS #1 only
    broken = made.Key()
    broken.value = broken.value[:40]
    trail = made.Trail(broken, seed=4).fill(range(3))
    t.found(trail.objects, [digest(name)("bad_signature") for name in trail.digests], keys=(broken,), lenient=True)


def copies_without_metadata(t):
    """The digest after it has the signature of each digest, but for the newest."""
    objects = {name: [data, {}] for name, (data, _) in TRAIL.objects.items()}
    newest = TRAIL.digests[-1]
    # With the newest one everything that it vouches for is lost.
    t.found(objects, [digest(name)("bad_signature") for name in TRAIL.digests[::-1]], lenient=True)
    objects[newest][1] = TRAIL.objects[newest][1]
    t.found(objects, [], lenient=True)
    objects[TRAIL.digests[10]][0] = altered(objects[TRAIL.digests[10]][0], b'"newestEventTime": null', b'"newestEventTime": 1')
    t.found(objects, [digest(name)("bad_signature") for name in TRAIL.digests[:11]], lenient=True)


def backfills(t):
    trail = made.Trail(KEY, seed=5).fill(range(20))
    late = {}
    for hour in (3, 11, 7):  # not in the order of their hours
        late[hour] = trail.put_log(hour)
        trail.put_digest(hour, [late[hour]], backfill=True)
    verdicts = t.found(trail.objects, [])
    t.equal(sum(x["backfill"] for x in verdicts.lines), 6)
    objects = copy_of(trail)
    del objects[late[11]]
    t.found(objects, [log(late[11])("missing_log")])
    objects = copy_of(trail)
    del objects[trail.backfills[1]][1]["backfill-generation-timestamp"]
    t.found(objects, [digest(trail.backfills[1])("bad_signature"), log(late[11])("unlisted")])
    objects = copy_of(trail)
    del objects[trail.backfills[1]]
    t.found(objects, [digest(trail.backfills[1])("missing_digest"), log(late[11])("unlisted")])


def the_bucket_was_changed(t):
    trail = made.Trail(KEY, seed=6, old_bucket="older").fill()
    t.equal(t.found(trail.objects, []).valid["digest"], made.HOURS)
    objects = copy_of(trail)
    victim = next(name for name in trail.objects if name[0] == "older" and "/CloudTrail/" in name[1])
    del objects[victim]
    time = (made.BEGIN + 4 * made.HOUR).replace(minute=30)
    put = ("older", trail.log_key(time))
    objects[put] = [gzip.compress(b"{}"), {}]
    del objects[trail.digests[15]]
    t.found(objects, [log(victim)("missing_log"), log(put)("unlisted"),
                      digest(trail.digests[15])("missing_digest")])


def layouts_and_bounds(t):
    """An organisation's trail, under a prefix, with accounts and regions; two trails in one place."""
    shared = {}
    options = {"prefix": "deep/er/", "organization": "o-abc123/", "objects": shared}
    a = made.Trail(KEY, seed=8, **options).fill(range(6))
    b = made.Trail(KEY, seed=9, account="444455556666", region="us-east-1", **options).fill(range(6))
    c = made.Trail(KEY, seed=10, name="other", **options).fill(range(6))  # beside a
    sizes = [sum(map(len, x.listed.values())) for x in (a, b, c)]
    prefix = ("--prefix", "deep/er")
    verdicts = t.found(shared, [], *prefix)
    t.equal((verdicts.valid["digest"], verdicts.valid["log"]), (18, sum(sizes)))
    t.equal(t.found(shared, [], *prefix, "--account", b.account).valid["log"], sizes[1])
    t.equal(t.found(shared, [], *prefix, "--region", a.region).valid["log"], sizes[0] + sizes[2])
    within = f"deep/er/AWSLogs/o-abc123/{b.account}/CloudTrail/us-east-1/"
    t.equal(t.found(shared, [], "--prefix", within).valid["log"], sizes[1])
    t.equal(t.verify(shared).status, 2, "no digests without the prefix")
    t.equal(t.verify(shared, *prefix, "--account", "999999999999").status, 2, "no such account")

    # All digests of one account are gone, but its log files are there.
    less = {name: value for name, value in shared.items()
            if b.account not in name[1] or "CloudTrail-Digest" not in name[1]}
    t.found(less, [Finding("gap", "digest", f"{b.root}CloudTrail-Digest/us-east-1/")], *prefix)

    # Of a time: digests of hours that touch it, and up to two hours later.
    since, until = TRAIL.end_of(9), TRAIL.end_of(19)
    verdicts = t.found(TRAIL.objects, [], "--since", made.iso(since), "--until", made.iso(until))
    t.equal({x["key"] for x in verdicts.lines if x["kind"] == "digest"},
            {TRAIL.digests[hour][1] for hour in range(9, 22)})
    t.equal(t.verify(TRAIL.objects, "--since", "2027-01-01").status, 2, "nothing of that time")
    t.equal(t.verify(TRAIL.objects, "--since", "2026-01-02", "--until", "2026-01-01").status, 2)
    t.equal(t.verify(TRAIL.objects, "--since", "yesterday").status, 2)


def what_cannot_be_verified(t):
    """No verdict is not a good one: status 2, and all else is verified."""
    trail = made.Trail(KEY, seed=11).fill(range(4))
    odd = trail.put_log(4)
    trail.put_digest(4, [odd], algorithm="SHA-512")
    t.found(trail.objects, [log(odd)("unreadable")], status=2)
    outside = ("trail", "../../etc/hostname")
    trail.objects[outside] = [gzip.compress(b"x"), {}]
    trail.put_digest(5, [outside])
    del trail.objects[outside]
    t.found(trail.objects, [log(odd)("unreadable"), log(outside)("unreadable")], status=2)
    del trail.objects[trail.digests[2]]
    t.found(trail.objects, [log(odd)("unreadable"), log(outside)("unreadable"),
                            digest(trail.digests[2])("missing_digest")])


def table(t):
    """For people: the state, the hour, the place and a sentence; the valid ones are counted."""
    objects = copy_of(TRAIL)
    name = logs_of(TRAIL, 7)[0]
    del objects[name]
    with tempfile.TemporaryDirectory() as folder:
        made.write(objects, folder)
        listed = pathlib.Path(folder) / "keys.json"
        listed.write_text(json.dumps({"PublicKeyList": [KEY.listed()]}))
        done = subprocess.run([t.tocsin, "digest", "verify", f"{folder}/trail", "--public-keys", str(listed)],
                              capture_output=True, text=True, timeout=120)
    lines = done.stdout.splitlines()
    t.equal((done.returncode, len(lines)), (1, 2), done.stdout + done.stderr)
    t.check(lines[0].startswith("missing_log") and lines[0].endswith(f"s3://trail/{name[1]}"), lines)
    t.check("lifecycle" in lines[1], lines)
    t.check(f"{made.HOURS} digests and" in done.stderr and "1 missing_log" in done.stderr, done.stderr)


PARTS = [genuine, log_files, log_files_change_places, injected, digests, two_digests_of_an_hour, digests_are_missing,
         digests_change_places, gaps, keys, copies_without_metadata, backfills, the_bucket_was_changed,
         layouts_and_bounds, what_cannot_be_verified, table]


def main():
    tests, wanted = Tests(sys.argv[1]), sys.argv[2:]
    for part in PARTS + (over_s3.PARTS if over_s3 else []):
        if wanted and part.__name__ not in wanted:
            continue
        tests.part, before = part.__name__, tests.checks
        try:
            part(tests)
        except Exception as error:  # a part that breaks off is a failure; the others go on
            tests.check(False, f"{type(error).__name__}: {error}")
        tests.check(tests.checks > before, "checked nothing")
        print(f"{tests.part}: {tests.checks - before} checks", flush=True)
    print(f"awscli's validator agreed or not on {tests.agreed} digests")
    print(f"{tests.checks} checks, {tests.failures} failures")
    return 1 if tests.failures else 0


if __name__ == "__main__":
    sys.exit(main())
