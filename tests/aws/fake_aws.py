"""A small AWS on loopback that believes nothing: every signature is computed again by botocore, and
the spelling of every URL is checked. Answers can be scripted, so that a test decides what goes wrong.
"""
import base64
import collections
import datetime
import hashlib
import http.server
import json
import re
import sys
import threading
import traceback
import urllib.parse

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, ?"
    r"SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$")


class Request:
    def __init__(self, handler):
        self.method, self.target, self.headers = handler.command, handler.path, handler.headers
        self.body = handler.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.path, _, self.query = self.target.partition("?")
        self.key = self.region = self.service = None
        found = AUTHORIZATION.match(self.headers.get("Authorization", ""))
        if found:
            self.key, self.day, self.region, self.service, self.signed, self.signature = found.groups()
        self.operation = (self.headers.get("X-Amz-Target") or "").rpartition(".")[2]
        if not self.operation and self.body:
            self.operation = dict(urllib.parse.parse_qsl(self.body.decode())).get("Action", "")
        if not self.operation:
            self.operation = "ListObjectsV2" if "list-type=2" in self.query else "GetObject"

    def parameter(self, name):
        return dict(urllib.parse.parse_qsl(self.query, keep_blank_values=True)).get(name)

    def form(self):
        return dict(urllib.parse.parse_qsl(self.body.decode()))

    def json(self):
        return json.loads(self.body)


def objections(request, secret, token):
    """What is wrong with a request's signature and spelling."""
    if request.key is None:
        return ["no signature"]
    wrong = []
    headers = {name: request.headers[name] for name in request.signed.split(";")}
    check = AWSRequest(method=request.method, url=f"http://{request.headers['Host']}{request.target}",
                       data=request.body, headers=headers)
    check.context["timestamp"] = request.headers["x-amz-date"]
    check.context["payload_signing_enabled"] = True
    kind = S3SigV4Auth if request.service == "s3" else SigV4Auth
    auth = kind(Credentials(request.key, secret), request.service, request.region)
    canonical = auth.canonical_request(check)
    if auth.signature(auth.string_to_sign(check, canonical), check) != request.signature:
        wrong.append("signature differs; canonical request: " + canonical.replace("\n", "|"))
    if request.headers.get("x-amz-content-sha256") != hashlib.sha256(request.body).hexdigest():
        wrong.append("x-amz-content-sha256 is not the body's")
    for name in ["host", "x-amz-date", "x-amz-content-sha256"]:
        if name not in headers:
            wrong.append(f"{name} is not signed")
    if token is not None and ("x-amz-security-token" not in headers
                              or headers["x-amz-security-token"] != token):
        wrong.append("the session token is not there, wrong or not signed")
    unsigned = {n.lower() for n in request.headers} - set(headers) - {
        "authorization", "user-agent", "accept", "content-length"}
    if unsigned:
        wrong.append(f"headers that are not signed: {sorted(unsigned)}")
    path = urllib.parse.quote(urllib.parse.unquote_to_bytes(request.path), safe="/-_.~")
    if path != request.path:
        wrong.append(f"path {request.path} should be {path}")
    pairs = [pair.split("=") for pair in request.query.split("&")] if request.query else []
    if pairs != sorted(pairs) or any(len(pair) != 2 for pair in pairs) or any(
            urllib.parse.quote(urllib.parse.unquote_to_bytes(text), safe="-_.~") != text
            for pair in pairs for text in pair):
        wrong.append(f"query {request.query} is not canonical")
    return wrong


def xml(text):
    return {"status": 200, "body": text.encode(), "headers": {"Content-Type": "application/xml"}}


def s3_error(status, code, **extra):
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in extra.items())
    return {"status": status, "headers": {},
            "body": f"<?xml version='1.0'?><Error><Code>{code}</Code>{inner}</Error>".encode()}


def json_error(status, code, message=""):
    return {"status": status, "headers": {}, "body": json.dumps(
        {"__type": f"com.amazonaws.sqs#{code}", "message": message}).encode()}


class Always:
    """A scripted answer that stays."""

    def __init__(self, answer):
        self.answer = answer


