"""The clients against moto: what SQS and S3 do, and every kind of credentials while moto checks
signatures and policies."""
import functools
import http.server
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request

import boto3
import botocore.config

ACCOUNT = "123456789012"
REGION = "us-east-1"
server = None


class Moto:
    def __init__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        beside = pathlib.Path(sys.executable).with_name("moto_server")
        program = str(beside) if beside.exists() else shutil.which("moto_server")
        # Checks begin when they are switched on.
        self.process = subprocess.Popen(
            [program, "-H", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env={**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": "1000000000"})
        for _ in range(300):
            try:
                urllib.request.urlopen(self.url + "/moto-api/").read()
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("moto_server does not start")

    def post(self, path, body=b""):
        return urllib.request.urlopen(urllib.request.Request(
            self.url + path, body, {"Content-Type": "text/plain"}, method="POST")).read()

    def client(self, service, key="admin", secret="admin", token=None):
        return boto3.client(service, endpoint_url=self.url, region_name=REGION, aws_access_key_id=key,
                            aws_secret_access_key=secret, aws_session_token=token,
                            config=botocore.config.Config(s3={"addressing_style": "path"}))


def moto():
    global server
    if server is None:
        server = Moto()
    return server


def stop():
    if server is not None:
        server.process.terminate()
        server.process.wait()


class Parts:
    def __init__(self, tests):
        self.tests, self.moto = tests, moto()
        self.moto.post("/moto-api/reset-auth", b"1000000000")
        self.moto.post("/moto-api/reset")
        self.check, self.equal = tests.check, tests.equal
        self.aws = pathlib.Path(tests.folder, "home", ".aws")
        for name in ["config", "credentials"]:
            self.aws.joinpath(name).write_text("")
        self.keys = {"AWS_ACCESS_KEY_ID": "admin", "AWS_SECRET_ACCESS_KEY": "admin"}

    def drive(self, *arguments, env=None, **options):
        options = {"region": REGION, "endpoint": self.moto.url, **options}
        return self.tests.drive(*arguments, env=self.keys if env is None else env, **options)

    def good(self, *arguments, **options):
        run = self.drive(*arguments, **options)
        self.equal(run.status, 0, f"{arguments}: {run}")
        return run.result

    def queue(self, name="q", **attributes):
        return self.moto.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]

    def messages_of_a_queue(self):
        sqs = self.moto.client("sqs")
        dlq = self.queue("dlq")
        policy = {"deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:dlq", "maxReceiveCount": 2}
        url = self.queue("q", VisibilityTimeout="1", RedrivePolicy=json.dumps(policy))
        body = 'plain text, "quotes", é, \U0001F4A9, \n\t{"a": "\\u0000"}'
        sqs.send_message(QueueUrl=url, MessageBody=body)
        # The URL names another host than the endpoint, as with a VPC endpoint.
        name = f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/q"
        first = self.good("receive", name, 10, 0)["messages"][0]
        self.equal((first["body"], first["count"]), (body, 1))
        self.check(abs(first["sent_ms"] / 1000 - time.time()) < 60, first["sent_ms"])
        self.equal(self.good("receive", name, 10, 0)["messages"], [], "invisible")
        time.sleep(1.2)
        again = self.good("receive", name, 10, 0)["messages"][0]
        self.equal((again["id"], again["count"]), (first["id"], 2))
        self.check(again["handle"] != first["handle"], "another handle")
        self.good("visibility", name, 30, again["handle"])
        time.sleep(1.2)
        self.equal(self.good("receive", name, 10, 0)["messages"], [], "extended")
        attributes = self.good("attributes", name)
        self.equal((attributes["in_flight"], attributes["timeout"], attributes["dlq"],
                    attributes["max_receive_count"]), (1, 1, policy["deadLetterTargetArn"], 2))
        self.good("visibility", name, 0, again["handle"])
        self.equal(self.good("receive", name, 10, 0)["messages"], [], "received too often")
        dead = self.good("receive", dlq, 10, 0)["messages"]
        self.equal([message["body"] for message in dead], [body])
        self.good("delete", dlq, dead[0]["handle"])
        self.equal(self.good("attributes", dlq)["visible"], 0)
        self.equal(self.good("queue-url", "q")["url"], url)
        self.equal(self.drive("queue-url", "missing").kind, "not_found")
        run = self.drive("receive", url + "-missing", 1, 0)
        self.equal((run.kind, run.result["code"]), ("not_found", "QueueDoesNotExist"))
        run = self.drive("delete", url, "nonsense")
        self.equal(run.result["failed"][0]["failure"]["code"], "ReceiptHandleIsInvalid")
        # Long polls take as long as they are asked to, and return early when something comes.
        began = time.monotonic()
        self.equal(self.good("receive", url, 1, 2)["messages"], [])
        self.check(time.monotonic() - began > 1.9, "waited")
        threading.Timer(0.5, sqs.send_message, kwargs={"QueueUrl": url, "MessageBody": "x"}).start()
        self.equal(len(self.good("receive", url, 1, 20)["messages"]), 1)

    def objects_of_a_bucket(self):
        s3 = self.moto.client("s3")
        s3.create_bucket(Bucket="trail")
        keys = [f"AWSLogs/1/CloudTrail/eu-west-1/2026/01/{day:02}/f{i:03}" for day in (1, 2) for i in range(300)]
        keys += ["odd/a b+c=d*(é)", "odd/%41", "odd/&<>\"'"]
        for key in keys:
            s3.put_object(Bucket="trail", Key=key, Body=key.encode(), Metadata={"Signature": "ab"})
        listed = self.good("list", "trail", "", "", "", 100)
        self.equal(sorted(o["key"] for o in listed["objects"]), sorted(keys))
        self.equal(listed["pages"], 7)
        listed = self.good("list", "trail", "AWSLogs/", keys[298])
        self.equal([o["key"] for o in listed["objects"]], keys[299:600])
        listed = self.good("list", "trail", "AWSLogs/1/CloudTrail/eu-west-1/2026/01/", "", "/")
        self.equal(listed["prefixes"], [f"AWSLogs/1/CloudTrail/eu-west-1/2026/01/0{day}/" for day in (1, 2)])
        out = self.tests.folder / "out"
        for key in keys[-4:]:
            self.equal(self.good("get", "trail", key, out)["metadata"], {"signature": "ab"})
            self.equal(out.read_bytes(), key.encode())
        big = os.urandom(20_000_000)
        s3.put_object(Bucket="trail", Key="big", Body=big)
        self.good("get", "trail", "big", out)
        self.check(out.read_bytes() == big, "the bytes are the object's")
        self.equal(self.drive("get", "trail", "missing", out).kind, "not_found")
        run = self.drive("list", "missing", "")
        self.equal((run.kind, run.result["code"]), ("not_found", "NoSuchBucket"))
        s3.put_object(Bucket="trail", Key="empty", Body=b"")
        self.equal(self.good("get", "trail", "empty", out)["bytes"], 0)

    def instance_metadata(self):
        env = {"AWS_EC2_METADATA_DISABLED": "", "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.moto.url}
        result = self.good("credentials", env=env)
        self.equal(result["origin"], "the instance's role default-role")
        self.check(result["expires_ms"] > time.time() * 1000, "expires")
        self.good("identity", env=env)

    def grant(self):
        """A user and a role that may receive and read, but not delete; checks are on afterwards."""
        iam, allowed = self.moto.client("iam"), ["sqs:ReceiveMessage", "s3:GetObject", "s3:ListBucket"]

        def policy(actions):
            return json.dumps({"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": actions, "Resource": "*"}]})

        trust = json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]})
        iam.create_user(UserName="tocsin")
        iam.put_user_policy(UserName="tocsin", PolicyName="p", PolicyDocument=policy(
            allowed + ["sts:AssumeRole"]))
        key = iam.create_access_key(UserName="tocsin")["AccessKey"]
        self.user = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
        self.role = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        iam.put_role_policy(RoleName="reader", PolicyName="p", PolicyDocument=policy(allowed))
        self.tests.secrets.add(key["SecretAccessKey"])
        self.url = self.queue("q")
        self.moto.client("sqs").send_message(QueueUrl=self.url, MessageBody="m")
        s3 = self.moto.client("s3")
        s3.create_bucket(Bucket="trail")
        s3.put_object(Bucket="trail", Key="AWSLogs/x", Body=b"x")
        session = self.moto.client("sts").assume_role(RoleArn=self.role, RoleSessionName="test")["Credentials"]
        self.tests.secrets |= {session["SecretAccessKey"], session["SessionToken"]}
        self.session = session
        self.moto.post("/moto-api/reset-auth", b"0")

    def may_read(self, what, unchecked=b"0", **options):
        """That calls are allowed, and that what is not allowed is named. `unchecked`: how many requests
        of each process moto lets through (it cannot read unsigned ones)."""
        # A prefix with a slash is too much for moto: it refuses boto3's signature as well.
        for arguments in [("receive", self.url, 1, 0), ("get", "trail", "AWSLogs/x", os.devnull),
                          ("list", "trail", "AWSLogs")]:
            self.moto.post("/moto-api/reset-auth", unchecked)
            run = self.drive(*arguments, **options)
            self.equal(run.status, 0, f"{what}: {run}")
        self.moto.post("/moto-api/reset-auth", unchecked)
        run = self.drive("delete", self.url, "h", **options)
        failure = run.result["failed"][0]["failure"]
        self.equal(failure["kind"], "denied", what)
        self.check(f"lack the permission sqs:DeleteMessage on {self.url}" in failure["message"],
                   f"{what}: {failure}")
        return failure["message"]

    def keys_under_checks(self):
        self.grant()
        message = self.may_read("environment", env=self.user)
        self.check("from the environment" in message, message)
        for env, kind in [({**self.user, "AWS_SECRET_ACCESS_KEY": "x" * 40}, "credentials"),
                          ({**self.user, "AWS_ACCESS_KEY_ID": "AKIAUNKNOWN000000000"}, "credentials")]:
            for arguments in [("receive", self.url, 1, 0), ("get", "trail", "AWSLogs/x", os.devnull)]:
                run = self.drive(*arguments, env=env)
                self.equal(run.kind, kind, f"{run}")
        session = {"AWS_ACCESS_KEY_ID": self.session["AccessKeyId"],
                   "AWS_SECRET_ACCESS_KEY": self.session["SecretAccessKey"],
                   "AWS_SESSION_TOKEN": self.session["SessionToken"]}
        self.may_read("session", env=session)
        run = self.drive("receive", self.url, 1, 0, env={**session, "AWS_SESSION_TOKEN": "wrong"})
        self.equal(run.kind, "credentials", run)

    def profiles_and_roles_under_checks(self):
        self.grant()
        self.aws.joinpath("credentials").write_text(
            "[base]\naws_access_key_id = {AWS_ACCESS_KEY_ID}\naws_secret_access_key = "
            "{AWS_SECRET_ACCESS_KEY}\n[wrong]\naws_access_key_id = A\naws_secret_access_key = B\n".format(
                **self.user))
        self.aws.joinpath("config").write_text(
            f"[profile role]\nrole_arn = {self.role}\nsource_profile = base\nexternal_id = e\n"
            f"[profile source]\nrole_arn = {self.role}\ncredential_source = Environment\n"
            f"[default]\nrole_arn = {self.role}\nsource_profile = role\n")
        wrong = {"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "B"}
        self.may_read("profile before the environment", env=wrong, profile="base")
        self.check("the profile `base`" in self.may_read("AWS_PROFILE", env={"AWS_PROFILE": "base"}), "origin")
        self.equal(self.drive("receive", self.url, 1, 0, env={"AWS_PROFILE": "wrong"}).kind, "credentials")
        message = self.may_read("role of a profile", env={"AWS_PROFILE": "role"})
        self.check(f"the role {self.role}" in message, message)
        self.may_read("credential_source", env={**self.user, "AWS_PROFILE": "x"}, profile="source")
        self.may_read("role of the settings", env=self.user, role=self.role, external_id="e")
        missing = self.role.replace("reader", "missing")
        run = self.drive("receive", self.url, 1, 0, env=wrong, role=self.role)
        self.equal(run.kind, "credentials", run)
        self.check("sts:AssumeRole" in run.message, run)
        self.check(self.drive("receive", self.url, 1, 0, env=self.user, role=missing).status == 1, "no such role")

    def web_identity_under_checks(self):
        self.grant()
        token = self.tests.folder / "web-token"
        token.write_text("header.payload.signature")
        self.may_read("web identity", b"1", env={"AWS_WEB_IDENTITY_TOKEN_FILE": str(token), "AWS_ROLE_ARN": self.role})

    def container_under_checks(self):
        self.grant()
        answer = json.dumps({
            "AccessKeyId": self.session["AccessKeyId"], "SecretAccessKey": self.session["SecretAccessKey"],
            "Token": self.session["SessionToken"], "Expiration": self.session["Expiration"].strftime("%FT%TZ")})
        asked = []

        class Endpoint(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append((self.path, self.headers["Authorization"]))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(answer.encode())

            def log_message(self, *_):
                pass

        endpoint = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
        threading.Thread(target=endpoint.serve_forever, daemon=True).start()
        token = self.tests.folder / "pod-token"
        token.write_text("pod-identity-token")
        self.may_read("container", env={
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{endpoint.server_port}/v1/credentials",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token)})
        self.equal(set(asked), {("/v1/credentials", "pod-identity-token")})
        endpoint.shutdown()


def parts(tests):
    for name in [n for n in vars(Parts) if not n.startswith("_")]:
        if name in {"drive", "good", "queue", "grant", "may_read"}:
            continue
        yield "moto: " + name.replace("_", " "), functools.partial(lambda n: getattr(Parts(tests), n)(), name)
