#!/usr/bin/env python3
"""L1: a list of a million values is loaded by a reload and removed by the next one. Its memory is
returned to the system though no event comes: workers that wait must not keep the rules that used it.
"""
import os
import sys
import time

import report
from oracle import Oracle
from receiver import Receiver
from sender import Ledger, Sender
from service import RULES, Failure, Service, work_folder

NAME = "L1 list memory"
VALUES = 1_000_000
GROWTH = 40 << 20  # that may stay
RETURNED_WITHIN = 20  # seconds, on a busy machine
RULE = """title: Known by name
id: 5e0c5a52-0000-4000-8000-000000000999
status: test
level: low
logsource:
  product: aws
  service: cloudtrail
detection:
  selection:
    userIdentity.userName|expand: '%names%'
  condition: selection
"""


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def reload(service):
    status, answer = service.get("/-/reload", "POST")
    if status != 200:
        raise Failure(f"it does not reload: {status} {answer[:200]}")


def send(service, oracle, ledger):
    """As many connections as there are workers, and more: each worker has had an event."""
    for _ in range(8):
        if Sender(ledger, lambda: service.port).send(oracle.batch(1)) != 202:
            raise Failure(f"events are not taken: {ledger.statuses}")


def wait_for_resident(service, limit):
    """The resident bytes, as soon as they are at most `limit`, or in the end."""
    end = time.monotonic() + RETURNED_WITHIN
    while True:
        resident = service.resident_bytes()
        if resident <= limit or time.monotonic() > end:
            return resident
        time.sleep(0.1)


def run(service, options, result):
    oracle, ledger, receiver = Oracle(options.seed), Ledger(), Receiver()
    lists = os.path.join(service.folder, "lists")
    os.mkdir(lists)
    rule, names = os.path.join(service.folder, "known.yml"), os.path.join(lists, "names.txt")
    write(rule, RULE)
    write(names, "nobody\n")
    try:
        service.configure(receiver.port, rules=f"{RULES}, {rule}")
        with open(service.config, encoding="utf-8") as file:
            text = file.read()
        write(service.config, text.replace("  strict:", f"  lists: [{lists}]\n  strict:", 1))
        service.must_start()
        send(service, oracle, ledger)
        reload(service)
        send(service, oracle, ledger)
        before = service.resident_bytes()

        write(names, "".join(f"user-{number:07}\n" for number in range(VALUES)))
        reload(service)
        send(service, oracle, ledger)
        loaded = service.resident_bytes()

        write(names, "nobody\n")
        reload(service)
        after = wait_for_resident(service, before + GROWTH)
        result.add(before_mib=before >> 20, loaded_mib=loaded >> 20, after_mib=after >> 20)
        if loaded < before + 2 * GROWTH:
            raise Failure("the list takes too little memory for this test to find anything")
        if after > before + GROWTH:
            raise Failure(f"{(after - before) >> 20} MiB were not returned")
        send(service, oracle, ledger)
        if service.stop() != 0:
            raise Failure(f"it does not stop as it should: {service.last_log()}")
    finally:
        receiver.close()


def main():
    options = report.parse(report.arguments(__doc__))
    result = report.Report(NAME, options.seed, options.sabotage)
    service = Service(options.binary, work_folder("list"), options.sabotage)
    try:
        run(service, options, result)
    except Failure as failure:
        result.violations.append(str(failure))
    finally:
        service.remove()
    sys.exit(result.finish())


if __name__ == "__main__":
    main()
