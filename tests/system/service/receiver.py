"""A receiver of webhooks that outlives the service: it remembers all that it was sent, and can be
told to refuse. One server, one receiver per first part of the path (/a, /b)."""
import collections
import hashlib
import http.server
import json
import os
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools"))
import verify_webhook  # noqa: E402

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Message:
    """All attempts to tell one receiver one thing."""

    def __init__(self):
        self.attempts = 0
        self.taken = 0  # attempts that were answered with 200
        self.bodies = set()
        self.keys = collections.defaultdict(set)  # by the count that is told


class Receiver:
    """`behave(name, key, attempt)` -> 200, another status, "hang", "reset", or seconds to wait (a
    float) before 200. Signatures are made at `clock()`, `tolerance` seconds more or less.
    Thread-safe."""

    def __init__(self, clock=time.time, tolerance=300):
        self.clock, self.tolerance = clock, tolerance
        self.mutex = threading.Lock()
        self.behave = lambda name, key, attempt: 200
        self.released = threading.Event()  # of "hang"
        self.forget()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1
            disable_nagle_algorithm = True

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.take(self, self.path.strip("/"), body)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, *_):
                pass  # peers are killed: that is what this is about

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def forget(self):
        with self.mutex:
            self.by_key = collections.defaultdict(Message)    # (receiver, key)
            self.by_alert = collections.defaultdict(Message)  # (receiver, event id, rule id)
            self.counts = {}   # (receiver, alert id) -> (rule id, principal, highest count told)
            self.own = []      # alerts that Tocsin raised about itself
            self.problems = []
            self.last_taken = {}  # receiver -> monotonic time

    def take(self, handler, name, body):
        key = handler.headers.get("webhook-id", "")
        problem = verify_webhook.problem(SECRET, dict(handler.headers), body, int(self.clock()),
                                         self.tolerance)
        try:
            alert = json.loads(body)
            rule, event = alert["rule"]["id"], alert.get("event_id", "")
        except (ValueError, KeyError, TypeError) as error:
            return self.refuse(handler, f"unreadable body: {error}")
        with self.mutex:
            if problem:
                self.problems.append(problem)
            message = self.by_key[(name, key)]
            message.attempts += 1
            message.bodies.add(hashlib.sha256(body).digest())
            attempt = message.attempts
        behaviour = self.behave(name, key, attempt)
        if behaviour == "hang":
            self.released.wait(60)
            behaviour = "reset"
        if behaviour == "reset":
            handler.close_connection = True
            handler.connection.shutdown(socket.SHUT_RDWR)
            return None
        if isinstance(behaviour, float):
            time.sleep(behaviour)
            behaviour = 200
        with self.mutex:
            # Even what is refused must carry the key of its alert.
            if rule.startswith("tocsin."):
                self.own.append((name, rule, alert))
            else:
                self.by_alert[(name, event, rule)].keys[alert["count"]].add(key)
            if behaviour == 200:
                message.taken += 1
                self.last_taken[name] = time.monotonic()
                if not rule.startswith("tocsin."):
                    self.by_alert[(name, event, rule)].taken += 1
                    told = self.counts.get((name, alert["id"]), (None, None, 0))[2]
                    self.counts[(name, alert["id"])] = (
                        rule, alert["principal"], max(told, alert["count"]))
        return answer(handler, behaviour)

    def refuse(self, handler, problem):
        with self.mutex:
            self.problems.append(problem)
        answer(handler, 400)

    def told(self, name):
        """{(event id, rule id)} that this receiver has taken."""
        with self.mutex:
            return {(event, rule) for (receiver, event, rule), message in self.by_alert.items()
                    if receiver == name and message.taken}

    def duplicates(self):
        with self.mutex:
            return sum(max(0, message.taken - 1) for message in self.by_key.values())

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()


def answer(handler, status):
    handler.send_response_only(status)
    handler.send_header("Content-Length", "2")
    handler.end_headers()
    handler.wfile.write(b"ok")
