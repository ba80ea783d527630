"""Fills: each of the venue's executions once, and none lost."""

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from engine.model.events import OrderFilled
from invariants.check import Check, Kinds
from invariants.evidence import Evidence
from invariants.truth import TrueFill
from invariants.violation import Finding, Violation

_Key = tuple[str, str]  # (instrument id, trade id): trade ids are the venue's


class FillsCountOnce(Check):
    patterns: ClassVar[tuple[str, ...]] = ("events.fills.*", "events.order.*")
    facts: ClassVar[Kinds] = (OrderFilled,)

    def __init__(self) -> None:
        self._applied: dict[_Key, OrderFilled] = {}
        self._filled: dict[str, int] = {}
        self._heard: dict[str, dict[_Key, int]] = {pattern: {} for pattern in self.patterns}

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        applied, filled = self._applied, self._filled
        wrong: list[Violation] = []
        for fill in evidence.fills:
            trade_id, client_order_id = fill.trade_id, fill.client_order_id
            first = applied.setdefault((fill.instrument_id, trade_id), fill)
            if first is not fill:
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

    def listener(
        self, pattern: str, evidence: Evidence, note: Callable[[Finding], None]
    ) -> Callable[[object], None]:
        times_heard = self._heard[pattern]

        def hear(message: object) -> None:
            if type(message) is OrderFilled:
                key: Any = (message.instrument_id, message.trade_id)
                heard = times_heard.get(key)
                if heard is None:
                    times_heard[key] = 1
                else:
                    times_heard[key] = heard + 1
                    told = f"announced {heard + 1} times on {pattern}"
                    note([Violation(message.trade_id, told)])

        return hear

    def end(self, evidence: Evidence) -> Iterator[Violation]:
        applied, unheard = self._applied.keys(), False
        for heard in self._heard.values():
            unheard = unheard or not applied <= heard.keys()
        if not unheard:
            return
        for key in self._applied:
            for pattern, heard in self._heard.items():
                if key not in heard:
                    yield Violation(key[1], f"applied and never announced on {pattern}")


class NoFillIsLost(Check):
    def end(self, evidence: Evidence) -> Iterator[Violation]:
        known: dict[_Key, OrderFilled] = {}
        for order in evidence.all_orders():
            for event in order.events:
                if type(event) is OrderFilled:
                    known[(event.instrument_id, event.trade_id)] = event
        for truth in evidence.truths():
            for true in truth.fills:
                fill = known.pop((true.instrument_id, true.trade_id), None)
                if fill is None:
                    yield Violation(true.trade_id, f"never reached {true.client_order_id}")
                    continue
                quantity_raw: int = fill.last_qty.raw
                price_raw: Any = fill.last_px.raw  # too large for an integer of the machine
                commission = fill.commission
                fee_raw: int = commission.raw
                if (
                    quantity_raw != true.quantity_raw
                    or price_raw != true.price_raw
                    or fee_raw != true.fee_raw
                    or commission.currency.code != true.fee_currency
                    or fill.client_order_id != true.client_order_id
                    or (fill.venue_position_id or "") != true.position_id
                ):
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
