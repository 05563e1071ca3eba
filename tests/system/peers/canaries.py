"""Secrets appear nowhere: canaries in every slot, everything that can fail made to fail, and then a
search through log, metrics, API, answers, store and the messages of the command line."""
import os
import subprocess

from running import Chaos, Running, event, must, until

CANARIES = {name: f"canary-{name.lower()}-7d1f0c2b9a" for name in (
    "INGEST", "ADMIN", "SLACK_PATH", "SLACK_BOT", "HOOK_PATH", "HOOK_BEARER", "HOOK_HEADER",
    "AM_BEARER")}
SIGNING = "Y2FuYXJ5LXNpZ25pbmctc2VjcmV0LTAxMjM0NTY3ODk="  # base64 of "canary-signing-secret-…"
CONFIG = """
server:
  listen: 127.0.0.1:0
  auth:
    tokens:
      - {name: a, token: "${INGEST}", roles: [ingest]}
      - {name: b, token_file: "{folder}/admin", roles: [admin, read]}
rules: {paths: ["{rules}"]}
store: {path: "{folder}/store"}
log: {level: debug, format: json}
receivers:
  - {name: slack, type: slack, webhook_url: "${SLACK_URL}", allow_networks: [127.0.0.0/8]}
  - {name: bot, type: slack, token: "${SLACK_BOT}", channel: C1, api_url: "http://127.0.0.1:{port}/api/x", allow_networks: [127.0.0.0/8]}
  - name: hook
    type: webhook
    url: ${HOOK_URL}
    bearer_token: ${HOOK_BEARER}
    headers: {X-Key: "${HOOK_HEADER}"}
    secret: ${SIGNING}
    allow_networks: [127.0.0.0/8]
  - {name: am, type: alertmanager, url: "http://127.0.0.1:{port}/", bearer_token: "${AM_BEARER}", allow_networks: [127.0.0.0/8]}
  - {name: guarded, type: webhook, url: "${GUARDED_URL}"}
"""


def files_of(service):
    """The log and everything in the store."""
    paths = [service.log_path]
    for folder, _, files in os.walk(service.store):
        paths += [os.path.join(folder, name) for name in files]
    found = {}
    for path in paths:
        with open(path, "rb") as file:
            found["the log" if path == service.log_path else os.path.basename(path)] = file.read()
    return found


def secrets(binary):
    with Chaos() as chaos:
        port = chaos.port
        environment = {
            **CANARIES, "SIGNING": "whsec_" + SIGNING,
            "SLACK_URL": f"http://127.0.0.1:{port}/{CANARIES['SLACK_PATH']}",
            "HOOK_URL": f"http://127.0.0.1:{port}/{CANARIES['HOOK_PATH']}?q={CANARIES['HOOK_PATH']}",
            "GUARDED_URL": f"https://127.0.0.2:1/{CANARIES['HOOK_PATH']}"}
        service = Running(binary, CONFIG, environment, port=port)
        with open(os.path.join(service.folder, "admin"), "w", encoding="utf-8") as file:
            file.write(CANARIES["ADMIN"] + "\n")
        seen = []
        with service:
            admin = {"Authorization": "Bearer " + CANARIES["ADMIN"]}
            for number, mode in enumerate(("500", "echo", "garbage", "redirect", "410", "403")):
                chaos.control(mode=mode)
                sent = service.post(event(number), {"Authorization": "Bearer " + CANARIES["INGEST"]})
                must(sent[0] == 202, f"the event: {sent[0]}")
                seen.append(sent[2])
                before = chaos.received()["count"]
                until(lambda before=before: chaos.received()["count"] > before or number > 3, 10,
                      "an attempt")
            seen.append(service.post("x", {"Authorization": "Bearer " + CANARIES["INGEST"] + "x"})[2])
            for method, path in (("GET", "/metrics"), ("GET", "/api/v1/status"),
                                 ("GET", "/api/v1/alerts"), ("GET", "/api/v1/rules"),
                                 ("POST", "/-/reload")):
                seen.append(service.ask(method, path, headers=admin)[2])
            with open(service.config, "a", encoding="utf-8") as file:
                file.write("nonsense: ${INGEST}\n")
            seen.append(service.ask("POST", "/-/reload", headers=admin)[2])
            must(service.ask("GET", "/metrics", headers=admin)[0] == 200, "it goes on")
            for command in (["check", "--config", service.config],
                            ["outbox", "list", "--store", service.store, "--output", "jsonl"],
                            ["notify", "test", "guarded", "--config", service.config]):
                done = subprocess.run([binary, *command], env=service.environment,
                                      capture_output=True)
                seen.append(done.stdout + done.stderr)
            service.stop()
            must(chaos.received()["count"] > 0, "no attempt was made: the test shows nothing")
            places = {"answers and messages": b"".join(seen), **files_of(service)}
    must(len(places["the log"]) > 500, "the log is empty: the test shows nothing")
    looked_for = [*CANARIES.values(), SIGNING, "canary-signing-secret"]
    for place, text in places.items():
        for canary in looked_for:
            must(canary.encode() not in text, f"{canary} is in {place}")
    return f"{len(looked_for)} canaries, {len(places)} places, 0 found"


TESTS = (secrets,)
