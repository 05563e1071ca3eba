"""What a queue may hold: the four shapes of a pointer, and the odd ones."""
import json
import urllib.parse


def s3_record(key, bucket="trail", event="ObjectCreated:Put", size=1000):
    return {"eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "eu-west-1",
            "eventTime": "2026-11-30T10:00:00.000Z", "eventName": event,
            "userIdentity": {"principalId": "AWS:x"},
            "s3": {"s3SchemaVersion": "1.0", "configurationId": "c",
                   "bucket": {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"},
                   "object": {"key": urllib.parse.quote_plus(key, safe="/"), "size": size,
                              "eTag": "e", "sequencer": "0055AED6DCD90281E5"}}}


def s3(*records):
    return json.dumps({"Records": records})


def sns(message):
    return json.dumps({"Type": "Notification", "MessageId": "m", "Message": message,
                       "TopicArn": "arn:aws:sns:eu-west-1:111122223333:trail",
                       "Timestamp": "2026-11-30T10:00:00.000Z", "SignatureVersion": "1"})


def eventbridge(key, kind="Object Created"):
    return json.dumps({"version": "0", "id": "i", "detail-type": kind, "source": "aws.s3",
                       "account": "111122223333", "time": "2026-11-30T10:00:00Z",
                       "region": "eu-west-1", "resources": [],
                       "detail": {"version": "0", "bucket": {"name": "trail"},
                                  "object": {"key": key, "size": 1000, "sequencer": "1"}}})


def cloudtrail(keys):
    return json.dumps({"s3Bucket": "trail", "s3ObjectKey": keys})


TEST = json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "trail",
                   "Time": "2026-11-30T10:00:00.000Z", "RequestId": "r", "HostId": "h"})
VALIDATION = "CloudTrail validation message."


def about_nothing():
    """Two test messages, two of validation, four about no new object."""
    return [TEST, sns(TEST), VALIDATION, sns(VALIDATION),
            s3(s3_record("k", event="ObjectRemoved:Delete")),
            s3(s3_record("k", event="ObjectRestore:Completed")),
            eventbridge("k", "Object Tags Added"), eventbridge("k", "Object Deleted")]
