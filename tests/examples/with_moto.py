"""The CloudFormation template in force at moto: what is put into the bucket arrives in the queue, the
role may do what it must and nothing else, and the README leads to an alert."""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

import templates

REGION = templates.REGION


def until(call, what, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if result := call():
            return result
        time.sleep(0.1)
    sys.exit(f"FAILED: {what}")


class Moto:
    def __init__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        # Checks of permissions begin when they are switched on.
        self.process = subprocess.Popen(
            ["moto_server", "-H", "127.0.0.1", "-p", str(port)], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": "1000000000"})

    def __enter__(self):
        until(self.answers, "moto_server does not start")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def answers(self):
        try:
            return urllib.request.urlopen(self.url + "/moto-api/").status == 200
        except OSError:
            return False

    def post(self, path, body=b""):
        urllib.request.urlopen(urllib.request.Request(
            self.url + path, body, {"Content-Type": "text/plain"}, method="POST")).read()

    def client(self, service, key="testing", secret="testing", token=None):
        import boto3
        return boto3.client(service, endpoint_url=self.url, region_name=REGION, aws_access_key_id=key,
                            aws_secret_access_key=secret, aws_session_token=token)


class Stack:
    """A stack that moto has made. Its CloudFormation leaves out the queue's policy, the subscription and
    the bucket's notification: they are set by its APIs, as the same template has them."""

    def __init__(self, moto, template, bucket, delivery):
        self.moto, self.bucket = moto, bucket
        stack = moto.client("cloudformation").describe_stacks(StackName="tocsin")["Stacks"][0]
        self.outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
        self.queue = self.outputs["QueueUrl"]
        resources = moto.client("cloudformation").describe_stack_resources(StackName="tocsin")
        self.ids = {templates.snake(one["LogicalResourceId"]): one.get("PhysicalResourceId")
                    for one in resources["StackResources"] if "LogicalResourceId" in one}
        self.made = templates.CloudFormation(template, BucketName=bucket, Delivery=delivery).resources()
        self.add_what_is_left_out()

    def real(self, value):
        """`value` with references as moto has them."""
        def one(match):
            name, attribute = match[1], match[2]
            if name == "queue":
                return self.outputs["QueueArn"] if attribute == "arn" else self.queue
            if name == "object_rule":
                return f"arn:aws:events:{REGION}:123456789012:rule/{self.ids[name]}"
            return self.ids[name]  # of a topic: its ARN
        return json.loads(re.sub(r"<(\w+)\.(\w+)>", one, json.dumps(value)).replace(
            templates.ACCOUNT, "123456789012"))

    def add_what_is_left_out(self):
        sqs, sns, s3 = (self.moto.client(service) for service in ("sqs", "sns", "s3"))
        for kind, properties in self.made.values():
            if kind == "AWS::SQS::QueuePolicy":
                policy = json.dumps(self.real(properties["PolicyDocument"]))
                sqs.set_queue_attributes(QueueUrl=self.queue, Attributes={"Policy": policy})
            elif kind == "AWS::SNS::Subscription":
                sns.subscribe(**self.real(properties))
            elif kind == "AWS::S3::Bucket" and "NotificationConfiguration" in properties:
                s3.put_bucket_notification_configuration(
                    Bucket=self.bucket, NotificationConfiguration=self.notification(properties))

    def notification(self, properties):
        """The API's spelling of the property."""
        given, api = self.real(properties["NotificationConfiguration"]), {}
        for kind in ("Queue", "Topic"):
            for one in given.get(kind + "Configurations", []):
                api.setdefault(kind + "Configurations", []).append(
                    {kind + "Arn": one[kind], "Events": [one["Event"]]})
        if "EventBridgeConfiguration" in given:
            api["EventBridgeConfiguration"] = {}
        return api

    def receive(self, key):
        def has_come():
            answer = self.moto.client("sqs").receive_message(
                QueueUrl=self.queue, MaxNumberOfMessages=10, VisibilityTimeout=0)
            return [one for one in answer.get("Messages", []) if key in one["Body"]]
        return until(has_come, f"no message about {key} comes into the queue", 20)


def deploy(moto, template, delivery):
    parameters = {"BucketName": "trail-" + delivery, "Delivery": delivery}
    moto.client("cloudformation").create_stack(
        StackName="tocsin", TemplateBody=template, Capabilities=["CAPABILITY_IAM"],
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()])
    return Stack(moto, template, parameters["BucketName"], delivery)


def deliveries(moto, template):
    for delivery in ("s3", "sns", "eventbridge"):
        moto.post("/moto-api/reset")
        stack = deploy(moto, template, delivery)
        moto.client("s3").put_object(Bucket=stack.bucket, Key=f"of-{delivery}.json.gz", Body=b"x")
        stack.receive(f"of-{delivery}.json.gz")
        attributes = moto.client("sqs").get_queue_attributes(
            QueueUrl=stack.queue, AttributeNames=["All"])["Attributes"]
        redrive = json.loads(attributes["RedrivePolicy"])
        assert redrive["maxReceiveCount"] == 5 and attributes["VisibilityTimeout"] == "300", attributes
    print("moto: an object that is put into the bucket arrives in the queue, directly, by SNS and by EventBridge")


def permissions(moto, template):
    """Each action of the role, and some that it must not have, with moto's checks on."""
    import botocore.exceptions
    moto.post("/moto-api/reset")
    stack = deploy(moto, template, "s3")
    moto.client("s3").put_object(Bucket=stack.bucket, Key="a.json.gz", Body=b"x")
    moto.client("s3").create_bucket(Bucket="another", CreateBucketConfiguration={"LocationConstraint": REGION})
    other = moto.client("sqs").create_queue(QueueName="another")["QueueUrl"]
    # Once more by the API: moto's checks cannot read the policy as its CloudFormation keeps it.
    moto.client("iam").put_role_policy(
        RoleName=stack.ids["role"], PolicyName="tocsin", PolicyDocument=json.dumps(
            stack.real(stack.made["role"][1]["Policies"][0]["PolicyDocument"])))
    role = moto.client("sts").assume_role(RoleArn=stack.outputs["RoleArn"], RoleSessionName="test")[
        "Credentials"]
    of_role = (role["AccessKeyId"], role["SecretAccessKey"], role["SessionToken"])
    sqs, s3 = moto.client("sqs", *of_role), moto.client("s3", *of_role)
    moto.post("/moto-api/reset-auth", b"0")

    def may(expected, call, **arguments):
        try:
            call(**arguments)
            allowed = True
        except botocore.exceptions.ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if status >= 500:
                raise
            allowed = status != 403
        if allowed != expected:
            sys.exit(f"FAILED: the role may{' not' if expected else ''} {call.__name__}({arguments})")

    queue, bucket = {"QueueUrl": stack.queue}, {"Bucket": stack.bucket}
    may(True, sqs.receive_message, **queue)
    may(True, sqs.get_queue_attributes, **queue, AttributeNames=["All"])
    may(True, sqs.change_message_visibility, **queue, ReceiptHandle="x", VisibilityTimeout=1)
    may(True, sqs.delete_message, **queue, ReceiptHandle="x")
    may(True, s3.get_object, **bucket, Key="a.json.gz")
    may(True, s3.list_objects_v2, **bucket)
    may(False, sqs.send_message, **queue, MessageBody="x")
    may(False, sqs.purge_queue, **queue)
    may(False, sqs.receive_message, QueueUrl=other)
    may(False, s3.put_object, **bucket, Key="b", Body=b"x")
    may(False, s3.delete_object, **bucket, Key="a.json.gz")
    may(False, s3.list_objects_v2, Bucket="another")
    moto.post("/moto-api/reset-auth", b"1000000000")
    print("moto: the role may do its six actions on its queue and bucket, and nothing else")


def readme(moto, template, tocsin, examples):
    """Steps 1 to 4 of the README, as they are written there."""
    text = (examples / "README.md").read_text().split("\n## ")[1]
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S)
    assert len(blocks) == 4, f"{len(blocks)} steps"
    moto.post("/moto-api/reset")
    with tempfile.TemporaryDirectory() as folder:
        for name in ("examples", "rules"):
            os.symlink(examples.parent.parent / name, pathlib.Path(folder, name))
        os.symlink(pathlib.Path(tocsin).resolve(), pathlib.Path(folder, "tocsin"))
        environment = {"PATH": f"{folder}:{os.environ['PATH']}", "HOME": folder, "AWS_ENDPOINT_URL": moto.url,
                       "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
        log = pathlib.Path(folder, "log")
        # One shell runs everything, and waits where the test has to add what moto leaves out.
        script = blocks[0] + "echo ready-$BUCKET\nread go\n" + "".join(blocks[1:]) + "wait\n"
        with log.open("w") as out:
            shell = subprocess.Popen(["bash", "-ec", script], cwd=folder, env=environment, text=True,
                                     stdin=subprocess.PIPE, stdout=out, stderr=out,
                                     start_new_session=True)
        try:
            def said(word):
                if shell.poll() is not None:
                    sys.exit(f"FAILED: a command of the README: {log.read_text()}")
                return re.search(word, log.read_text())
            bucket = until(lambda: said(r"ready-(\S+)"), "the stack is not made")[1]
            stack = Stack(moto, template, bucket, "s3")
            shell.stdin.write("\n")
            shell.stdin.flush()
            until(lambda: said("AWS Batch Compute Environment Changed Without MFA"), "no alert is printed")
            attributes = moto.client("sqs").get_queue_attributes
            until(lambda: attributes(QueueUrl=stack.queue, AttributeNames=["All"])["Attributes"][
                "ApproximateNumberOfMessagesNotVisible"] == "0", "the message is not deleted")
        finally:
            os.killpg(shell.pid, signal.SIGTERM)  # the shell and the service
            shell.stdin.close()
            shell.wait()
    print("moto: steps 1 to 4 of the README, as written, end with the alert")


def knows_s3_sqs(tocsin):
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as config:
        config.write("sources: [{name: t, type: s3_sqs, queue_url: "
                     "'https://sqs.eu-west-1.amazonaws.com/111122223333/q'}]\n")
        config.flush()
        return subprocess.run([tocsin, "check", "--config", config.name],
                              capture_output=True).returncode == 0


def run(tocsin, examples, template):
    try:
        import boto3  # noqa: F401
    except ImportError:
        print("SKIPPED: boto3 is not installed: the template is not put into force")
        return
    if not shutil.which("moto_server"):
        print("SKIPPED: moto_server is not installed: the template is not put into force")
        return
    with Moto() as moto:
        deliveries(moto, template)
        permissions(moto, template)
        if not shutil.which("aws"):
            print("SKIPPED: the AWS CLI is not installed: the commands of the README are not run")
        elif not knows_s3_sqs(tocsin):
            print("SKIPPED: this tocsin has no source s3_sqs: the commands of the README are not run")
        else:
            readme(moto, template, tocsin, examples)
