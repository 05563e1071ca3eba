#!/usr/bin/env python3
"""Usage: run.py TOCSIN [full] [TEST…]. Without names all tests; a test that cannot run says so."""
import contextlib
import datetime
import gzip
import json
import random
import shutil
import sqlite3
import subprocess
import sys
import time

import bodies
from common import (Failure, Told, key, log_file, metric, must, sources, start, until, user)
from fake import Chaos, Fake


def s3_notice(name, bucket="trail", event="ObjectCreated:Put", size=1000):
    return bodies.s3(bodies.s3_record(name, bucket, event, size))


def check_commits(fake, told, numbers):
    """Before a message is deleted, the alerts of its objects must be on disk."""

    def on_delete(message):
        missing = [n for n in numbers.get(message.id, ()) if not told.committed(n)]
        return f"message of files {missing} deleted before its alerts were committed" if missing \
            else None

    fake.on_delete = on_delete


def finish(fake):
    must(not fake.offences, f"{len(fake.offences)} offences, such as {fake.offences[:3]}")


def shapes(binary, _):
    """Each shape of a pointer and each odd body: every object once, the queue empty in the end."""
    with Fake() as fake, start(binary, fake.queue_url, fake.url) as service:
        told = Told(service)
        numbers = {}
        check_commits(fake, told, numbers)
        made = 0

        def put(name=None):
            nonlocal made
            made += 1
            fake.put(name or key(made), log_file(made))
            return name or key(made), made

        def send(body, *files):
            numbers[fake.send(body).id] = files

        odd = "pre fix/a b+c=d*(é)%41/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/30/x.json.gz"
        for name in (None, odd):
            at, number = put(name)
            send(s3_notice(at), number)
        at, number = put()
        send(bodies.sns(s3_notice(at)), number)
        at, number = put("plain + name.json.gz")
        send(bodies.eventbridge(at), number)
        (one, first), (two, second) = put(), put()
        send(bodies.cloudtrail([one, two]), first, second)
        at, number = put()
        send(bodies.sns(bodies.cloudtrail(at)), number)  # the key as a string
        at, number = put()
        send(bodies.sns(bodies.eventbridge(at)), number)
        made += 1
        send(gzip.decompress(log_file(made)).decode(), made)  # the log itself
        for service_name in ("CloudTrail-Digest", "CloudTrail-Insight", "Config"):
            fake.put(key(9, service_name), b"not a log")
            send(s3_notice(key(9, service_name)))
        for body in bodies.about_nothing():
            send(body)
        until(lambda: fake.left() == 0, 30, "messages are left")
        until(lambda: len(told.users()) == made, 20, f"{len(told.users())} of {made} told of")
        result = told.judge(range(1, made + 1))
        for kind, count in (("s3", 6), ("eventbridge", 2), ("cloudtrail", 2), ("events", 1),
                            ("test", 2), ("validation", 2), ("other", 4)):
            got = metric(service, "tocsin_sqs_message_bodies_total", source="trail", kind=kind)
            must(got == count, f"{got} bodies of kind {kind}, not {count}")
        for kind in ("digest", "insight", "config"):
            got = metric(service, "tocsin_s3_objects_total", source="trail", result=kind)
            must(got == 1, f"{got} objects skipped as {kind}, not 1")
        must(metric(service, "tocsin_s3_objects_total", source="trail", result="read") == made - 1,
             "objects read")
        until(lambda: metric(service, "tocsin_sqs_messages_total", source="trail",
                             result="deleted") == len(fake.deleted), 5, "deletions are counted")
        state = sources(service)
        must(state["type"] == "s3_sqs" and state["queue"]["url"] == fake.queue_url,
             f"the status has the queue: {state}")
        finish(fake)
        return f"{len(fake.deleted)} messages; {result}"


