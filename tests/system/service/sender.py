"""Senders: they remember what was acknowledged, and send again what was not, as real ones do."""
import http.client
import json
import threading
import time


class Ledger:
    """What was sent and what the service has acknowledged. Thread-safe."""

    def __init__(self):
        self.mutex = threading.Lock()
        self.sent = set()  # event ids
        self.acked = set()
        self.requests = 0
        self.statuses = {}
        self.problems = []

    def note(self, batch, status, answer):
        with self.mutex:
            self.statuses[status] = self.statuses.get(status, 0) + 1
            if status != 202:
                return
            try:
                receipt = json.loads(answer)
                if receipt["accepted"] != len(batch.ids) or receipt["rejected"] != 0:
                    self.problems.append(f"{len(batch.ids)} events, answer {receipt}")
            except (ValueError, KeyError) as error:
                self.problems.append(f"answer {answer[:200]!r}: {error}")
            self.acked.update(batch.ids)


class Sender:
    """One connection. `port` is a function: it changes when the service is started again."""

    def __init__(self, ledger, port, timeout=20):
        self.ledger = ledger
        self.port = port
        self.timeout = timeout
        self.connection = None
        self.headers = {}

    def send(self, batch):
        """The status, or None when there was no answer: then nobody knows."""
        with self.ledger.mutex:
            self.ledger.sent.update(batch.ids)
            self.ledger.requests += 1
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port(),
                                                             timeout=self.timeout)
            self.connection.request("POST", "/v1/events", batch.body)
            response = self.connection.getresponse()
            answer = response.read()
            self.headers = response.headers
        except (OSError, http.client.HTTPException):
            self.close()
            self.ledger.note(batch, None, b"")
            return None
        self.ledger.note(batch, response.status, answer)
        return response.status

    def send_until_acked(self, batch, seconds, pause=0.02, stop=None):
        """Whether it was."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not (stop is not None and stop.is_set()):
            if self.send(batch) == 202:
                return True
            time.sleep(pause)
        return False

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class Load:
    """Senders that send without a pause worth mentioning until stop(); what has no answer is sent
    again until it has one. Without `again`, only what is acknowledged counts."""

    def __init__(self, oracle, ledger, port, senders=2, firing=1, quiet=39, pause=0.02, again=True):
        self.stopped = threading.Event()
        self.unacked = []
        self.again = again
        self.threads = [threading.Thread(target=self.run, daemon=True,
                                         args=(oracle, Sender(ledger, port), firing, quiet, pause))
                        for _ in range(senders)]
        for thread in self.threads:
            thread.start()

    def run(self, oracle, sender, firing, quiet, pause):
        while not self.stopped.is_set():
            batch = oracle.batch(firing, quiet)
            while sender.send(batch) != 202 and not self.stopped.is_set():
                if not self.again:
                    break
                time.sleep(0.01)
            time.sleep(pause)
            if not set(batch.ids) <= sender.ledger.acked:
                self.unacked.append(batch)
        sender.close()

    def stop(self):
        """Batches that were never acknowledged."""
        self.stopped.set()
        for thread in self.threads:
            thread.join()
        return self.unacked
