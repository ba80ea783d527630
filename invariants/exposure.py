"""Exposure: what must only shrink a position does, and trading states hold what they promise."""

from collections.abc import Iterator
from typing import ClassVar, Final

from engine.model.commands import ModifyOrder, SubmitOrder
from engine.model.enums import BUY, DenialCode, OrderSide, TradingState
from engine.model.events import (
    OrderDenied,
    OrderFilled,
    OrderPendingUpdate,
    OrderSubmitted,
    TradingStateChanged,
)
from engine.model.identifiers import ClientOrderId, InstrumentId
from engine.model.orders import Order
from invariants.check import Check, Kinds
from invariants.evidence import Evidence
from invariants.venue_watch import OwnOrder, OwnTrade, VenueWatcher
from invariants.violation import Violation

_BUY: Final = "BUY"
_ACTIVE: Final = TradingState.ACTIVE
_HALTED: Final = TradingState.HALTED
_BY_STATE: Final = (DenialCode.TRADING_HALTED, DenialCode.TRADING_STATE_REDUCING)


class _Nets(VenueWatcher):
    """What the account holds at one venue, net or, where the venue hedges, by its positions; and
    what each trade of ours did to it."""

    def __init__(self) -> None:
        # position id ("" where it nets) -> symbol -> mantissa
        self._nets: dict[str, dict[str, int]] = {"": {}}
        self._netted: type | None = None  # of trades that name no position
        self.steps: list[tuple[OwnTrade, int]] = []  # the net that each trade met, mantissa

    def on_fill(self, trade: OwnTrade, order: OwnOrder) -> None:
        position_id = ""
        if type(trade) is not self._netted:  # to ask for what is not there is dear
            if hasattr(trade, "position_id"):
                position_id = trade.position_id
            else:
                self._netted = type(trade)
        nets = self._nets.get(position_id)
        if nets is None:
            nets = self._nets[position_id] = {}
        symbol = trade.symbol
        before = nets.get(symbol, 0)
        quantity = trade.quantity
        nets[symbol] = before + quantity if trade.side == _BUY else before - quantity
        self.steps.append((trade, before))


class ReduceOnlyReduces(Check):
    facts: ClassVar[Kinds] = (OrderFilled, OrderSubmitted)

    def __init__(self) -> None:
        self._watchers: list[_Nets] = []

    def watcher(self, venue: str) -> VenueWatcher:
        watcher = _Nets()
        self._watchers.append(watcher)
        return watcher

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        wrong: tuple[Violation, ...] = ()
        for watcher in self._watchers:
            if watcher.steps:
                steps, watcher.steps = watcher.steps, []
                for trade, before in steps:
                    order = evidence.order_named(trade.client_order_id)
                    if order is not None and order.reduce_only:
                        against = -before if order.side is BUY else before
                        if trade.quantity > against:
                            told = f"is reduce-only: {trade.quantity} traded against {against}"
                            wrong += (Violation(trade.client_order_id, told),)
        for command in evidence.record.commands:
            if type(command) is SubmitOrder and command.order.reduce_only:
                wrong += tuple(self._asked(command, evidence))
        return iter(wrong) if wrong else None

    def _asked(self, command: SubmitOrder, evidence: Evidence) -> Iterator[Violation]:
        asked = command.order
        named = command.position_id or evidence.view.cache.position_id(asked.client_order_id)
        held = 0
        for position in evidence.view.cache.positions_of(asked.instrument_id):
            if position.strategy_id == asked.strategy_id and (
                position.is_netted if named is None else position.id == named
            ):
                held += position.signed_raw
        moved = sum(
            fill.last_qty.raw if fill.side is BUY else -fill.last_qty.raw
            for fill in evidence.fills
            if fill.strategy_id == asked.strategy_id
            and fill.instrument_id == asked.instrument_id
            and named in (None, fill.position_id)
        )
        # within a turn the order may have been judged before its fills or after them
        room = max(_against(held, asked.side), _against(held - moved, asked.side))
        if asked.quantity.raw > room:
            told = f"is reduce-only and asks {asked.quantity.raw} raw, {room} could be reduced"
            yield Violation(asked.client_order_id, told)

    def end(self, evidence: Evidence) -> Iterator[Violation] | None:
        return self.turn(evidence)


