#!/usr/bin/env python3
"""D1: a store that is damaged while the service is down. Thirty alerts are acknowledged, the service
is killed, its files are damaged: it does not start, says so, and changes nothing; with --accept-loss
it starts once, and the loss is an alert, once.
"""
import json
import os
import shutil
import sys
import time

import judge
import report
from oracle import Oracle
from receiver import Receiver
from sender import Ledger, Sender
from service import RECEIVERS, Failure, Service, work_folder

NAME = "D1 damage is noticed"
ALERTS = 30
LOSS = "tocsin.store_loss"


def overwrite(path, at, size):
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(b"\x5a" * size)


# What is done to tocsin.db and its log; `early`: a copy of all files after the first ten alerts.
DAMAGES = {
    "log cut in half": lambda db, early: os.truncate(db + "-wal", os.path.getsize(db + "-wal") // 2),
    "64 bytes of the log overwritten": lambda db, early: overwrite(db + "-wal", 8192, 64),
    "log removed": lambda db, early: os.remove(db + "-wal"),
    "database emptied": lambda db, early: os.truncate(db, 0),
    "database removed": lambda db, early: os.remove(db),
    "an older copy in its place": lambda db, early: [
        shutil.copy(os.path.join(early, os.path.basename(db) + suffix), db + suffix)
        for suffix in ("", "-wal")],
    "witness removed": lambda db, early: os.remove(db + "-witness"),
}


def contents(folder):
    files = {}
    for name in os.listdir(folder):
        if name not in ("lock", "tocsin.db-shm"):
            with open(os.path.join(folder, name), "rb") as file:
                files[name] = file.read()
    return {name: data for name, data in files.items() if data}


def told_of_loss(receiver):
    with receiver.mutex:
        return {name for name, rule, _ in receiver.own if rule == LOSS}


def listed(service):
    """The alerts of Tocsin about its store, and all others."""
    alerts = json.loads(service.get("/api/v1/alerts?limit=1000")[1])["alerts"]
    own = [alert for alert in alerts if alert["alert"]["rule"]["id"] == LOSS]
    return own, len(alerts) - len(own)


def try_damage(options, what, damage, result):
    oracle, ledger, receiver = Oracle(options.seed), Ledger(), Receiver()
    service = Service(options.binary, work_folder("damage"), options.sabotage)
    service.configure(receiver.port)
    early = os.path.join(service.folder, "early")
    database = os.path.join(service.store, "tocsin.db")
    try:
        service.must_start()
        sender = Sender(ledger, lambda: service.port)
        while len(ledger.acked) < ALERTS:
            if len(ledger.acked) == 10:
                shutil.copytree(service.store, early)
            sender.send_until_acked(oracle.batch(1), 10)
        sender.close()
        service.kill()
        damage(database, early)
        before = contents(service.store)
        for _ in range(2):
            if service.start(wait=30):
                result.lost += 1
                raise Failure("it starts as if nothing had happened")
            if service.wait() != 2 or "--accept-loss" not in service.last_log():
                raise Failure(f"it does not say what to do: {service.last_log()}")
        if contents(service.store) != before:
            raise Failure("the files of a store that is refused are changed")
        if not service.start(arguments=["--accept-loss"]):
            raise Failure(f"--accept-loss does not start it: {service.last_log()}")
        end = time.monotonic() + 10
        while told_of_loss(receiver) != set(RECEIVERS) and time.monotonic() < end:
            time.sleep(0.02)
        service.kill()
        service.must_start("without --accept-loss after it was given once")
        sender = Sender(ledger, lambda: service.port)
        judge.fresh_event(oracle, ledger, receiver, sender, 10)
        if told_of_loss(receiver) != set(RECEIVERS):
            raise Failure(f"the loss was told to {told_of_loss(receiver)}")
        own, left = listed(service)
        if len(own) != 1:
            raise Failure(f"the loss is {len(own)} alerts")
        result.add(damages=1, alerts_left=left)
        if service.stop() != 0:
            raise Failure(f"it does not end well: {service.last_log()}")
    except Failure as failure:
        result.violations.append(f"{what}: {failure}")
    finally:
        service.remove()
        receiver.close()


def main():
    options = report.parse(report.arguments(__doc__))
    result = report.Report(NAME, options.seed, options.sabotage)
    for what, damage in DAMAGES.items():
        try_damage(options, what, damage, result)
    sys.exit(result.finish())


if __name__ == "__main__":
    main()
