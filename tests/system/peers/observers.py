"""Prometheus scrapes the service, promtool finds nothing to say, an Alertmanager shows its alert."""
import gzip
import http.client
import json
import os
import shutil
import socket
import subprocess
import urllib.request

from running import Chaos, Running, event, must, until
from wire import GUARDED, TOKENS, bearer


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def fetch(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return json.load(answer)
    except (OSError, ValueError):
        return None


class Program:
    def __init__(self, folder, *command):
        self.log = open(os.path.join(folder, os.path.basename(command[0]) + ".log"), "wb")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, cwd=folder)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.log.close()


def prometheus(binary):
    if shutil.which("prometheus") is None:
        return "SKIPPED: no prometheus"
    with Running(binary, GUARDED, TOKENS) as service:
        must(service.post(event(1), bearer("TOKEN_INGEST"))[0] == 202, "the event")
        status, headers, page = service.ask("GET", "/metrics", headers={
            **bearer("TOKEN_READ"), "Accept-Encoding": "gzip"})
        must(status == 200 and headers["Content-Encoding"] == "gzip", f"gzip: {status} {headers}")
        must(headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8", str(headers))
        lint = subprocess.run(["promtool", "check", "metrics"], input=gzip.decompress(page),
                              capture_output=True)
        must(lint.returncode == 0 and not lint.stdout and not lint.stderr,
             f"promtool: {lint.stdout!r} {lint.stderr!r}")
        port = free_port()
        with open(os.path.join(service.folder, "prometheus.yml"), "w", encoding="utf-8") as file:
            file.write(f"""scrape_configs:
  - job_name: tocsin
    scrape_interval: 1s
    authorization: {{credentials: {TOKENS["TOKEN_READ"]}}}
    static_configs: [{{targets: ["127.0.0.1:{service.port}"]}}]
""")
        with Program(service.folder, "prometheus", "--config.file=prometheus.yml",
                     f"--web.listen-address=127.0.0.1:{port}", "--storage.tsdb.path=data"):
            url = f"http://127.0.0.1:{port}/api/v1/query?query="
            for query, least in (("up", 1), ("tocsin_alerts_total", 1),
                                 ("tocsin_events_received_total", 1),
                                 ("process_resident_memory_bytes", 1e6)):
                def value(query=query, least=least):
                    found = (fetch(url + query) or {}).get("data", {}).get("result", [])
                    return any(float(sample["value"][1]) >= least for sample in found)
                until(value, 30, f"Prometheus knows {query}")
    return "promtool silent; Prometheus has scraped what happened"


def alertmanager(binary):
    if shutil.which("prometheus-alertmanager") is None or shutil.which("amtool") is None:
        return "SKIPPED: no Alertmanager"
    port = free_port()
    text = GUARDED.split("receivers:")[0] + """receivers:
  - name: alertmanager
    type: alertmanager
    url: http://127.0.0.1:{port}
    allow_networks: [127.0.0.0/8]
"""
    service = Running(binary, text, TOKENS, port=port)
    with open(os.path.join(service.folder, "am.yml"), "w", encoding="utf-8") as file:
        file.write("route: {receiver: none}\nreceivers: [{name: none}]\n")
    # The alert waits in the outbox until the Alertmanager is there.
    with service:
        must(service.post(event(1), bearer("TOKEN_INGEST"))[0] == 202, "the event")
        with Program(service.folder, "prometheus-alertmanager", "--config.file=am.yml",
                     f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=",
                     "--storage.path=am"):
            shown = until(lambda: subprocess.run(
                ["amtool", "alert", "query", f"--alertmanager.url=http://127.0.0.1:{port}", "-o",
                 "json"], capture_output=True, text=True).stdout.strip() not in ("", "[]", "null"),
                          60, "amtool shows the alert")
            must(shown, "amtool")
            found = json.loads(subprocess.run(
                ["amtool", "alert", "query", f"--alertmanager.url=http://127.0.0.1:{port}", "-o",
                 "json"], capture_output=True, text=True, check=True).stdout)[0]
            must(found["labels"]["severity"] in ("high", "medium", "critical", "low"),
                 str(found["labels"]))
    return f"amtool shows {found['labels']['alertname']!r}"


def slack(binary):
    """What reaches Slack is a card in which the event can neither mention, link nor format."""
    hostile = "<!channel> <https://evil.example|click> *bold* `code` \u202e"
    with Chaos() as chaos:
        text = GUARDED.split("receivers:")[0] + """receivers:
  - name: slack
    type: slack
    webhook_url: ${SLACK_URL}
    allow_networks: [127.0.0.0/8]
"""
        environment = {**TOKENS, "SLACK_URL": f"http://127.0.0.1:{chaos.port}/services/T0/B0/canary"}
        with Running(binary, text, environment) as service:
            service.post(event(1, userAgent=hostile), bearer("TOKEN_INGEST"))
            until(lambda: chaos.received()["ok"] >= 1, 20, "the message")
            request = chaos.received(requests=True)["requests"][-1]
            message = json.loads(request["body"])
            must("attachments" in message or "blocks" in message, str(message)[:200])
            whole = json.dumps(message, ensure_ascii=False)
            must("<!channel>" not in whole and "<https://evil" not in whole, "the event mentions")
            must("\u202e" not in whole, "the event turns the text around")
    return "one card, no mention, no link"


def connections(binary):
    """Keep-alive: many requests over one connection, answered in order."""
    with Running(binary, GUARDED, TOKENS) as service:
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
        for number in range(200):
            connection.request("POST", "/v1/events", event(number), bearer("TOKEN_INGEST"))
            response = connection.getresponse()
            must(response.status == 202 and json.load(response)["accepted"] == 1, str(number))
        connection.close()
        must(service.metric is not None and service.ask("GET", "/metrics", headers=bearer(
            "TOKEN_READ"))[2].find(b"tocsin_alerts_total") > 0, "metrics")
    return "200 requests over one connection"


TESTS = (prometheus, alertmanager, slack, connections)
