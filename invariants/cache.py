"""The cache: indexes agree with objects, and a handler can read what it is told of."""

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from engine.cache import Cache
from engine.model.bars import Bar
from engine.model.data import (
    FundingRateUpdate,
    IndexPriceUpdate,
    InstrumentClose,
    InstrumentStatus,
    MarkPriceUpdate,
    OrderBookDeltas,
    QuoteTick,
    TradeTick,
)
from engine.model.events import AccountState, OrderEvent, PositionEvent
from engine.model.identifiers import ClientOrderId, InstrumentId
from engine.model.reports import ClientConnected, ClientDisconnected
from invariants.check import Check, Kinds
from invariants.evidence import Evidence
from invariants.violation import Finding, Violation


class IndexesAgree(Check):
    facts: ClassVar[Kinds] = (OrderEvent,)

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        orders, cache = evidence.orders, evidence.view.cache
        if cache.are_sound(orders):
            return None
        problems = cache.check_orders([order.client_order_id for order in orders])
        return (Violation("cache", problem) for problem in problems) if problems else None

    def end(self, evidence: Evidence) -> list[Violation] | None:
        problems = evidence.view.cache.check_integrity()
        return [Violation("cache", problem) for problem in problems] if problems else None


class _Told:
    """How many ticks of an instrument."""

    __slots__ = ("quotes", "trades")

    def __init__(self) -> None:
        self.quotes = 0
        self.trades = 0


class NothingLiveIsEvicted(Check):
    facts: ClassVar[Kinds] = (OrderEvent, PositionEvent)
    inputs: ClassVar[Kinds] = (QuoteTick, TradeTick, ClientConnected, ClientDisconnected)

    def __init__(self) -> None:
        self._positions = 0
        self._told: dict[InstrumentId, _Told] = {}

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        record, cache = evidence.record, evidence.view.cache
        tick = record.input
        if type(tick) is TradeTick:
            instrument_id = tick.instrument_id
            if cache.trade_tick(instrument_id) is tick:
                told = self._told_of(instrument_id)
                told.trades += 1
                held = cache.trade_tick_count(instrument_id)
                if held != told.trades and held != min(told.trades, cache.tick_capacity):
                    return iter([self._miscounted(tick, "trades", told.trades, held, evidence)])
        elif type(tick) is QuoteTick:
            instrument_id = tick.instrument_id
            if cache.quote_tick(instrument_id) is tick:
                told = self._told_of(instrument_id)
                told.quotes += 1
                held = cache.quote_tick_count(instrument_id)
                if held != told.quotes and held != min(told.quotes, cache.tick_capacity):
                    return iter([self._miscounted(tick, "quotes", told.quotes, held, evidence)])
        else:
            return self._missing(evidence)
        return self._missing(evidence) if record.facts else None

    def end(self, evidence: Evidence) -> Iterator[Violation] | None:
        return self._missing(evidence)

    def _told_of(self, instrument_id: InstrumentId) -> _Told:
        told = self._told.get(instrument_id)
        if told is None:
            told = self._told[instrument_id] = _Told()
        return told

    def _missing(self, evidence: Evidence) -> Iterator[Violation] | None:
        cache = evidence.view.cache
        positions = cache.positions_total_count()
        if len(evidence.witnesses) > cache.orders_total_count() or positions < self._positions:
            return self._gone(evidence, positions)
        self._positions = positions
        return None

    @staticmethod
    def _miscounted(
        tick: QuoteTick | TradeTick, kind: str, count: int, held: int, evidence: Evidence
    ) -> Violation:
        capacity = evidence.view.cache.tick_capacity
        told_of = f"{count} {kind} were told, {held} are held of {capacity} that may be"
        return Violation(tick.instrument_id, told_of)

    def _gone(self, evidence: Evidence, positions: int) -> Iterator[Violation]:
        for name in evidence.witnesses:
            if not evidence.view.cache.order_exists(ClientOrderId(name)):
                yield Violation(name, "began and is cached no more")
        if positions < self._positions:
            yield Violation("cache", f"held {self._positions} positions, now {positions}")


class HandlersReadTheirEvent(Check):
    patterns: ClassVar[tuple[str, ...]] = ("events.order.*", "events.account.*", "data.*")

    def listener(
        self, pattern: str, evidence: Evidence, note: Callable[[Finding], None]
    ) -> Callable[[object], None]:
        cache = evidence.view.cache

        def hear_data(message: object) -> None:
            kind = type(message)
            if kind is QuoteTick:
                if cache.quote_tick(message.instrument_id) is message:  # type: ignore[attr-defined]
                    return
            elif kind is TradeTick:
                if cache.trade_tick(message.instrument_id) is message:  # type: ignore[attr-defined]
                    return
            elif kind is OrderBookDeltas:
                return  # nothing of it is cached but the book itself
            if _held(message, cache) is not message:
                subject = getattr(message, "instrument_id", kind.__name__)
                note([Violation(subject, f"{kind.__name__} was told of and not cached")])

        def hear_account(message: object) -> None:
            if type(message) is AccountState:
                account = cache.account(message.account_id)
                if account is None or account.last_event is not message:
                    told = "an account state was told of too early"
                    note([Violation(message.account_id, told)])

        def hear_order(message: Any) -> None:
            try:
                order = cache.order(message.client_order_id)
            except AttributeError:
                return  # whatever it is, no event of an order
            if order is not None and order.events[-1] is message:
                return
            if isinstance(message, OrderEvent):
                last = "no order" if order is None else type(order.last_event).__name__
                told = f"{type(message).__name__} was told of while the cache held {last}"
                note([Violation(message.client_order_id, told)])

        if pattern == "data.*":
            return hear_data
        return hear_account if pattern == "events.account.*" else hear_order


def _held(message: object, cache: Cache) -> object:
    """The newest of that kind in the cache; the message itself where nothing of it is cached."""
    if isinstance(message, QuoteTick):
        return cache.quote_tick(message.instrument_id)
    if isinstance(message, TradeTick):
        return cache.trade_tick(message.instrument_id)
    if isinstance(message, Bar):
        return cache.bar(message.bar_type)
    if isinstance(message, MarkPriceUpdate):
        return cache.mark_price(message.instrument_id)
    if isinstance(message, IndexPriceUpdate):
        return cache.index_price(message.instrument_id)
    if isinstance(message, FundingRateUpdate):
        return cache.funding_rate(message.instrument_id)
    if isinstance(message, InstrumentStatus):
        return cache.instrument_status(message.instrument_id)
    if isinstance(message, InstrumentClose):
        return cache.instrument_close(message.instrument_id)
    return message
