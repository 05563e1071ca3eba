"""`tocsin run` as a process: configured, started, killed, asked."""
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

from receiver import SECRET

HERE = os.path.dirname(os.path.abspath(__file__))
RULES = os.path.join(HERE, "rules")
RECEIVERS = ("a", "b")
CONCURRENCY = 2


def work_folder(prefix):
    """In memory where possible: a kill does not ask for a disk, and many starts do ask for speed."""
    memory = "/dev/shm"
    return tempfile.mkdtemp(prefix=f"tocsin-{prefix}-",
                            dir=memory if os.access(memory, os.W_OK) else None)


def configuration(receiver_port, store, rules=RULES, group_interval="0", store_keys="", limits="",
                  reload="  watch: false", receivers=RECEIVERS, strict="true"):
    """What decides is said first and checked last: a text that is cut anywhere is an error, because
    `default` names receivers that would be missing, or one whose type is cut."""
    text = f"""routes:
  default: [{", ".join(receivers)}]
server:
  listen: 127.0.0.1:0
  threads: 1
rules:
  paths: [{rules}]
  strict: {strict}
store:
  path: {store}
  reserve: 8MiB
{store_keys}
alerts:
  group_interval: {group_interval}
  rule_budget: 0
limits:
  workers: 2
  shutdown: 5s
{limits}
log:
  format: json
reload:
{reload}
receivers:
"""
    for name in receivers:
        text += f"""  - name: {name}
    url: http://127.0.0.1:{receiver_port}/{name}
    secret: ${{TOCSIN_TEST_SECRET}}
    allow_networks: [127.0.0.0/8]
    rate: 0
    concurrency: {CONCURRENCY}
    type: webhook
"""
    return text


class Life:
    """From a start to an end. The threads of an earlier one may still be reading."""

    def __init__(self):
        self.known = threading.Event()  # whether it became ready
        self.port = 0


class Service:
    def __init__(self, binary, folder, sabotage=None):
        self.binary = binary
        self.folder = folder
        self.config = os.path.join(folder, "tocsin.yml")
        self.store = os.path.join(folder, "store")
        self.log_path = os.path.join(folder, "log")
        self.environment = {**os.environ, "TOCSIN_TEST_SECRET": SECRET}
        if sabotage:
            self.environment["TOCSIN_SABOTAGE"] = sabotage
        self.process = None
        self.port = 0
        self.ready_seconds = 0

    def configure(self, receiver_port, **options):
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(configuration(receiver_port, self.store, **options))

    def start(self, wrapper=(), wait=20, arguments=()):
        """Whether it became ready. `wrapper`: a command that runs it, with the process as its own
        (strace -D)."""
        life = Life()
        begin = time.monotonic()
        self.process = subprocess.Popen([*wrapper, self.binary, "run", "--config", self.config,
                                         *arguments],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, env=self.environment)
        threading.Thread(target=self.read, args=(self.process.stderr, life), daemon=True).start()
        life.known.wait(wait)
        self.ready_seconds = time.monotonic() - begin
        self.port = life.port
        return life.port != 0

    def read(self, pipe, life):
        with open(self.log_path, "ab") as log:
            for line in pipe:
                log.write(line)
                log.flush()
                if life.port == 0 and b'"ready"' in line:
                    life.port = int(re.search(rb'"port":\s*"?(\d+)', line)[1])
                    life.known.set()
        life.known.set()  # it has ended
        pipe.close()

    def must_start(self, why=""):
        if not self.start():
            raise Failure(f"the service does not start {why}: {self.last_log()}")
        return self

    def signal(self, number):
        try:
            self.process.send_signal(number)
        except ProcessLookupError:
            pass

    def wait(self, seconds=20):
        """Its exit status; negative: the signal that ended it."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failure(f"the service did not end within {seconds} s") from None

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.signal(signal.SIGKILL)
            self.process.wait()

    def stop(self):
        self.signal(signal.SIGTERM)
        return self.wait()

    def get(self, path, method="GET"):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def metric(self, name):
        """The sum over its series; None when there is none."""
        found = [float(line.rsplit(" ", 1)[1]) for line in self.get("/metrics")[1].splitlines()
                 if re.match(re.escape(name) + r"[ {]", line)]
        return sum(found) if found else None

    def resident_bytes(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            for line in status:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) * 1024
        return 0

    def last_log(self, lines=5):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as log:
                return " | ".join(log.read().splitlines()[-lines:])
        except OSError:
            return "no log"

    def remove(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Failure(Exception):
    """The service did not do what it must."""


def json_of(text):
    return json.loads(text)
