"""What the venue remembers of its market: the newest quotes, trades and book changes, in order.

It listens like anybody else, so a venue that keeps no history spends nothing on it. What is too
old falls off: a range that reaches further back is answered with what there is.
"""

from collections import deque
from collections.abc import Iterator
from typing import Final

from simulation.venue.enums import Code
from simulation.venue.exchange import Exchange
from simulation.venue.orders import VenueOrder, VenueRefusal
from simulation.venue.protocol import (
    CHANNEL_BOOK,
    CHANNEL_QUOTES,
    CHANNEL_TRADES,
    REFUSED,
    BalanceRecord,
    BookFrame,
    OrderRecord,
    PublicFrame,
    QuoteFrame,
    TradeFrame,
    TradeRecord,
)

REMEMBERED_MAX: Final = 10_000  # of each kind, per instrument


class History:
    """The past of every book of one exchange, from its construction on: a `VenueListener`.

    Frames are numbered from 1 within their kind and instrument, in the order they happened.
    """

    __slots__ = ("_numbers", "_past")

    def __init__(self, exchange: Exchange) -> None:
        self._past: dict[tuple[str, str], deque[PublicFrame]] = {
            (channel, symbol): deque(maxlen=REMEMBERED_MAX)
            for symbol in exchange.books
            for channel in (CHANNEL_QUOTES, CHANNEL_TRADES, CHANNEL_BOOK)
        }
        self._numbers = dict.fromkeys(self._past, 0)
        exchange.listen(self)

    def page(
        self, channel: str, symbol: str, start_ns: int, end_ns: int, before: int, limit: int
    ) -> tuple[tuple[PublicFrame, ...], bool]:
        """The newest `limit` frames of a range, ascending.

        Args:
            start_ns, end_ns: both inclusive.
            before: only frames with a smaller number; 0: all.
        Returns:
            The frames, and whether the range has older ones.
        Raises:
            VenueRefusal: 400 UNKNOWN_SYMBOL or MALFORMED.
        """
        past = self._past.get((channel, symbol))
        if past is None:
            reason = f"no history of {channel!r} of {symbol!r}"
            raise VenueRefusal(REFUSED, Code.UNKNOWN_SYMBOL, reason)
        if limit < 1 or before < 0 or start_ns > end_ns:
            reason = f"range {start_ns} to {end_ns}, before {before}, limit {limit}"
            raise VenueRefusal(REFUSED, Code.MALFORMED, reason)
        found: list[PublicFrame] = []
        for frame in self._newest_first(past, start_ns, end_ns, before):
            if len(found) == limit:
                return tuple(reversed(found)), True
            found.append(frame)
        return tuple(reversed(found)), False

    @staticmethod
    def _newest_first(
        past: deque[PublicFrame], start_ns: int, end_ns: int, before: int
    ) -> Iterator[PublicFrame]:
        for frame in reversed(past):
            if frame.ts < start_ns:
                return
            if frame.ts <= end_ns and (before == 0 or frame.seq < before):
                yield frame

    def _next(self, channel: str, symbol: str) -> int:
        key = (channel, symbol)
        self._numbers[key] += 1
        return self._numbers[key]

    # --- what the exchange says --------------------------------------------------------------

    def on_quote(
        self, symbol: str, bid: int, ask: int, bid_size: int, ask_size: int, ts: int
    ) -> None:
        seq = self._next(CHANNEL_QUOTES, symbol)
        frame = QuoteFrame(seq, symbol, bid, ask, bid_size, ask_size, ts)
        self._past[CHANNEL_QUOTES, symbol].append(frame)

    def on_trade(
        self, symbol: str, trade_id: str, price: int, quantity: int, aggressor: str, ts: int
    ) -> None:
        seq = self._next(CHANNEL_TRADES, symbol)
        frame = TradeFrame(seq, symbol, trade_id, price, quantity, aggressor, ts)
        self._past[CHANNEL_TRADES, symbol].append(frame)

    def on_book(
        self,
        symbol: str,
        update: int,
        bids: tuple[tuple[int, int], ...],
        asks: tuple[tuple[int, int], ...],
        ts: int,
    ) -> None:
        seq = self._next(CHANNEL_BOOK, symbol)
        self._past[CHANNEL_BOOK, symbol].append(BookFrame(seq, symbol, update, bids, asks, ts))

    def on_order(
        self, event: str, order: OrderRecord, request_id: str | None, due_post_only: bool, ts: int
    ) -> None:
        """Nobody's past but the account's, which its own queries tell."""

    def on_settlement(self, symbol: str, price: int, ts: int) -> None:
        """No market data."""

    def on_fill(self, trade: TradeRecord, order: VenueOrder) -> None:
        """As `on_order`."""

    def on_balances(self, balances: tuple[BalanceRecord, ...], ts: int) -> None:
        """As `on_order`."""
