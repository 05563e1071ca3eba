"""What happens in a service's life: steps, made from a seed. A step says what, never when: the run
(life.py) knows the time.
"""
import random

from bodies import FLOODS, ODD, SHAPES
from events import HOUR, Library, Maker, spread

MINUTE, DAY = 60, 24 * HOUR


class Step:
    def __init__(self, kind, **what):
        self.kind = kind
        self.__dict__.update(what)

    def __str__(self):
        return " ".join([self.kind] + [f"{key}={value:.0f}" if isinstance(value, float) else
                                       f"{key}={value}" for key, value in self.__dict__.items()
                                       if key not in ("kind", "events", "shape", "body")] +
                        ([self.body.__name__] if "body" in self.__dict__ else []))


# How often each happens, of 100 steps or so.
WEIGHTS = {"traffic": 34, "pause": 30, "again": 6, "backfill": 5, "late": 4, "ahead": 1, "odd": 9,
           "flood": 1, "restart": 3, "kill": 3, "reload": 3, "clock": 2}


class Stream:
    """Steps without end. `weights`: {kind: how often}; `doors`: by which traffic comes in."""

    def __init__(self, seed, doors=("http",), weights=None):
        self.random = random.Random(f"life {seed}")
        self.library = Library(self.random)
        self.maker = Maker(self.random)
        self.doors = doors
        weights = weights or WEIGHTS
        self.kinds, self.weights = list(weights), list(weights.values())
        self.oddities = []

    def __iter__(self):
        yield self.traffic()  # somebody has to tell the time
        while True:
            kind = self.random.choices(self.kinds, self.weights)[0]
            yield getattr(self, kind)()

    def events(self, most=150):
        """[(seconds after the first, record)] in order of arrival."""
        if self.random.random() < 0.5:
            return self.maker.story()
        return spread(self.library.slice(self.random.randint(1, most)), self.random)

    def few(self):
        events = self.maker.story()
        return events[:self.random.randint(1, 4)]

    def traffic(self):
        return Step("traffic", events=self.events(), parts=self.random.randint(1, 4),
                    door=self.random.choice(self.doors), shape=self.random.choice(SHAPES))

    def pause(self):
        """Seconds to 13 hours; often an hour and a little, as an hourly job has it."""
        how = self.random.random()
        if how < 0.4:
            seconds = 13 * HOUR * (1 / (13 * HOUR)) ** self.random.random()
        elif how < 0.7:
            seconds = self.random.uniform(61, 74) * MINUTE
        else:
            seconds = self.random.uniform(4, 13) * HOUR
        return Step("pause", seconds=seconds)

    def again(self):
        return Step("again", which=self.random.random())

    def backfill(self):
        """Old ones, then new ones, then older ones."""
        ages = [self.random.uniform(1 * HOUR, 5 * DAY), 0, self.random.uniform(1 * HOUR, 5 * DAY)]
        return Step("backfill", ages=ages, events=[self.events(60) for _ in ages])

    def late(self):
        return Step("late", events=self.events(40), age=self.random.uniform(1, 13) * MINUTE)

    def ahead(self):
        """One wrong clock: within what is believed, or beyond it."""
        return Step("ahead", events=self.few()[:1],
                    by=self.random.choice([30, 10 * MINUTE, 14 * MINUTE, 40 * MINUTE, 5 * DAY]))

    def odd(self):
        """Each of them in its turn."""
        if not self.oddities:
            self.oddities = self.random.sample(ODD, len(ODD))
        return Step("odd", events=self.few(), body=self.oddities.pop())

    def flood(self):
        return Step("flood", body=self.random.choice(FLOODS))

    def restart(self):
        return Step("restart", down=self.random.choice([0, 30, 20 * MINUTE, 2 * HOUR, 13 * HOUR]))

    def kill(self):
        return Step("kill", events=self.few(), door=self.random.choice(self.doors),
                    during=self.random.random() < 0.6, after=10 ** self.random.uniform(-4, -1.5),
                    down=self.random.choice([0, 0, 60, 2 * HOUR]))

    def reload(self):
        return Step("reload", how=self.random.choice(["signal", "request", "more"]))

    def clock(self):
        return Step("clock", off=self.random.choice([-3 * HOUR, -5 * MINUTE, -20, 20, 5 * MINUTE,
                                                     3 * HOUR]), events=self.few())
