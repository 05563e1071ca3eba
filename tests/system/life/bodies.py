"""Bodies of requests: the shapes in which good events come, and odd ones, each with the events that
are in it: these must be evaluated whatever stands around them.
"""
import base64
import gzip
import json
import zlib


class Body:
    """`events`: lines of JSON that are in it. `odd`: something else is in it, too, which the answer
    must count as rejected. `refusable`: it may be refused as a whole, events and all."""

    def __init__(self, data, events, headers=None, odd=False, refusable=False):
        self.data = data.encode() if isinstance(data, str) else data
        self.events = events
        self.headers = headers or {}
        self.odd = odd
        self.refusable = refusable


# --- shapes: what senders make of good events -----------------------------------------------------
def lines(events):
    return Body("".join(event + "\n" for event in events), events)


def array(events):
    return Body("[" + ",".join(events) + "]", events)


def pretty(events):
    return Body("\n".join(json.dumps(json.loads(event), indent=2) for event in events), events)


def log_file(events):
    return Body('{"Records":[' + ",".join(events) + "]}", events)


def packed(events):
    return Body(gzip.compress(log_file(events).data, 1), events, {"Content-Encoding": "gzip"})


def members(events):
    half = len(events) // 2
    parts = (lines(events[:half]), lines(events[half:]))
    return Body(b"".join(gzip.compress(part.data, 1) for part in parts), events)


def event_bridge(events):
    return Body("".join('{"version":"0","detail-type":"AWS API Call via CloudTrail","source":"aws.x",'
                        f'"detail":{event}}}\n' for event in events), events)


def cloud_watch(events):
    document = {"messageType": "DATA_MESSAGE", "owner": "1", "logGroup": "g", "logStream": "s",
                "subscriptionFilters": ["f"],
                "logEvents": [{"id": str(i), "timestamp": 1, "message": event}
                              for i, event in enumerate(events)]}
    return Body(json.dumps(document), events)


def firehose(events):
    records = [{"data": base64.b64encode(event.encode()).decode()} for event in events]
    return Body(json.dumps({"requestId": "r", "timestamp": 1, "records": records}), events)


SHAPES = [lines, lines, lines, array, pretty, log_file, packed, members, event_bridge, cloud_watch,
          firehose]


# --- odd ones: each hid events once, or might -----------------------------------------------------
ODD_ELEMENTS = ["null", '"x"', "1", "true", "[]", "[[]]", "-0.5e3"]


def odd_element(random, events):
    elements = list(events)
    elements.insert(random.randrange(len(elements) + 1), random.choice(ODD_ELEMENTS))
    return Body('{"Records":[' + ",".join(elements) + "]}", events, odd=True)


def odd_first(random, events):
    element = "null" if random.random() < 0.7 else random.choice(ODD_ELEMENTS)
    return Body('{"Records":[' + ",".join([element, *events]) + "]}", events, odd=True)


def odd_log_event(random, events):
    elements = json.loads(cloud_watch(events).data)["logEvents"]
    elements.insert(random.choice([0, random.randrange(len(elements) + 1)]),
                    random.choice([None, 1, "x"]))
    return Body(json.dumps({"messageType": "DATA_MESSAGE", "logEvents": elements}), events, odd=True)


def twice(random, events):
    cut = random.randrange(len(events))
    return Body('{"Records":[' + ",".join(events[:cut]) + '],"Records":[' + ",".join(events[cut:]) +
                "]}", events)


def escaped(random, events):
    return Body('{"\\u0052ecords":[' + ",".join(events) + "]}", events)


def named_control(random, events):
    document = json.loads(cloud_watch(events).data)
    document["logStream"] = "CONTROL_MESSAGE"
    return Body(json.dumps(document), events)


def own_records(random, events):
    """Events that have a member of that name themselves: its elements count as records as well, as
    engine/event/framer.h says, and each event comes after its own."""
    name = random.choice(["Records", "logEvents"])
    inner = '{"a":null}'
    return Body("".join(event[:-1] + f',"{name}":[1,{inner}]}}\n' for event in events),
                [line for event in events for line in (inner, event)], odd=True)


def broken_line(random, events):
    broken = random.choice(["{", "x", '{"a":', '{"a":1,}', "]", "}", "\x00", '{"eventName":"x"'])
    at = random.randrange(len(events) + 1)
    return Body("\n".join([*events[:at], broken, *events[at:]]) + "\n", events, odd=True)


def deep(random, events):
    nested = "[" * 5000 + "]" * 5000
    return Body("\n".join([*events, '{"a":' + nested + "}"]) + "\n", events, odd=True)


def byte_order_mark(random, events):
    return Body(b"\xef\xbb\xbf" + lines(events).data, events)


def ill_formed(random, events):
    """Still matched, as the README says: bytes that are no UTF-8, half a surrogate pair, a long
    number."""
    additions = [b',"odd":"\xff\xfe"}', b',"odd":"\\ud800"}', b',"odd":1234567890123456789012345}']
    return Body(b"".join(event.encode()[:-1] + random.choice(additions) + b"\n" for event in events),
                events)


def cut_gzip(random, events):
    """What comes before the damage counts."""
    whole = gzip.compress(lines(events).data, 1) + gzip.compress(b"x" * 1000)[:-9]
    return Body(whole, events, odd=True)


def no_events(random, events):
    data = random.choice([b"", b"\n\n", b"[]", b'{"Records":[]}', b"null", b"\x1f\x8b",
                          b"\xff" * 100, b"{" * 1000, gzip.compress(b""), b"GET / HTTP/1.1\r\n\r\n"])
    return Body(data, [], refusable=True)


def unannounced(random, events):
    return Body(lines(events).data, [], {"Content-Encoding": "br"}, refusable=True)


ODD = [odd_element, odd_first, odd_log_event, twice, escaped, named_control, own_records, broken_line,
       deep, byte_order_mark, ill_formed, cut_gzip, no_events, unannounced]


# --- floods: small to send, large to hold -----------------------------------------------------------
UNREADABLE = 20_000
BLANKS = 64 << 20  # more than limits.max_inflated of the service


def unreadable_lines(random):
    return Body(gzip.compress(random.choice([b"x\n", b"[\n", b"\x00\n"]) * UNREADABLE, 1), [],
                odd=True, refusable=True)


def blanks(random):
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    blank = b" " * (1 << 20)
    data = b"".join(packer.compress(blank) for _ in range(BLANKS >> 20)) + packer.flush()
    return Body(data, [], odd=True, refusable=True)


FLOODS = [unreadable_lines, blanks]
