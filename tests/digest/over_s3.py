"""The same over S3 and CloudTrail: a fake of both that computes every signature again with botocore."""
import datetime
import json
import urllib.parse

import trail as made
from fake_aws import FakeAws, s3_error, xml

KEY, LATE = made.Key(), made.Key()


class FakeTrail(FakeAws):
    """Lists its objects, two a page, and has keys for the hours in which they signed."""

    def put(self, objects):
        for (bucket, key), (data, metadata) in objects.items():
            headers = {f"x-amz-meta-{name}": value for name, value in metadata.items()}
            self.objects[f"/{bucket}/{key}"] = (data, f'"{hash(data)}"', headers)

    def do_ListObjectsV2(self, request):
        bucket = "/" + request.path.strip("/") + "/"
        names = {name: urllib.parse.unquote(request.parameter(name) or "")
                 for name in ("prefix", "delimiter", "start-after", "continuation-token")}
        after = names["continuation-token"] or names["start-after"]
        keys, folders = [], []
        for path in sorted(self.objects):
            key = path.removeprefix(bucket)
            if key == path or not key.startswith(names["prefix"]) or key <= after:
                continue
            rest = key[len(names["prefix"]):]
            if names["delimiter"] and "/" in rest:
                folder = names["prefix"] + rest.partition("/")[0] + "/"
                folders += [folder] if folder not in folders else []
            else:
                keys.append(key)
        page, more = (keys, False) if names["delimiter"] else (keys[:20], len(keys) > 20)
        quote = urllib.parse.quote
        return xml("<ListBucketResult><EncodingType>url</EncodingType>"
                   f"<IsTruncated>{str(more).lower()}</IsTruncated>"
                   + (f"<NextContinuationToken>{quote(page[-1])}</NextContinuationToken>" if more else "")
                   + "".join(f"<Contents><Key>{quote(key)}</Key><Size>1</Size></Contents>" for key in page)
                   + "".join(f"<CommonPrefixes><Prefix>{quote(folder)}</Prefix></CommonPrefixes>"
                             for folder in folders) + "</ListBucketResult>")

    signed = {}  # key: (from, to), seconds since 1970

    def do_ListPublicKeys(self, request):
        asked = request.json()
        keys = [key.listed() for key, (first, last) in self.signed.items()
                if first <= asked["EndTime"] and asked["StartTime"] <= last]
        return {"status": 200, "headers": {}, "body": json.dumps({"PublicKeyList": keys}).encode()}


def bucket_on_s3(t):
    trail = made.Trail(KEY, seed=21).fill()
    late = trail.put_log(30)
    # A backfill digest is signed when it is made, perhaps by a key that the chain does not know.
    trail.key = LATE
    backfill = trail.put_digest(30, [late], backfill=True)
    made_at = int((trail.end_of(30) + 30 * made.HOUR).timestamp())
    aws = FakeTrail()
    aws.signed = {KEY: (int(made.BEGIN.timestamp()), int(trail.end_of(made.HOURS).timestamp())),
                  LATE: (made_at - 1800, made_at + 1800)}
    aws.put(trail.objects)
    env = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "fake/secret+key",
           "AWS_ENDPOINT_URL": aws.url, "AWS_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true"}
    since, until = made.iso(made.BEGIN), made.iso(trail.end_of(made.HOURS - 1))

    def verify(*arguments):
        return t.run("s3://trail", "--since", since, "--until", until, *arguments, env=env)

    verdicts = verify()
    t.equal((verdicts.status, verdicts.findings), (0, []), verdicts.log)
    t.equal((verdicts.valid["digest"], verdicts.valid["log"]),
            (made.HOURS + 1, sum(map(len, trail.listed.values()))))
    t.equal([(request.json()["StartTime"], request.json()["EndTime"]) for request in aws.seen("ListPublicKeys")],
            [(int(made.BEGIN.timestamp()), int(trail.end_of(made.HOURS - 1).timestamp()) + 7200),
             (made_at - 3600, made_at + 3600)])
    t.check(all(request.region == "eu-west-1" for request in aws.seen("ListPublicKeys")), "its region's keys")

    # No key at all, and no permission for it: nothing is proven, and the sentence names the permission.
    aws.script["ListPublicKeys"] = [
        {"status": 400, "headers": {}, "body": b'{"__type":"AccessDeniedException","Message":"no"}'}] * 100
    verdicts = verify()
    t.equal((verdicts.status, {x["state"] for x in verdicts.lines}), (2, {"unreadable"}), verdicts.log)
    t.check("cloudtrail:ListPublicKeys" in verdicts.lines[0]["message"], verdicts.lines[0])
    aws.script.clear()

    # Deleted, appended, injected, and one that may not be read.
    victims = [name for hour in (7, 14, 21) for name in trail.listed[trail.digests[hour]][:1]]
    paths = [f"/{bucket}/{key}" for bucket, key in victims]
    del aws.objects[paths[0]]
    data, etag, headers = aws.objects[paths[1]]
    aws.objects[paths[1]] = (data + b"\0", etag, headers)
    injected = trail.log_key(trail.end_of(40) - datetime.timedelta(minutes=20))
    aws.objects[f"/trail/{injected}"] = (b"", '"e"', {})
    original = aws.do_GetObject
    aws.do_GetObject = lambda request: (
        s3_error(403, "AccessDenied", Message="no") if urllib.parse.unquote(request.path) == paths[2]
        else original(request))
    verdicts = verify()
    t.equal([tuple(finding) for finding in verdicts.findings],
            sorted([("missing_log", "log", victims[0][1]), ("appended", "log", victims[1][1]),
                    ("unreadable", "log", victims[2][1]), ("unlisted", "log", injected)]), verdicts.log)
    t.equal(verdicts.status, 1)
    t.check(any("s3:GetObject" in x.get("message", "") for x in verdicts.lines), "names the permission")
    t.equal(aws.problems, [], "what the verifier objects to")
    t.equal(t.run("s3://trail", env=env).status, 2, "--since must be given")
    t.equal(t.run("s3://nothing", "--since", since, env=env).status, 2, "an empty bucket")
    t.check(backfill[1] in {x["key"] for x in verdicts.lines}, "the backfill digest")
    aws.shutdown()


PARTS = [bucket_on_s3]
