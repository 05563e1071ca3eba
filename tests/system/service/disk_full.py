#!/usr/bin/env python3
"""T5: the disk of the store fills up. Events are refused with 503 and Retry-After before the reserve
is used up, what was accepted is delivered meanwhile, and when there is room again events are
taken within 10 s. Nothing that was acknowledged is lost.

In the second half somebody else takes the reserve: the disk is full to the last byte and writes really
fail. What was told can then not be marked as told, so deliveries may wait; they go on when there is
room.
"""
import os
import subprocess
import sys
import time

import judge
import report
from oracle import Oracle
from receiver import Receiver
from sender import Ledger, Sender
from service import RECEIVERS, Failure, Service, work_folder

NAME = "T5 disk full"
DISK = 32 << 20
BALLAST = 12 << 20  # more than the log may need beyond the reserve
REST = 5 << 20  # more than the log can hold, which must find room in the database
RECOVERY = 10


class Disk:
    def __init__(self, folder):
        self.path = folder
        os.mkdir(folder)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", folder],
                              capture_output=True, check=False)
        self.problem = done.stderr.decode().strip() if done.returncode else ""

    def fill(self, name, size):
        """As much of `size` bytes as there is room for."""
        with open(os.path.join(self.path, name), "wb", buffering=0) as file:
            try:
                for _ in range(0, size, 4096):
                    file.write(b"x" * 4096)
            except OSError:
                pass

    def free(self, name):
        os.remove(os.path.join(self.path, name))

    def unmount(self):
        subprocess.run(["umount", "-l", self.path], check=False)


def fill_up(oracle, sender, result):
    """Batches until they are refused for a while; those. (Right after the first refusal there can be
    room again: the log is written back.) Judges the refusals."""
    refused = []
    end = time.monotonic() + 60
    while time.monotonic() < end:
        refused.append(oracle.batch(4))
        status = sender.send(refused[-1])
        if status == 202:
            refused.clear()
            continue
        if status != 503:
            raise Failure(f"a full disk is answered with {status}")
        if not sender.headers.get("Retry-After", "").isdigit():
            result.violations.append("503 without Retry-After")
        if len(refused) == 4:
            return refused
        time.sleep(0.3)
    raise Failure("the disk does not get full")


def run(options, to_the_last_byte):
    result = report.Report(NAME, options.seed)
    folder = work_folder("disk")
    disk = Disk(os.path.join(folder, "disk"))
    if disk.problem:
        os.rmdir(disk.path)
        os.rmdir(folder)
        report.skip(NAME, f"a file system of its own cannot be mounted: {disk.problem}")
    oracle, ledger, receiver = Oracle(options.seed, padding=20000), Ledger(), Receiver()
    service = Service(options.binary, folder, options.sabotage)
    service.store = os.path.join(disk.path, "store")
    service.configure(receiver.port)
    sender = Sender(ledger, lambda: service.port)
    try:
        disk.fill("ballast", BALLAST)
        disk.fill("rest", REST)
        service.must_start()
        # A backlog, so that there is something to deliver while the disk is full.
        receiver.behave = lambda name, key, attempt: 0.5
        refused = fill_up(oracle, sender, result)
        left = len(judge.lost(oracle, ledger, receiver))
        # The last room is taken by somebody else.
        if to_the_last_byte:
            disk.fill("other", DISK)
        receiver.behave = lambda name, key, attempt: 200
        result.add(waited_when_full=left)
        if not to_the_last_byte and judge.wait_until_told(oracle, ledger, receiver, 15):
            lost = judge.lost(oracle, ledger, receiver)
            result.violations.append(f"{len(lost)} deliveries stand still while the disk is full")
        if to_the_last_byte and sender.send(refused[0]) == 202:
            result.violations.append("the disk is full, and events are taken")
        if service.process.poll() is not None:
            raise Failure(f"it ended: {service.last_log()}")
        if service.get("/healthz")[0] != 200:
            result.violations.append("/healthz fails while the disk is full")
        if to_the_last_byte and service.metric("tocsin_store_full") != 1:
            result.violations.append("tocsin_store_full is not 1")
        if to_the_last_byte:
            disk.free("other")
        disk.free("ballast")
        begin = time.monotonic()
        for batch in refused:
            if not sender.send_until_acked(batch, RECOVERY):
                raise Failure(f"there is room, and events are refused for {RECOVERY} s: "
                              f"{service.last_log()}")
        result.most(recovery_s_max=time.monotonic() - begin)
        # Full once more, killed, started on a full disk.
        fill_up(oracle, sender, result)
        service.kill()
        service.must_start("on a full disk")
        disk.free("rest")
        result.add(alerts=len(judge.expected(oracle, ledger.acked)))
        result.lost += len(judge.wait_until_told(oracle, ledger, receiver, 15))
        # Full for 500 ms pauses of rows that could not be marked as delivered: told again, each once.
        result.violations += judge.violations(
            oracle, ledger, receiver, 2 * len(RECEIVERS) * 2, provoked=("tocsin.not_ready",))
        result.add(refusals=ledger.statuses.get(503, 0))
        if service.stop() != 0:
            result.violations.append(f"it does not stop as it should: {service.last_log()}")
    except Failure as failure:
        result.violations.append(f"{'full' if to_the_last_byte else 'reserve'}: {failure}")
    finally:
        sender.close()
        service.kill()
        receiver.close()
        disk.unmount()
        service.remove()
    return result


def main():
    options = report.parse(report.arguments(__doc__))
    total = report.Report(NAME, options.seed, options.sabotage)
    for to_the_last_byte in (False, True):
        total.merge(run(options, to_the_last_byte))
    sys.exit(total.finish())


if __name__ == "__main__":
    main()
