"""A queue and a bucket store in memory, which misbehave as asked. They speak SQS's JSON protocol and
the part of S3 that a reader needs; signatures are not looked at (moto does that).

Whatever happens is in `calls`, in order. `on_delete` is asked about every message before it is
deleted, and says what is wrong, if anything.
"""
import hashlib
import http.server
import json
import random
import select
import socket
import threading
import time
import urllib.parse
import uuid
import xml.sax.saxutils

ACCOUNT, REGION = "111122223333", "eu-west-1"


def is_closed(connection):
    """Whether the peer is gone."""
    readable, _, _ = select.select([connection], [], [], 0)
    try:
        return bool(readable) and not connection.recv(1, socket.MSG_PEEK)
    except OSError:
        return True


class Message:
    def __init__(self, body, delay=0.0):
        self.id = str(uuid.uuid4())
        self.body = body
        self.sent = time.time()
        self.visible_at = time.monotonic() + delay
        self.receives = 0
        self.handles = []
        self.extensions = 0


class Chaos:
    """How often what happens, from 0 to 1."""

    def __init__(self, seed=0, error=0.0, throttle=0.0, reset=0.0, duplicate=0.0, reorder=False,
                 cut=0.0, redirect=0.0, failed_entry=0.0):
        self.random = random.Random(seed)
        self.lock = threading.Lock()
        self.error, self.throttle, self.reset = error, throttle, reset
        self.duplicate, self.reorder, self.cut = duplicate, reorder, cut
        self.redirect, self.failed_entry = redirect, failed_entry

    def happens(self, share):
        if share == 0:
            return False
        with self.lock:
            return self.random.random() < share

    def pick(self, things):
        with self.lock:
            return self.random.choice(things)


