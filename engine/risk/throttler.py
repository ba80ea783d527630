"""A rate limit: at most so many messages in any window of a given length.

A pure sliding window over the instants of the last `limit` messages that passed. There is no
flag that says "limiting" and no timer that ends it: with such a flag a burst makes everything
fail until the alert comes, although the window slid on long before. Here one message passes
exactly when the `limit`-th last one is a whole interval old, whatever was refused in between, and
the answer depends on nothing but the instants that passed and the present one.
"""

import re
from collections import deque
from typing import Final, NamedTuple

NANOS_PER_SECOND: Final = 1_000_000_000

_RATE: Final = re.compile(r"([0-9]{1,9})/([0-9]{2}):([0-5][0-9]):([0-5][0-9])")


class RateLimit(NamedTuple):
    """`limit` messages in any half-open window of `interval_ns`."""

    limit: int
    interval_ns: int


def parse_rate(text: str) -> RateLimit:
    """`"100/00:00:01"` is 100 in any second: limit, then HH:MM:SS.

    Raises:
        ValueError: another form, or a limit or interval of zero.
    """
    match = _RATE.fullmatch(text)
    if match is None:
        raise ValueError(f"a rate reads LIMIT/HH:MM:SS, not {text!r}")
    limit, hours, minutes, seconds = (int(group) for group in match.groups())
    interval_ns = ((hours * 60 + minutes) * 60 + seconds) * NANOS_PER_SECOND
    if limit == 0 or interval_ns == 0:
        raise ValueError(f"a rate of {text!r} would let nothing through or everything")
    return RateLimit(limit, interval_ns)


class Throttler:
    """Lets `limit` messages through in any `[t, t + interval_ns)`; the rest it turns down.

    Attributes:
        passed_count, dropped_count: together, how often `try_pass` was asked.
    """

    __slots__ = ("_interval_ns", "_limit", "_passed_ns", "dropped_count", "passed_count")

    def __init__(self, rate: RateLimit) -> None:
        self._limit = rate.limit
        self._interval_ns = rate.interval_ns
        self._passed_ns: deque[int] = deque(maxlen=rate.limit)
        self.passed_count = 0
        self.dropped_count = 0

    def try_pass(self, now_ns: int) -> bool:
        """True and counted, or False and nothing changes in the window. `now_ns` never falls."""
        passed_ns = self._passed_ns
        if len(passed_ns) == self._limit and now_ns - passed_ns[0] < self._interval_ns:
            self.dropped_count += 1
            return False
        passed_ns.append(now_ns)  # the oldest falls off: it can limit nobody any more
        self.passed_count += 1
        return True

    def used(self, now_ns: int) -> int:
        """How many of the limit are taken at `now_ns`, 0..limit."""
        interval_ns = self._interval_ns
        return sum(now_ns - passed_ns < interval_ns for passed_ns in self._passed_ns)