class FakeAws(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.lock = threading.Lock()
        self.reset()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def reset(self):
        self.secrets = {"AKIDEXAMPLE": ("fake/secret+key", None)}  # key: (secret, session token)
        self.requests, self.problems = [], []
        self.script = collections.defaultdict(list)  # operation: answers, then the default one
        self.objects = {}  # path: (bytes, etag, headers)
        self.skew = 0      # seconds that this clock is ahead
        self.sessions = 0  # that were handed out
        self.session_seconds = 3600
        self.unsigned = {"AssumeRoleWithWebIdentity"}

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):  # a client may go
            self.problems.append(traceback.format_exc())

    def now(self):
        return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=self.skew)

    def seen(self, operation):
        return [request for request in self.requests if request.operation == operation]

    def answer(self, request):
        with self.lock:
            self.requests.append(request)
            if request.path.startswith(("/creds", "/latest/")):
                return self.scripted(request, {"status": 404, "headers": {}, "body": b""})
            if request.operation not in self.unsigned:
                secret, token = self.secrets.get(request.key, ("", None))
                wrong = objections(request, secret, token)
                if wrong:
                    self.problems += [f"{request.method} {request.target}: {text}" for text in wrong]
                    return s3_error(403, "SignatureDoesNotMatch", Message="; ".join(wrong))
                sent = datetime.datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ")
                if abs((self.now().replace(tzinfo=None) - sent).total_seconds()) > 900:
                    if request.service == "s3":
                        return s3_error(403, "RequestTimeTooSkewed", Message="skewed")
                    return json_error(403, "InvalidSignatureException",
                                      "Signature expired: 1 is now earlier than 2")
            elif request.key is not None:
                self.problems.append(f"{request.operation} is signed")
            return self.scripted(request, None)

    def scripted(self, request, default):
        name = request.path if default is not None else request.operation
        script = self.script[name]
        planned = script[0] if script else None
        if isinstance(planned, Always):
            planned = planned.answer
        elif script:
            script.pop(0)
        if callable(planned):
            planned = planned(request)
        if planned is not None:
            return planned
        if default is not None:
            return default
        return getattr(self, "do_" + request.operation)(request)

    # What AWS answers when nothing goes wrong.

    def do_GetObject(self, request):
        path = urllib.parse.unquote(request.path)
        if path not in self.objects:
            return s3_error(404, "NoSuchKey", Message="no such key")
        data, etag, headers = self.objects[path]
        headers = {"ETag": etag, **headers}
        match = request.headers.get("If-Match")
        if match is not None and match != etag:
            return s3_error(412, "PreconditionFailed", Message="At least one did not hold")
        found = re.match(r"bytes=(\d+)-$", request.headers.get("Range", ""))
        if found:
            start = int(found.group(1))
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
            return {"status": 206, "headers": headers, "body": data[start:]}
        return {"status": 200, "headers": headers, "body": data}

    def do_ListObjectsV2(self, request):
        return xml('<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.'
                   'amazonaws.com/doc/2006-03-01/"><Name>b</Name><EncodingType>url</EncodingType>'
                   '<IsTruncated>false</IsTruncated></ListBucketResult>')

    def session(self, name):
        self.sessions += 1
        key, secret, token = f"ASIA{self.sessions}", f"session-secret-{self.sessions}", \
            f"session+token/{self.sessions}=="
        self.secrets[key] = (secret, token)
        until = (self.now() + datetime.timedelta(seconds=self.session_seconds)).strftime("%FT%TZ")
        return key, secret, token, until

    def do_AssumeRole(self, request):
        key, secret, token, until = self.session("AssumeRole")
        return xml(f'<{request.operation}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
                   f'<{request.operation}Result><Credentials><AccessKeyId>{key}</AccessKeyId>'
                   f'<SecretAccessKey>{secret}</SecretAccessKey><SessionToken>{token}</SessionToken>'
                   f'<Expiration>{until}</Expiration></Credentials></{request.operation}Result>'
                   f'</{request.operation}Response>')

    do_AssumeRoleWithWebIdentity = do_AssumeRole

    def do_GetCallerIdentity(self, request):
        return xml("<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:sts::1:x</Arn>"
                   "<Account>111122223333</Account></GetCallerIdentityResult>"
                   "</GetCallerIdentityResponse>")

    def do_ReceiveMessage(self, request):
        return {"status": 200, "headers": {}, "body": b"{}"}

    def do_DeleteMessageBatch(self, request):
        done = [{"Id": entry["Id"]} for entry in request.json()["Entries"]]
        return {"status": 200, "headers": {},
                "body": json.dumps({"Successful": done, "Failed": []}).encode()}

    do_ChangeMessageVisibilityBatch = do_DeleteMessageBatch

    def do_GetQueueAttributes(self, request):
        return {"status": 200, "headers": {}, "body": json.dumps({"Attributes": {
            "QueueArn": "arn:aws:sqs:eu-west-1:1:q", "ApproximateNumberOfMessages": "7",
            "ApproximateNumberOfMessagesNotVisible": "3", "VisibilityTimeout": "45",
            "RedrivePolicy": json.dumps({"deadLetterTargetArn": "arn:dlq", "maxReceiveCount": 5})
        }}).encode()}

    def do_GetQueueUrl(self, request):
        return {"status": 200, "headers": {}, "body": b'{"QueueUrl":"https://q"}'}

    def do_ListPublicKeys(self, request):
        page = request.json().get("NextToken", "")
        keys = [{"Value": base64.b64encode(b"der" + page.encode()).decode(), "Fingerprint": "f" + page,
                 "ValidityStartTime": 1.7e9, "ValidityEndTime": 1800000000}]
        answer = {"PublicKeyList": keys}
        if not page:
            answer["NextToken"] = "2"
        return {"status": 200, "headers": {}, "body": json.dumps(answer).encode()}

    def do_LookupEvents(self, request):
        page = int(request.json().get("NextToken", "0"))
        answer = {"Events": [{"EventId": str(i), "CloudTrailEvent": json.dumps({"eventID": str(i)})}
                             for i in range(page * 50, page * 50 + 50)]}
        if page < 2:
            answer["NextToken"] = str(page + 1)
        return {"status": 200, "headers": {}, "body": json.dumps(answer).encode()}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def date_time_string(self, timestamp=None):
        return self.server.now().strftime("%a, %d %b %Y %H:%M:%S GMT")

    def serve(self):
        answer = self.server.answer(Request(self))
        if answer == "close":
            self.close_connection = True
            return
        body = answer["body"]
        self.send_response(answer["status"])
        for name, value in answer["headers"].items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:answer.get("cut", len(body))])
        if "cut" in answer:
            self.close_connection = True

    do_GET = do_POST = do_PUT = serve
