"""A token bucket, which every request takes from."""

from simulation.venue.limits import SECOND_NS


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
