"""A receiver that is away while alerts go on: memory stays, and nothing is lost."""
import os
import threading
import time

from running import Chaos, Running, event, must, until

CONFIG = """
server: {listen: 127.0.0.1:0}
rules: {paths: ["{rules}"]}
store: {path: "{folder}/store"}
alerts: {group_interval: 0, rule_budget: 0}
log: {format: json}
receivers:
  - {name: away, type: webhook, url: "http://127.0.0.1:{port}/away", rate: 0, allow_networks: [127.0.0.0/8]}
"""
PER_SECOND = 50


def outage(binary):
    seconds = 600 if os.environ.get("PEERS_FULL") else 15
    with Chaos(lifetime=3600) as chaos, Running(binary, CONFIG, port=chaos.port) as service:
        chaos.control(mode="ok")
        service.post(event("warm"))
        until(lambda: chaos.received()["ok"] >= 1, 10, "the first alert")
        size = service.resident_bytes()
        chaos.control(mode="refuse")
        largest, sent = size, 0
        start = time.monotonic()
        while time.monotonic() - start < seconds:
            due = int((time.monotonic() - start) * PER_SECOND)
            for number in range(sent, due):
                must(service.post(event(f"away-{number}"))[0] == 202, "an event was refused")
            sent = due
            largest = max(largest, service.resident_bytes())
            time.sleep(0.1)
        grown = (largest - size) / (1 << 20)
        must(grown <= 32, f"{grown:.0f} MiB more memory after {sent} alerts")
        waiting = service.metric("tocsin_outbox_rows")
        must(waiting and waiting >= sent, f"{waiting} rows for {sent} alerts")
        chaos.control(mode="ok")
        back = time.monotonic()
        until(lambda: chaos.received()["ok"] >= sent + 1, 120 + sent / 20, "all are delivered")
        drained = time.monotonic() - back
        told = len(chaos.received()["alerts"])
        must(told == sent + 1, f"{told} different alerts of {sent + 1}")
        until(lambda: service.metric("tocsin_outbox_rows") == 0, 10, "no row is left")
        return (f"{seconds} s, {sent} alerts waited, {grown:.1f} MiB more memory, all delivered "
                f"{drained:.1f} s after it came back")


def isolation(binary):
    """A receiver that hangs delays no other."""
    text = CONFIG + """  - {name: good, type: webhook, url: "http://127.0.0.1:{port}/good", rate: 0, allow_networks: [127.0.0.0/8]}
"""
    with Chaos() as chaos, Running(binary, text, port=chaos.port) as service:
        chaos.control(mode="hang", path="/away")
        done = []

        def post():
            for number in range(200):
                done.append(service.post(event(f"i{number}"))[0])

        thread = threading.Thread(target=post)
        thread.start()
        until(lambda: chaos.received()["ok"] >= 200, 30, "the other receiver has all")
        thread.join()
        must(set(done) == {202}, str(set(done)))
        return "200 alerts reached the one while the other hung"


TESTS = (outage, isolation)
