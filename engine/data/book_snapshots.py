"""Images of the kernel's own books at every multiple of an interval.

The instants are multiples of the interval since the epoch, whenever it was subscribed. What is
published is an immutable image, not the book, which goes on changing. A book that was never fed
has none.
"""

from typing import Final

from engine import topics
from engine.clients import Client
from engine.clock import ComponentClock
from engine.context import Context
from engine.data.subscriptions import Subscriptions
from engine.model.enums import DataKind
from engine.model.events import TimeEvent
from engine.model.identifiers import InstrumentId
from engine.model.times import NS_PER_MILLISECOND

_DELTAS: Final = DataKind.BOOK_DELTAS


class _Interval:
    __slots__ = ("client", "instrument_id", "interval_ms", "owners", "topic")

    def __init__(self, instrument_id: InstrumentId, interval_ms: int, client: Client) -> None:
        self.instrument_id = instrument_id
        self.interval_ms = interval_ms
        self.client = client
        self.topic = topics.book_snapshots(instrument_id, interval_ms)
        self.owners: dict[str, None] = {}


class BookSnapshots:
    """All such timers of one kernel, one for each instrument and interval."""

    __slots__ = ("_clock", "_ctx", "_intervals", "_subscriptions")

    def __init__(self, ctx: Context, clock: ComponentClock, subscriptions: Subscriptions) -> None:
        self._ctx = ctx
        self._clock = clock
        self._subscriptions = subscriptions
        self._intervals: dict[str, _Interval] = {}  # by timer name

    def subscribe(
        self, instrument_id: InstrumentId, interval_ms: int, client: Client, owner: str
    ) -> None:
        """One more owner. Raises ValueError when the interval is below 1 ms."""
        if interval_ms < 1:
            raise ValueError(f"an interval of {interval_ms} ms is none")
        name = _name(instrument_id, interval_ms)
        interval = self._intervals.get(name)
        if interval is None:
            interval = _Interval(instrument_id, interval_ms, client)
            self._intervals[name] = interval
            self._subscriptions.add(client, _DELTAS, instrument_id, name)
            self._arm(name, interval_ms)
        interval.owners[owner] = None

    def unsubscribe(self, instrument_id: InstrumentId, interval_ms: int, owner: str) -> bool:
        """False when `owner` had not subscribed."""
        name = _name(instrument_id, interval_ms)
        interval = self._intervals.get(name)
        if interval is None or owner not in interval.owners:
            return False
        del interval.owners[owner]
        if not interval.owners:
            del self._intervals[name]
            self._clock.cancel_timer(name)
            self._subscriptions.remove(interval.client, _DELTAS, instrument_id, name)
        return True

    def _on_timer(self, event: TimeEvent) -> None:
        interval = self._intervals[event.name]
        self._arm(event.name, interval.interval_ms)
        book = self._ctx.cache.order_book(interval.instrument_id)
        if book is not None:
            image = book.to_depth10(book.ts_last, event.ts_init)
            self._ctx.bus.dispatch(interval.topic, image)

    def _arm(self, name: str, interval_ms: int) -> None:
        now_ns = self._ctx.clock.now_ns
        interval_ns = interval_ms * NS_PER_MILLISECOND
        self._clock.set_time_alert_ns(
            name, now_ns - now_ns % interval_ns + interval_ns, self._on_timer
        )


def _name(instrument_id: InstrumentId, interval_ms: int) -> str:
    return f"BOOK_SNAPSHOT_{instrument_id}_{interval_ms}"
