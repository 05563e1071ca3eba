"""Clocks that are wrong: the wall clock far ahead, behind, and set while it runs (faketime)."""
import glob
import os

from running import Chaos, Running, event, must, until

CONFIG = """
server: {listen: 127.0.0.1:0}
rules: {paths: ["{rules}"]}
store: {path: "{folder}/store"}
log: {format: json}
receivers:
  - {name: hook, type: webhook, url: "http://127.0.0.1:{port}/x", allow_networks: [127.0.0.0/8]}
"""


def library():
    found = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    return found[0] if found else None


def jumps(binary):
    """Alerts are told at once whatever the clock does, and a failing receiver is not stormed."""
    if library() is None:
        return "SKIPPED: no libfaketime"
    jumps_made = ("+1h", "-1h", "+10y")
    with Chaos() as chaos:
        service = Running(binary, CONFIG, port=chaos.port)
        clock = os.path.join(service.folder, "clock")

        def set_clock(offset):
            with open(clock + ".new", "w", encoding="utf-8") as file:
                file.write(offset + "\n")
            os.rename(clock + ".new", clock)

        set_clock("+0")
        service.environment.update(LD_PRELOAD=library(), FAKETIME_TIMESTAMP_FILE=clock,
                                   FAKETIME_NO_CACHE="1", FAKETIME_DONT_FAKE_MONOTONIC="1")
        with service:
            for number, offset in enumerate(jumps_made):
                set_clock(offset)
                chaos.control(mode="500", times=1)
                must(service.post(event(number))[0] == 202, f"the event at {offset}")
                # One failure, then success: no pause depends on what the clock says.
                until(lambda number=number: chaos.received()["ok"] >= number + 1, 60,
                      f"the alert at {offset}")
            attempts = chaos.received()["count"]
            must(attempts <= 2 * 2 * len(jumps_made), f"{attempts} attempts: a storm")
            must(service.stop() == 0, "it does not end well")
        service.remove()
    return f"{len(jumps_made)} clocks, {attempts} attempts, 0 lost"


TESTS = (jumps,)
