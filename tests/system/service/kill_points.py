#!/usr/bin/env python3
"""T1: killed at every system call. The service is started, given events, told to stop; at the N-th
call of a kind it is killed before that call. Then it is started again and judged.

A chain of points shares one store, so that what a crash left is crashed again.
--over-time: most of what must be told takes two events, with a crash between them.
"""
import concurrent.futures
import os
import random
import re
import signal
import sys
import traceback

import judge
import report
from correlation_oracle import RULES_OVER_TIME, PairOracle
from oracle import Oracle
from receiver import Receiver
from sender import Ledger, Sender
from service import CONCURRENCY, RECEIVERS, RULES, Failure, Service, work_folder

NAME = "T1 kill at every system call"
BATCHES = 5
CHAIN = 15
# What changes files, or what peers and the service know of each other. The rest (mmap, clock …)
# cannot be told apart from the call before it, except for threads: futex and epoll_wait stand for
# those.
CALLS = ("pwrite64 write fdatasync fsync ftruncate rename renameat renameat2 unlink unlinkat "
         "sendto sendmsg writev recvfrom recvmsg read pread64 openat fcntl close accept4 connect "
         "epoll_wait poll futex fallocate mkdir fchmod lseek shutdown").split()


def strace(*expressions, log="/dev/null"):
    command = ["strace", "-D", "-f", "-o", log]
    for expression in expressions:
        command += ["-e", expression]
    return command


class Chain:
    def __init__(self, binary, seed, sabotage=None, over_time=False):
        self.random = random.Random(seed)
        self.oracle = PairOracle(seed) if over_time else Oracle(seed)
        self.ledger, self.receiver = Ledger(), Receiver()
        self.service = Service(binary, work_folder("kill"), sabotage)
        self.service.configure(self.receiver.port,
                               rules=RULES_OVER_TIME if over_time else RULES)
        self.sender = Sender(self.ledger, lambda: self.service.port, timeout=10)
        self.report = report.Report(NAME, seed)
        self.kills = 0

    def close(self):
        self.sender.close()
        self.service.remove()
        self.receiver.close()

    def live(self, wrapper):
        """One life under strace; batches that were not acknowledged."""
        unacked = []
        if not self.service.start(wrapper):
            self.service.wait()
            self.report.add(before_ready=1)
            return unacked
        for _ in range(BATCHES):
            batch = self.oracle.batch(2, 1)
            if self.sender.send(batch) != 202:
                unacked.append(batch)
                if self.service.process.poll() is not None:
                    break
        if self.service.process.poll() is None:
            self.wait_for_deliveries()
            self.service.signal(signal.SIGTERM)
        self.sender.close()
        self.service.wait(30)
        return unacked

    def wait_for_deliveries(self):
        for _ in range(200):
            if not judge.lost(self.oracle, self.ledger, self.receiver):
                return
            try:
                self.service.process.wait(0.005)
                return
            except Exception:  # still running
                continue

    def point(self, call, number):
        unacked = self.live(strace(f"trace={call}", f"inject={call}:signal=SIGKILL:when={number}"))
        status = self.service.process.returncode
        if status == -signal.SIGKILL:
            self.kills += 1
            self.report.add(killed=1)
        elif status != 0:
            self.report.violations.append(f"{call} {number}: exit status {status}: "
                                          f"{self.service.last_log()}")
        self.service.must_start(f"after a kill at {call} {number}")
        self.report.most(start_s_max=self.service.ready_seconds)
        for batch in unacked:
            if not self.sender.send_until_acked(batch, 10):
                raise Failure(f"{call} {number}: what was not acknowledged is not taken later")
        fresh = judge.fresh_event(self.oracle, self.ledger, self.receiver, self.sender, 10)
        self.report.most(fresh_s_max=fresh)
        lost = judge.wait_until_told(self.oracle, self.ledger, self.receiver, 3)
        self.sender.close()
        self.service.kill()  # another one, anywhere
        self.kills += 1
        self.report.add(points=1)
        if lost:
            self.report.lost += len(lost)
            self.report.violations.append(f"{call} {number}: lost {sorted(lost)[:2]}")
            self.ledger.acked -= {event for _, event, _ in lost}  # reported once

    def finish(self):
        bound = self.kills * CONCURRENCY * len(RECEIVERS)
        self.report.violations += judge.violations(self.oracle, self.ledger, self.receiver, bound)
        self.report.add(events=len(self.ledger.acked), duplicates=self.receiver.duplicates())
        return self.report


