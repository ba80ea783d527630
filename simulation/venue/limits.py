"""How much the venue takes from one client before it says no, and then before it bans."""

import msgspec

SECOND_NS = 1_000_000_000


class Limits(msgspec.Struct, frozen=True):
    """The front door's numbers.

    Attributes:
        requests_per_second, burst: a token bucket of `burst` that refills at this rate.
        ban_after: this many refusals without a taken request in between lead to a ban.
        ban_ns: how long such a ban lasts.
        heartbeat_ns: interval of heartbeats on a logged-in connection.
        page: most executions, or frames of history, in one answer.
    """

    requests_per_second: int = 50
    burst: int = 100
    ban_after: int = 20
    ban_ns: int = 2 * SECOND_NS
    heartbeat_ns: int = SECOND_NS
    page: int = 500


class TokenBucket:
    """A token bucket in integers: it remembers only when it will be full again."""

    __slots__ = ("_full_ns", "_interval_ns", "_span_ns")

    def __init__(self, per_second: int, burst: int) -> None:
        if per_second < 1 or burst < 1:
            raise ValueError(f"a bucket of {burst} at {per_second} per second takes nothing")
        self._interval_ns = SECOND_NS // per_second
        self._span_ns = self._interval_ns * burst
        self._full_ns = 0

    def take(self, now_ns: int) -> int:
        """Take one token; returns 0, or how many nanoseconds until there is one."""
        full_ns = max(self._full_ns, now_ns) + self._interval_ns
        wait_ns = full_ns - now_ns - self._span_ns
        if wait_ns > 0:
            return wait_ns
        self._full_ns = full_ns
        return 0
