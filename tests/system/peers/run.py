#!/usr/bin/env python3
"""The service among its peers: python3 run.py BINARY [full] [NAME…]. One line for each test; the
status is 1 when one failed."""
import importlib
import os
import sys
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
MODULES = ("wire", "observers", "canaries", "clocks", "hell", "outage", "overload")


def main():
    binary = os.path.realpath(sys.argv[1])
    chosen = [name for name in sys.argv[2:] if name != "full"]
    os.environ["PEERS_FULL"] = "1" if "full" in sys.argv[2:] else ""
    failed = 0
    for module in MODULES:
        if not os.path.exists(os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                           module + ".py")):
            continue
        for test in importlib.import_module(module).TESTS:
            if chosen and test.__name__ not in chosen and module not in chosen:
                continue
            start = time.monotonic()
            try:
                said = test(binary)
            except Exception as failure:  # whatever it is, the other tests still run
                failed += 1
                where = traceback.extract_tb(failure.__traceback__)[-1]
                said = f"FAILED: {failure!r} at {os.path.basename(where.filename)}:{where.lineno}"
            print(f"{module}.{test.__name__}: {said} ({time.monotonic() - start:.1f} s)", flush=True)
    print(f"peers: {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
