#!/usr/bin/env python3
"""P2: attempts that fail are repeated with the same key and the same body, until they are taken: the
receiver answers 500, cuts the connection, or takes the message and loses the answer.
"""
import random
import sys
import time

import judge
import report
from oracle import Oracle
from receiver import Receiver
from sender import Ledger, Sender
from service import Failure, Service, work_folder

NAME = "P2 retries carry one key"


def main():
    parser = report.arguments(__doc__)
    parser.add_argument("--alerts", type=int, default=30)
    options = report.parse(parser)
    result = report.Report(NAME, options.seed, options.sabotage)
    random_ = random.Random(options.seed)
    oracle, ledger, receiver = Oracle(options.seed), Ledger(), Receiver()
    service = Service(options.binary, work_folder("retries"), options.sabotage)
    service.configure(receiver.port)

    def behave(name, key, attempt):
        if name == "b" or attempt > 1:  # b: is told at once, whatever becomes of a
            return 200
        return random_.choice([500, 503, 429, "reset", 200])

    receiver.behave = behave
    try:
        service.must_start()
        sender = Sender(ledger, lambda: service.port)
        while len(judge.expected(oracle, ledger.acked)) < options.alerts:
            sender.send_until_acked(oracle.batch(2), 10)
        time.sleep(0.2)
        told = len(receiver.told("b"))
        if told != len(judge.expected(oracle, ledger.acked)) and not options.sabotage:
            result.violations.append(f"{told} alerts at the receiver that works: it waits for the "
                                     "other")
        if options.sabotage:  # with a new key for each attempt the receiver refuses the first ones
            receiver.behave = lambda name, key, attempt: behave(
                name, key, attempt + (random_.random() < 0.7))
        # Back-off: up to 10 s after the first failure.
        result.lost += len(judge.wait_until_told(oracle, ledger, receiver, 25))
        result.violations += judge.violations(oracle, ledger, receiver, 0)
        with receiver.mutex:
            attempts = [message.attempts for message in receiver.by_key.values()]
        result.add(alerts=len(judge.expected(oracle, ledger.acked)), attempts=sum(attempts),
                   repeated=sum(count > 1 for count in attempts))
        if not options.sabotage and max(attempts) < 2:
            result.violations.append("nothing was repeated: this proves nothing")
    except Failure as failure:
        result.violations.append(str(failure))
    finally:
        service.remove()
        receiver.close()
    sys.exit(result.finish())


if __name__ == "__main__":
    main()
