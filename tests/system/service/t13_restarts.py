#!/usr/bin/env python3
"""T13: detections over time do not depend on restarts. The same events are given to a service that
runs without a break, and to one that is killed and stopped at random moments and gets them in other
portions; both must have the same alerts in the end.
"""
import collections
import concurrent.futures
import os
import random
import signal
import sys
import threading
import time
import traceback

import report
from correlation_stream import LATENESS, Stream, rules
from oracle import Batch
from sender import Ledger, Sender
from service import Failure, Service, json_of, work_folder

NAME = "T13 restarts change no alert"
STEADY = 50  # events of a request where nothing is killed
MORE = """title: Never met
id: 5e0c5a52-0000-4000-8000-000000000100
status: test
level: low
logsource: {product: aws, service: cloudtrail}
detection:
  selection: {eventName: NeverHappens}
  condition: selection
"""


class Run:
    """A service with its store, which gets a stream."""

    def __init__(self, binary, seed, sabotage, workers):
        self.service = Service(binary, work_folder("t13"), sabotage)
        self.rules = os.path.join(self.service.folder, "rules")
        os.mkdir(self.rules)
        self.write_rules("rules.yml", rules(seed))
        with open(self.service.config, "w", encoding="utf-8") as file:
            file.write(f"""server: {{listen: "127.0.0.1:0", threads: 1}}
rules: {{paths: [{self.rules}], strict: true}}
store: {{path: {self.service.store}, reserve: 8MiB}}
correlation: {{lateness: {LATENESS}s}}
alerts: {{group_interval: 0, rule_budget: 0}}
limits: {{workers: {workers}, shutdown: 5s}}
log: {{format: json}}
reload: {{watch: false}}
receivers: [{{name: stdout, type: stdout, rate: 0}}]
""")
        self.ledger = Ledger()
        self.sender = Sender(self.ledger, lambda: self.service.port)
        self.service.must_start()

    def write_rules(self, name, text):
        with open(os.path.join(self.rules, name), "w", encoding="utf-8") as file:
            file.write(text)

    def post(self, batch):
        if not self.sender.send_until_acked(batch, 15):
            raise Failure(f"a request is not taken within 15 s: {self.service.last_log()}")

    def restart(self, why):
        self.sender.close()
        self.service.must_start(why)

    def finish(self, stream):
        self.post(Batch([stream.last]))
        deadline = time.monotonic() + 15
        while self.watermark() < stream.reached:
            if time.monotonic() > deadline:
                raise Failure(f"the watermark does not reach {stream.reached}")
            time.sleep(0.02)

    def watermark(self):
        return json_of(self.service.get("/api/v1/correlations")[1]).get("watermark", "")

    def alerts(self):
        """{what an alert says: how often}"""
        found, before = collections.Counter(), ""
        while True:
            page = json_of(self.service.get(f"/api/v1/alerts?limit=1000{before}")[1])
            found.update(said(row) for row in page["alerts"])
            if "next_before" not in page:
                return found
            before = f"&before={page['next_before']}"

    def close(self):
        self.sender.close()
        self.service.remove()


def said(row):
    """All but the id, which remembers what was told first, and when it was told."""
    alert = row["alert"]
    rule, over_time = alert["rule"]["title"], alert.get("correlation")
    if over_time is None:
        return rule, alert.get("event_id", "")
    return (rule, tuple(sorted(over_time["group_by"].items())),
            tuple(sorted(over_time.get("values", {}).items())),
            over_time["first"], over_time["last"], over_time["firings"], row["count"],
            over_time["measure"], over_time["hits"], alert.get("event_id", ""),
            tuple((event["rule"], event["event_id"]) for event in over_time["events"]))


def portions(events, random_):
    """Requests of 1 to 10,000 events; how large at most is the same for all."""
    most = random_.uniform(0.3, 4)
    begin = 0
    while begin < len(events):
        end = begin + int(10 ** random_.uniform(0, most))
        yield Batch(events[begin:end])
        begin = end