class Fake:
    def __init__(self, visibility=30, max_receives=0, chaos=None):
        self.visibility, self.max_receives = visibility, max_receives
        self.chaos = chaos or Chaos()
        self.lock = threading.Condition()
        self.messages, self.dead, self.objects = [], [], {}
        self.pace = {}    # key → bytes a second
        self.refuse = {}  # key or action → (status, code)
        self.calls = []
        self.offences = []
        self.on_delete = lambda message: None
        self.deleted = []
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                fake.answer_sqs(self, self.headers["X-Amz-Target"].split(".")[1], json.loads(body))

            def do_GET(self):
                fake.answer_s3(self)

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_):  # a reader that goes away
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.queue_url = f"{self.url}/{ACCOUNT}/trail"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    # --- what tests do ---

    def put(self, key, content, bucket="trail"):
        self.objects[bucket, key] = content

    def send(self, body):
        message = Message(body if isinstance(body, str) else json.dumps(body))
        with self.lock:
            self.messages.append(message)
            self.lock.notify_all()
        return message

    def count(self, *words):
        with self.lock:
            return sum(1 for call in self.calls if call[1:1 + len(words)] == words)

    def left(self):
        with self.lock:
            return len(self.messages)

    def note(self, *call):
        self.calls.append((time.monotonic(), *call))

    # --- SQS ---

    def answer_sqs(self, handler, action, request):
        chaos = self.chaos
        if chaos.happens(chaos.reset):
            handler.close_connection = True
            handler.connection.shutdown(socket.SHUT_RDWR)
            return
        if action in self.refuse:
            return self.sqs_error(handler, *self.refuse[action])
        if chaos.happens(chaos.error):
            return self.sqs_error(handler, 500, "InternalError")
        if chaos.happens(chaos.throttle):
            return self.sqs_error(handler, 400, "RequestThrottled")
        if action == "ReceiveMessage":
            answer = self.receive(request, lambda: is_closed(handler.connection))
        else:
            answer = getattr(self, action)(request)
        # The answer that gets lost: what was asked for is done all the same.
        if chaos.happens(chaos.reset):
            handler.close_connection = True
            handler.connection.shutdown(socket.SHUT_RDWR)
            return
        self.reply(handler, 200, json.dumps(answer).encode(), "application/x-amz-json-1.0")

    def sqs_error(self, handler, status, code):
        body = json.dumps({"__type": f"com.amazonaws.sqs#{code}", "message": code}).encode()
        self.reply(handler, status, body, "application/x-amz-json-1.0")

    def reply(self, handler, status, body, kind, headers=()):
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    def visible(self):
        now = time.monotonic()
        found = [m for m in self.messages if m.visible_at <= now]
        for message in list(found):
            if self.max_receives and message.receives >= self.max_receives:
                self.messages.remove(message)
                self.dead.append(message)
                self.note("dead", message.id)
                found.remove(message)
        return found

    def receive(self, request, is_gone):
        end = time.monotonic() + min(request.get("WaitTimeSeconds", 0), 1)
        visibility = request.get("VisibilityTimeout", self.visibility)
        with self.lock:
            while True:
                found = self.visible()
                if is_gone():
                    return {}
                if found or time.monotonic() >= end:
                    break
                self.lock.wait(0.05)
            if self.chaos.reorder:
                with self.chaos.lock:
                    self.chaos.random.shuffle(found)
            out = []
            for message in found[:request["MaxNumberOfMessages"]]:
                if not self.chaos.happens(self.chaos.duplicate):
                    message.visible_at = time.monotonic() + visibility
                message.receives += 1
                message.handles.append(f"{message.id}#{message.receives}")
                self.note("receive", message.id)
                out.append({"MessageId": message.id, "ReceiptHandle": message.handles[-1],
                            "Body": message.body,
                            "MD5OfBody": hashlib.md5(message.body.encode()).hexdigest(),
                            "Attributes": {
                                "ApproximateReceiveCount": str(message.receives),
                                "SentTimestamp": str(int(message.sent * 1000)),
                                "ApproximateFirstReceiveTimestamp": str(int(time.time() * 1000))}})
        return {"Messages": out} if out else {}

    def find(self, handle):
        return next((m for m in self.messages if handle in m.handles), None)

    def each(self, request, act):
        done, failed = [], []
        ids = [entry["Id"] for entry in request["Entries"]]
        if len(set(ids)) != len(ids):
            self.offences.append("entries of a batch with the same id")
        with self.lock:
            for entry in request["Entries"]:
                problem = act(entry)
                if problem is None and self.chaos.happens(self.chaos.failed_entry):
                    problem = ("InternalError", False)
                if problem is None:
                    done.append({"Id": entry["Id"]})
                else:
                    failed.append({"Id": entry["Id"], "Code": problem[0],
                                   "SenderFault": problem[1], "Message": problem[0]})
        return {"Successful": done, **({"Failed": failed} if failed else {})}

    def DeleteMessageBatch(self, request):
        def delete(entry):
            message = self.find(entry["ReceiptHandle"])
            if message is None:
                return None  # as SQS does
            problem = self.on_delete(message)
            if problem:
                self.offences.append(problem)
            self.note("delete", message.id)
            self.messages.remove(message)
            self.deleted.append(message)
            return None

        if self.chaos.happens(self.chaos.failed_entry):
            return {"Successful": [], "Failed": [
                {"Id": entry["Id"], "Code": "InternalError", "SenderFault": False, "Message": "x"}
                for entry in request["Entries"]]}
        return self.each(request, delete)

    def ChangeMessageVisibilityBatch(self, request):
        def change(entry):
            message = self.find(entry["ReceiptHandle"])
            if message is None or message.visible_at <= time.monotonic():
                return "MessageNotInflight", True
            seconds = int(entry["VisibilityTimeout"])
            message.visible_at = time.monotonic() + seconds
            message.extensions += seconds > 0
            self.note("visibility", message.id, seconds)
            return None

        return self.each(request, change)

    def GetQueueAttributes(self, _):
        with self.lock:
            now = time.monotonic()
            visible = sum(1 for m in self.messages if m.visible_at <= now)
            attributes = {"QueueArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:trail",
                          "ApproximateNumberOfMessages": str(visible),
                          "ApproximateNumberOfMessagesNotVisible": str(len(self.messages) - visible),
                          "ApproximateNumberOfMessagesDelayed": "0",
                          "VisibilityTimeout": str(self.visibility),
                          "MessageRetentionPeriod": "345600"}
        if self.max_receives:
            attributes["RedrivePolicy"] = json.dumps({
                "deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead",
                "maxReceiveCount": self.max_receives})
        return {"Attributes": attributes}

    # --- S3 ---

    def answer_s3(self, handler):
        chaos = self.chaos
        url = urllib.parse.urlsplit(handler.path)
        bucket, _, key = urllib.parse.unquote(url.path).lstrip("/").partition("/")
        query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        if chaos.happens(chaos.reset):
            handler.close_connection = True
            return
        if chaos.happens(chaos.error):
            return self.s3_error(handler, 500, "InternalError")
        if chaos.happens(chaos.throttle):
            return self.s3_error(handler, 503, "SlowDown")
        if chaos.happens(chaos.redirect):
            return self.s3_error(handler, 307, "TemporaryRedirect",
                                 [("x-amz-bucket-region", chaos.pick(["us-east-1", REGION])),
                                  ("Location", "http://192.0.2.1/")])
        if not key:
            return self.list_objects(handler, bucket, query)
        if key in self.refuse:
            return self.s3_error(handler, *self.refuse[key])
        content = self.objects.get((bucket, key))
        if content is None:
            return self.s3_error(handler, 404, "NoSuchKey")
        self.send_object(handler, key, content)

    def s3_error(self, handler, status, code, headers=()):
        body = f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()
        self.reply(handler, status, body, "application/xml", headers)

    def send_object(self, handler, key, content):
        etag = '"' + hashlib.md5(content).hexdigest() + '"'
        begin = 0
        if handler.headers["Range"]:
            begin = int(handler.headers["Range"].removeprefix("bytes=").rstrip("-"))
        rest = content[begin:]
        handler.send_response(206 if begin else 200)
        if begin:
            handler.send_header("Content-Range",
                                f"bytes {begin}-{len(content) - 1}/{len(content)}")
        handler.send_header("Content-Length", str(len(rest)))
        handler.send_header("ETag", etag)
        handler.end_headers()
        self.note("get", key, begin)
        is_cut = len(rest) > 1 and self.chaos.happens(self.chaos.cut)
        if is_cut:
            with self.chaos.lock:
                rest = rest[:self.chaos.random.randrange(len(rest))]
        pace = self.pace.get(key)
        if pace is None:
            handler.wfile.write(rest)
        else:
            for at in range(0, len(rest), max(1, pace // 50)):
                handler.wfile.write(rest[at:at + max(1, pace // 50)])
                handler.wfile.flush()
                time.sleep(0.02)
        if is_cut:
            handler.close_connection = True
            handler.connection.shutdown(socket.SHUT_RDWR)

    def list_objects(self, handler, bucket, query):
        prefix, after = query.get("prefix", ""), query.get("start-after", "")
        size = min(int(query.get("max-keys", "1000")), 50)  # so that there are pages
        after = max(after, query.get("continuation-token", ""))
        keys = sorted(k for b, k in self.objects if b == bucket and k.startswith(prefix) and k > after)
        delimiter = query.get("delimiter", "")
        self.note("list", prefix, query.get("start-after", ""))
        folders = []
        if delimiter:
            folders = sorted({k[:k.index(delimiter, len(prefix)) + 1] for k in keys
                              if delimiter in k[len(prefix):]})
            keys = [k for k in keys if delimiter not in k[len(prefix):]]
        page, more = keys[:size], keys[size:]
        encode = urllib.parse.quote_plus if query.get("encoding-type") == "url" else \
            xml.sax.saxutils.escape
        body = "<ListBucketResult>"
        if query.get("encoding-type") == "url":
            body += "<EncodingType>url</EncodingType>"
        body += f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>"
        if more:
            body += f"<NextContinuationToken>{xml.sax.saxutils.escape(page[-1])}" \
                    "</NextContinuationToken>"
        for key in page:
            body += f"<Contents><Key>{encode(key)}</Key>" \
                    f"<Size>{len(self.objects[bucket, key])}</Size><ETag>\"e\"</ETag>" \
                    "<LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
        for folder in folders:
            body += f"<CommonPrefixes><Prefix>{encode(folder)}</Prefix></CommonPrefixes>"
        self.reply(handler, 200, (body + "</ListBucketResult>").encode(), "application/xml")
