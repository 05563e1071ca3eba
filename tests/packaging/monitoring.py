#!/usr/bin/python3
"""Alerts and dashboards about Tocsin itself: the rules are valid, each fires on what it is for, each
has a page in the runbook, and every query of every dashboard finds data in a real Prometheus that
scrapes a real service.

Usage: monitoring.py TOCSIN WORK_FOLDER
"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import yaml

from aws_stand_in import REGION, Moto, free_port, moto_server

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FILES = ROOT / "helm/tocsin/files"
SECONDS = 120  # a guard, for a busy machine


def must(truth, message):
    if not truth:
        raise SystemExit(f"FAILED: {message}")


def wait_for(truth, what):
    end = time.monotonic() + SECONDS
    while not truth():
        must(time.monotonic() < end, f"in vain was waited for {what}")
        time.sleep(0.1)


def fetch(url, data=None):
    with urllib.request.urlopen(url, data, timeout=20) as answer:
        return answer.read()


# --- alerts ---------------------------------------------------------------------------------------


def anchors(page):
    """Of a page's headings, as GitHub makes them."""
    return {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")
            for heading in re.findall(r"^#+ (.*)$", page, re.M)}


def alerts():
    if shutil.which("promtool") is None:
        return "SKIPPED: no promtool"
    for command in (["check", "rules", FILES / "alerts.yml"],
                    ["test", "rules", HERE / "alerts_test.yml"]):
        done = subprocess.run(["promtool", *command], capture_output=True, text=True, check=False)
        must(done.returncode == 0, f"promtool {command[:2]}: {done.stdout}{done.stderr}")
    text = (FILES / "alerts.yml").read_text()
    rules = [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]
    tested = set(re.findall(r'alertname="(\w+)"', (HERE / "alerts_test.yml").read_text()))
    must({rule["alert"] for rule in rules} == tested, "an alert has no test that it fires")
    home = yaml.safe_load((ROOT / "helm/tocsin/Chart.yaml").read_text())["home"]
    known = anchors((ROOT / "helm/RUNBOOK.md").read_text())
    for rule in rules:
        page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
        must(page == f"{home}/blob/main/helm/RUNBOOK.md" and anchor in known,
             f"{rule['alert']} has no runbook: {page}#{anchor}")
    documented = set(re.findall(r"^\| `(\w+)`", (ROOT / "engine/metrics/README.md").read_text(), re.M))
    used = {re.sub(r"_bucket$", "", name) for name in re.findall(r"\b(?:tocsin|process)_\w+", text)}
    must(used - documented == set(), f"not metrics: {used - documented}")
    return f"{len(rules)} alerts, each tested and with a runbook"


# --- dashboards -----------------------------------------------------------------------------------


def queries():
    """(dashboard, panel, PromQL as Grafana would send it)"""
    for file in sorted((FILES / "dashboards").glob("*.json")):
        for panel in json.loads(file.read_text())["panels"]:
            for target in panel["targets"]:
                query = target["expr"].replace("$__rate_interval", "20s")
                yield file.stem, panel["title"], query.replace("$job", "tocsin").replace(
                    "$instance", ".*")


