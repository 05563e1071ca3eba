"""Every request's shape and signature, and what the clients do when AWS does not do as they wish."""
import functools
import json
import os
import re
import socket

from fake_aws import Always, FakeAws, json_error, s3_error

KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "fake/secret+key"}
QUEUE = "https://sqs.eu-west-1.amazonaws.com/111122223333/trail"
ROLE = "arn:aws:iam::111122223333:role/reader"
ODD_KEYS = ["plain", "AWSLogs/1/a_b-c.d~e.json.gz", "a b+c=d*(é)", "a%2Fb", "../up/./x", "a//b/", "@:&?#[]",
            "'\"<>\\^`{|}", "\u2028\U0001F4A9", "a" * 1024]


def metric(path, name, **labels):
    wanted = sorted(f'{label}="{value}"' for label, value in labels.items())
    for line in open(path):
        found = re.match(r"(\w+)(?:\{(.*)\})? (\S+)$", line)
        if found and found[1] == name and sorted(filter(None, (found[2] or "").split(","))) == wanted:
            return float(found[3])
    return 0.0


class Parts:
    def __init__(self, tests, fake):
        self.tests, self.fake = tests, fake
        self.check, self.equal = tests.check, tests.equal

    def drive(self, *arguments, env=None, **options):
        options.setdefault("region", "eu-west-1")
        options.setdefault("endpoint", self.fake.url)
        return self.tests.drive(*arguments, env={**KEYS, **(env or {})}, **options)

    def good(self, *arguments, **options):
        run = self.drive(*arguments, **options)
        self.equal(run.status, 0, f"{arguments}: {run}")
        return run.result

    def no_problems(self):
        self.equal(self.fake.problems, [], "what the verifier objects to")

    def shapes_of_requests(self):
        for env in [{}, {"AWS_SESSION_TOKEN": "a+session/token=="}]:
            self.fake.reset()
            self.fake.secrets["AKIDEXAMPLE"] = ("fake/secret+key", env.get("AWS_SESSION_TOKEN"))
            good = functools.partial(self.good, env=env)
            for key in ODD_KEYS:
                self.fake.objects[f"/my.bucket/{key}"] = (b"x" * 10, '"e"', {"x-amz-meta-A": "b c"})
                result = good("get", "my.bucket", key, os.devnull)
                self.equal(result["bytes"], 10, key)
                self.equal(result["metadata"], {"a": "b c"})
            good("get", "my.bucket", "plain", os.devnull, "us-west-2", "requester")
            self.equal(self.fake.requests[-1].headers["x-amz-request-payer"], "requester")
            self.equal(self.fake.requests[-1].region, "us-west-2")
            good("list", "my.bucket", "")
            good("list", "my.bucket", "a b/=+&", "é z", "/", "7", "requester")
            listing = self.fake.requests[-1]
            self.equal(listing.headers["x-amz-request-payer"], "requester")
            for name, value in [("prefix", "a b/=+&"), ("start-after", "é z"), ("delimiter", "/"),
                                ("max-keys", "7"), ("encoding-type", "url")]:
                self.equal(listing.parameter(name), value, name)
            good("receive", QUEUE, 10, 0)
            asked = self.fake.requests[-1].json()
            self.equal((asked["QueueUrl"], asked["MaxNumberOfMessages"], asked["WaitTimeSeconds"]),
                       (QUEUE, 10, 0))
            self.check("VisibilityTimeout" not in asked, "no visibility was wanted")
            good("receive", QUEUE, 99, 0, 300)
            self.equal(self.fake.requests[-1].json()["MaxNumberOfMessages"], 10)
            self.equal(self.fake.requests[-1].json()["VisibilityTimeout"], 300)
            good("delete", QUEUE, "h1", "h\"2\n")
            good("visibility", QUEUE, 60, "h1")
            attributes = good("attributes", QUEUE)
            self.equal((attributes["visible"], attributes["in_flight"], attributes["timeout"],
                        attributes["dlq"], attributes["max_receive_count"]), (7, 3, 45, "arn:dlq", 5))
            self.equal(good("queue-url", "q", "111122223333")["url"], "https://q")
            self.equal(good("identity")["account"], "111122223333")
            keys = good("keys", "eu-west-1", 1, 2)["keys"]
            self.equal([key["fingerprint"] for key in keys], ["f", "f2"])
            self.equal(bytes.fromhex(keys[1]["der"]), b"der2")
            self.equal((keys[0]["from"], keys[0]["to"]), (1700000000, 1800000000))
            events = good("events", "eu-west-1", 1, 2)["events"]
            self.equal([json.loads(event)["eventID"] for event in events], [str(i) for i in range(150)])
            self.no_problems()
            self.check(len(self.fake.requests) > 20, "all of them were verified")

    def the_verifier_can_fail(self):
        self.equal(self.drive("identity", env={"AWS_SECRET_ACCESS_KEY": "wrong"}).kind, "credentials")
        self.check(any("signature differs" in text for text in self.fake.problems), "wrong secret")

    def broken_objects_are_read_on(self):
        data = os.urandom(3_000_000)
        out = self.tests.folder / "object"

        def cut_at(size):
            def answer(request):
                whole = self.fake.do_GetObject(request)
                return {**whole, "cut": size}
            return answer

        self.fake.objects["/bucket/key"] = (data, '"v1"', {})
        self.fake.script["GetObject"] = [cut_at(1_000_000), cut_at(1), cut_at(0), cut_at(0),
                                         s3_error(503, "SlowDown"), cut_at(500_000)]
        result = self.good("get", "bucket", "key", out)
        self.equal(result["bytes"], len(data))
        self.check(out.read_bytes() == data, "the bytes are the object's")
        ranges = [(r.headers.get("Range"), r.headers.get("If-Match")) for r in self.fake.requests]
        self.equal(ranges[0], (None, None))
        self.equal(ranges[1], ("bytes=1000000-", '"v1"'))
        self.equal(ranges[2], ("bytes=1000001-", '"v1"'))
        self.equal(len(ranges), 7)
        self.no_problems()

        # Replaced in between: never the beginning of one and the end of another.
        def replace(request):
            self.fake.objects["/bucket/key"] = (data, '"v2"', {})
            return {"status": 200, "headers": {"ETag": '"v1"'}, "body": data, "cut": 1000}

        self.fake.script["GetObject"] = [replace]
        run = self.drive("get", "bucket", "key", out)
        self.equal((run.kind, run.result["code"]), ("changed", "PreconditionFailed"))

        # A server that ignores the range must not be believed.
        whole = {"status": 200, "headers": {"ETag": '"v2"'}, "body": data}
        self.fake.script["GetObject"] = [{**whole, "cut": 1000}, whole]
        self.equal(self.drive("get", "bucket", "key", out).kind, "changed")

        self.fake.requests.clear()
        self.fake.script["GetObject"] = [Always(lambda request: {**whole, "cut": 0})]
        run = self.drive("get", "bucket", "key", out)
        self.equal((run.kind, run.result["retryable"]), ("transport", True))
        self.equal(len(self.fake.requests), 6)

    def throttling_and_faults(self):
        metrics = self.tests.folder / "metrics"
        self.fake.objects["/bucket/key"] = (b"x", '"e"', {})
        self.fake.script["GetObject"] = ["close", s3_error(503, "SlowDown"), s3_error(500, "InternalError")]
        self.good("get", "bucket", "key", os.devnull, metrics=metrics)
        for result, count in [("throttled", 1), ("server", 1), ("transport", 1), ("ok", 1)]:
            self.equal(metric(metrics, "tocsin_aws_requests_total", service="s3", operation="GetObject",
                              result=result), count, result)
        self.fake.script["ReceiveMessage"] = [
            json_error(400, "RequestThrottled"),
            {"status": 200, "headers": {}, "body": b'{"Messages":[{"MessageId":"1"}]}', "cut": 5}]
        self.equal(self.good("receive", QUEUE, 1, 0)["messages"], [])
        self.no_problems()

        self.fake.requests.clear()
        self.fake.script["GetObject"] = [Always(lambda request: s3_error(500, "InternalError"))]
        run = self.drive("get", "bucket", "key", os.devnull)
        self.equal((run.kind, run.result["retryable"], len(self.fake.requests)), ("server", True, 5))

        for status, code, kind in [(404, "NoSuchKey", "not_found"), (403, "AccessDenied", "denied"),
                                   (403, "InvalidObjectState", "archived"), (400, "KMS.DisabledException", "kms")]:
            self.fake.requests.clear()
            self.fake.script["GetObject"] = [s3_error(status, code, Message="m")]
            run = self.drive("get", "bucket", "key", os.devnull)
            self.equal((run.kind, len(self.fake.requests)), (kind, 1), "tried once")
            self.check("arn:aws:s3:::bucket/key" in run.message, run)

    def answers_that_cannot_be_read(self):
        def body(text):
            return {"status": 200, "headers": {}, "body": text}

        bomb = b'<!DOCTYPE a [<!ENTITY x "y">]><ListBucketResult><Name>&x;</Name></ListBucketResult>'
        for text in [b"", b"{}", b"<a/>", b"<ListBucketResult>", bomb]:
            self.fake.script["ListObjectsV2"] = [body(text)]
            run = self.drive("list", "bucket", "")
            self.equal(run.kind, "invalid", text)
        for text in [b"", b"[]", b"{", b"<a/>"]:
            self.fake.script["ReceiveMessage"] = [body(text)]
            self.equal(self.drive("receive", QUEUE, 1, 0).kind, "invalid", text)
        for text in [b'{"Messages":null}', b'{"Messages":[1,null,[]]}', b'{"Messages":{}}']:
            self.fake.script["ReceiveMessage"] = [body(text)]
            self.equal(self.good("receive", QUEUE, 1, 0)["messages"], [], text)
        self.fake.script["ListObjectsV2"] = [body(b"x" * 10_000_000)]
        run = self.drive("list", "bucket", "")
        self.check("larger than" in run.message, run)

    def pages_of_a_listing(self):
        def page(request):
            token = request.parameter("continuation-token")
            self.equal(request.parameter("start-after"), None if token else "a")
            self.check(token in (None, "t+/= 1"), token)
            more = "" if token else "<NextContinuationToken>t+/= 1</NextContinuationToken>"
            key = "b%2Fc+d%2B" if token else "%01%C3%A9"
            return {"status": 200, "headers": {}, "body": (
                f"<ListBucketResult><EncodingType>url</EncodingType>{more}"
                f"<IsTruncated>{str(not token).lower()}</IsTruncated>"
                f"<Contents><Key>{key}</Key><Size>5000000000</Size></Contents>"
                "<CommonPrefixes><Prefix>p+q%2F</Prefix></CommonPrefixes></ListBucketResult>").encode()}

        self.fake.script["ListObjectsV2"] = [Always(page)]
        result = self.good("list", "bucket", "", "a")
        self.equal(result["objects"], [{"key": "\x01é", "size": 5000000000}, {"key": "b/c d+", "size": 5000000000}])
        self.equal(result["prefixes"], ["p q/", "p q/"])
        self.equal(result["pages"], 2)
        self.no_problems()

    def buckets_in_other_regions(self):
        self.fake.objects["/bucket/key"] = (b"x", '"e"', {})

        def only_in_ireland(make):
            return lambda request: make() if request.region != "eu-west-1" else None

        for make in [
                lambda: {**s3_error(301, "PermanentRedirect"), "headers": {"x-amz-bucket-region": "eu-west-1"}},
                lambda: {**s3_error(307, "TemporaryRedirect"),
                         "headers": {"Location": "https://bucket.s3-eu-west-1.amazonaws.com/key"}},
                lambda: s3_error(400, "AuthorizationHeaderMalformed", Region="eu-west-1")]:
            self.fake.requests.clear()
            self.fake.script["GetObject"] = [Always(only_in_ireland(make))]
            self.good("get", "bucket", "key", os.devnull, region="us-east-1", repeat=3)
            self.equal([request.region for request in self.fake.requests],
                       ["us-east-1", "eu-west-1", "eu-west-1", "eu-west-1"], "once, then remembered")
        self.no_problems()

        for headers in [{"x-amz-bucket-region": "evil.example/"}, {"Location": "http://127.0.0.1:1/x"}, {}]:
            self.fake.requests.clear()
            self.fake.script["GetObject"] = [Always(lambda request, h=headers: {
                **s3_error(301, "PermanentRedirect"), "headers": h})]
            run = self.drive("get", "bucket", "key", os.devnull)
            self.equal((run.kind, len(self.fake.requests)), ("region", 1), f"{headers} is not followed")
        flips = iter(["a-b-1", "a-b-2"] * 50)
        self.fake.requests.clear()
        self.fake.script["GetObject"] = [Always(lambda request: {
            **s3_error(301, "PermanentRedirect"), "headers": {"x-amz-bucket-region": next(flips)}})]
        run = self.drive("get", "bucket", "key", os.devnull)
        self.equal(run.kind, "region")
        self.check(len(self.fake.requests) < 6, "a circle ends")

    def clocks_that_differ(self):
        metrics = self.tests.folder / "metrics"
        self.fake.objects["/bucket/key"] = (b"x", '"e"', {})
        self.fake.skew = 1200
        self.good("get", "bucket", "key", os.devnull, repeat=3, metrics=metrics)
        self.equal(len(self.fake.requests), 4, "refused once, and dated by AWS's clock from then on")
        self.check(abs(metric(metrics, "tocsin_aws_clock_offset_seconds") - 1200) < 5, "offset")
        self.fake.skew = 0
        self.fake.requests.clear()
        self.good("receive", QUEUE, 1, 0, clock=-86400)
        self.equal(len(self.fake.requests), 2)
        # Refused although the date is right: no circle.
        self.fake.requests.clear()
        self.fake.script["GetObject"] = [Always(lambda request: s3_error(403, "RequestTimeTooSkewed"))]
        self.equal(self.drive("get", "bucket", "key", os.devnull).kind, "clock")
        self.equal(len(self.fake.requests), 1)

    def batches(self):
        handles = [f"h{i}" for i in range(25)]
        self.good("delete", QUEUE, *handles, *handles)
        batches = [request.json()["Entries"] for request in self.fake.seen("DeleteMessageBatch")]
        self.equal([len(batch) for batch in batches], [10, 10, 5])
        self.equal([entry["ReceiptHandle"] for batch in batches for entry in batch], handles)
        self.check(all(len({e["Id"] for e in batch}) == len(batch) for batch in batches), "distinct ids")

        def failing(ours, rounds):
            left = iter(range(rounds))

            def answer(request):
                entries = request.json()["Entries"]
                bad = [e for e in entries if e["ReceiptHandle"] == "bad"]
                if not bad or next(left, None) is None:
                    return None
                return {"status": 200, "headers": {}, "body": json.dumps({
                    "Successful": [{"Id": e["Id"]} for e in entries if e not in bad],
                    "Failed": [{"Id": e["Id"], "Code": "InternalError" if not ours else
                                "ReceiptHandleIsInvalid", "SenderFault": ours} for e in bad]}).encode()}
            return answer

        for ours, rounds, status, calls in [(False, 2, 0, 3), (False, 9, 1, 3), (True, 9, 1, 1)]:
            self.fake.requests.clear()
            self.fake.script["DeleteMessageBatch"] = [Always(failing(ours, rounds))]
            run = self.drive("delete", QUEUE, "a", "bad", "c")
            self.equal((run.status, len(self.fake.requests)), (status, calls), f"{ours} {rounds}")
            self.equal([f["index"] for f in run.result["failed"]], [1] if status else [])
            again = [r.json()["Entries"] for r in self.fake.requests[1:]]
            self.check(all([e["ReceiptHandle"] for e in entries] == ["bad"] for entries in again), again)
        self.fake.script["DeleteMessageBatch"] = [s3_error(403, "AccessDenied", Message="no")]
        run = self.drive("delete", QUEUE, *handles)
        self.equal(len(run.result["failed"]), 10, "those of the batch that failed")
        self.check(f"lack the permission sqs:DeleteMessage on {QUEUE}" in
                   run.result["failed"][0]["failure"]["message"], run)
        self.fake.script["ChangeMessageVisibilityBatch"] = [{"status": 200, "headers": {}, "body": json.dumps(
            {"Failed": [{"Id": "0", "Code": "MessageNotInflight", "SenderFault": True}]}).encode()}]
        run = self.drive("visibility", QUEUE, 30, "h")
        self.equal(run.result["failed"][0]["failure"]["kind"], "not_in_flight")
        self.no_problems()

    def assumed_roles(self):
        result = self.good("identity", role=ROLE, external_id="x y/é", repeat=3)
        self.equal(result["account"], "111122223333")
        asked = self.fake.seen("AssumeRole")
        self.equal(len(asked), 1)
        self.equal({k: asked[0].form()[k] for k in ["RoleArn", "ExternalId", "RoleSessionName"]},
                   {"RoleArn": ROLE, "ExternalId": "x y/é", "RoleSessionName": "tocsin"})
        self.equal([r.key for r in self.fake.seen("GetCallerIdentity")], ["ASIA1"] * 3)
        self.no_problems()

        # AWS says that the session has expired, before its time: another one is asked for, once.
        self.fake.script["GetCallerIdentity"] = [json_error(403, "ExpiredTokenException", "expired"), None]
        self.fake.requests.clear()
        self.good("identity", role=ROLE)
        self.equal(len(self.fake.seen("AssumeRole")), 2)
        self.fake.requests.clear()
        self.fake.script["GetCallerIdentity"] = [Always(lambda r: json_error(403, "ExpiredTokenException", "e"))]
        self.equal(self.drive("identity", role=ROLE).kind, "expired")
        self.equal(len(self.fake.seen("AssumeRole")), 2, "no circle")

        # Sessions that end soon are renewed; one that cannot be is used to its end.
        self.fake.script.clear()
        self.fake.requests.clear()
        self.fake.session_seconds = 3
        self.good("identity", role=ROLE, repeat=4, pause=1000)
        self.check(len(self.fake.seen("AssumeRole")) >= 2, "renewed")
        self.fake.requests.clear()
        self.fake.script["AssumeRole"] = [None, s3_error(403, "AccessDenied", Message="m")]
        self.fake.session_seconds = 6
        run = self.drive("identity", role=ROLE, repeat=5, pause=900)
        self.equal(run.status, 0, run)
        self.check("stay in use" in run.log, run.log)

        self.fake.script["AssumeRole"] = [s3_error(403, "AccessDenied", Message="m")]
        run = self.drive("identity", role=ROLE)
        self.equal(run.kind, "denied")
        self.check(f"lack the permission sts:AssumeRole on {ROLE}" in run.message, run)
        self.check("from the environment" in run.message, run)

    def web_identity(self):
        token = self.tests.folder / "token"
        token.write_text("eyJ.web-identity-token-that-nobody-sees.x\n")
        self.tests.secrets.add("web-identity-token-that-nobody-sees")
        env = {"AWS_ACCESS_KEY_ID": "", "AWS_WEB_IDENTITY_TOKEN_FILE": str(token), "AWS_ROLE_ARN": ROLE,
               "AWS_ROLE_SESSION_NAME": "pod-1"}
        self.good("identity", env=env)
        asked = self.fake.seen("AssumeRoleWithWebIdentity")[0].form()
        self.equal((asked["RoleArn"], asked["RoleSessionName"], asked["WebIdentityToken"]),
                   (ROLE, "pod-1", token.read_text().strip()))
        self.no_problems()
        # The identity provider is not reached at once: tried again.
        self.fake.requests.clear()
        self.fake.script["AssumeRoleWithWebIdentity"] = [
            s3_error(400, "IDPCommunicationError", Message=token.read_text()), None]
        self.good("identity", env=env)
        self.equal(len(self.fake.seen("AssumeRoleWithWebIdentity")), 2)
        self.fake.script["AssumeRoleWithWebIdentity"] = [
            s3_error(400, "InvalidIdentityToken", Message="bad: " + token.read_text().strip())]
        run = self.drive("identity", env=env)
        self.equal(run.kind, "credentials")
        self.check("[...]" in run.message, run)
        # Read again at each refresh.
        self.fake.session_seconds = 1
        self.fake.requests.clear()
        self.good("identity", env=env, repeat=2, pause=1100)
        self.equal(len(self.fake.seen("AssumeRoleWithWebIdentity")), 2)
        token.write_text("abc")
        self.check("empty or too short" in self.drive("identity", env=env).message, "short")
        token.unlink()
        self.check("No such file" in self.drive("identity", env=env).message, "missing")

    def keys_of(self, seconds=3600):
        key, secret, token, until = self.fake.session("x")
        return {"status": 200, "headers": {}, "body": json.dumps(
            {"AccessKeyId": key, "SecretAccessKey": secret, "Token": token, "Expiration": until}).encode()}

    def containers(self):
        token = self.tests.folder / "container-token"
        token.write_text("Bearer container-token-that-nobody-sees")
        self.tests.secrets.add("container-token-that-nobody-sees")
        env = {"AWS_ACCESS_KEY_ID": "", "AWS_CONTAINER_CREDENTIALS_FULL_URI": self.fake.url + "/creds?x=1",
               "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token)}
        self.fake.script["/creds"] = [Always(lambda request: self.keys_of())]
        self.good("identity", env=env)
        self.equal(self.fake.requests[0].headers["Authorization"], token.read_text())
        self.equal(self.fake.requests[1].key, "ASIA1")
        self.no_problems()
        # Tried three times; what is refused is not.
        self.fake.requests.clear()
        self.fake.script["/creds"] = [{"status": 500, "headers": {}, "body": b""}, "close",
                                      self.keys_of()]
        self.good("identity", env=env)
        self.fake.requests.clear()
        self.fake.script["/creds"] = [Always(lambda r: {"status": 403, "headers": {}, "body": b"no"})]
        run = self.drive("identity", env=env)
        self.equal((run.kind, len(self.fake.requests)), ("credentials", 1))
        self.check("HTTP 403" in run.message, run)
        for body in [b"", b"{}", b"[]", b'{"AccessKeyId":"a"}', b'{"Code":"AssumeRoleUnauthorizedAccess"}']:
            self.fake.script["/creds"] = [{"status": 200, "headers": {}, "body": body}]
            self.equal(self.drive("identity", env=env).kind, "credentials", body)
        # The token file is read at each refresh, and what no header may contain is not sent.
        token.write_text("a\r\nX: y")
        self.fake.requests.clear()
        self.check("line break" in self.drive("identity", env=env).message, "line break")
        self.equal(self.fake.requests, [])
        token.unlink()
        self.check("AUTHORIZATION_TOKEN_FILE" in self.drive("identity", env=env).message, "missing")
        env.pop("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
        self.fake.script["/creds"] = [Always(lambda request: self.keys_of())]
        self.good("identity", env={**env, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "direct"})
        self.equal(self.fake.requests[0].headers["Authorization"], "direct")

    def instances(self):
        roles = "/latest/meta-data/iam/security-credentials/"
        env = {"AWS_ACCESS_KEY_ID": "", "AWS_EC2_METADATA_DISABLED": "false",
               "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.fake.url + "/"}

        def text(body, status=200):
            return lambda request: {"status": status, "headers": {}, "body": body}

        self.fake.script["/latest/api/token"] = [Always(text(b"imds-token"))]
        self.fake.script[roles] = [Always(text(b"my role\nother"))]
        self.fake.script[roles + "my%20role"] = [Always(lambda request: self.keys_of())]
        self.good("identity", env=env)
        token, listing, keys = self.fake.requests[:3]
        self.equal((token.method, token.headers["x-aws-ec2-metadata-token-ttl-seconds"]), ("PUT", "21600"))
        self.equal([r.headers["x-aws-ec2-metadata-token"] for r in (listing, keys)], ["imds-token"] * 2)
        self.no_problems()
        # Never version 1: without a token nothing is asked for.
        self.fake.requests.clear()
        self.fake.script["/latest/api/token"] = [Always(text(b"", 403))]
        run = self.drive("identity", env=env)
        self.equal((run.kind, [r.method for r in self.fake.requests]), ("credentials", ["PUT"]))
        self.check("hop limit" in run.message, run)
        self.fake.script["/latest/api/token"] = [Always(text(b"imds-token"))]
        self.fake.script[roles] = [Always(text(b"", 404))]
        self.check("no role attached" in self.drive("identity", env=env).message, "no role")
        self.fake.script[roles] = [Always(text(b"my role"))]
        self.fake.script[roles + "my%20role"] = [Always(text(b'{"Code":"AssumeRoleUnauthorizedAccess"}'))]
        self.check("AssumeRoleUnauthorizedAccess" in self.drive("identity", env=env).message, "code")

    def addresses_that_may_not_be_reached(self):
        # The name of this machine leads to it, but an endpoint must say so by its address.
        name = socket.gethostname()
        run = self.drive("identity", endpoint=f"http://{name}:{self.fake.server_port}")
        self.equal(run.kind, "transport")
        self.equal(self.fake.requests, [])
        port = self.fake.server_port
        self.good("identity", endpoint=f"http://localhost:{port}")
        # Metadata addresses are for credentials alone.
        env = {"AWS_ENDPOINT_URL": "http://metadata.invalid"}
        self.equal(self.drive("identity", endpoint="", env=env).kind, "transport")
        for url in ["http://169.254.169.253/", f"http://{name}:{port}/creds"]:
            run = self.drive("identity", env={"AWS_ACCESS_KEY_ID": "", "AWS_CONTAINER_CREDENTIALS_FULL_URI": url})
            self.equal(run.kind, "configuration", url)
        run = self.drive("identity", env={
            "AWS_ACCESS_KEY_ID": "", "AWS_EC2_METADATA_DISABLED": "", "HTTP_PROXY": self.fake.url,
            "http_proxy": self.fake.url, "AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://{name}:{port}"})
        self.equal(run.kind, "credentials", "another address, or a proxy")
        self.check("not allowed" in run.message, run)

    def names_that_would_lead_elsewhere(self):
        self.fake.requests.clear()
        for bucket, key, region in [("evil.example/x", "k", ""), ("a@b", "k", ""), ("b#", "k", ""),
                                    ("", "k", ""), ("bucket", "", "")]:
            self.equal(self.drive("get", bucket, key, os.devnull, region).kind, "invalid", bucket)
        env = {"AWS_EC2_METADATA_DISABLED": "true"}
        run = self.drive("get", "bucket", "k", os.devnull, "evil.example/", endpoint="", env=env)
        self.equal(run.kind, "invalid")
        run = self.drive("receive", "https://queue.example/1/q", 1, 0, region="")
        self.check("no AWS region is known" in run.message, run)
        self.equal(self.fake.requests, [])


def parts(tests):
    tests.secrets |= {"fake/secret+key", "session-secret-", "session+token/"}
    fake = FakeAws()
    for name in vars(Parts):
        if name.startswith("_") or name in {"drive", "good", "no_problems", "keys_of"}:
            continue

        def part(method=name):
            fake.reset()
            getattr(Parts(tests, fake), method)()
        yield "fake: " + name.replace("_", " "), part
