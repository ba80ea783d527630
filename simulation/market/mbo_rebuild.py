"""The exchange's book, rebuilt from its messages event by event.

Trades and fills change nothing by themselves: the cancels and modifies of the same event take what
was filled out of the book. A cancel of less than what rests leaves the rest in its place.
"""

from collections.abc import Sequence
from typing import Final

from engine.model.book_l3 import OrderBookL3
from engine.model.data import F_LAST, MboDelta, MboDeltas
from engine.model.enums import BUY, SELL, BookAction, OrderSide
from engine.model.identifiers import InstrumentId
from simulation.market.mbo_reader import ADD, BID, CANCEL, FILL, MODIFY, NO_SIDE, TRADE, MboRow

_ID: Final = InstrumentId("RECORDED.MBO")  # a recording does not say what it is of

_ADD: Final = BookAction.ADD
_UPDATE: Final = BookAction.UPDATE
_DELETE: Final = BookAction.DELETE


def side_of(row: MboRow) -> OrderSide:
    """The side of a row that has one."""
    return BUY if row.side == BID else SELL


class Rebuild:
    """A book and how far the recording has been applied to it.

    Attributes:
        book: as after the last applied event.
        unknown: cancels and modifies of orders that did not rest. Such a modify adds the order.
        is_continuous: whether orders trade as they come. Before, a book may stand crossed; the
            event of the first trade, the opening auction's or any other, begins it.
    """

    __slots__ = ("book", "is_continuous", "unknown")

    def __init__(self, price_precision: int, is_continuous: bool = False) -> None:
        self.book = OrderBookL3(_ID, price_precision, 0)
        self.unknown = 0
        self.is_continuous = is_continuous

    def apply(self, event: Sequence[MboRow]) -> None:
        book = self.book
        deltas: list[MboDelta] = []
        now: dict[int, int] = {}  # sizes of orders that this event has changed so far
        for row in event:
            action = row.action
            order_id = row.order_id
            if action == ADD:
                change, size = _ADD, row.size
            elif action in (MODIFY, CANCEL):
                rests = now.get(order_id)
                if rests is None:
                    rests = book.size_of(order_id)
                self.unknown += not rests
                change, size = _UPDATE, row.size
                if action == CANCEL:
                    size = max(rests - row.size, 0)
                    if not size:
                        change = _DELETE
            else:
                self.is_continuous = self.is_continuous or action == TRADE
                continue
            now[order_id] = size
            deltas.append(
                MboDelta(change, side_of(row), row.price, size, order_id, 0, row.sequence)
            )
        if not deltas:
            return
        last = deltas[-1]
        deltas[-1] = MboDelta(
            last.action,
            last.side,
            last.price_mantissa,
            last.size_mantissa,
            last.order_id,
            F_LAST,
            last.sequence,
        )
        ts = event[-1].ts
        book.apply(MboDeltas(_ID, tuple(deltas), book.price_precision, 0, ts, ts))


def has_auction(rows: Sequence[MboRow]) -> bool:
    """Whether the recording holds an opening: a trade without an aggressor."""
    return any(row.action == TRADE and row.side == NO_SIDE for row in rows)


def trades_of(event: Sequence[MboRow]) -> list[tuple[MboRow, list[MboRow]]]:
    """The trades of an event that have an aggressor, each with the fills after it."""
    trades: list[tuple[MboRow, list[MboRow]]] = []
    for row in event:
        if row.side == NO_SIDE:
            continue
        if row.action == TRADE:
            trades.append((row, []))
        elif row.action == FILL and trades:
            trades[-1][1].append(row)
    return trades