class Scene:
    """A service to which everything happens that a dashboard shows, and its Prometheus."""

    def __init__(self, tocsin, work):
        self.work = work
        shutil.rmtree(work, ignore_errors=True)
        (work / "rules").mkdir(parents=True)
        program = moto_server()
        self.moto = Moto(program) if program else None
        sources = ""
        if self.moto:
            wait_for(self.moto.is_there, "moto")
            self.queue = self.moto.trail()
            sources = f"""sources:
  - {{name: trail, type: s3_sqs, queue_url: "{self.queue}", endpoint: "{self.moto.url}",
     region: {REGION}}}
"""
        self.port, self.prometheus_port, dead = free_port(), free_port(), free_port()
        shutil.copytree(ROOT / "rules", work / "rules/shipped")
        (work / "rules/bad.yml").write_text("title: [\n")
        (work / "tocsin.yml").write_text(f"""server: {{listen: "127.0.0.1:{self.port}"}}
rules: {{paths: [./rules]}}
store: {{path: ./store}}
receivers:
  - {{name: file, type: file, path: ./alerts.jsonl}}
  - {{name: dead, type: webhook, url: "http://127.0.0.1:{dead}/", expires_after: 1s,
     allow_networks: [127.0.0.1]}}
log: {{level: warning}}
{sources}""")
        (work / "prometheus.yml").write_text(f"""scrape_configs:
  - job_name: tocsin
    scrape_interval: 1s
    static_configs: [{{targets: ["127.0.0.1:{self.port}"]}}]
""")
        self.programs = [self.moto.process] if self.moto else []
        self.programs += [
            self.start("tocsin", tocsin, "run", "--config", "tocsin.yml"),
            self.start("prometheus", "prometheus", "--config.file=prometheus.yml",
                       f"--web.listen-address=127.0.0.1:{self.prometheus_port}",
                       "--storage.tsdb.path=data")]
        self.service = self.programs[-2]
        self.sample = (ROOT / "examples/events/cloudtrail_sample.jsonl").read_bytes()

    def start(self, name, *command):
        with open(self.work / f"{name}.log", "wb") as log:
            return subprocess.Popen(command, cwd=self.work, stdout=log, stderr=log, env={
                **os.environ, "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for program in self.programs:
            program.terminate()
        for program in self.programs:
            program.wait(60)

    def live(self, round_number):
        """Events, new and repeated, unreadable ones, and a reload."""
        fresh = self.sample.replace(b'"eventID":"', f'"eventID":"{round_number}-'.encode())
        for body in (fresh, self.sample, b"x\n"):
            try:
                fetch(f"http://127.0.0.1:{self.port}/v1/events", body)
            except urllib.error.HTTPError as refused:
                must(refused.code in (400, 503), f"the service answers {refused.code}")
            except urllib.error.URLError:
                pass  # it is starting
        if round_number % 5 == 4:
            self.service.send_signal(signal.SIGHUP)
        if self.moto:
            self.moto.put(round_number, *fresh.splitlines())
            self.moto.notify(self.queue, f"gone-{round_number}")

    def finds(self, query):
        url = f"http://127.0.0.1:{self.prometheus_port}/api/v1/query?" + urllib.parse.urlencode(
            {"query": query})
        try:
            result = json.loads(fetch(url))["data"]["result"]
        except urllib.error.HTTPError as refused:
            raise SystemExit(f"FAILED: Prometheus refuses {query}: {refused.read()}") from None
        except urllib.error.URLError:
            return False  # it is starting
        return any(sample["value"][1] != "NaN" for sample in result)


def dashboards(tocsin, work):
    if shutil.which("prometheus") is None:
        return "SKIPPED: no prometheus"
    waiting = list(queries())
    if moto_server() is None:
        print("SKIPPED: no moto_server, and so nothing that the dashboard `queues` could show")
        waiting = [each for each in waiting if each[0] != "queues"]
    number = len(waiting)
    with Scene(tocsin, work) as scene:
        end = time.monotonic() + SECONDS
        round_number = 0
        while waiting and time.monotonic() < end:
            must(all(program.poll() is None for program in scene.programs),
                 f"a program has ended; see {work}/*.log")
            scene.live(round_number)
            round_number += 1
            time.sleep(1)
            waiting = [each for each in waiting if not scene.finds(each[2])]
    must(not waiting, "these find nothing:\n" + "\n".join(" | ".join(each) for each in waiting))
    return f"{number} queries of {len(list((FILES / 'dashboards').glob('*.json')))} dashboards found data"


def main():
    tocsin, work = os.path.realpath(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
    print("alerts:", alerts())
    print("dashboards:", dashboards(tocsin, work))


if __name__ == "__main__":
    main()
