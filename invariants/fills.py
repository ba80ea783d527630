"""Fills: each of the venue's executions once, and none lost."""

from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Final

from engine.model.events import OrderFilled
from invariants.check import Check, Kinds
from invariants.evidence import Evidence
from invariants.truth import TrueFill
from invariants.violation import Finding, Violation

_FILLS: Final = "events.fills.*"
_ORDERS: Final = "events.order.*"


class _Execution:
    """One of the venue's, by instrument and trade id.

    Attributes:
        applied: the fill that was applied first; None before that.
        on_fills, on_orders: how often it was announced on each pattern.
    """

    __slots__ = ("applied", "on_fills", "on_orders", "trade_id")

    def __init__(self, trade_id: str) -> None:
        self.trade_id = trade_id
        self.applied: OrderFilled | None = None
        self.on_fills = 0
        self.on_orders = 0


class FillsCountOnce(Check):
    patterns: ClassVar[tuple[str, ...]] = (_FILLS, _ORDERS)
    facts: ClassVar[Kinds] = (OrderFilled,)

    def __init__(self) -> None:
        # by instrument id, then by trade id: trade ids are the venue's
        self._executions: dict[str, dict[str, _Execution]] = {}
        self._applied: list[_Execution] = []
        self._filled: dict[str, int] = {}

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        filled = self._filled
        wrong: list[Violation] = []
        for fill in evidence.fills:
            trade_id, client_order_id = fill.trade_id, fill.client_order_id
            execution = self._execution(fill.instrument_id, trade_id)
            first = execution.applied
            if first is None:
                execution.applied = fill
                self._applied.append(execution)
            elif first is not fill:
                told = f"applied to {first.client_order_id} and {client_order_id}"
                wrong.append(Violation(trade_id, told))
            if not evidence.has_trade(trade_id):
                wrong.append(Violation(trade_id, "the venue has no such execution"))
            filled[client_order_id] = filled.get(client_order_id, 0) + fill.last_qty.raw
        for order in evidence.orders:
            expected = filled.get(order.client_order_id, 0)
            if order.filled_raw != expected:
                told = f"filled {order.filled_raw} raw, its fills sum to {expected}"
                wrong.append(Violation(order.client_order_id, told))
        return iter(wrong) if wrong else None

    def _execution(self, instrument_id: str, trade_id: str) -> _Execution:
        of_instrument = self._executions.get(instrument_id)
        if of_instrument is None:
            of_instrument = self._executions[instrument_id] = {}
        execution = of_instrument.get(trade_id)
        if execution is None:
            execution = of_instrument[trade_id] = _Execution(trade_id)
        return execution

    def listener(
        self, pattern: str, evidence: Evidence, note: Callable[[Finding], None]
    ) -> Callable[[object], None]:
        of_fills = pattern == _FILLS

        def hear(message: object) -> None:
            if type(message) is OrderFilled:
                execution = self._execution(message.instrument_id, message.trade_id)
                if of_fills:
                    times = execution.on_fills = execution.on_fills + 1
                else:
                    times = execution.on_orders = execution.on_orders + 1
                if times > 1:
                    note([Violation(message.trade_id, f"announced {times} times on {pattern}")])

        return hear

    def end(self, evidence: Evidence) -> list[Violation] | None:
        wrong: list[Violation] = []
        for execution in self._applied:
            if not execution.on_fills:
                told = f"applied and never announced on {_FILLS}"
                wrong.append(Violation(execution.trade_id, told))
            if not execution.on_orders:
                told = f"applied and never announced on {_ORDERS}"
                wrong.append(Violation(execution.trade_id, told))
        return wrong or None


class NoFillIsLost(Check):
    def end(self, evidence: Evidence) -> Iterator[Violation] | None:
        return None if self._are_known(evidence) else self._judge(evidence)

    @staticmethod
    def _are_known(evidence: Evidence) -> bool:
        """Whether `_judge` finds nothing: asked without its words; when in doubt, False."""
        fills: list[OrderFilled] = []
        places: dict[str, int] = {}  # in that list
        for order in evidence.all_orders():
            for event in order.events:
                if type(event) is OrderFilled:
                    places[event.trade_id] = len(fills)
                    fills.append(event)
        if len(places) != len(fills):  # trade ids need differ only within an instrument
            return False
        is_met = [False] * len(fills)
        met = 0
        for truth in evidence.truths():
            for true in truth.fills:
                place = places.get(true.trade_id)
                if place is None or is_met[place] or not _is_same(fills[place], true):
                    return False
                is_met[place] = True
                met += 1
        return met == len(fills)

    def _judge(self, evidence: Evidence) -> Iterator[Violation]:
        known: dict[tuple[str, str], OrderFilled] = {}
        for order in evidence.all_orders():
            for event in order.events:
                if type(event) is OrderFilled:
                    known[(event.instrument_id, event.trade_id)] = event
        for truth in evidence.truths():
            for true in truth.fills:
                fill = known.pop((true.instrument_id, true.trade_id), None)
                if fill is None:
                    yield Violation(true.trade_id, f"never reached {true.client_order_id}")
                elif not _is_same(fill, true):
                    yield self._other(fill, true)
        for _, trade_id in known:
            yield Violation(trade_id, "the venue has no such execution")

    @staticmethod
    def _other(fill: OrderFilled, true: TrueFill) -> Violation:
        ours = (
            fill.client_order_id,
            fill.last_qty.raw,
            fill.last_px.raw,
            fill.commission.raw,
            fill.commission.currency.code,
            fill.venue_position_id or "",
        )
        theirs = (
            true.client_order_id,
            true.quantity_raw,
            true.price_raw,
            true.fee_raw,
            true.fee_currency,
            true.position_id,
        )
        return Violation(true.trade_id, f"kernel has {ours}, the venue {theirs}")


def _is_same(fill: OrderFilled, true: TrueFill) -> bool:
    ours: Any = fill  # numbers go from one message to the other as they are
    theirs: Any = true
    if ours.last_qty.raw != theirs.quantity_raw or ours.last_px.raw != theirs.price_raw:
        return False
    commission = ours.commission
    if commission.raw != theirs.fee_raw:
        return False
    code: str = commission.currency.code
    name: str = fill.client_order_id
    instrument_id: str = fill.instrument_id
    position_id = ours.venue_position_id or ""
    return (
        code == true.fee_currency
        and name == true.client_order_id
        and instrument_id == true.instrument_id
        and position_id == theirs.position_id
    )
