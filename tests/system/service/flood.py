#!/usr/bin/env python3
"""P1 under overload: more senders than there is room for. What does not fit is refused with 503, and
what is acknowledged is told.
"""
import sys
import time

import judge
import report
from oracle import Oracle
from receiver import Receiver
from sender import Ledger, Load, Sender
from service import Failure, Service, work_folder

NAME = "P1 more than fits"


def main():
    parser = report.arguments(__doc__)
    parser.add_argument("--seconds", type=float, default=3)
    options = report.parse(parser)
    result = report.Report(NAME, options.seed, options.sabotage)
    oracle, ledger, receiver = Oracle(options.seed), Ledger(), Receiver()
    service = Service(options.binary, work_folder("flood"), options.sabotage)
    service.configure(receiver.port, limits="  in_flight_submissions: 1")
    try:
        service.must_start()
        load = Load(oracle, ledger, lambda: service.port, senders=8, firing=1, quiet=10, pause=0,
                    again=False)
        time.sleep(options.seconds)
        load.stop()
        refused = ledger.statuses.get(503, 0)
        if set(ledger.statuses) - {202, 503}:
            result.violations.append(f"answers {ledger.statuses}")
        if refused == 0 and not options.sabotage:
            result.violations.append("nothing was refused: this proves nothing")
        sender = Sender(ledger, lambda: service.port)
        result.most(fresh_s_max=judge.fresh_event(oracle, ledger, receiver, sender, 5))
        result.lost += len(judge.wait_until_told(oracle, ledger, receiver, 10))
        result.violations += judge.violations(oracle, ledger, receiver, 0)
        result.add(taken=ledger.statuses.get(202, 0), refused=refused)
    except Failure as failure:
        result.violations.append(str(failure))
    finally:
        service.remove()
        receiver.close()
    sys.exit(result.finish())


if __name__ == "__main__":
    main()