class Breaker:
    """Ends the service and starts it again, while a request is on its way or between two."""

    def __init__(self, run, random_, result):
        self.run, self.random, self.result = run, random_, result

    def wait_for_end(self, number):
        service = self.run.service
        status = service.wait()
        if status != (0 if number == signal.SIGTERM else -number):
            raise Failure(f"exit status {status} after signal {number}: {service.last_log()}")

    def around(self, batch):
        """Returns whether the request was acknowledged."""
        number = self.random.choice([signal.SIGKILL, signal.SIGTERM])
        self.result.add(**{"kills" if number == signal.SIGKILL else "stops": 1})
        status = None
        if self.random.random() < 0.7:
            delay = 10 ** self.random.uniform(-4, -1.5)
            timer = threading.Timer(delay, self.run.service.signal, [number])
            timer.start()
            status = self.run.sender.send(batch)
            timer.join()
            self.result.add(unanswered=int(status != 202))
        else:
            self.run.service.signal(number)
        self.wait_for_end(number)
        while self.random.random() < 0.2:  # in the middle of its recovery
            self.run.service.start(wait=self.random.uniform(0.003, 0.08))
            self.run.service.kill()
            self.result.add(kills=1)
        self.run.restart(f"after signal {number}")
        # Some senders lose the answer: they send again what was taken.
        return status == 202 and self.random.random() < 0.7

    def reload(self):
        self.run.write_rules("more.yml", MORE)
        if self.random.random() < 0.5:
            self.run.service.signal(signal.SIGHUP)
            return
        status, answer = self.run.service.get("/-/reload", "POST")
        if status != 200:
            raise Failure(f"reload: {status} {answer[:200]}")


def steady(binary, seed, stream):
    run = Run(binary, seed, None, 2)
    try:
        for begin in range(0, len(stream.events), STEADY):
            run.post(Batch(stream.events[begin:begin + STEADY]))
        run.finish(stream)
        return run.alerts()
    finally:
        run.close()


def broken(binary, seed, sabotage, stream, result):
    random_ = random.Random(f"breaks {seed}")
    batches = list(portions(stream.events, random_))
    breaks = collections.Counter(random_.randrange(len(batches) + 1)
                                 for _ in range(random_.randint(3, 8)))
    reload_at = random_.choice([-1, random_.randrange(len(batches))])
    run = Run(binary, seed, sabotage, random_.choice([1, 2, 4]))
    breaker = Breaker(run, random_, result)
    try:
        for number, batch in enumerate([*batches, None]):
            if number == reload_at:
                breaker.reload()
            if batch is None:
                run.finish(stream)
                batch = batches[-1]  # again, when all is decided
            taken = [breaker.around(batch) for _ in range(breaks[number])]
            if not any(taken):
                run.post(batch)
        return run.alerts()
    finally:
        run.close()


def one_seed(binary, seed, sabotage):
    result = report.Report(NAME, seed)
    try:
        stream = Stream(seed)
        expected = steady(binary, seed, stream)
        found = broken(binary, seed, sabotage, stream, result)
        missing, additional = expected - found, found - expected
        result.lost = sum(missing.values())
        for sign, alerts in (("-", missing), ("+", additional)):
            result.violations += [f"seed {seed}: {sign} {times} {alert}"
                                  for alert, times in sorted(alerts.items(), key=str)]
        over_time = [alert for alert in expected if len(alert) > 2]
        result.add(events=len(stream.events), alerts=sum(expected.values()),
                   over_time=len(over_time), different=int(expected != found))
        kinds = {alert[0] for alert in over_time}
        if len(kinds) < 6:
            result.violations.append(f"seed {seed}: few rules fire: {sorted(kinds)}")
    except Exception as error:  # of this seed; the others are still to be seen
        result.violations.append(f"seed {seed}: {error!r}")
        if not isinstance(error, Failure):
            traceback.print_exc()
    return result


def main():
    parser = report.arguments(__doc__)
    parser.add_argument("--seeds", type=int, default=6, help="--seed and the ones that follow it")
    parser.add_argument("--parallel", type=int, default=1)
    options = report.parse(parser)
    total = report.Report(NAME, options.seed, options.sabotage)
    total.add(seeds=options.seeds)
    with concurrent.futures.ProcessPoolExecutor(options.parallel) as pool:
        futures = [pool.submit(one_seed, options.binary, options.seed + i, options.sabotage)
                   for i in range(options.seeds)]
        for done, future in enumerate(concurrent.futures.as_completed(futures), 1):
            total.merge(future.result())
            if done % 10 == 0:
                print(f"  {done} seeds, {total.figures.get('different', 0)} different",
                      file=sys.stderr, flush=True)
    sys.exit(total.finish())


if __name__ == "__main__":
    main()
