"""The clock of a service under test: real time, with jumps. Only tests' builds of tocsin have one
(engine/base/clock.cc). It is shared with the process through a file, and outlives it.
"""
import mmap
import os
import struct
import time


class Clock:
    """Seconds since 1970. Time passes at the machine's pace, and at once by sleep()."""

    def __init__(self, folder, begin):
        self.path = os.path.join(folder, "clock")
        with open(self.path, "wb") as file:
            file.write(bytes(16))
        with open(self.path, "r+b") as file:
            self.file = mmap.mmap(file.fileno(), 16)
        self.steady_ahead = 0
        self.true_ahead = int((begin - time.time()) * 1000)
        self.wrong = 0  # by how much the service's wall clock is wrong, in milliseconds
        self.write()

    def write(self):
        # The steady clock first: a service that reads between the two sees no time run back.
        struct.pack_into("<q", self.file, 8, self.steady_ahead)
        struct.pack_into("<q", self.file, 0, self.true_ahead + self.wrong)

    def now(self):
        """The true time."""
        return time.time() + self.true_ahead / 1000

    def wall(self):
        """The time that the service believes it is."""
        return self.now() + self.wrong / 1000

    def sleep(self, seconds):
        self.true_ahead += int(seconds * 1000)
        self.steady_ahead += int(seconds * 1000)
        self.write()

    def step(self, seconds):
        """The service's wall clock is set `seconds` off the truth; no time passes."""
        self.wrong = int(seconds * 1000)
        self.write()

    def close(self):
        self.file.close()
