#!/usr/bin/env python3
"""Runs every command of the documentation as it is written there: README.md, `tocsin --help`,
notifiers/README.md and examples/, quickstart.sh with its invitation included. A command that is added
to one of them is run from then on; one that cannot be run is listed in NOT_RUN with the reason.

Where the output is shown, its lines must come, in that order; `…` stands for what is left out.
Usage: commands.py TOCSIN
"""
import fcntl
import gzip
import http.client
import http.server
import json
import os
import pty
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
DOCUMENTS = ["README.md", "notifiers/README.md", "examples/events/README.md"]
PATIENCE = 60
COLUMNS = 100

NOT_RUN = {
    "examples/quickstart.sh": "by itself below: here nothing is installed or built",
    "tests/run.sh": "installs, builds, and runs this test among others",
}
# Inline code that only names a subcommand.
MENTIONS = re.compile(r"tocsin [a-z]+$")
EXIT = {  # where the text says that it is not 0
    "tocsin scan --rules rules --fail-on high trail/": 1,
    # Here the service still runs; tests/system/service/store_tools.py restores.
    "tocsin store restore --store tocsin-data tocsin-2026-11-30.db": 2,
}
TITLE = '"AWS Batch Compute Environment Changed Without MFA"'
# What a reader puts in the place of these words.
PLACEHOLDERS = {"PATH…": "rules", "PATH": "rules", "INPUT…": "trail/", "[EVENT…]": "trail/", "FILE": "tocsin.yml",
                "RULE EVENT": TITLE + " event.json", '"Rule Title"': TITLE, "NAME": "slack",
                "COMMAND": "scan", "PID": "$PID"}


class Command:
    def __init__(self, place, text, is_inline=False):
        self.place, self.text, self.is_inline = place, text, is_inline
        self.shown = []  # lines of output


# --- what the documents say -------------------------------------------------------------------------
def of_document(name):
    """(commands, {file: text that is shown}), in the order in which they stand."""
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        lines = file.read().splitlines()
    commands, files, language, block, before = [], {}, None, [], ""
    for number, line in enumerate(lines, 1):
        place = f"{name}:{number}"
        if line.startswith("```"):
            before = ""
            if language is not None:
                if language == "yaml" and block and re.match(r"# \S+\.yml$", block[0]):
                    files[block[0][2:]] = "\n".join(block) + "\n"
                language, block = None, []
            else:
                language = line[3:].strip()
        elif language is not None:
            block.append(line)
            if language in ("sh", "bash") and line.strip() and not line.lstrip().startswith("#"):
                commands.append(Command(place, line.strip()))
            elif language == "" and line.startswith("$ "):
                commands.append(Command(place, line[2:].strip()))
                block = ["$"]
            elif language == "" and block[0] == "$":
                commands[-1].shown.append(line)
        elif re.match(r"    tocsin ", line):
            commands.append(Command(place, line.strip()))
        else:
            prose = before + line  # code may go over the end of a line
            before = prose + " " if prose.count("`") % 2 else ""
            commands += [Command(place, code.replace("\\|", "|"), True)
                         for code in re.findall(r"`(tocsin [^`]*)`", "" if before else prose)]
    return commands, files


def of_help(world):
    """The examples that --help shows, of every subcommand as well."""
    commands, known = [], set()
    names = re.findall(r"^  ([a-z]+) {2,}\S", world.output("tocsin --help"), re.MULTILINE)
    if "run" not in names or "scan" not in names:
        world.fail("tocsin --help", f"lists the subcommands {names}")
    for name in ["", *names]:
        place = f"tocsin {name} --help".replace("  ", " ")
        for line in world.output(place).splitlines():
            found = re.match(r"  (?:\$ )?((?:zcat \S+ \| )?tocsin [a-z].*)$", line)
            text = re.split(r" {2,}", found[1])[0] if found else ""
            # Where there is no room between, the description begins after the last argument.
            text = re.sub(r"(event\.json) .*", r"\1", text)
            if text and text not in known:
                known.add(text)
                commands.append(Command(place, text))
    return commands


