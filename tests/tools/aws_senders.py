#!/usr/bin/env python3
"""Senders as AWS's services are, made from the protocols and not from our code. Each posts events
(a file of JSON lines, "-" for standard input) to a running service and checks the answers exactly.

    aws_senders.py firehose        --url URL [--key-file F] [--gzip] EVENTS
    aws_senders.py cwl-in-firehose --url URL [--key-file F] [--gzip] EVENTS
    aws_senders.py eventbridge     --url URL [--key-file F] [--basic] EVENTS
    aws_senders.py cloudevents     --url URL [--key-file F] EVENTS
    aws_senders.py sns --prepare --work DIR --topic ARN
    aws_senders.py sns --url URL --work DIR EVENTS

`sns --prepare` makes an authority, a signing key and a host's certificate in DIR, and prints what
the service's configuration needs: {"ca_file", "certificate_host", "topic"}; networks 127.0.0.0/8
and ::1/128 must be allowed. `sns --url` then serves the certificate and SubscribeURL there, sends a
confirmation, the events under both versions of the signature, and what must be refused.

Prints one line of JSON for each request: {"what", "status", "ok", …}. Exit code: 1 when an answer was
not what it must be. Options for all: --ca-file F for https, --expect STATUS (default: success).
"""
import argparse
import base64
import gzip
import http.client
import http.server
import json
import pathlib
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import uuid

failures = 0


def report(what, status, ok, **more):
    global failures
    failures += not ok
    print(json.dumps({"what": what, "status": status, "ok": bool(ok), **more}), flush=True)


