#!/usr/bin/env python3
"""H1: what `tocsin run` gives up, and that it works all the same: TLS in, names resolved, webhooks out,
reload. Also that the folder of a new store is on disk (its parent is synced).
"""
import os
import re
import signal
import ssl
import subprocess
import sys
import time
import urllib.request

import judge
import report
from oracle import Oracle
from receiver import Receiver
from sender import Ledger, Sender
from service import Failure, Service, work_folder

NAME = "H1 hardened"


def status(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as lines:
        return dict(re.split(r":\s*", line.strip(), maxsplit=1) for line in lines if ":" in line)


def core_limit(pid):
    with open(f"/proc/{pid}/limits", encoding="ascii") as lines:
        return next(line.split()[4:6] for line in lines if line.startswith("Max core file size"))


def check_process(pid):
    found = status(pid)
    if found["NoNewPrivs"] != "1" or found["Seccomp"] != "2":
        raise Failure(f"NoNewPrivs {found['NoNewPrivs']}, Seccomp {found['Seccomp']}")
    threads = os.listdir(f"/proc/{pid}/task")
    for thread in threads:
        if status(f"{pid}/task/{thread}")["Seccomp"] != "2":
            raise Failure(f"thread {thread} has no filter")
    if core_limit(pid) != ["0", "0"]:
        raise Failure(f"core files of {core_limit(pid)} bytes are allowed")
    return len(threads)


def certificate(folder):
    key, certificate_file = os.path.join(folder, "key.pem"), os.path.join(folder, "cert.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                    "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key,
                    "-out", certificate_file], check=True, capture_output=True)
    return key, certificate_file


def post(port, certificate_file, body):
    context = ssl.create_default_context(cafile=certificate_file)
    request = urllib.request.Request(f"https://localhost:{port}/v1/events", body)
    with urllib.request.urlopen(request, timeout=20, context=context) as answer:
        return answer.status


def run(options, result):
    oracle, ledger, receiver = Oracle(options.seed), Ledger(), Receiver()
    service = Service(options.binary, work_folder("hardened"), options.sabotage)
    service.configure(receiver.port)
    key, certificate_file = certificate(service.folder)
    with open(service.config, encoding="utf-8") as file:
        text = file.read()
    text = text.replace("http://127.0.0.1:", "http://localhost:")
    text = text.replace("allow_networks: [127.0.0.0/8]", "allow_networks: [127.0.0.0/8, '::1/128']")
    text = text.replace("  threads: 1\n", f"  threads: 1\n  tls:\n    certificate_file: "
                                          f"{certificate_file}\n    key_file: {key}\n", 1)
    with open(service.config, "w", encoding="utf-8") as file:
        file.write(text)
    try:
        service.must_start()
        threads = check_process(service.process.pid)
        for reloaded in (False, True):
            batch = oracle.batch(2)
            ledger.sent.update(batch.ids)
            if post(service.port, certificate_file, batch.body) != 202:
                raise Failure("events are not taken over TLS")
            ledger.acked.update(batch.ids)
            if judge.wait_until_told(oracle, ledger, receiver, 20):
                raise Failure("alerts are not delivered")
            if not reloaded:
                service.signal(signal.SIGHUP)
                wait_for_log(service, '"reloaded"')
        result.add(threads=threads, events=len(ledger.acked))
        with open(service.log_path, encoding="utf-8") as log:
            if "is not hardened" in log.read():
                raise Failure("the log says that it is not hardened")
        if service.stop() != 0:
            raise Failure(f"it does not end well: {service.last_log()}")
    finally:
        service.remove()
        receiver.close()


def wait_for_log(service, text):
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with open(service.log_path, encoding="utf-8") as log:
            if text in log.read():
                return
        time.sleep(0.05)
    raise Failure(f"the log does not say {text}: {service.last_log()}")


def parent_is_synced(options):
    """The name of a new store's folder is on disk before the service is ready."""
    receiver = Receiver()
    service = Service(options.binary, work_folder("synced"), options.sabotage)
    service.configure(receiver.port)
    log = os.path.join(service.folder, "strace")
    try:
        if not service.start(["strace", "-D", "-f", "-y", "-e", "trace=fsync,mkdir,mkdirat",
                              "-o", log], wait=60):
            raise Failure(f"it does not start under strace: {service.last_log()}")
        with open(log, encoding="utf-8", errors="replace") as lines:
            text = lines.read()
        made = text.find(f'"{service.store}"')
        for folder in (service.store, service.folder):
            if not re.search(rf"fsync\(\d+<{re.escape(folder)}>", text[max(made, 0):]):
                raise Failure(f"{folder} is not synced after the store was made in it")
        service.stop()
    finally:
        service.remove()
        receiver.close()


def main():
    options = report.parse(report.arguments(__doc__))
    result = report.Report(NAME, options.seed, options.sabotage)
    report.need_strace(NAME)
    for part in (lambda: run(options, result), lambda: parent_is_synced(options)):
        try:
            part()
        except Failure as failure:
            result.violations.append(str(failure))
    sys.exit(result.finish())


if __name__ == "__main__":
    main()
