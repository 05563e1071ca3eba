"""What a test says at its end: one line, and an exit status. With --sabotage the test must fail."""
import argparse
import os
import random
import subprocess
import sys

SKIPPED = 77


class Report:
    def __init__(self, name, seed, sabotage=None):
        self.name, self.seed, self.sabotage = name, seed, sabotage
        self.lost = 0
        self.violations = []
        self.figures = {}

    def add(self, **figures):
        for figure, value in figures.items():
            self.figures[figure] = self.figures.get(figure, 0) + value

    def most(self, **figures):
        for figure, value in figures.items():
            self.figures[figure] = max(self.figures.get(figure, 0), value)

    def merge(self, other):
        self.lost += other.lost
        self.violations += other.violations
        for figure, value in other.figures.items():
            (self.most if figure.endswith("_max") else self.add)(**{figure: value})

    def finish(self):
        figures = " ".join(f"{name}={value:.3f}" if isinstance(value, float) else f"{name}={value}"
                           for name, value in self.figures.items())
        bad = self.lost > 0 or len(self.violations) > 0
        if self.sabotage:
            verdict = "caught" if bad else "NOT CAUGHT"
            print(f"{verdict}: {self.sabotage} by {self.name}: seed={self.seed} {figures} "
                  f"lost={self.lost} violations={len(self.violations)}", flush=True)
            return 0 if bad else 1
        for violation in self.violations[:10]:
            print(f"  {self.name}: {violation}", flush=True)
        print(f"{'FAIL' if bad else 'ok'}: {self.name}: seed={self.seed} {figures} "
              f"lost={self.lost} violations={len(self.violations)}", flush=True)
        return 1 if bad else 0


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("binary", help="tocsin, or tocsin_sabotaged")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--sabotage", help="the promise that is broken; the test must notice")
    return parser


def parse(parser):
    options = parser.parse_args()
    options.binary = os.path.abspath(options.binary)
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(1 << 31)
    return options


def skip(name, why):
    print(f"SKIPPED: {name}: {why}", flush=True)
    sys.exit(SKIPPED)


def need_strace(name):
    """Skips where there is no strace, or it may not trace."""
    try:
        done = subprocess.run(["strace", "-f", "-o", "/dev/null", "true"], capture_output=True,
                              check=False)
    except FileNotFoundError:
        skip(name, "there is no strace")
    if done.returncode != 0:
        skip(name, f"strace may not trace here: {done.stderr.decode()[:200]}")
