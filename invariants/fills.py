"""Fills: each of the venue's executions once, and none lost."""

from collections.abc import Iterator

from engine.model.events import OrderFilled
from invariants.evidence import Evidence
from invariants.property import Check, Violation, always, eventually

_Key = tuple[str, str]  # (instrument id, trade id): trade ids are the venue's


@always(
    "FIL-1",
    "Each venue execution takes effect, and is announced, exactly once, whatever channel brings "
    "it and however often.",
)
class FillsCountOnce(Check):
    patterns = ("events.fills.*", "events.order.*")
    facts = (OrderFilled,)

    def __init__(self) -> None:
        self._applied: dict[_Key, OrderFilled] = {}
        self._filled: dict[str, int] = {}
        self._heard: dict[tuple[str, str, str], int] = {}

    def turn(self, evidence: Evidence) -> Iterator[Violation]:
        for fill in evidence.fills:
            key = (fill.instrument_id, fill.trade_id)
            first = self._applied.setdefault(key, fill)
            if first is not fill:
                yield Violation(
                    fill.trade_id, f"applied to {first.client_order_id} and {fill.client_order_id}"
                )
            if not evidence.has_trade(fill.trade_id):
                yield Violation(fill.trade_id, "the venue has no such execution")
            total = self._filled.get(fill.client_order_id, 0) + fill.last_qty.raw
            self._filled[fill.client_order_id] = total
        for order in evidence.orders:
            expected = self._filled.get(order.client_order_id, 0)
            if order.filled_raw != expected:
                yield Violation(
                    order.client_order_id,
                    f"filled {order.filled_raw} raw, its fills sum to {expected}",
                )

    def delivered(
        self, pattern: str, message: object, evidence: Evidence
    ) -> Iterator[Violation] | None:
        if type(message) is not OrderFilled:
            return None
        key = (pattern, message.instrument_id, message.trade_id)
        heard = self._heard[key] = self._heard.get(key, 0) + 1
        if heard == 1:
            return None
        return iter([Violation(message.trade_id, f"announced {heard} times on {pattern}")])

    def end(self, evidence: Evidence) -> Iterator[Violation]:
        for instrument_id, trade_id in self._applied:
            for pattern in self.patterns:
                if (pattern, instrument_id, trade_id) not in self._heard:
                    yield Violation(trade_id, f"applied and never announced on {pattern}")


@eventually(
    "FIL-2",
    "No venue execution is lost: after quiescence the kernel's fills equal the venue's, number "
    "for number.",
)
class NoFillIsLost(Check):
    def end(self, evidence: Evidence) -> Iterator[Violation]:
        known: dict[_Key, OrderFilled] = {
            (fill.instrument_id, fill.trade_id): fill for fill in evidence.view.fills()
        }
        for truth in evidence.truths():
            for true in truth.fills:
                fill = known.pop((true.instrument_id, true.trade_id), None)
                if fill is None:
                    yield Violation(true.trade_id, f"never reached {true.client_order_id}")
                    continue
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
                if ours != theirs:
                    yield Violation(true.trade_id, f"kernel has {ours}, the venue {theirs}")
        for _, trade_id in known:
            yield Violation(trade_id, "the venue has no such execution")
