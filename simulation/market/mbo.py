"""What a market-by-order recording proves: the book rebuilt, the exchange's own fills retraced.

Before each event the rebuilt book says who is first in line at the price of a fill; the exchange
says who was filled. Where they differ:

- *own*: the fill is the aggressor's side of the trade. Its order rested on the other side and was
  moved through the spread, so it never stood in this queue.
- *cancelled in the same event*: every older order that was passed over is taken out of the book or
  restated by this very event. Self-match prevention takes the aggressor's own orders out; an
  iceberg's shown part was used up and stands behind what came since.
- *unexplained*: the rest. `iceberg_passed` says how many of these passed over icebergs only: orders
  that somewhere in the recording rest on with more than a fill had left of what they showed. Their
  hidden part has no place that messages would tell.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from engine.model.book import BookFaultKind
from engine.model.book_l3 import OrderBookL3
from engine.model.enums import BUY, OrderSide
from simulation.market.mbo_reader import (
    ADD,
    CANCEL,
    LAST,
    MODIFY,
    NO_SIDE,
    MboRecording,
    MboRow,
    read_mbo,
)
from simulation.market.mbo_rebuild import Rebuild, side_of, trades_of

__all__ = ["FifoReport", "MboReport", "analyse", "read_mbo", "rebuild", "survey"]

_SWEEP_EVERY: Final = 1_000  # events between two looks at the whole book

Place = tuple[OrderSide, int]


class FifoReport(msgspec.Struct, frozen=True):
    """The fills of the continuous session, by how first-in-first-out explains them.

    Attributes:
        fills: all of them; the sum of the others.
        exact: the order that was first in line.
        own, cancelled_same_event, unexplained: see the top of this module.
    """

    fills: int
    exact: int
    own: int
    cancelled_same_event: int
    unexplained: int


class MboReport(msgspec.Struct, frozen=True):
    """A whole recording, retraced.

    Attributes:
        messages, events: rows, and events they form.
        fifo: the fills.
        iceberg_passed: how many of the unexplained fills passed over icebergs only.
        crossed, empty_levels: ends of events of the continuous session at which the best bid lay
            at or above the best ask, or a level held no order. Both are 0 in a sound recording.
        broken: looks at the whole book that found its own records disagree; 0 unless we are wrong.
        unknown: cancels and modifies of orders that did not rest.
        out_of_order: rows whose time lies before the row above them.
        resting: orders in the book at the end.
    """

    file: str
    messages: int
    events: int
    fifo: FifoReport
    iceberg_passed: int
    crossed: int
    empty_levels: int
    broken: int
    unknown: int
    out_of_order: int
    resting: int


def analyse(path: str | Path) -> FifoReport:
    """Read a recording, rebuild its book and retrace its fills.

    Raises:
        RecordingError: the file cannot be used.
    """
    return survey(read_mbo(path)).fifo


def rebuild(recording: MboRecording) -> OrderBookL3:
    """The book as it stands after the last row."""
    state = Rebuild(recording.price_precision)
    for event in recording.events():
        state.apply(event)
    return state.book


def survey(recording: MboRecording) -> MboReport:
    """Rebuild the book and judge it, and the exchange's fills, at every event."""
    state = Rebuild(recording.price_precision)
    book = state.book
    fifo = _Fifo(book)
    events = crossed = empty_levels = broken = 0
    for event in recording.events():
        events += 1
        fifo.retrace(event)
        state.apply(event)
        if not event[-1].flags & LAST or not state.is_continuous:
            continue
        bid, ask = book.best_bid(), book.best_ask()
        crossed += bid is not None and ask is not None and bid[0] >= ask[0]
        empty_levels += any(_is_hollow(book, place) for place in _touched(event))
        if events % _SWEEP_EVERY == 0:
            broken += _is_broken(book)
    broken += _is_broken(book)
    return MboReport(
        recording.file,
        len(recording.rows),
        events,
        fifo.report(),
        fifo.iceberg_passed(),
        crossed,
        empty_levels,
        broken,
        state.unknown,
        recording.out_of_order,
        len(book),
    )


class _Fifo:
    """Fills against the queue they met."""

    def __init__(self, book: OrderBookL3) -> None:
        self._book = book
        self._counts = {"exact": 0, "own": 0, "cancelled_same_event": 0, "unexplained": 0}
        self._passed: list[tuple[int, ...]] = []  # orders passed over, per unexplained fill
        self._replenished: dict[int, None] = {}

    def report(self) -> FifoReport:
        return FifoReport(sum(self._counts.values()), **self._counts)

    def iceberg_passed(self) -> int:
        known = self._replenished
        return sum(all(order_id in known for order_id in passed) for passed in self._passed)

    def retrace(self, event: Sequence[MboRow]) -> None:
        """Judge the fills of an event that is not applied yet."""
        trades = trades_of(event)
        if not trades:
            return
        changed = {row.order_id for row in event if row.action in (CANCEL, MODIFY)}
        left: dict[int, int] = {}  # of orders filled in this event
        for trade, fills in trades:
            for fill in fills:
                if fill.order_id == trade.order_id:
                    self._counts["own"] += 1
                    continue
                passed = self._passed_over(fill, left)
                if passed is None:
                    self._counts["unexplained"] += 1
                elif not passed:
                    self._counts["exact"] += 1
                elif all(order_id in changed for order_id in passed):
                    self._counts["cancelled_same_event"] += 1
                else:
                    self._counts["unexplained"] += 1
                    self._passed.append(passed)
        for row in event:
            if row.action == MODIFY and row.size > max(left.get(row.order_id, row.size), 0):
                self._replenished[row.order_id] = None

    def _passed_over(self, fill: MboRow, left: dict[int, int]) -> tuple[int, ...] | None:
        """Who stood before the filled order and was not used up; None when it did not rest
        there. Takes the fill off what is left of it."""
        passed: list[int] = []
        for order_id, size in self._book.queue_at(side_of(fill), fill.price):
            rest = left.get(order_id, size)
            if order_id == fill.order_id:
                left[order_id] = rest - fill.size
                # an order filled beyond what it showed has more behind it: still its own turn
                return tuple(passed)
            if rest > 0:
                passed.append(order_id)
        return None


def _is_broken(book: OrderBookL3) -> bool:
    return any(fault.kind is BookFaultKind.LADDER_BROKEN for fault in book.check_integrity())


def _touched(event: Sequence[MboRow]) -> list[Place]:
    return [
        (side_of(row), row.price)
        for row in event
        if row.side != NO_SIDE and row.action in (ADD, CANCEL, MODIFY)
    ]


def _is_hollow(book: OrderBookL3, place: Place) -> bool:
    """Whether a level without orders stands there, or one whose size is not its orders'."""
    side, price = place
    total = book.bid_size_at(price) if side is BUY else book.ask_size_at(price)
    queue = book.queue_at(side, price)
    return (
        book.has_level(side, price) is not bool(queue)
        or total != sum(size for _, size in queue)
        or any(size < 1 for _, size in queue)
    )
