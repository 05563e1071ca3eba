#!/usr/bin/env python3
"""T2: killed at random moments under load: while it works, while it recovers, reloads or shuts down.

--grouping: firings are grouped, and the counts that were told must add up to what was acknowledged.
--over-time: most of what must be told takes two events, often with a crash between them.
"""
import random
import signal
import sys
import time

import judge
import report
from correlation_oracle import RULES_OVER_TIME, PairOracle
from oracle import Oracle
from receiver import Receiver
from sender import Ledger, Load, Sender
from service import CONCURRENCY, RECEIVERS, RULES, Failure, Service, work_folder


def kill_sometime(service, random_):
    """Returns how."""
    how = random_.choice(["load", "load", "load", "recovery", "recovery", "reload", "shutdown"])
    if how == "load":
        time.sleep(random_.uniform(0.02, 0.5))
    elif how == "reload":
        time.sleep(random_.uniform(0, 0.1))
        service.signal(signal.SIGHUP)
        time.sleep(random_.uniform(0, 0.02))
    elif how == "shutdown":
        time.sleep(random_.uniform(0, 0.1))
        service.signal(signal.SIGTERM)
        time.sleep(random_.uniform(0, 0.06))
    service.kill()
    while how == "recovery":
        service.start(wait=random_.uniform(0.003, 0.06))
        service.kill()
        if random_.random() < 0.5:
            break
    return how


def wait_for_counts(oracle, ledger, receiver, seconds):
    end = time.monotonic() + seconds
    while True:
        wrong = judge.counts_that_do_not_add_up(oracle, ledger, receiver)
        if not wrong or time.monotonic() > end:
            return wrong
        time.sleep(0.1)


def main():
    parser = report.arguments(__doc__)
    parser.add_argument("--kills", type=int, default=8)
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--grouping", action="store_true")
    how.add_argument("--over-time", action="store_true")
    options = report.parse(parser)
    name = "T2 random kills" + (", grouped" if options.grouping
                                else ", over time" if options.over_time else "")
    result = report.Report(name, options.seed, options.sabotage)
    random_ = random.Random(options.seed)
    oracle = (PairOracle(options.seed) if options.over_time
              else Oracle(options.seed, principals=4 if options.grouping else None))
    ledger, receiver = Ledger(), Receiver()
    service = Service(options.binary, work_folder("kills"), options.sabotage)
    service.configure(receiver.port, group_interval="1s" if options.grouping else "0",
                      rules=RULES_OVER_TIME if options.over_time else RULES)
    try:
        service.must_start()
        load = Load(oracle, ledger, lambda: service.port, firing=1, quiet=39)
        starts = []
        for kill in range(options.kills):
            how = kill_sometime(service, random_)
            service.must_start(f"after kill {kill} ({how})")
            starts.append(service.ready_seconds)
            result.add(**{how: 1})
        sender = Sender(ledger, lambda: service.port)
        for batch in load.stop():
            if not sender.send_until_acked(batch, 10):
                raise Failure("what was not acknowledged is not taken later")
        if options.grouping:
            wrong = wait_for_counts(oracle, ledger, receiver, 10)
            result.lost += sum(max(0, must - told) for *_, must, told in wrong)
            result.violations += [f"counts do not add up: {entry}" for entry in wrong]
        else:
            result.most(fresh_s_max=judge.fresh_event(oracle, ledger, receiver, sender, 5))
            result.lost += len(judge.wait_until_told(oracle, ledger, receiver, 15))
            if ledger.sent != ledger.acked:
                result.violations.append("not everything could be sent")
        result.violations += judge.violations(
            oracle, ledger, receiver, 2 * options.kills * CONCURRENCY * len(RECEIVERS))
        starts.sort()
        result.add(kills=options.kills, requests=ledger.requests, events=len(ledger.acked),
                   alerts=len(judge.expected(oracle, ledger.acked)),
                   duplicates=receiver.duplicates())
        result.most(ready_p99_s_max=starts[int(len(starts) * 0.99)] if starts else 0)
        if service.stop() != 0:
            result.violations.append(f"it does not stop as it should: {service.last_log()}")
    except Failure as failure:
        result.violations.append(str(failure))
    finally:
        service.remove()
        receiver.close()
    sys.exit(result.finish())


if __name__ == "__main__":
    main()
