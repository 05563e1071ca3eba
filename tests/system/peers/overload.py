"""More than it can take, and clients that never come to the end: who was told 202 is in the outbox,
everybody else is told to come back, operators still get answers, and memory stays bounded."""
import asyncio
import http.client
import json
import os
import threading
import time

from running import Running, event, must, until

CONFIG = """
server:
  listen: 127.0.0.1:0
  limits: {body: 1MiB, firehose_body: 1MiB, connections: 600, connections_per_peer: 64, header_timeout: 3s, body_timeout: 3s, body_budget: 8MiB}
rules: {paths: ["{rules}"]}
store: {path: "{folder}/store"}
alerts: {group_interval: 0, rule_budget: 0}
limits: {in_flight: 2MiB, in_flight_submissions: 8, workers: 1}
log: {format: json}
receivers: [{name: file, type: file, path: "{folder}/alerts.jsonl"}]
"""


class Flood:
    def __init__(self, service, senders):
        self.service = service
        self.stopped = threading.Event()
        self.mutex = threading.Lock()
        self.acked, self.statuses, self.no_retry_after = set(), {}, 0
        self.threads = [threading.Thread(target=self.run, args=(number,))
                        for number in range(senders)]
        for thread in self.threads:
            thread.start()

    def run(self, sender):
        number = 0
        filler = event("quiet", name="GetUser") * 300
        connection = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=30)
        while not self.stopped.is_set():
            identity = f"{sender}-{number}"
            number += 1
            try:
                connection.request("POST", "/v1/events", filler + event(identity))
                response = connection.getresponse()
                response.read()
            except (OSError, http.client.HTTPException):
                connection.close()
                continue
            with self.mutex:
                self.statuses[response.status] = self.statuses.get(response.status, 0) + 1
                if response.status == 202:
                    self.acked.add(f"peer-{identity}")
                elif response.headers["Retry-After"] is None:
                    self.no_retry_after += 1
        connection.close()

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join()


def slowest(service, seconds):
    """The longest that an operator waited for a page, in seconds."""
    longest, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        for path in ("/healthz", "/metrics"):
            start = time.monotonic()
            must(service.ask("GET", path)[0] == 200, path)
            longest = max(longest, time.monotonic() - start)
        time.sleep(0.05)
    return longest


def flood(binary):
    seconds = 30 if os.environ.get("PEERS_FULL") else 6
    with Running(binary, CONFIG) as service:
        load = Flood(service, 24)
        waited = slowest(service, seconds)
        size = service.resident_bytes() >> 20
        load.stop()
        must(load.acked, "nothing was accepted")
        must(set(load.statuses) <= {202, 429, 503}, str(load.statuses))
        must(load.no_retry_after == 0, f"{load.no_retry_after} refusals without Retry-After")
        must(size < 200, f"{size} MiB")
        path = os.path.join(service.folder, "alerts.jsonl")

        def told():
            with open(path, encoding="utf-8") as file:
                return {json.loads(line)["event_id"] for line in file if line.endswith("\n")}

        until(lambda: load.acked <= told(), 60, "what was accepted is told")
        refused = sum(count for status, count in load.statuses.items() if status != 202)
        must(refused > 0, f"no refusal: not an overload ({load.statuses})")
        return (f"{load.statuses.get(202)} accepted and told, {refused} told to come back, "
                f"operators waited {waited * 1000:.0f} ms at most, {size} MiB")


async def slow_client(port, head, cut_off):
    """From another address than everybody else."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port,
                                                       local_addr=("127.0.0.2", 0))
    except OSError:
        cut_off.append(0)
        return
    try:
        writer.write(head)
        for _ in range(20):
            await asyncio.sleep(0.5)
            if writer.is_closing() or reader.at_eof():
                break
            writer.write(b"x")
            await writer.drain()
    except OSError:
        pass
    else:
        if not (writer.is_closing() or reader.at_eof()):
            return
    cut_off.append(1)
    writer.close()


def slow(binary):
    """Slow heads and slow bodies are cut off at their deadlines; others are served meanwhile."""
    with Running(binary, CONFIG) as service:
        heads = [b"POST /v1/events HTTP/1.1\r\nX-A: ",
                 b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"]

        cut_off = []

        async def crowd():
            clients = [slow_client(service.port, heads[i % 2], cut_off) for i in range(1000)]
            await asyncio.gather(*clients)

        crowd_thread = threading.Thread(target=lambda: asyncio.run(crowd()))
        crowd_thread.start()
        waited = 0
        for number in range(40):
            start = time.monotonic()
            must(service.post(event(f"among-{number}"))[0] == 202, "a request among slow clients")
            waited = max(waited, time.monotonic() - start)
            time.sleep(0.1)
        crowd_thread.join()
        must(len(cut_off) == 1000, f"{1000 - len(cut_off)} slow clients were never cut off")
        size = service.resident_bytes() >> 20
        must(size < 150, f"{size} MiB")
        return f"1000 slow clients cut off, 40 others served within {waited:.2f} s each, {size} MiB"


TESTS = (flood, slow)
