"""Events with known answers of which some are halves: only both together, of one user, are told of.
They come in different requests as a rule: what is known of the first has to outlive what happens
between them.
"""
import os

from oracle import Oracle
from service import HERE, RULES

RULES_OVER_TIME = f"{RULES}, {os.path.join(HERE, 'correlation_rules')}"
_RULE = "5e0c5a52-0000-4000-8000-00000000000"
TWO_HALVES, IN_ORDER, BOTH = (_RULE + str(i) for i in (5, 6, 7))

# (first half, second half, what the second is told of)
PAIRS = [("Half", "Half", [TWO_HALVES]),
         ("Close", "Open", [TWO_HALVES]),
         ("Open", "Close", [TWO_HALVES, IN_ORDER, BOTH])]


class PairOracle(Oracle):
    """Each user has one pair of halves at most."""

    def __init__(self, seed):
        super().__init__(seed)
        self.begun = []  # (user, second half, rules)

    def choose(self, firing, number):
        if not firing or self.random.random() < 0.3:
            return super().choose(firing, number)
        if self.begun and self.random.random() < 0.5:
            user, name, rules = self.begun.pop(self.random.randrange(len(self.begun)))
            return "test.amazonaws.com", name, {}, rules, user
        first, second, rules = self.random.choice(PAIRS)
        user = f"u{number}"
        self.begun.append((user, second, rules))
        return "test.amazonaws.com", first, {}, [], user

    def time(self, number):
        """Without end: a later event is never earlier."""
        seconds, hundredths = divmod(number, 100)
        return "2026-11-%02dT%02d:%02d:%02d.%02dZ" % (2 + seconds // 86400, seconds // 3600 % 24,
                                                      seconds // 60 % 60, seconds % 60, hundredths)

    def batch(self, firing, quiet=0):
        """Without quiet ones, it is asked for to be told of: then it goes on until something is."""
        batch = super().batch(firing, quiet)
        while quiet == 0 and not any(event in batch.ids for event, _ in list(self.expected)):
            more = super().batch(firing, quiet)
            batch.ids += more.ids
            batch.body += more.body
        return batch
