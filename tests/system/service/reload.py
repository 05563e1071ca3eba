#!/usr/bin/env python3
"""T12: reloaded every 100 ms under load, half of the time from files that are broken or cut off. What
was in force stays in force, the gauges say so, nothing is lost, memory does not grow. With
`rules.strict: false` a broken rule file stops no other one, and a restart loads what a reload does.
"""
import os
import random
import shutil
import signal
import sys
import time

import judge
import report
from oracle import Oracle
from receiver import Receiver
from sender import Ledger, Load, Sender
from service import RECEIVERS, RULES, Failure, Service, configuration, json_of, work_folder

NAME = "T12 reload under load"
GROWTH = 24 << 20
PERIOD = 0.1
EXTRA = """title: Never met {number}
id: 5e0c5a52-0000-4000-8000-{number:012d}
status: test
level: low
logsource:
  product: aws
  service: cloudtrail
detection:
  selection:
    eventName: NeverHappens{number}
  condition: selection
"""


class Files:
    """The configuration and the rules, good or broken. Every rule ends with its condition and the
    configuration with what its routes need, so that no part of a file is a whole."""

    def __init__(self, service, receiver_port, random_):
        self.service, self.random = service, random_
        self.rules = os.path.join(service.folder, "rules")
        shutil.copytree(RULES, self.rules)
        self.options = {"rules": self.rules, "reload": "  interval: 100ms"}
        self.receiver_port = receiver_port
        self.strict = True
        self.originals = {name: self.read(os.path.join(self.rules, name))
                          for name in sorted(os.listdir(self.rules))}
        self.number = 100
        self.write_configuration()

    @staticmethod
    def read(path):
        with open(path, encoding="utf-8") as file:
            return file.read()

    def write(self, path, text):
        """In place, or by a rename, as editors and deployments do."""
        if self.random.random() < 0.5:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        else:
            with open(path + ".new", "w", encoding="utf-8") as file:
                file.write(text)
            os.rename(path + ".new", path)

    def write_configuration(self, damage=lambda text: text):
        text = configuration(self.receiver_port, self.service.store,
                             strict=str(self.strict).lower(), **self.options)
        self.write(self.service.config, damage(text))

    def make_good(self):
        """Valid, and something other than before."""
        self.strict = self.random.random() < 0.5
        for name, text in self.originals.items():
            if self.read(os.path.join(self.rules, name)) != text:
                self.write(os.path.join(self.rules, name), text)
        self.number += 1
        self.write(os.path.join(self.rules, "extra.yml"), EXTRA.format(number=self.number))
        self.write_configuration()

    def cut(self, text):
        # Not within the last line: a text without its last letters may still be one.
        return text[:self.random.randrange(8, text.rstrip("\n").rindex("\n"))]

    def make_broken(self):
        """Returns what was done."""
        name = self.random.choice(sorted(self.originals))
        path, text = os.path.join(self.rules, name), self.originals[name]
        how = self.random.choice(["rule cut", "rule quote", "rule key", "rule noise",
                                  "configuration cut", "configuration key", "configuration noise"])
        if how == "rule cut":
            self.write(path, self.cut(text))
        elif how == "rule quote":
            self.write(path, text.replace("title: ", "title: '"))
        elif how == "rule key":
            self.write(path, text.replace("condition: selection", "condition: selektion"))
        elif how == "rule noise":
            self.write(path, text.replace("detection:", "detection: [}:\x00"))
        elif how == "configuration cut":
            self.write_configuration(self.cut)
        elif how == "configuration key":
            self.write_configuration(lambda whole: whole.replace("group_interval", "group_intervall"))
        else:
            self.write_configuration(lambda whole: whole + "\x01: [")
        return how


