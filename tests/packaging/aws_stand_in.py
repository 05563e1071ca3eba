"""moto_server's SQS and S3: a bucket that notifies a queue."""
import gzip
import json
import os
import pathlib
import shutil
import socket
import subprocess
import urllib.request

REGION, BUCKET = "eu-west-1", "trail-logs"
FOLDER = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/30"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def moto_server():
    """The program; None: it is not there."""
    own = pathlib.Path(__file__).resolve().parents[2] / "build/venv/bin"
    return shutil.which("moto_server", path=f"{own}:{os.environ['PATH']}")


class Moto:
    """Asked without an SDK: it does not check signatures, but reads the region there."""

    def __init__(self, program):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen([program, "-H", "127.0.0.1", "-p", str(self.port)],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def ask(self, service, method, path, body, **headers):
        scope = f"Credential=testing/20261130/{REGION}/{service}/aws4_request"
        request = urllib.request.Request(self.url + path, body, {
            "Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0",
            "Content-Type": "application/octet-stream", **headers}, method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.read()

    def is_there(self):
        try:
            self.ask("s3", "GET", "/", None)
            return True
        except OSError:
            return False

    def sqs(self, action, **parameters):
        return json.loads(self.ask("sqs", "POST", "/", json.dumps(parameters).encode(), **{
            "X-Amz-Target": f"AmazonSQS.{action}", "Content-Type": "application/x-amz-json-1.0"}))

    def left(self, queue):
        got = self.sqs("GetQueueAttributes", QueueUrl=queue, AttributeNames=["All"])["Attributes"]
        return int(got["ApproximateNumberOfMessages"]) + int(
            got["ApproximateNumberOfMessagesNotVisible"])

    def trail(self):
        """A bucket that notifies a queue; the queue's URL."""
        queue = self.sqs("CreateQueue", QueueName="cloudtrail")["QueueUrl"]
        self.ask("s3", "PUT", f"/{BUCKET}", b"<CreateBucketConfiguration><LocationConstraint>"
                 + REGION.encode() + b"</LocationConstraint></CreateBucketConfiguration>")
        self.ask("s3", "PUT", f"/{BUCKET}?notification", (
            "<NotificationConfiguration><QueueConfiguration><Id>q</Id><Queue>arn:aws:sqs:"
            f"{REGION}:123456789012:cloudtrail</Queue><Event>s3:ObjectCreated:*</Event>"
            "</QueueConfiguration></NotificationConfiguration>").encode())
        return queue

    def put(self, name, *records):
        """A log file of CloudTrail."""
        body = gzip.compress(b'{"Records":[' + b",".join(records) + b"]}")
        self.ask("s3", "PUT", f"/{BUCKET}/{FOLDER}/{name}.json.gz", body)

    def notify(self, queue, name):
        """A notice as S3 sends it, of an object that is not there."""
        record = {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "awsRegion": REGION,
                  "s3": {"bucket": {"name": BUCKET},
                         "object": {"key": f"{FOLDER}/{name}.json.gz", "size": 10}}}
        self.sqs("SendMessage", QueueUrl=queue, MessageBody=json.dumps({"Records": [record]}))
