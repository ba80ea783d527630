"""The venue's own rules for stops and for markets that are not open, heard at the venue itself."""

from collections.abc import Iterator
from typing import Final, cast

from engine.cache import Cache
from engine.model.fixed import UNITS
from engine.model.identifiers import InstrumentId
from invariants.check import Check
from invariants.evidence import Evidence
from invariants.venue_watch import OwnOrder, OwnTrade, VenueWatcher
from invariants.violation import Violation

_BUY: Final = "BUY"
_TAKER: Final = "TAKER"
_ACCEPTED: Final = "ACCEPTED"  # of a stop: it waits
_NEVER: Final = 1 << 63


class _Stops(VenueWatcher):
    """Our stops at one venue. What a stop takes as it is triggered, it takes at the best price of
    the other side, which is what triggered it: so its first trade shows where that price stood."""

    def __init__(self, wrong: list[Violation]) -> None:
        self._wrong = wrong
        self._triggered: dict[str, int] = {}  # stop-limits: when
        self._traded: dict[str, None] = {}

    def on_order(
        self, event: str, order: OwnOrder, request_id: str | None, due_post_only: bool, ts: int
    ) -> None:
        if event == "TRIGGERED":
            self._triggered[order.client_order_id] = ts

    def on_fill(self, trade: OwnTrade, order: OwnOrder) -> None:
        trigger = order.trigger_price
        name = trade.client_order_id
        if trigger is None or name in self._traded:
            return
        self._traded[name] = None
        if order.price is not None:
            triggered_ns = self._triggered.get(name)
            if triggered_ns is None:
                told = f"traded at {trade.price} and was never triggered"
                self._wrong.append(Violation(name, told))
            if triggered_ns != trade.ts or trade.liquidity != _TAKER:
                return  # it had come to rest, and met a later market
        if trade.price < trigger if trade.side == _BUY else trade.price > trigger:
            told = f"traded at {trade.price}, its trigger {trigger} was not reached"
            self._wrong.append(Violation(name, told))


class StopsWaitForTheirPrice(Check):
    def __init__(self) -> None:
        self._wrong: list[Violation] = []

    def watcher(self, venue: str) -> VenueWatcher:
        return _Stops(self._wrong)

    def log(self, evidence: Evidence) -> list[Violation]:
        return self._wrong

    def logged(self, evidence: Evidence) -> Iterator[Violation]:
        return iter(tuple(self._wrong))

    def end(self, evidence: Evidence) -> list[Violation] | None:
        wrong = list(self._wrong)
        for truth in evidence.truths():
            for order in truth.orders:
                trigger = order.trigger_price_raw
                if trigger is None or order.status != _ACCEPTED:
                    continue
                is_buy = order.side == _BUY
                for book in truth.books:
                    levels = book.asks if is_buy else book.bids
                    if book.instrument_id != order.instrument_id or not levels:
                        continue
                    best = levels[0][0] * UNITS[book.price_precision]
                    if best >= trigger if is_buy else best <= trigger:
                        told = f"waits for {trigger} raw, the market stands at {best}"
                        wrong.append(Violation(order.client_order_id, told))
        return wrong or None


class _Hours(VenueWatcher):
    """Our orders and trades at one venue, held against the life of their instruments."""

    def __init__(self, venue: str, cache: Cache, wrong: list[Violation]) -> None:
        self._venue = venue
        self._cache = cache
        self._wrong = wrong
        self._spans: dict[str, tuple[int, int]] = {}  # by symbol: begin, end (0: none)

    def on_order(
        self, event: str, order: OwnOrder, request_id: str | None, due_post_only: bool, ts: int
    ) -> None:
        if event == _ACCEPTED:
            self._judge("was accepted", order, ts)

    def on_fill(self, trade: OwnTrade, order: OwnOrder) -> None:
        self._judge("traded", order, trade.ts)

    def _judge(self, what: str, order: OwnOrder, ts: int) -> None:
        span = self._spans.get(order.symbol)
        if span is None:
            span = self._spans[order.symbol] = self._span(order.symbol)
        begins_ns, ends_ns = span
        if ts < begins_ns or (ends_ns and ts > ends_ns):
            told = f"{what} at {ts}, its market is open from {begins_ns} to {ends_ns or _NEVER}"
            self._wrong.append(Violation(order.client_order_id, told))

    def _span(self, symbol: str) -> tuple[int, int]:
        found = self._cache.instrument(cast(InstrumentId, f"{symbol}.{self._venue}"))
        return (0, 0) if found is None else (found.activation_ns, found.expiration_ns)


class ClosedMarketsTakeNothing(Check):
    """By the definitions that the venue gave out. What happens at the very instant of expiry still
    counts."""

    def __init__(self) -> None:
        self._wrong: list[Violation] = []
        self._cache: Cache | None = None

    def watcher(self, venue: str) -> VenueWatcher | None:
        return None if self._cache is None else _Hours(venue, self._cache, self._wrong)

    def log(self, evidence: Evidence) -> list[Violation]:
        self._cache = evidence.view.cache
        return self._wrong

    def logged(self, evidence: Evidence) -> Iterator[Violation]:
        return iter(tuple(self._wrong))

    def end(self, evidence: Evidence) -> list[Violation] | None:
        return self._wrong or None