def one_reload(service, files, random_, result):
    broken = random_.random() < 0.5
    before = json_of(service.get("/api/v1/status")[1])["rules"]
    how = files.make_broken() if broken else files.make_good()
    if random_.random() < 0.2:
        service.signal(signal.SIGHUP)  # beside the answer to the request that follows
    status, answer = service.get("/-/reload", "POST")
    gauge = service.metric("tocsin_config_last_reload_successful")
    after = json_of(service.get("/api/v1/status")[1])["rules"]
    result.add(reloads=1, broken=int(broken))
    failed = service.metric("tocsin_rule_files_failed")
    alone = broken and how.startswith("rule") and not files.strict
    result.add(alone=int(bool(alone)))
    if broken and (after["hash"] != before["hash"] or failed != int(alone)
                   or (status, gauge) != ((200, 1) if alone else (500, 0))):
        result.violations.append(f"{how}, strict {files.strict}: {status}, gauge {gauge}, "
                                 f"files failed {failed}, rules {before} -> {after}")
    if broken and ".yml" not in answer:
        result.violations.append(f"{how}: the answer names no place: {answer[:200]}")
    if not broken and (status != 200 or gauge != 1 or after["loaded"] != 5 or failed != 0):
        result.violations.append(f"good files: {status} {answer[:200]}, gauge {gauge}, {after}")
    if broken:
        files.make_good()
        service.get("/-/reload", "POST")  # not left to the watcher: `before` must stay true


def restart_with_a_broken_file(service, files, result):
    """It loads what was in force, and names the file."""
    files.make_good()
    files.strict = False
    files.write_configuration()
    before = service.get("/-/reload", "POST"), json_of(service.get("/api/v1/status")[1])["rules"]
    name = sorted(files.originals)[0]
    path = os.path.join(files.rules, name)
    files.write(path, files.originals[name].replace("condition: selection", "condition: selektion"))
    if service.stop() != 0:
        result.violations.append(f"it does not stop as it should: {service.last_log()}")
    service.must_start("with a broken rule file")
    after = json_of(service.get("/api/v1/status")[1])["rules"]
    failed = after.pop("failed_files", [])
    if after != before[1]:
        result.violations.append(f"a restart with a broken file: rules {before} -> {after}")
    if [(file["file"], file["in_force"]) for file in failed] != [(path, "last_version")]:
        result.violations.append(f"a restart with a broken file: {path} is failed as {failed}")


def own_alerts(receiver):
    """Of rule files, by receiver; takes them out of what the judge has to explain."""
    with receiver.mutex:
        mine = [own for own in receiver.own if own[1] == "tocsin.rule_file_failed"]
        receiver.own[:] = [own for own in receiver.own if own not in mine]
    return {name: sum(1 for own in mine if own[0] == name) for name in RECEIVERS}


def main():
    parser = report.arguments(__doc__)
    parser.add_argument("--reloads", type=int, default=60)
    options = report.parse(parser)
    result = report.Report(NAME, options.seed, options.sabotage)
    random_ = random.Random(options.seed)
    oracle, ledger, receiver = Oracle(options.seed), Ledger(), Receiver()
    service = Service(options.binary, work_folder("reload"), options.sabotage)
    files = Files(service, receiver.port, random_)
    try:
        service.must_start()
        load = Load(oracle, ledger, lambda: service.port, firing=1, quiet=20, again=False)
        warm = 0
        for number in range(options.reloads):
            begin = time.monotonic()
            one_reload(service, files, random_, result)
            if number == options.reloads // 3:
                warm = service.resident_bytes()
            time.sleep(max(0, PERIOD - (time.monotonic() - begin)))
        growth = service.resident_bytes() - warm
        unacked = load.stop()
        if unacked:
            result.violations.append(f"{len(unacked)} requests were not acknowledged: "
                                     f"{ledger.statuses}")
        sender = Sender(ledger, lambda: service.port)
        result.most(fresh_s_max=judge.fresh_event(oracle, ledger, receiver, sender, 5))
        restart_with_a_broken_file(service, files, result)
        result.lost += len(judge.wait_until_told(oracle, ledger, receiver, 10))
        deadline = time.monotonic() + 10
        told = own_alerts(receiver)
        while min(told.values()) == 0 and time.monotonic() < deadline:
            time.sleep(0.05)
            told = {name: told[name] + more for name, more in own_alerts(receiver).items()}
        if min(told.values()) == 0:
            result.violations.append(f"nobody was told of broken rule files: {told}")
        result.violations += judge.violations(oracle, ledger, receiver, 0)
        result.add(events=len(ledger.acked), alerts=len(judge.expected(oracle, ledger.acked)),
                   growth_kib=growth >> 10)
        if growth > GROWTH:
            result.violations.append(f"memory grew by {growth >> 20} MiB")
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