def run_chain(binary, seed, sabotage, over_time, points):
    chain = Chain(binary, seed, sabotage, over_time)
    try:
        for call, number in points:
            try:
                chain.point(call, number)
            except Exception as error:  # of this point; the others are still to be seen
                chain.report.violations.append(f"{call} {number}: {error!r}")
                if not isinstance(error, Failure):
                    traceback.print_exc()
                chain.service.kill()
        return chain.finish()
    finally:
        chain.close()


def calls_of_one_life(binary, seed, over_time):
    """{call: how often one thread makes it}, in a life without a kill, the second of a store."""
    chain = Chain(binary, seed, over_time=over_time)
    try:
        chain.live(())
        log = os.path.join(chain.service.folder, "strace")
        chain.live(strace("trace=all", log=log))
        counts = {}
        with open(log, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                found = re.match(r"(\d+) +(\w+)\(", line)
                if found:
                    counts[found.groups()] = counts.get(found.groups(), 0) + 1
        calls = {}
        for (_, call), count in counts.items():
            calls[call] = max(calls.get(call, 0), count)
        return calls
    finally:
        chain.close()


def choose(calls, points, random_, only=()):
    """As many points: all there are, then again (threads meet in other ways); when they are not
    all wanted, each kind of call has the same chance."""
    kinds = [call for call in CALLS if call in calls and (not only or call in only)]
    every = [(call, n) for call in kinds for n in range(1, calls[call] + 2)]
    chosen = []
    while points - len(chosen) >= len(every):
        chosen += every
    left = {call: random_.sample(range(1, calls[call] + 2), calls[call] + 1) for call in kinds}
    while len(chosen) < points:
        call = random_.choice([call for call in kinds if left[call]])
        chosen.append((call, left[call].pop()))
    random_.shuffle(chosen)
    return chosen, len(every)


def main():
    parser = report.arguments(__doc__)
    parser.add_argument("--points", type=int, default=60)
    parser.add_argument("--calls", default="", help="only these, with commas between")
    parser.add_argument("--parallel", type=int, default=1)
    parser.add_argument("--over-time", action="store_true")
    options = report.parse(parser)
    report.need_strace(NAME)
    random_ = random.Random(options.seed)
    calls = calls_of_one_life(options.binary, options.seed, options.over_time)
    only = [call for call in options.calls.split(",") if call]
    points, there_are = choose(calls, options.points, random_, only)
    name = NAME + (", over time" if options.over_time else "")
    total = report.Report(name, options.seed, options.sabotage)
    total.add(different_points=min(there_are, len(set(points))), of=there_are)
    chains = [points[i:i + CHAIN] for i in range(0, len(points), CHAIN)]
    with concurrent.futures.ProcessPoolExecutor(options.parallel) as pool:
        futures = [pool.submit(run_chain, options.binary, options.seed + i, options.sabotage,
                               options.over_time, chain)
                   for i, chain in enumerate(chains)]
        for done, future in enumerate(concurrent.futures.as_completed(futures), 1):
            total.merge(future.result())
            if done % 20 == 0:
                print(f"  {total.figures.get('points', 0)} points, {total.lost} lost",
                      file=sys.stderr, flush=True)
    sys.exit(total.finish())


if __name__ == "__main__":
    main()
