"""The source against moto_server: notifications, SNS, EventBridge and redrive as AWS has them."""
import json
import os
import socket
import subprocess
import sys
import time

import bodies
from common import Told, key, log_file, metric, must, start, until

REGION, BUCKET = "eu-west-1", "trail"


class Moto:
    def __init__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen(["moto_server", "-H", "127.0.0.1", "-p", str(self.port)],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)

    def __enter__(self):
        def is_there():
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return True
            except OSError:
                return False

        until(is_there, 60, "moto_server does not start")
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def client(self, service):
        import boto3
        return boto3.client(service, region_name=REGION, endpoint_url=self.url,
                            aws_access_key_id="testing", aws_secret_access_key="testing")


class Account:
    """A bucket that tells a queue of its objects: directly, through SNS, and through EventBridge."""

    def __init__(self, moto):
        self.s3, self.sqs = moto.client("s3"), moto.client("sqs")
        self.dead = self.sqs.create_queue(QueueName="dead")["QueueUrl"]
        arn = self.arn(self.dead)
        self.queue = self.sqs.create_queue(QueueName="trail", Attributes={
            "VisibilityTimeout": "3",
            "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "2"}),
        })["QueueUrl"]
        topic = moto.client("sns").create_topic(Name="trail")["TopicArn"]
        moto.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=self.arn(self.queue))
        self.topic, self.sns = topic, moto.client("sns")
        for bucket in (BUCKET, "by-topic", "by-bus"):
            self.s3.create_bucket(Bucket=bucket,
                                  CreateBucketConfiguration={"LocationConstraint": REGION})
        self.s3.put_bucket_notification_configuration(
            Bucket=BUCKET, NotificationConfiguration={"QueueConfigurations": [
                {"QueueArn": self.arn(self.queue), "Events": ["s3:ObjectCreated:*"]}]})
        self.s3.put_bucket_notification_configuration(
            Bucket="by-topic", NotificationConfiguration={"TopicConfigurations": [
                {"TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}]})
        self.s3.put_bucket_notification_configuration(
            Bucket="by-bus", NotificationConfiguration={"EventBridgeConfiguration": {}})
        events = moto.client("events")
        events.put_rule(Name="objects", EventPattern=json.dumps({"source": ["aws.s3"]}))
        events.put_targets(Rule="objects", Targets=[{"Id": "q", "Arn": self.arn(self.queue)}])

    def arn(self, url):
        return self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])[
            "Attributes"]["QueueArn"]

    def put(self, number, bucket=BUCKET, name=None):
        self.s3.put_object(Bucket=bucket, Key=name or key(number), Body=log_file(number))

    def left(self, url=None):
        attributes = self.sqs.get_queue_attributes(
            QueueUrl=url or self.queue, AttributeNames=["All"])["Attributes"]
        return int(attributes["ApproximateNumberOfMessages"]) + \
            int(attributes["ApproximateNumberOfMessagesNotVisible"])


def run(binary, full):
    with Moto() as moto:
        account = Account(moto)
        role = "arn:aws:iam::222233334444:role/tocsin"
        with start(binary, account.queue, moto.url,
                   f"  accounts: {{'222233334444': {{role_arn: '{role}'}}}}") as service:
            told = Told(service)
            odd = "a b+c=d*(é)/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/30/x.json.gz"
            account.put(1)
            account.put(2, name=odd)
            account.put(3, "by-topic")
            account.put(4, "by-bus")
            account.put(5, "by-bus", odd + ".gz")
            account.sns.publish(TopicArn=account.topic, Message=bodies.VALIDATION)
            account.put(6, name=key(6).replace("111122223333", "222233334444"))
            made = 6
            for _ in range(600 if full else 60):
                made += 1
                account.put(made)
            # A message whose object is not there: it returns, and reaches the dead letters.
            account.sqs.send_message(QueueUrl=account.queue,
                                     MessageBody=bodies.s3(bodies.s3_record("gone.json.gz")))
            account.sqs.send_message(QueueUrl=account.queue, MessageBody="hello")
            until(lambda: len(told.users()) == made, 240 if full else 60, "not all are told of")
            until(lambda: account.left() == 0, 60, "messages are left")
            until(lambda: account.left(account.dead) == 2, 20,
                  f"{account.left(account.dead)} dead letters, not 2")
            for kind in ("s3", "eventbridge", "test", "validation"):
                must(metric(service, "tocsin_sqs_message_bodies_total", source="trail",
                            kind=kind) >= 1, f"a message of kind {kind}")
            _, _, text = service.ask("GET", "/metrics")
            must(b'operation="AssumeRole"' in text, "the role of the other account is assumed")
            must("tocsin.object_not_read" in told.own(), f"alerts: {set(told.own())}")
            return told.judge(range(1, made + 1))