def post(options, headers, body):
    """One request on its own connection: (status, headers in lower case, body)."""
    url = urllib.parse.urlsplit(options.url)
    if url.scheme == "https":
        context = ssl.create_default_context(cafile=options.ca_file)
        connection = http.client.HTTPSConnection(url.netloc, timeout=30, context=context)
    else:
        connection = http.client.HTTPConnection(url.netloc, timeout=30)
    connection.request("POST", url.path or "/", body, headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, {k.lower(): v for k, v in answer.getheaders()}, text


def read_events(options):
    text = sys.stdin.read() if options.events == "-" else pathlib.Path(options.events).read_text()
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def key_of(options):
    return pathlib.Path(options.key_file).read_text().strip() if options.key_file else None


# --- Firehose ---------------------------------------------------------------------------------------
def firehose(options, records, what):
    """Posts one delivery of these records (bytes) and judges the answer as Firehose does."""
    request_id = str(uuid.uuid4())
    body = json.dumps({
        "requestId": request_id,
        "timestamp": int(time.time() * 1000),
        "records": [{"data": base64.b64encode(r).decode()} for r in records],
    }).encode()
    headers = {
        "X-Amz-Firehose-Protocol-Version": "1.0",
        "X-Amz-Firehose-Request-Id": request_id,
        "X-Amz-Firehose-Source-Arn": "arn:aws:firehose:us-east-1:123456789012:deliverystream/audit",
        "X-Amz-Firehose-Common-Attributes": json.dumps({"commonAttributes": {"env": "test"}}),
        "Content-Type": "application/json",
        "User-Agent": "Amazon Kinesis Data Firehose Agent/1.0",
    }
    key = key_of(options)
    if key:
        headers["X-Amz-Firehose-Access-Key"] = key
    if options.gzip:
        headers["Content-Encoding"] = "gzip"
        body = gzip.compress(body)
    status, answered, text = post(options, headers, body)
    faults = firehose_faults(status, answered, text, request_id)
    report(what, status, not faults and status == (options.expect or 200), faults=faults,
           records=len(records), answer=text.decode(errors="replace")[:300])


def firehose_faults(status, headers, text, request_id):
    faults = []
    if headers.get("content-type") != "application/json":
        faults.append("Content-Type is not application/json")
    if int(headers.get("content-length", -1)) != len(text):
        faults.append("Content-Length is missing or wrong")
    if "content-encoding" in headers:
        faults.append("there is a Content-Encoding")
    if len(text) > 1 << 20:
        faults.append("the body is larger than 1 MiB")
    try:
        answer = json.loads(text)
    except ValueError:
        return faults + ["the body is not JSON"]
    if answer.get("requestId") != request_id:
        faults.append("requestId is not the request's")
    stamp = answer.get("timestamp")
    if type(stamp) is not int or abs(stamp - time.time() * 1000) > 60_000:
        faults.append("timestamp is not now in milliseconds")
    message = answer.get("errorMessage")
    if (status == 200) != (message is None):
        faults.append("errorMessage on a success, or none on a failure")
    if message is not None and len(message) > 8192:
        faults.append("errorMessage is too long")
    if set(answer) - {"requestId", "timestamp", "errorMessage"}:
        faults.append("unknown members")
    return faults


def lines(events):
    return [json.dumps(event).encode() for event in events]


def run_firehose(options):
    events = lines(read_events(options))
    half = len(events) // 2
    # One event a record; then many in one, without anything between them; and a record of nothing.
    firehose(options, events[:half] + [b""], "firehose: an event a record")
    firehose(options, [b"".join(events[half:])], "firehose: many events in one record")
    firehose(options, [], "firehose: no records")


def logs_payload(events, kind="DATA_MESSAGE"):
    return gzip.compress(json.dumps({
        "messageType": kind, "owner": "123456789012", "logGroup": "CloudTrail/logs",
        "logStream": "123456789012_CloudTrail_us-east-1", "subscriptionFilters": ["audit"],
        "logEvents": [{"id": str(10**50 + i), "timestamp": int(time.time() * 1000),
                       "message": message.decode()} for i, message in enumerate(events)],
    }).encode(), 6)


def run_cwl_in_firehose(options):
    events = lines(read_events(options))
    probe = logs_payload([b"CWL CONTROL MESSAGE: Checking health of destination Firehose."],
                         "CONTROL_MESSAGE")
    firehose(options, [probe], "cwl: control message")
    payloads = [logs_payload(events[i:i + 100]) for i in range(0, len(events), 100)]
    firehose(options, payloads, "cwl: events")


# --- EventBridge, CloudEvents -------------------------------------------------------------------------
def counted(options, what, status, text, expected, events):
    expected = options.expect or expected
    ok = status == expected
    if ok and expected < 300:
        try:
            answer = json.loads(text)
            ok = answer == {"accepted": events, "rejected": 0, "errors": []}
        except ValueError:
            ok = False
    report(what, status, ok, answer=text.decode(errors="replace")[:300])


def authorization(options, basic=False):
    key = key_of(options)
    if not key:
        return {}
    if basic:
        return {"Authorization": "Basic " + base64.b64encode(b"events:" + key.encode()).decode()}
    return {"Authorization": "Bearer " + key}


def run_eventbridge(options):
    for event in read_events(options):
        source = str(event.get("eventSource", "unknown")).split(".")[0]
        body = json.dumps({
            "version": "0", "id": str(uuid.uuid4()), "detail-type": "AWS API Call via CloudTrail",
            "source": "aws." + source, "account": "123456789012",
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "region": "us-east-1",
            "resources": [], "detail": event}).encode()
        headers = {
            "User-Agent": "Amazon/EventBridge/ApiDestinations",
            "Content-Type": "application/json; charset=utf-8",
            "Range": "bytes=0-1048575", "Accept-Encoding": "gzip,deflate", "Connection": "close",
            **authorization(options, options.basic)}
        begin = time.monotonic()
        status, _, text = post(options, headers, body)
        seconds = time.monotonic() - begin
        counted(options, "eventbridge", status, text, 200, 1)
        if seconds > 5:
            report("eventbridge: answered within 5 s", status, False, seconds=seconds)


def cloud_event(event, **more):
    return {"specversion": "1.0", "id": str(uuid.uuid4()), "source": "/trail",
            "type": "com.amazonaws.cloudtrail", **more, "data": event}


def run_cloudevents(options):
    events = read_events(options)
    auth = authorization(options)
    structured = {"Content-Type": "application/cloudevents+json; charset=utf-8", **auth}
    for event in events[:10]:
        binary = {"ce-specversion": "1.0", "ce-id": str(uuid.uuid4()), "ce-source": "/trail",
                  "ce-type": "com.amazonaws.cloudtrail", "ce-subject": "Euro%20%E2%82%AC",
                  "Content-Type": "application/json", **auth}
        status, _, text = post(options, binary, json.dumps(event))
        counted(options, "cloudevents: binary", status, text, 202, 1)
        status, _, text = post(options, structured, json.dumps(cloud_event(event)))
        counted(options, "cloudevents: structured", status, text, 202, 1)
        encoded = cloud_event(None, datacontenttype="application/json")
        del encoded["data"]
        encoded["data_base64"] = base64.b64encode(json.dumps(event).encode()).decode()
        status, _, text = post(options, structured, json.dumps(encoded))
        counted(options, "cloudevents: data_base64", status, text, 202, 1)
    batch = {"Content-Type": "application/cloudevents-batch+json", **auth}
    status, _, text = post(options, batch, json.dumps([cloud_event(e) for e in events]))
    counted(options, "cloudevents: batch", status, text, 202, len(events))


# --- SNS --------------------------------------------------------------------------------------------
def openssl(*arguments, text=b""):
    return subprocess.run(["openssl", *arguments], input=text, check=True,
                          capture_output=True).stdout


def prepare(options):
    work = pathlib.Path(options.work)
    work.mkdir(parents=True, exist_ok=True)
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test root",
            "-keyout", f"{work}/ca.key", "-out", f"{work}/ca.pem")
    for name, subject, extension in (
            ("host", "/CN=localhost", "subjectAltName=DNS:localhost\n"),
            ("signer", "/CN=sns.amazonaws.com", "basicConstraints=CA:FALSE\n")):
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", subject, "-keyout",
                f"{work}/{name}.key", "-out", f"{work}/{name}.csr")
        (work / f"{name}.ext").write_text(extension)
        openssl("x509", "-req", "-in", f"{work}/{name}.csr", "-CA", f"{work}/ca.pem", "-CAkey",
                f"{work}/ca.key", "-CAcreateserial", "-days", "2", "-extfile", f"{work}/{name}.ext",
                "-out", f"{work}/{name}.pem")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    needed = {"ca_file": str((work / "ca.pem").resolve()), "certificate_host": f"localhost:{port}",
              "topic": options.topic}
    (work / "sns.json").write_text(json.dumps(needed))
    print(json.dumps(needed))


