"""The receiver from hell, in every mode and for every kind of receiver: each alert is delivered in
the end, waits for its next attempt, or is a dead letter with a reason; nobody else waits for it."""
import json
import os
import subprocess
import time

from running import Chaos, Running, event, must, until

KINDS = {
    "slack": 'type: slack, webhook_url: "${SLACK}"',
    "bot": 'type: slack, token: "${BOT}", channel: C1, api_url: "http://127.0.0.1:{port}/api/x"',
    "webhook": 'type: webhook, url: "http://127.0.0.1:{port}/hook"',
    "alertmanager": 'type: alertmanager, url: "http://127.0.0.1:{port}/"',
}
CONFIG = """
server: {listen: 127.0.0.1:0}
rules: {paths: ["{rules}"]}
store: {path: "{folder}/store"}
log: {format: json}
receivers:
  - {name: good, type: file, path: "{folder}/good.jsonl"}
""" + "".join(f"  - {{name: {name}, {keys}, timeout: 2s, rate: 0, allow_networks: [127.0.0.0/8]}}\n"
              for name, keys in KINDS.items())

# What must become of a notification: tried again, a dead letter, or delivered.
RETRY = ("500", "503", "429", "408", "425", "hang", "reset-after-request", "reset-after-header",
         "close", "bad-status-line", "garbage", "header-flood", "continue-flood", "drip-header",
         "refuse", "reset", "never-read", "late")
DEAD = ("400", "403", "404", "redirect")
# One word of the body is enough, or none: what the receiver says beyond that is cut.
SHORT = ("huge", "gzip-bomb")


def outbox(service, binary):
    done = subprocess.run([binary, "outbox", "list", "--store", service.store, "--output", "jsonl"],
                          capture_output=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def attempts(service):
    """How many attempts each receiver has seen the end of."""
    found = {}
    for line in service.get("/metrics")[1].splitlines():
        if line.startswith("tocsin_notifications_total{"):
            for name in KINDS:
                if f'receiver="{name}"' in line:
                    found[name] = found.get(name, 0) + float(line.rsplit(" ", 1)[1])
    return found


def told_good(service):
    path = os.path.join(service.folder, "good.jsonl")
    return os.path.exists(path) and os.path.getsize(path) > 0


def states(service, binary):
    """The states of each receiver's rows."""
    found = {}
    for row in outbox(service, binary):
        found.setdefault(row["receiver"], set()).add(row["state"])
    return found


def modes(binary):
    full = os.environ.get("PEERS_FULL")
    retry = RETRY if full else ("500", "429", "hang", "reset-after-header", "garbage", "refuse")
    dead = DEAD if full else ("403", "redirect")
    tried = 0
    with Chaos() as chaos:
        for mode in (*retry, *dead, *SHORT):
            chaos.reset()
            service = Running(binary, CONFIG, 
                              {"BOT": "xoxb-0123456789",
                               "SLACK": f"http://127.0.0.1:{chaos.port}/services/x"},
                              port=chaos.port)
            with service:
                size = service.resident_bytes()
                chaos.control(mode=mode, **({"retry": 1} if mode == "429" else {}))
                must(service.post(event(mode))[0] == 202, f"{mode}: the event")
                start = time.monotonic()
                until(lambda s=service: told_good(s), 5, f"{mode}: the other receiver is told")
                waited = time.monotonic() - start
                must(waited < 3, f"{mode}: the other receiver waited {waited:.1f} s")
                until(lambda s=service: all(attempts(s).get(name, 0) >= 1 for name in KINDS), 20,
                      f"{mode}: one attempt of each")
                if mode in retry:
                    found = states(service, binary)
                    must(set(found) == set(KINDS) and set().union(*found.values()) <=
                         {"waiting", "due"}, f"{mode}: {outbox(service, binary)}")
                elif mode in dead:
                    until(lambda s=service: states(s, binary) == {name: {"dead"} for name in KINDS},
                          20, f"{mode}: dead letters of each")
                    must(all(row["error"] for row in outbox(service, binary)), f"{mode}: no reason")
                grown = service.resident_bytes() - size
                must(grown < 24 << 20, f"{mode}: {grown >> 20} MiB more memory")
                tried += len(KINDS)
                if mode in retry:
                    chaos.control(mode="ok")
                    subprocess.run([binary, "outbox", "retry", "--store", service.store,
                                    *(str(row["id"]) for row in outbox(service, binary))],
                                   check=False, capture_output=True)  # some may be gone by now
                    until(lambda s=service: not outbox(s, binary), 90, f"{mode}: delivered at last")
                must(service.stop() == 0, f"{mode}: it does not end well")
    return f"{tried} modes × receivers, each as it must be"


def certificates(binary):
    """TLS: only a certificate that is valid, trusted and for this host is talked to."""
    with Chaos() as chaos:
        text = CONFIG.split("receivers:")[0] + "receivers:\n" + "".join(
            f'  - {{name: {name}, type: webhook, url: "https://localhost:{port}/{name}", '
            f'ca_file: "{chaos.ports["ca_file"]}", allow_networks: [127.0.0.0/8, "::1/128"]}}\n'
            for name, port in chaos.ports["https"].items() if name != "mutual")
        with Running(binary, text) as service:
            must(service.post(event(1))[0] == 202, "the event")
            until(lambda: chaos.received()["ok"] >= 1, 15, "the good one is told")
            until(lambda: all(row["attempts"] >= 1 for row in outbox(service, binary)), 15,
                  "an attempt of each")
            left = {row["receiver"] for row in outbox(service, binary)}
            expected = set(chaos.ports["https"]) - {"good", "mutual"}
            must(left == expected, f"not delivered: {left}, expected: {expected}")
            must(chaos.received()["ok"] == 1, "one of them was told all the same")
    return f"{len(left)} bad certificates refused"


TESTS = (modes, certificates)