def of_settings():
    """Commands in the comments of the configuration that explains every key."""
    commands = []
    with open(os.path.join(ROOT, "examples/tocsin.yml"), encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.lstrip().startswith("#"):
                continue
            for text in re.findall(
                    r"(?:^|[:,] +|`)((?:tocsin [a-z]+|kill -|openssl )[^`,]*?)(?:\. |[`,]|$)", line):
                commands.append(Command(f"examples/tocsin.yml:{number}", text.strip()))
    return commands


# --- the world in which they are run ----------------------------------------------------------------
class Slack(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


class World:
    """A folder with what the texts presuppose: the clone, some logs, a configuration; `tocsin` on the
    path, and a Slack."""

    def __init__(self, binary):
        self.failures, self.ran = [], 0
        self.folder = tempfile.mkdtemp(prefix="tocsin-commands-")
        self.service = None
        os.mkdir(self.path("bin"))
        os.symlink(binary, self.path("bin/tocsin"))
        shutil.copytree(os.path.join(ROOT, "rules"), self.path("rules"))
        shutil.copytree(os.path.join(ROOT, "examples"), self.path("examples"))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slack)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        ours = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self.environment = {**ours, "AWS_EC2_METADATA_DISABLED": "true", "PATH": f"{self.path('bin')}:{os.environ['PATH']}",
                            "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": str(COLUMNS),
                            "SLACK_WEBHOOK_URL": f"http://127.0.0.1:{server.server_address[1]}/x"}
        self.write("tocsin.yml", """receivers:
  - {name: slack, type: slack, webhook_url: "${SLACK_WEBHOOK_URL}", allow_networks: [127.0.0.0/8]}
""")
        with open(self.path("examples/events/cloudtrail_sample.jsonl"), encoding="utf-8") as file:
            sample = file.read()
        for name in ("trail", "logs"):
            os.mkdir(self.path(name))
            self.write(f"{name}/a.jsonl", sample)
        for name in ("2024-01.json.gz", "x.gz"):
            with gzip.open(self.path(name), "wt") as file:
                file.write(sample)
        for name in ("event.json", "events.json"):
            shutil.copy(self.path("examples/events/batch_create_compute_environment.json"),
                        self.path(name))
        self.write("alert.json", subprocess.run(
            [binary, "scan", "--rules", "rules", "--output", "jsonl", "event.json"],
            cwd=self.folder, capture_output=True, text=True, check=True).stdout.splitlines()[0])

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def fail(self, what, why):
        self.failures.append(f"{what}: {why}")
        print(f"  FAIL {what}: {why}", flush=True)

    def run(self, text, terminal=False):
        """(exit status, output and errors as they come)."""
        primary, secondary = pty.openpty()
        fcntl.ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", 40, COLUMNS, 0, 0))
        if terminal:
            process = subprocess.Popen(["bash", "-c", text], cwd=self.folder, stdin=subprocess.DEVNULL,
                                       env=self.environment, stdout=secondary, stderr=secondary)
        else:
            process = subprocess.Popen(["bash", "-o", "pipefail", "-c", text], cwd=self.folder,
                                       env=self.environment, stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        os.close(secondary)
        watchdog = threading.Timer(PATIENCE, process.kill)
        watchdog.start()
        output = read_terminal(primary) if terminal else process.stdout.read()
        os.close(primary)
        status = process.wait()
        watchdog.cancel()
        return status, output.decode(errors="replace").replace("\r\n", "\n")

    def output(self, text):
        status, output = self.run(text)
        if status != 0:
            self.fail(text, f"exit status {status}: {output[-300:]}")
        return output

    # A command that goes on until it is told to end.
    def begin(self, command):
        self.end()
        log = open(self.path("service.log"), "wb")
        self.service = subprocess.Popen(["bash", "-c", "exec " + command.text], cwd=self.folder,
                                        env=self.environment, stdin=subprocess.DEVNULL, stdout=log,
                                        stderr=log)
        log.close()
        self.environment["PID"] = str(self.service.pid)
        end = time.monotonic() + PATIENCE
        while self.service.poll() is None and time.monotonic() < end:
            if get("/readyz") == 200:
                return
            time.sleep(0.05)
        with open(self.path("service.log"), encoding="utf-8", errors="replace") as file:
            self.fail(f"{command.place}: {command.text}", f"it is not ready: {file.read()[-500:]}")

    def end(self):
        if self.service is None:
            return
        self.service.send_signal(signal.SIGTERM)
        status = self.service.wait(PATIENCE)
        self.service = None
        if status != 0:
            self.fail("the service", f"ends with {status} after SIGTERM")

    def close(self):
        self.end()
        shutil.rmtree(self.folder, ignore_errors=True)


def read_terminal(primary):
    output = b""
    while True:
        try:
            more = os.read(primary, 1 << 16)
        except OSError:  # the last of those who wrote to it has ended
            return output
        if not more:
            return output
        output += more


def get(path):
    connection = http.client.HTTPConnection("127.0.0.1", 8484, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return None
    finally:
        connection.close()


# --- running and judging ----------------------------------------------------------------------------
def missing_line(shown, output):
    """The first line that is shown and does not come after the one before; None: all come."""
    lines = [line.rstrip() for line in output.splitlines()]
    at = 0
    for line in (line.rstrip() for line in shown):
        if line.strip() in ("", "…"):
            continue
        cut = line.endswith("…")
        for number in range(at, len(lines)):
            if lines[number] == line or (cut and lines[number].startswith(line[:-1])):
                at = number + 1
                break
        else:
            return line
    return None


def filled_in(text):
    for word, value in PLACEHOLDERS.items():
        text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", lambda _, value=value: value, text)
    return text


def judge_synopsis(world, command):
    """Of `tocsin a|b|c`: each of them must exist, and the options that it names."""
    words = command.text.split()
    names = [word for word in words[1:3] if re.fullmatch(r"[a-z|]+", word)]
    choices = names[-1].split("|") if names else []
    for choice in choices:
        status, text = world.run(" ".join(["tocsin", *names[:-1], choice, "--help"]))
        if status != 0:
            world.fail(f"{command.place}: {command.text}", f"`{choice}` has no help")
        for option in re.findall(r"--[a-z-]+", command.text):
            if option not in text:
                world.fail(f"{command.place}: {command.text}", f"no help about {option}")


def judge(world, command):
    text = re.sub(r"\s+#.*", "", command.text)
    if text in NOT_RUN or (command.is_inline and MENTIONS.match(text)):
        return
    world.ran += 1
    if re.search(r"[a-z]\|[a-z]", text):
        return judge_synopsis(world, command)
    text = filled_in(text)
    if re.match(r"tocsin run( |$)(?!.*--help)", text):
        return world.begin(Command(command.place, text))
    status, output = world.run(text, terminal=bool(command.shown))
    if "s3://" in text:  # there is no AWS here: it must get as far as asking who we are to AWS
        if status != 2 or "credentials" not in output:
            world.fail(f"{command.place}: {text}", f"exit status {status}: {output[-500:]}")
        return
    if status != EXIT.get(text, 0):
        return world.fail(f"{command.place}: {text}", f"exit status {status}: {output[-500:]}")
    if text.startswith("curl") and '"error"' in output:
        world.fail(f"{command.place}: {text}", output[-300:])
    missing = missing_line(command.shown, output)
    if missing is not None:
        world.fail(f"{command.place}: {text}", f"does not say {missing!r}, but\n{output[-1500:]}")


def run_examples(world):
    """The configuration that explains every key "works as it is", and is read again as it says."""
    judge(world, Command("examples/tocsin.yml", "tocsin check --config examples/tocsin.yml"))
    world.begin(Command("examples/tocsin.yml", "tocsin run --config examples/tocsin.yml"))
    reloads = "curl -sS http://127.0.0.1:8484/metrics | grep '^tocsin_reloads_total.*success'"
    for number, how in enumerate(["kill -HUP $PID",
                                  "curl -fsS -X POST http://127.0.0.1:8484/-/reload",
                                  "echo '# changed' >>examples/tocsin.yml"], 1):
        world.output(how)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            count = re.search(r" (\d+)$", world.run(reloads)[1].strip())
            if count and int(count[1]) >= number:
                break
            time.sleep(0.1)
        else:
            world.fail("examples/tocsin.yml", f"not read again after {how}")
    world.end()


def run_quickstart(world):
    """With nothing to install and to build; then what it invites to."""
    for name in ("engine/cmake/install_packages.sh", "bin/cmake"):
        os.makedirs(os.path.dirname(world.path(name)), exist_ok=True)
        world.write(name, "#!/bin/sh\n")
        os.chmod(world.path(name), 0o755)
    os.makedirs(world.path("build/release"))
    os.symlink(os.readlink(world.path("bin/tocsin")), world.path("build/release/tocsin"))
    world.environment.pop("PID", None)
    status, output = world.run("examples/quickstart.sh")
    if status != 0:
        return world.fail("examples/quickstart.sh", f"exit status {status}: {output[-500:]}")
    invited = re.findall(r"^  ((?:curl|kill) .*?)(?: {2,}.*)?$", output.split("Try\n")[-1], re.MULTILINE)
    if not any("/v1/events" in text for text in invited) or not invited[-1].startswith("kill"):
        world.fail("examples/quickstart.sh", f"invites to {invited}")
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    today = json.dumps({"eventVersion": "1.09", "eventTime": now, "eventName": "DescribeRegions",
                        "eventSource": "ec2.amazonaws.com", "eventID": "today"})
    posts = [f"curl --data-binary '{today}' http://127.0.0.1:8484/v1/events"] * 2
    for text in [*invited[:-1], *posts, *invited[:-1], invited[-1]]:
        judge(world, Command("examples/quickstart.sh, invitation",
                             text.replace("curl ", "curl -fsS ", 1)))
    end = time.monotonic() + PATIENCE
    while get("/healthz") is not None and time.monotonic() < end:
        time.sleep(0.05)


def main():
    binary = os.path.abspath(sys.argv[1])
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", 8484))
        except OSError:
            print("SKIPPED: commands: port 8484, of which the documents speak, is taken", flush=True)
            return 0
    world = World(binary)
    try:
        for document in DOCUMENTS:
            commands, files = of_document(document)
            for name, text in files.items():
                world.write(name, text)
            for command in commands:
                judge(world, command)
            world.end()
        for command in of_help(world):
            judge(world, command)
        world.end()
        world.begin(Command("examples/tocsin.yml", "tocsin run --config tocsin.yml"))
        for command in of_settings():
            judge(world, command)
        world.end()
        run_examples(world)
        run_quickstart(world)
    finally:
        world.close()
    print(f"commands of the documentation: {world.ran} run, {len(world.failures)} failed", flush=True)
    return 1 if world.failures else 0


if __name__ == "__main__":
    sys.exit(main())
