#!/usr/bin/env python3
"""D2: `tocsin store` beside a service under load: what a backup says is a state that the service had,
restored into a fresh folder it is a store that a service runs with, and nobody notices meanwhile.
"""
import json
import os
import shutil
import subprocess
import sys

import judge
import report
from oracle import Oracle
from receiver import Receiver
from sender import Ledger, Load, Sender
from service import Failure, Service, work_folder

NAME = "D2 check, backup, restore"
BACKUPS = 3


def tocsin(options, *arguments, wanted=0):
    done = subprocess.run([options.binary, "store", *arguments], capture_output=True, text=True,
                          timeout=120, check=False)
    if done.returncode != wanted:
        raise Failure(f"store {' '.join(arguments)}: exit {done.returncode}, not {wanted}: "
                      f"{done.stdout} {done.stderr}")
    return done.stdout + done.stderr


def alerts(service):
    """Event ids of the alerts that are listed; at most a page of them."""
    found = json.loads(service.get("/api/v1/alerts?limit=1000")[1])["alerts"]
    return {alert["alert"]["event_id"] for alert in found}


def back_up_under_load(options, service, oracle, ledger, receiver, result):
    """Ids that were acknowledged before each backup began."""
    acked = []
    load = Load(oracle, ledger, lambda: service.port, senders=2, firing=1, quiet=9, pause=0.03)
    try:
        for number in range(BACKUPS):
            while len(ledger.acked) < 20 * (number + 1):
                if service.process.poll() is not None:
                    raise Failure("the service has ended")
            with ledger.mutex:
                acked.append(set(ledger.acked))
            tocsin(options, "backup", "--store", service.store, backup_of(service, number))
            if "no problem found" not in tocsin(options, "check", "--store", service.store):
                raise Failure("a check beside the service finds a problem")
    finally:
        load.stop()
    if judge.wait_until_told(oracle, ledger, receiver, 10):
        raise Failure("alerts are lost beside a backup")
    if ledger.statuses.keys() - {202}:
        raise Failure(f"answers beside a backup: {ledger.statuses}")
    result.add(events=len(ledger.acked))
    return acked


def backup_of(service, number):
    return os.path.join(service.folder, f"backup-{number}.db")


def run(options, result):
    oracle, ledger, receiver = Oracle(options.seed), Ledger(), Receiver()
    service = Service(options.binary, work_folder("backup"), options.sabotage)
    service.configure(receiver.port)
    try:
        service.must_start()
        acked = back_up_under_load(options, service, oracle, ledger, receiver, result)
        kept = sorted(name for name in os.listdir(service.folder) if name.startswith("backup-"))
        if kept != [f"backup-{number}.db" for number in range(BACKUPS)]:
            raise Failure(f"a backup is more than one file: {kept}")
        said = tocsin(options, "restore", "--store", service.store, backup_of(service, 0), wanted=2)
        if "in use by another tocsin" not in said:
            raise Failure(f"a restore below a running service is refused with: {said}")
        service.kill()
        for number, ids in enumerate(acked):
            shutil.rmtree(service.store)
            tocsin(options, "restore", "--store", service.store, backup_of(service, number))
            service.must_start(f"with backup {number}")
            must = {event for event, _ in judge.expected(oracle, ids)}
            if not must <= alerts(service):
                raise Failure(f"backup {number} lacks what was acknowledged before it was made")
            sender = Sender(ledger, lambda: service.port)
            judge.fresh_event(oracle, ledger, receiver, sender, 10)
            sender.close()
            if service.stop() != 0:
                raise Failure(f"it does not end well: {service.last_log()}")
        tocsin(options, "restore", "--store", service.store, backup_of(service, 0))
        if not os.path.exists(os.path.join(service.store, "replaced-1", "tocsin.db")):
            raise Failure("the files that were there are not kept")
        service.must_start("with a backup in the place of a newer store")
        result.add(backups=BACKUPS, restored=BACKUPS + 1)
    except Failure as failure:
        result.violations.append(str(failure))
    finally:
        service.remove()
        receiver.close()


def main():
    options = report.parse(report.arguments(__doc__))
    result = report.Report(NAME, options.seed, options.sabotage)
    run(options, result)
    sys.exit(result.finish())


if __name__ == "__main__":
    main()