def order(binary, _):
    """While nothing can be committed, nothing is deleted; what was read is not lost by it."""
    with Fake() as fake, start(binary, fake.queue_url, fake.url) as service:
        told = Told(service)
        for number in range(1, 6):
            fake.put(key(number), log_file(number))
        with contextlib.closing(sqlite3.connect(told.store, isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE")
            for number in range(1, 6):
                fake.send(s3_notice(key(number)))
            until(lambda: fake.count("get") == 5, 20, "the objects are not read")
            time.sleep(1.5)  # far longer than deleting takes
            deleted = len(fake.deleted)
            database.execute("ROLLBACK")
        must(deleted == 0, f"{deleted} messages were deleted before their COMMIT")
        until(lambda: fake.left() == 0 and len(told.users()) == 5, 40, "messages are left")
        return f"0 deleted before, {len(fake.deleted)} after; {told.judge(range(1, 6))}"


def chaos(binary, full):
    """Duplicates, reordering, errors of each kind, cut objects, throttling, redirects; and kill -9."""
    files = 600 if not full else 5000
    rate = 0.05
    fake = Fake(visibility=4, chaos=Chaos(11, error=rate, throttle=rate, reset=rate, duplicate=rate,
                                          reorder=True, cut=rate, redirect=rate, failed_entry=rate))
    dice = random.Random(12)
    with fake, start(binary, fake.queue_url, fake.url, "  concurrency: 16") as service:
        told = Told(service)
        numbers = {}
        check_commits(fake, told, numbers)
        kills = 0
        for number in range(1, files + 1):
            fake.put(key(number), log_file(number))
        at = 1
        while at <= files:
            some = list(range(at, min(files + 1, at + dice.choice([1, 1, 1, 2, 5]))))
            at += len(some)
            message = fake.send(bodies.cloudtrail([key(n) for n in some]) if len(some) > 1
                                else s3_notice(key(some[0])))
            numbers[message.id] = some
        for share in (0.2, 0.5, 0.8):
            until(lambda: len(fake.deleted) >= share * len(numbers) or fake.left() == 0, 60,
                  "no progress")
            service.kill()
            kills += 1
            service.must_start("after a kill")
        until(lambda: fake.left() == 0, 90, f"messages are left")
        until(lambda: len(told.users()) == files, 30, "notifications are left")
        result = told.judge(range(1, files + 1))
        finish(fake)
        receives = fake.count("receive")
        return f"{len(numbers)} messages received {receives} times, {kills} kills; {result}"


def slow(binary, _):
    """An object at one byte a millisecond under a visibility of 2 s: received once, read once."""
    with Fake(visibility=2) as fake, start(binary, fake.queue_url, fake.url) as service:
        told = Told(service)
        content = log_file(1, 120, noise=12_000)
        fake.put(key(1), content)
        fake.pace[key(1)] = 1000
        message = fake.send(s3_notice(key(1)))
        until(lambda: fake.left() == 0, 60, "the message is left")
        seconds = len(content) / 1000
        must(message.receives == 1, f"it was received {message.receives} times")
        must(message.extensions >= int(seconds / 2), f"{message.extensions} extensions")
        must(fake.count("get") == 1, "it was asked for once")
        until(lambda: len(told.users()) == 1, 10, "it is not told of")
        events = metric(service, "tocsin_events_received_total", source="trail")
        read = metric(service, "tocsin_s3_objects_total", source="trail", result="read")
        must(read == 1 and events == 120, f"{read} evaluations, {events} events")
        return f"{seconds:.1f} s, {message.extensions} extensions; {told.judge([1])}"


def unreadable(binary, _):
    """What can never be read reaches the dead-letter queue by itself, or is kept."""
    damaged = log_file(1)[:-40]
    out = []
    for keeps in (False, True):
        with Fake(visibility=1, max_receives=0 if keeps else 3) as fake, \
                start(binary, fake.queue_url, fake.url,
                      f"  on_unreadable: {'keep' if keeps else 'dlq'}") as service:
            told = Told(service)
            fake.put(key(1), damaged)
            fake.put(key(2), log_file(2))
            bad = [fake.send("hello"), fake.send('{"a":1}'), fake.send(s3_notice(key(1))),
                   fake.send(s3_notice(key(3)))]  # which is not there
            fake.send(s3_notice(key(2)))
            until(lambda: fake.left() == 0, 40, "messages are left")
            until(lambda: user(2) in told.users(), 10, "the good one is told of")
            if keeps:
                kept = subprocess.run([binary, "aside", "list", "--store", told.folder + "/store"],
                                      capture_output=True, text=True).stdout
                must(len(fake.deleted) == 5 and not fake.dead, "all are deleted")
                must(kept.count("trail") >= 4, f"four are kept: {kept}")
                must(bad[3].receives == 5, f"what is not there is given up after 5 receives, "
                                           f"not {bad[3].receives}")
                must("tocsin.submission_set_aside" in told.own(), f"alerts: {told.own()}")
            else:
                must({m.id for m in fake.dead} == {m.id for m in bad}, "four are dead letters")
                must(all(m.receives == 3 for m in bad), "received three times each")
                details = told.own().get("tocsin.message_unreadable", [])
                must(len(details) == 3, f"one alert for each, not one for each receipt: {details}")
            finish(fake)
            out.append("kept" if keeps else "dead-lettered")
    return ", ".join(out)


def refusals(binary, _):
    """A missing permission is one clear sentence, and costs nothing once it is granted."""
    with Fake(visibility=2) as fake, start(binary, fake.queue_url, fake.url) as service:
        told = Told(service)
        for number in (1, 2, 3):
            fake.put(key(number), log_file(number))
        fake.refuse[key(1)] = (403, "AccessDenied")
        fake.refuse[key(2)] = (403, "InvalidObjectState")
        for number in (1, 2, 3):
            fake.send(s3_notice(key(number)))
        until(lambda: {"tocsin.source_denied", "tocsin.object_not_read"} <= set(told.own()), 20,
              "the problems are not told of")
        sentence = told.own()["tocsin.source_denied"][0]
        must("s3:GetObject" in sentence and key(1) in sentence, f"the sentence: {sentence}")
        until(lambda: user(3) in told.users() and fake.left() == 2, 10,
              f"{fake.left()} messages are left: what cannot be read is not deleted")
        fake.refuse = {"DeleteMessageBatch": (400, "AccessDenied")}
        until(lambda: len(told.users()) == 3, 20, "after the grant they are not told of")
        until(lambda: any("sqs:DeleteMessage" in d for d in told.own()["tocsin.source_denied"]), 20,
              "that nothing can be deleted is not told of")
        fake.refuse = {}
        until(lambda: fake.left() == 0, 20, "messages are left")
        fake.refuse = {"ReceiveMessage": (400, "AccessDenied")}
        until(lambda: sources(service)["state"] == "waiting", 20, "the source has not failed")
        must("sqs:ReceiveMessage" in sources(service)["last_error"], str(sources(service)))
        fake.refuse = {}
        fake.put(key(4), log_file(4))
        fake.send(s3_notice(key(4)))
        until(lambda: len(told.users()) == 4, 30, "the source does not come back")
        must("tocsin.source_failed" in told.own(), f"alerts: {set(told.own())}")
        return f"“{sentence}”; {told.judge([1, 2, 3, 4])}"


def trial(binary, _):
    """`delete: false` and buckets that may not be read."""
    with Fake(visibility=1) as fake, \
            start(binary, fake.queue_url, fake.url,
                  "  delete: false\n  buckets: ['tra*l']") as service:
        told = Told(service)
        fake.put(key(1), log_file(1))
        fake.put(key(2), log_file(2), "foreign")
        message = fake.send(s3_notice(key(1)))
        fake.send(s3_notice(key(2), "foreign"))
        until(lambda: message.receives >= 2 and len(told.users()) == 1, 20, "it does not come again")
        must(not fake.deleted, "something was deleted")
        must(metric(service, "tocsin_s3_objects_total", source="trail", result="bucket") >= 1,
             "the foreign bucket is counted")
        return told.judge([1])


def backfill(binary, _):
    """Objects that no message names are found by listing: once, late ones with smaller names, too."""
    today = datetime.datetime.now(datetime.timezone.utc).date()

    def at(days_ago, number, name=None):
        day = (today - datetime.timedelta(days=days_ago)).strftime("%Y/%m/%d")
        return f"org/AWSLogs/o-abc/111122223333/CloudTrail/eu-west-1/{day}/{name or number}.json.gz"

    with Fake() as fake:
        numbers = list(range(1, 101))
        for number in numbers:
            fake.put(at(number % 4, number), log_file(number))
        fake.put(at(30, 999), log_file(999))  # before `since`
        for other in ("CloudTrail-Digest", "Config"):
            fake.put(at(1, 0).replace("CloudTrail", other), b"no log")
        for number in (101, 102):  # told of by messages at the same time
            fake.put(at(0, number), log_file(number))
            fake.send(s3_notice(at(0, number)))
        numbers += [101, 102]
        with start(binary, fake.queue_url, fake.url,
                   "  backfill: {prefix: 's3://trail/org/', since: 3d, every: 1s}") as service:
            told = Told(service)

            def reaches(count):
                until(lambda: len(told.users()) == count, 40,
                      f"{len(told.users())} of {count} are told of")

            def passes(count):
                begin = fake.count("list", at(0, 0).rsplit("/", 1)[0] + "/")
                until(lambda: fake.count("list", at(0, 0).rsplit("/", 1)[0] + "/") >= begin + count,
                      30, "nothing is listed any more")

            reaches(102)
            fake.put(at(1, 103, "0-late"), log_file(103))  # before all other names of its day
            fake.put(at(0, 104, "0-late"), log_file(104))
            numbers += [103, 104]
            reaches(104)
            must(fake.left() == 0, "messages are left")
            passes(3)
            gets = fake.count("get")
            service.kill()
            fake.note("restart")
            service.must_start("after a kill")
            fake.send(s3_notice(at(0, 104, "0-late")))  # comes late itself
            until(lambda: fake.left() == 0, 20, "messages are left")
            passes(3)
            must(fake.count("get") == gets, f"{fake.count('get') - gets} objects are read again")
            known = metric(service, "tocsin_s3_objects_total", source="trail", result="known")
            must(known == 1, f"{known} objects are known already, not 1")
            calls = fake.calls[[call[1] for call in fake.calls].index("restart"):]
            days = {call[2].rstrip("/")[-10:] for call in calls
                    if call[1] == "list" and "/CloudTrail/eu-west-1/" in call[2]}
            must(len(days) == 2, f"after a while two days are listed, not {sorted(days)}")
            finish(fake)
            return f"{gets} objects read; {told.judge(numbers)}"


def stops(binary, _):
    """A stop in the middle: what is done is deleted, the rest is given back at once."""
    with Fake(visibility=600) as fake, start(binary, fake.queue_url, fake.url) as service:
        told = Told(service)
        for number in range(1, 9):
            fake.put(key(number), log_file(number, 400))
            if number % 2 == 0:
                fake.pace[key(number)] = 200  # half a minute each
            fake.send(s3_notice(key(number)))
        until(lambda: len(fake.deleted) == 4 and fake.count("get") == 8, 20, "no progress")
        begin = time.monotonic()
        must(service.stop() == 0, "it does not end well")
        seconds = time.monotonic() - begin
        must(len(fake.visible()) == 4, f"{len(fake.visible())} messages are visible, not 4")
        fake.pace = {}
        service.must_start("again")
        until(lambda: len(told.users()) == 8 and fake.left() == 0, 20, "the rest is not read")
        return f"ended in {seconds:.1f} s; {told.judge(range(1, 9))}"


def moto(binary, full):
    """The same against moto: real notifications, SNS, EventBridge, redrive."""
    if shutil.which("moto_server") is None:
        return "SKIPPED: there is no moto_server here (pip install 'moto[server]')"
    import against_moto
    return against_moto.run(binary, full)


TESTS = {test.__name__: test
         for test in (shapes, order, slow, unreadable, refusals, trial, stops, backfill, chaos,
                      moto)}


def main():
    binary, *names = sys.argv[1:]
    full = "full" in names
    names = [name for name in names if name != "full"] or list(TESTS)
    failed = 0
    for name in names:
        begin = time.monotonic()
        try:
            result = TESTS[name](binary, full)
            word = "skip" if str(result).startswith("SKIPPED") else "ok  "
        except Failure as failure:
            result, word = failure, "FAIL"
            failed += 1
        print(f"{word} {name}: {result} ({time.monotonic() - begin:.1f} s)", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
