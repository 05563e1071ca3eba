"""The judge: compares what was sent, acknowledged and told."""
import time

from service import RECEIVERS, Failure


def expected(oracle, ids):
    return {pair for pair in oracle.expected if pair[0] in ids}


def lost(oracle, ledger, receiver):
    """What was acknowledged and some receiver has not taken: {(receiver, event id, rule id)}."""
    must = expected(oracle, ledger.acked)
    return {(name, *pair) for name in RECEIVERS for pair in must - receiver.told(name)}


def wait_until_told(oracle, ledger, receiver, seconds):
    """Waits for what is lost at the moment. What is left after `seconds` without progress is lost."""
    left = lost(oracle, ledger, receiver)
    end = time.monotonic() + seconds
    while left and time.monotonic() < end:
        time.sleep(0.005)
        now = lost(oracle, ledger, receiver)
        if len(now) < len(left):
            end = time.monotonic() + seconds
        left = now
    return left


def fresh_event(oracle, ledger, receiver, sender, seconds=5):
    """Seconds from sending one event until all receivers have it."""
    batch = oracle.batch(1)
    begin = time.monotonic()
    if not sender.send_until_acked(batch, seconds):
        raise Failure(f"a fresh event is not taken within {seconds} s")
    must = expected(oracle, set(batch.ids))
    while not all(must <= receiver.told(name) for name in RECEIVERS):
        if time.monotonic() - begin > seconds:
            raise Failure(f"a fresh event is not told within {seconds} s")
        time.sleep(0.002)
    return time.monotonic() - begin


def violations(oracle, ledger, receiver, most_duplicates, provoked=()):
    """Everything besides loss that must not be. `provoked`: rules about Tocsin itself that the test
    gives reason for."""
    found = [*ledger.problems, *receiver.problems]
    sent = expected(oracle, ledger.sent)
    with receiver.mutex:
        for (name, event, rule), message in receiver.by_alert.items():
            if (event, rule) not in sent:
                found.append(f"{name} was told of {event} {rule}, which nobody sent")
            keys = max((len(keys) for keys in message.keys.values()), default=0)
            if keys > 1:
                found.append(f"{name} got {event} {rule} with {keys} keys")
        for (name, key), message in receiver.by_key.items():
            if len(message.bodies) > 1:
                found.append(f"{name} got {len(message.bodies)} bodies with the key {key}")
        for name, rule, alert in receiver.own:
            if rule in provoked:
                continue
            found.append(f"{name} was told {rule}: {str(alert)[:200]}")
    if receiver.duplicates() > most_duplicates:
        found.append(f"{receiver.duplicates()} duplicates, more than {most_duplicates}")
    return found


def counts_that_do_not_add_up(oracle, ledger, receiver):
    """With grouping: per rule and principal, firings acknowledged = the sum of what was told of its
    alerts. Everything that was sent has to be acknowledged by now."""
    must = {}
    for (_, rule), principal in ((pair, oracle.expected[pair])
                                 for pair in expected(oracle, ledger.acked)):
        must[(rule, principal)] = must.get((rule, principal), 0) + 1
    wrong = []
    for name in RECEIVERS:
        told = {}
        with receiver.mutex:
            for (receiver_name, _), (rule, principal, count) in receiver.counts.items():
                if receiver_name == name:
                    told[(rule, principal)] = told.get((rule, principal), 0) + count
        for what in must.keys() | told.keys():
            if must.get(what, 0) != told.get(what, 0):
                wrong.append((name, *what, must.get(what, 0), told.get(what, 0)))
    return wrong
