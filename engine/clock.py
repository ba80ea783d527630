"""Time and timers of one kernel. Nothing here reads a clock: the inputs say what time it is.

One heap orders every timer of every component by (due, arming sequence), so two timers due at
the same instant fire in the order they were armed, whoever owns them. A timer fires in a turn of
its own: the driver sees `next_timer_ns`, hands in `FireTimer`, and the kernel takes it from here.

A tick that was due before it was armed (a start in the past) cannot fire in the past: it fires at
once, with its scheduled instant in `ts_event` and the real one in `ts_init`.
"""

import heapq
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Final

from engine.model.events import TimeEvent
from engine.model.identifiers import ComponentId

TimerCallback = Callable[[TimeEvent], None]

NEVER: Final = (1 << 63) - 1  # later than any time a kernel can be handed
_BY_PLACE: Final = itemgetter(0, 1)  # of an entry of the heap: due, arming sequence
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_COMPACT_FROM: Final = 64  # cancelled timers that may stay in the heap before it is rebuilt


class TimeWentBack(ValueError):
    """Somebody wanted the clock at `to_ns` when it was already at `now_ns`."""

    def __init__(self, now_ns: int, to_ns: int) -> None:
        super().__init__(f"time went back from {now_ns} to {to_ns}")
        self.now_ns = now_ns
        self.to_ns = to_ns


class Timer:
    """An armed timer. `due_ns` is its next scheduled instant; `interval_ns` 0 is one shot."""

    __slots__ = ("active", "callback", "clock", "due_ns", "interval_ns", "name", "stop_ns")

    def __init__(
        self,
        clock: "ComponentClock",
        name: str,
        due_ns: int,
        interval_ns: int,
        stop_ns: int,
        callback: TimerCallback,
    ) -> None:
        self.clock = clock
        self.name = name
        self.due_ns = due_ns
        self.interval_ns = interval_ns
        self.stop_ns = stop_ns
        self.callback = callback
        self.active = True


class KernelClock:
    """The one clock of a kernel, and the one heap of its timers.

    Attributes:
        now_ns: the time of the running turn, nanoseconds since 1970 (UTC). Set by `advance`.
        due_ns: when the next timer fires, never before `now_ns` at its arming; `NEVER` if none.
    """

    __slots__ = ("_cancelled", "_heap", "_sequence", "due_ns", "now_ns")

    def __init__(self, start_ns: int = 0) -> None:
        self.now_ns = start_ns
        self.due_ns = NEVER
        self._heap: list[tuple[int, int, Timer]] = []
        self._sequence = 0
        self._cancelled = 0

    def advance(self, to_ns: int) -> None:
        """Raises TimeWentBack, and stays where it is, when `to_ns` is in the past."""
        if to_ns < self.now_ns:
            raise TimeWentBack(self.now_ns, to_ns)
        self.now_ns = to_ns

    def next_timer_ns(self) -> int | None:
        return None if self.due_ns == NEVER else self.due_ns

    def next_owner(self) -> ComponentId | None:
        """The component whose timer `pop_due` would return."""
        return self._heap[0][2].clock.component_id if self._heap else None

    def pop_due(self) -> tuple[TimeEvent, TimerCallback]:
        """Take the next timer, which must be due now; a repeating one is armed again first.

        Raises:
            LookupError: none is due at `now_ns`.
        """
        if self.due_ns > self.now_ns:
            raise LookupError(
                f"no timer is due at {self.now_ns}; the next is {self.next_timer_ns()}"
            )
        _, _, timer = heapq.heappop(self._heap)
        event = TimeEvent(timer.name, timer.due_ns, self.now_ns)
        following_ns = timer.due_ns + timer.interval_ns
        if timer.interval_ns and (timer.stop_ns == 0 or following_ns <= timer.stop_ns):
            timer.due_ns = following_ns
            self.arm(timer)
        else:
            timer.active = False
            timer.clock.forget(timer.name)
            self._settle()
        return event, timer.callback

    def arm(self, timer: Timer) -> None:
        self._sequence += 1
        fires_ns = timer.due_ns if timer.due_ns > self.now_ns else self.now_ns
        heapq.heappush(self._heap, (fires_ns, self._sequence, timer))
        self._settle()

    def disarm(self, timer: Timer) -> None:
        timer.active = False
        self._cancelled += 1
        if self._cancelled > _COMPACT_FROM and self._cancelled * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].active]
            heapq.heapify(self._heap)
            self._cancelled = 0
        self._settle()

    def cancel_all(self) -> None:
        """Cancel every timer of every component."""
        for _, _, timer in self._heap:
            if timer.active:
                timer.active = False
                timer.clock.forget(timer.name)
        self._heap.clear()
        self._cancelled = 0
        self._settle()

    def timers(self) -> list[tuple[ComponentId, str, int]]:
        """Every armed timer as (owner, name, next scheduled instant), in firing order."""
        return [
            (timer.clock.component_id, timer.name, timer.due_ns)
            for _, _, timer in sorted(self._heap, key=_BY_PLACE)
            if timer.active
        ]

    def times_any(self, owners: Mapping[ComponentId, object]) -> bool:
        """Whether one of these components has a timer armed."""
        for _, _, timer in self._heap:
            if timer.active and timer.clock.component_id in owners:
                return True
        return False

    def _settle(self) -> None:
        heap = self._heap
        while heap and not heap[0][2].active:
            heapq.heappop(heap)
            self._cancelled -= 1
        self.due_ns = heap[0][0] if heap else NEVER