def _against(net: int, side: OrderSide) -> int:
    """How much of a net position that side would close."""
    return max(-net if side is BUY else net, 0)


class TradingStateIsKept(Check):
    """Judged on the state at sending: of what held at the turn's begin and at its end, whichever
    allows more. Where `halted_allows_reduce_only` is set, HALTED is judged as REDUCING is."""

    facts: ClassVar[Kinds] = (TradingStateChanged, OrderSubmitted, OrderPendingUpdate, OrderDenied)

    def __init__(self) -> None:
        self._state = _ACTIVE

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        before = self._state
        denied: OrderDenied | None = None  # the first one by the trading state
        for fact in evidence.record.facts:
            if type(fact) is TradingStateChanged:
                self._state = fact.state
            elif type(fact) is OrderDenied and denied is None and fact.code in _BY_STATE:
                denied = fact
        if evidence.risk.bypass or before is not self._state:
            return None
        if before is not _ACTIVE:
            return self._judge(before, evidence)
        if denied is None:
            return None
        told = f"{denied.code.name} while trading is ACTIVE"
        return iter([Violation(denied.client_order_id, told)])

    def _judge(self, state: TradingState, evidence: Evidence) -> Iterator[Violation]:
        reduces = state is not _HALTED or evidence.risk.halted_allows_reduce_only
        later = {
            command.order.client_order_id: None
            for command in evidence.record.commands
            if type(command) is SubmitOrder
        }
        for command in evidence.record.commands:
            if type(command) is SubmitOrder:
                name = command.order.client_order_id
                later.pop(name, None)
                grown = command.order.quantity.raw
            elif type(command) is ModifyOrder:
                name = command.client_order_id
                grown = 0 if command.quantity is None else command.quantity.raw
            else:
                continue
            order = evidence.view.order(name)
            if order is None:
                continue
            if not reduces:
                yield Violation(name, f"{type(command).__name__} left while {state.name}")
                continue
            if type(command) is ModifyOrder and grown <= order.quantity_raw:
                continue
            room = _room(order, evidence, later)
            if grown - order.filled_raw > room:
                told = f"{grown} raw left while {state.name}, {room} could be reduced"
                yield Violation(name, told)
        if not reduces:
            return
        for fact in evidence.record.facts:
            if type(fact) is OrderDenied and fact.code in _BY_STATE:
                order = evidence.view.order(fact.client_order_id)
                if order is not None and 0 < order.quantity_raw <= _sure_room(order, evidence):
                    told = f"{fact.code.name}, though it only reduces what is held"
                    yield Violation(fact.client_order_id, told)


def _nets(instrument_id: InstrumentId, evidence: Evidence) -> tuple[int, int]:
    """The account's net position when the turn began and now, raw."""
    net = sum(position.signed_raw for position in evidence.view.cache.positions_of(instrument_id))
    moved = sum(
        fill.last_qty.raw if fill.side is BUY else -fill.last_qty.raw
        for fill in evidence.fills
        if fill.instrument_id == instrument_id
    )
    return net - moved, net


def _others(order: Order, evidence: Evidence) -> list[Order]:
    """Other orders that may still trade on the same side."""
    return [
        other
        for other in evidence.view.cache.working_orders(order.instrument_id)
        if other is not order and other.side is order.side
    ]


def _room(order: Order, evidence: Evidence, later: dict[ClientOrderId, None]) -> int:
    """The most that the order may be for; `later`: submits that came after it."""
    begin, now = _nets(order.instrument_id, evidence)
    room = max(_against(begin, order.side), _against(now, order.side))
    if order.reduce_only:
        return room
    working = sum(
        other.leaves_raw for other in _others(order, evidence) if other.client_order_id not in later
    )
    return max(room - working, 0)


def _sure_room(order: Order, evidence: Evidence) -> int:
    """What it may be for however the turn is read; 0 where that cannot be said."""
    begin, now = _nets(order.instrument_id, evidence)
    if not order.reduce_only and _others(order, evidence):
        return 0
    return min(_against(begin, order.side), _against(now, order.side))
