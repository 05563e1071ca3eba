"""A trail that is made up: log files and digests as CloudTrail writes them, signed with a test key."""
import base64
import datetime
import gzip
import hashlib
import json
import pathlib
import random

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

UTC = datetime.timezone.utc
HOUR = datetime.timedelta(hours=1)
BEGIN = datetime.datetime(2026, 1, 30, 5, 1, 31, tzinfo=UTC)  # over two midnights
HOURS = 48


def iso(time):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def compact(time):
    return time.strftime("%Y%m%dT%H%M%SZ")


class Key:
    def __init__(self, form=serialization.PublicFormat.PKCS1):
        self.private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        der = self.private.public_key().public_bytes(serialization.Encoding.DER, form)
        self.value = base64.b64encode(der).decode()
        self.fingerprint = hashlib.md5(der).hexdigest()

    def sign(self, text):
        return self.private.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()).hex()

    def listed(self):
        return {"Value": self.value, "Fingerprint": self.fingerprint,
                "ValidityStartTime": 1700000000.0, "ValidityEndTime": 1900000000.0}


class Trail:
    """`objects` maps (bucket, key) to [bytes, metadata]."""

    def __init__(self, key, seed=1, bucket="trail", prefix="", account="111122223333", region="eu-west-1",
                 name="main_trail", organization="", old_bucket=None, objects=None):
        self.random = random.Random(seed)
        self.key, self.bucket, self.account, self.region, self.name = key, bucket, account, region, name
        self.old_bucket = old_bucket or bucket  # of the first half
        self.root = f"{prefix}AWSLogs/{organization}{account}/"
        self.objects = {} if objects is None else objects
        self.digests, self.backfills = [], []  # (bucket, key), the oldest first
        self.listed = {}                       # digest: its log files
        self.last, self.last_backfill = None, None

    def end_of(self, hour):
        return BEGIN + (hour + 1) * HOUR

    def bucket_of(self, hour):
        return self.old_bucket if hour < HOURS // 2 else self.bucket

    def log_key(self, time):
        suffix = "".join(self.random.choices("abcdefghijklmnopqrstuvwxyzABCDEFGH0123456789", k=16))
        return (f"{self.root}CloudTrail/{self.region}/{time:%Y/%m/%d}/{self.account}_CloudTrail_{self.region}_"
                f"{time:%Y%m%dT%H%M}Z_{suffix}.json.gz")

    def put_log(self, hour, bucket=None):
        """A log file that was delivered in the hour, in its first or last minutes too."""
        minute = self.random.choice([0, 0, 5, 20, 35, 50, 55])
        time = (BEGIN + hour * HOUR).replace(second=0) + datetime.timedelta(minutes=minute)
        time -= datetime.timedelta(minutes=time.minute % 5)
        content = json.dumps({"Records": [{"eventID": self.random.getrandbits(64), "pad": "x" * self.random.randrange(
            200_000 if self.random.random() < 0.05 else 500)}]}).encode()
        name = (bucket or self.bucket_of(hour), self.log_key(time))
        self.objects[name] = [gzip.compress(content, mtime=0), {}]
        return name

    def digest_key(self, hour, backfill=False):
        end = self.end_of(hour)
        return (f"{self.root}CloudTrail-Digest/{self.region}/{end:%Y/%m/%d}/{self.account}_CloudTrail-Digest_"
                f"{self.region}_{self.name}_{self.region}_{compact(end)}{'_backfill' if backfill else ''}.json.gz")

    def put_digest(self, hour, logs, backfill=False, algorithm="SHA-256"):
        previous = self.last_backfill if backfill else self.last
        name = (self.bucket_of(hour), self.digest_key(hour, backfill))
        digest = {
            "awsAccountId": self.account, "digestStartTime": iso(self.end_of(hour - 1)),
            "digestEndTime": iso(self.end_of(hour)), "digestS3Bucket": name[0], "digestS3Object": name[1],
            "digestPublicKeyFingerprint": self.key.fingerprint, "digestSignatureAlgorithm": "SHA256withRSA",
            "newestEventTime": None, "oldestEventTime": None,
            "previousDigestS3Bucket": None, "previousDigestS3Object": None, "previousDigestHashValue": None,
            "previousDigestHashAlgorithm": None, "previousDigestSignature": None,
            "logFiles": [{"s3Bucket": bucket, "s3Object": key, "hashAlgorithm": algorithm,
                          "hashValue": hashlib.sha256(gzip.decompress(self.objects[bucket, key][0])).hexdigest()}
                         for bucket, key in logs]}
        if previous is not None:
            data, metadata = self.objects[previous]
            digest.update({
                "previousDigestS3Bucket": previous[0], "previousDigestS3Object": previous[1],
                "previousDigestHashValue": hashlib.sha256(gzip.decompress(data)).hexdigest(),
                "previousDigestHashAlgorithm": "SHA-256", "previousDigestSignature": metadata["signature"]})
        self.store(name, json.dumps(digest).encode(), self.key)
        if backfill:
            self.objects[name][1]["backfill-generation-timestamp"] = iso(self.end_of(hour) + 30 * HOUR)
            self.last_backfill = name
        else:
            self.last = name
        (self.backfills if backfill else self.digests).append(name)
        self.listed[name] = list(logs)
        return name

    def store(self, name, content, key):
        """A digest's content, signed by `key`."""
        digest = json.loads(content)
        text = "\n".join([digest["digestEndTime"], f"{digest['digestS3Bucket']}/{digest['digestS3Object']}",
                          hashlib.sha256(content).hexdigest(), digest["previousDigestSignature"] or "null"])
        self.objects[name] = [gzip.compress(content, mtime=0),
                              {"signature": key.sign(text), "signature-algorithm": "SHA256withRSA"}]

    def fill(self, hours=range(HOURS), without=()):
        """Digests of the hours; there is none for those of `without`, and after them the chain begins anew."""
        for hour in hours:
            logs = [self.put_log(hour) for _ in range(self.random.choice([0, 1, 2, 3]) if hour % 7 else 2)]
            if hour in without:
                self.last = None
                continue
            self.put_digest(hour, logs)
        return self


def write(objects, folder):
    """The buckets as folders below `folder`, metadata beside the objects."""
    for (bucket, key), (data, metadata) in objects.items():
        path = pathlib.Path(folder) / bucket / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        if metadata:
            path.with_name(path.name + ".metadata.json").write_text(json.dumps({"Metadata": metadata}))
