#!/usr/bin/env python3
"""T4: system calls on files fail. After a failed fdatasync nothing is acknowledged and the service
ends with an error; after anything else it says 503, or ends; the next start is clean, nothing lost.

What the service did is read from strace's log, not from its own words: no "202" may leave it without
a sync that succeeded, and none after one that failed.
"""
import os
import random
import re
import signal
import sys
import time

import judge
import report
from oracle import Oracle
from receiver import Receiver
from sender import Ledger, Sender
from service import CONCURRENCY, RECEIVERS, Failure, Service, work_folder

NAME = "T4 failing system calls"
BATCHES = 8
SENDING = "sendto,sendmsg,writev,write"


def cases():
    for number in range(1, 13):
        yield "fdatasync", "EIO", str(number)
    yield "fdatasync", "EIO", "1+"
    yield "fdatasync", "EIO", "4+"
    for error in ("ENOSPC", "EIO"):
        for number in range(1, 40, 3):
            yield "pwrite64", error, str(number)
        for number in (1, 5, 12, 20, 30):
            yield "pwrite64", error, f"{number}+"
    for number in range(1, 30, 3):
        yield "pread64", "EIO", str(number)
    for call in ("ftruncate", "unlink", "fcntl"):
        for number in (1, 2, 4, 8):
            yield call, "EIO", str(number)
            yield call, "EIO", f"{number}+"


def judge_log(path):
    """Violations, and how many failures were injected. One request is under way at a time, so an
    answer needs a sync that succeeded after the answer before it and before any that failed.

    SQLite ignores when a folder cannot be synced (it does that when a log is new), hence files only.
    """
    found, failed, covered, injected = [], False, False, 0
    begun = {}  # thread -> what it syncs
    with open(path, encoding="utf-8", errors="replace") as log:
        for line in log:
            thread, _, text = line.partition(" ")
            text = text.strip()
            injected += text.count("(INJECTED)")
            sync = re.match(r"f(?:data)?sync\(\d+<([^>]*)>", text)
            if sync:
                begun[thread] = sync[1]
            if sync or re.match(r"<\.\.\. f(data)?sync resumed>", text):
                if "<unfinished" in text or ".db" not in begun.get(thread, ""):
                    continue
                if text.endswith("= 0"):
                    covered = covered or not failed
                else:
                    failed = True
            elif "HTTP/1.1 202" in text and "resumed" not in text:
                if not covered:
                    found.append("acknowledged after a failed sync" if failed
                                 else "acknowledged without a sync")
                covered = False
    return found, injected


def run_case(options, call, error, when, number):
    result = report.Report(NAME, options.seed)
    oracle, ledger, receiver = Oracle(options.seed + number), Ledger(), Receiver()
    service = Service(options.binary, work_folder("io"), options.sabotage)
    service.configure(receiver.port)
    sender = Sender(ledger, lambda: service.port, timeout=15)
    log = os.path.join(service.folder, "strace")
    what = f"{call} {error} {when}"
    trace = ",".join(sorted({call, "fdatasync", *SENDING.split(",")}))
    try:
        unacked = []
        ready = service.start(["strace", "-D", "-f", "-y", "-s", "40", "-o", log, "-e", f"trace={trace}",
                               "-e", f"inject={call}:error={error}:when={when}"])
        statuses = []
        if ready:
            for _ in range(BATCHES):
                batch = oracle.batch(2)
                statuses.append(sender.send(batch))
                if statuses[-1] != 202:
                    unacked.append(batch)
                if service.process.poll() is not None:
                    break
                time.sleep(0.01)
        failed_sync = call == "fdatasync" and any(status != 202 for status in statuses)
        if failed_sync or not ready:
            try:
                status = service.wait(10)
                result.add(ended=1)
                if status == 0:
                    result.violations.append(f"{what}: it ended as if all were well")
            except Failure:
                result.violations.append(f"{what}: it goes on: {service.last_log()}")
        if service.process.poll() is None:
            service.signal(signal.SIGTERM)
            service.wait(15)
        if service.process.returncode < 0 and service.process.returncode != -signal.SIGTERM:
            result.violations.append(f"{what}: ended by signal {-service.process.returncode}: "
                                     f"{service.last_log()}")
        bad = [status for status in statuses if status not in (202, 500, 503, None)]
        if bad:
            result.violations.append(f"{what}: answers {bad}")
        time.sleep(0.02)  # strace's last words
        found, injected = judge_log(log)
        result.violations += [f"{what}: {text}" for text in found[:2]]
        result.add(cases=1, injected=injected, refused=len(unacked))

        sender.close()
        service.must_start(f"after {what}")
        for batch in unacked:
            if not sender.send_until_acked(batch, 10):
                raise Failure(f"{what}: what was not acknowledged is not taken later")
        judge.fresh_event(oracle, ledger, receiver, sender, 10)
        lost = judge.wait_until_told(oracle, ledger, receiver, 3)
        if lost:
            result.lost += len(lost)
            result.violations.append(f"{what}: lost {sorted(lost)[:2]}")
        # What could not be marked as delivered is delivered again.
        result.violations += [f"{what}: {text}" for text in judge.violations(
            oracle, ledger, receiver, 2 * CONCURRENCY * len(RECEIVERS),
            provoked=("tocsin.not_ready",))]
        result.add(duplicates=receiver.duplicates())
    except Failure as failure:
        result.violations.append(f"{what}: {failure}")
    finally:
        sender.close()
        service.remove()
        receiver.close()
    return result


def main():
    parser = report.arguments(__doc__)
    parser.add_argument("--cases", type=int, default=0, help="as many of them, at random; 0: all")
    parser.add_argument("--calls", default="", help="only these, with commas between")
    options = report.parse(parser)
    report.need_strace(NAME)
    chosen = [case for case in cases() if not options.calls or case[0] in options.calls.split(",")]
    if options.cases:
        chosen = random.Random(options.seed).sample(chosen, min(options.cases, len(chosen)))
    total = report.Report(NAME, options.seed, options.sabotage)
    for number, case in enumerate(chosen):
        total.merge(run_case(options, *case, number))
    sys.exit(total.finish())


if __name__ == "__main__":
    main()