class Aws(http.server.BaseHTTPRequestHandler):
    """sns.REGION.amazonaws.com: the certificate, and the confirmation of subscriptions."""
    certificate = b""
    requests = []

    def do_GET(self):
        Aws.requests.append(self.path)
        known = self.path.startswith("/?Action=ConfirmSubscription") or self.path == "/signer.pem"
        body = Aws.certificate if self.path == "/signer.pem" else b"<ConfirmSubscriptionResponse/>"
        self.send_response(200 if known else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def serve_aws(work, port):
    Aws.certificate = (work / "signer.pem").read_bytes()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Aws)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(work / "host.pem", work / "host.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def signed(message, work):
    """The message with its Signature."""
    text = "".join(f"{key}\n{message[key]}\n" for key in
                   ("Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token",
                    "TopicArn", "Type") if key in message)
    digest = "-sha1" if message["SignatureVersion"] == "1" else "-sha256"
    with tempfile.NamedTemporaryFile() as file:
        file.write(text.encode())
        file.flush()
        signature = openssl("dgst", digest, "-sign", f"{work}/signer.key", file.name)
    return {**message, "Signature": base64.b64encode(signature).decode()}


def send_sns(options, message, what, expected, raw=False):
    headers = {
        "x-amz-sns-message-type": message["Type"], "x-amz-sns-message-id": message["MessageId"],
        "x-amz-sns-topic-arn": message["TopicArn"], "Content-Type": "text/plain; charset=UTF-8",
        "User-Agent": "Amazon Simple Notification Service Agent", "Accept-Encoding": "gzip,deflate"}
    if message["Type"] != "SubscriptionConfirmation":
        headers["x-amz-sns-subscription-arn"] = message["TopicArn"] + ":" + str(uuid.uuid4())
    if raw:
        headers["x-amz-sns-rawdelivery"] = "true"
    body = message["Message"] if raw else json.dumps(message, indent=2)
    status, _, text = post(options, headers, body.encode())
    report(what, status, status == expected, answer=text.decode(errors="replace")[:300])


def run_sns(options):
    if options.prepare:
        return prepare(options)
    work = pathlib.Path(options.work)
    needed = json.loads((work / "sns.json").read_text())
    place = "https://" + needed["certificate_host"]
    serve_aws(work, int(needed["certificate_host"].split(":")[1]))

    def message(kind, version="1", age=0, **more):
        now = time.time() - age
        out = {"Type": kind, "MessageId": str(uuid.uuid4()), "TopicArn": needed["topic"],
               "Timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(now)) + "123Z",
               "SignatureVersion": version, "SigningCertURL": place + "/signer.pem"}
        if kind == "Notification":
            out["UnsubscribeURL"] = place + "/?Action=Unsubscribe"
        else:
            token = uuid.uuid4().hex
            out["Token"] = token
            out["Message"] = "You have chosen to subscribe to the topic " + needed["topic"]
            out["SubscribeURL"] = (f"{place}/?Action=ConfirmSubscription"
                                   f"&TopicArn={needed['topic']}&Token={token}")
        return {**out, **more}

    confirmation = message("SubscriptionConfirmation")
    send_sns(options, signed(confirmation, work), "sns: confirmation", 200)
    wanted = confirmation["SubscribeURL"].removeprefix(place)
    report("sns: SubscribeURL was asked for", 0, wanted in Aws.requests, requests=Aws.requests[-5:])
    events = lines(read_events(options))
    for number, event in enumerate(events):
        note = message("Notification", "2" if number % 2 else "1", Message=event.decode())
        if number % 3 == 0:
            note["Subject"] = "Alarm \u20ac"
        send_sns(options, signed(note, work), f"sns: version {note['SignatureVersion']}", 200)
    report("sns: the certificate was asked for once", 0, Aws.requests.count("/signer.pem") == 1)

    event = events[0].decode()
    good = signed(message("Notification", Message=event), work)
    refused = {
        "tampered": {**good, "Message": event.replace("{", "{ ", 1)},
        "another topic": signed(message("Notification", Message=event,
                                        TopicArn=needed["topic"] + "x"), work),
        "old": signed(message("Notification", age=3700, Message=event), work),
        "from the future": signed(message("Notification", age=-3700, Message=event), work),
        "another host": {**good, "SigningCertURL":
                         "https://sns.us-east-1.amazonaws.com.evil.example/signer.pem"},
        "a bucket": {**good, "SigningCertURL":
                     "https://sns.s3-us-west-2.amazonaws.com/signer.pem"},
        "a query": {**good, "SigningCertURL": good["SigningCertURL"] + "?"},
    }
    for name, bad in refused.items():
        send_sns(options, bad, "sns: " + name, 403)
    asked = len(Aws.requests)
    elsewhere = message("SubscriptionConfirmation", TopicArn=needed["topic"] + "x")
    send_sns(options, signed(elsewhere, work), "sns: confirmation of another topic", 403)
    report("sns: nothing was asked for it", 0, len(Aws.requests) == asked)
    send_sns(options, signed(message("UnsubscribeConfirmation"), work), "sns: unsubscribed", 200)
    if options.authenticated:
        send_sns(options, good, "sns: raw delivery without a token", 401, raw=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    kinds = parser.add_subparsers(dest="kind", required=True)
    run = {"firehose": run_firehose, "cwl-in-firehose": run_cwl_in_firehose,
           "eventbridge": run_eventbridge, "cloudevents": run_cloudevents, "sns": run_sns}
    for kind in run:
        sub = kinds.add_parser(kind)
        sub.add_argument("events", nargs="?", default="-")
        sub.add_argument("--url", default="http://127.0.0.1:8484/v1/events")
        sub.add_argument("--ca-file")
        sub.add_argument("--key-file")
        sub.add_argument("--expect", type=int)
        sub.add_argument("--gzip", action="store_true")
        sub.add_argument("--basic", action="store_true")
        if kind == "sns":
            sub.add_argument("--work", required=True)
            sub.add_argument("--topic", default="arn:aws:sns:us-east-1:123456789012:audit")
            sub.add_argument("--prepare", action="store_true")
            sub.add_argument("--authenticated", action="store_true", help="the service wants tokens")
    options = parser.parse_args()
    run[options.kind](options)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