class ComponentClock:
    """One component's view of the clock: the kernel's time, and timers under its own names.

    Times and intervals are integer nanoseconds. A refused call leaves every timer as it was.
    """

    __slots__ = ("_default", "_kernel", "_timers", "component_id")

    def __init__(self, kernel_clock: KernelClock, component_id: ComponentId) -> None:
        self.component_id = component_id
        self._kernel = kernel_clock
        self._timers: dict[str, Timer] = {}
        self._default: TimerCallback | None = None

    @property
    def now_ns(self) -> int:
        return self._kernel.now_ns

    def timestamp_ns(self) -> int:
        return self._kernel.now_ns

    def utc_now(self) -> datetime:
        """Now as an aware datetime, cut to the microsecond."""
        return _EPOCH + timedelta(microseconds=self._kernel.now_ns // 1_000)

    def register_default_handler(self, callback: TimerCallback) -> None:
        """Used by every timer that is set without a callback of its own."""
        self._default = callback

    def set_time_alert_ns(
        self,
        name: str,
        at_ns: int,
        callback: TimerCallback | None = None,
        override: bool = False,
        allow_past: bool = True,
    ) -> None:
        """Fire once at `at_ns`; an instant in the past becomes now.

        Raises:
            KeyError: the name is in use, and not `override`.
            ValueError: an empty name, no callback and no default, a negative time, or a time in
                the past and not `allow_past`.
        """
        handler = self._checked(name, callback)
        _require_time("at_ns", at_ns)
        now_ns = self._kernel.now_ns
        if at_ns < now_ns:
            if not allow_past:
                raise ValueError(f"alert {name!r} at {at_ns} is before now, {now_ns}")
            at_ns = now_ns
        if name in self._timers:
            if not override:
                raise KeyError(f"timer {name!r} is already set")
            self.cancel_timer(name)
        self._arm(Timer(self, name, at_ns, 0, 0, handler))

    def set_timer_ns(
        self,
        name: str,
        interval_ns: int,
        start_ns: int = 0,
        stop_ns: int = 0,
        callback: TimerCallback | None = None,
        allow_past: bool = True,
        fire_immediately: bool = False,
    ) -> None:
        """Fire at start + k x interval, k from 1 (from 0 with `fire_immediately`), up to and at stop.

        Args:
            start_ns: 0 is now. From a start in the past, every missed tick fires at once.
            stop_ns: 0 is never. A stop before the first tick leaves nothing to arm.
        Raises:
            KeyError: the name is in use.
            ValueError: an empty name, no callback and no default, an interval below 1, a negative
                time, a stop not after the start, or a start in the past and not `allow_past`.
        """
        handler = self._checked(name, callback)
        _require_time("interval_ns", interval_ns)
        _require_time("start_ns", start_ns)
        _require_time("stop_ns", stop_ns)
        if interval_ns == 0:
            raise ValueError(f"timer {name!r} needs an interval of at least 1 ns")
        now_ns = self._kernel.now_ns
        start_ns = start_ns or now_ns
        if start_ns < now_ns and not allow_past:
            raise ValueError(f"timer {name!r} starts at {start_ns}, before now, {now_ns}")
        if stop_ns and stop_ns <= start_ns:
            raise ValueError(f"timer {name!r} stops at {stop_ns}, not after its start, {start_ns}")
        if name in self._timers:
            raise KeyError(f"timer {name!r} is already set")
        first_ns = start_ns if fire_immediately else start_ns + interval_ns
        if stop_ns == 0 or first_ns <= stop_ns:
            self._arm(Timer(self, name, first_ns, interval_ns, stop_ns, handler))

    def cancel_timer(self, name: str) -> None:
        """Raises KeyError when no timer has that name."""
        timer = self._timers.pop(name, None)
        if timer is None:
            raise KeyError(f"no timer {name!r}")
        self._kernel.disarm(timer)

    def cancel_timers(self) -> None:
        for name in list(self._timers):
            self.cancel_timer(name)

    @property
    def timer_names(self) -> list[str]:
        return sorted(self._timers)

    @property
    def timer_count(self) -> int:
        return len(self._timers)

    def next_time_ns(self, name: str) -> int:
        """Raises KeyError when no timer has that name."""
        return self._timers[name].due_ns

    def forget(self, name: str) -> None:
        """Drop the name of a timer that fired for the last time, so that it may be set again."""
        del self._timers[name]

    def _checked(self, name: str, callback: TimerCallback | None) -> TimerCallback:
        if not isinstance(name, str):
            raise TypeError(f"a timer's name is text, not {type(name).__name__}")
        if not name:
            raise ValueError("a timer needs a name")
        handler = self._default if callback is None else callback
        if handler is None:
            raise ValueError(f"timer {name!r} has no callback and there is no default handler")
        return handler

    def _arm(self, timer: Timer) -> None:
        self._timers[timer.name] = timer
        self._kernel.arm(timer)


def _require_time(field: str, value: int) -> None:
    if type(value) is not int:
        raise TypeError(f"{field} must be int nanoseconds, not {type(value).__name__}")
    if value < 0:
        raise ValueError(f"{field} {value} is negative")
    if value >= NEVER:
        raise ValueError(f"{field} {value} is beyond the last instant, {NEVER - 1}")
