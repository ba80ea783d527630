"""Reconciliation: silence is no evidence, and belief ends as the venue's truth."""

from collections.abc import Iterator
from typing import Any, ClassVar, Final

from engine.model.enums import OrderStatus
from engine.model.events import OrderEvent, OrderRejected
from engine.model.order_table import OPEN
from engine.model.orders import Order
from invariants.check import Check, Kinds
from invariants.evidence import Evidence
from invariants.truth import TrueOrder
from invariants.violation import Violation

# [status]
_IS_OPEN: Final = list(OPEN)
_NAMES: Final = ["", *(status.name for status in OrderStatus)]


class OrdersEqualTheVenues(Check):
    def end(self, evidence: Evidence) -> list[Violation] | None:
        met: dict[str, None] = {}
        wrong: list[Violation] = []
        for truth in evidence.truths():
            for true in truth.orders:
                name = true.client_order_id
                order = evidence.order_named(name)
                if order is None:
                    wrong.append(Violation(name, "rests at the venue, unknown here"))
                    continue
                status: int = order.status
                is_open = _IS_OPEN[status]
                if is_open:
                    met[name] = None
                if _NAMES[status] == true.status:
                    filled: int = order.filled_qty.raw
                    true_filled: int = true.filled_raw
                    if filled == true_filled and (not is_open or _has_terms(order, true)):
                        continue
                self._compare(order, true, wrong)
        for order in evidence.all_orders():
            status = order.status
            if _IS_OPEN[status]:
                name = order.client_order_id
                if name not in met and evidence.true_order(name) is None:
                    wrong.append(Violation(name, "is open here, unknown at the venue"))
        return wrong or None

    def _compare(self, order: Order, true: TrueOrder, wrong: list[Violation]) -> None:
        status = order.status.name
        if true.status == "CANCELED" and true.filled_raw == true.quantity_raw > 0:
            # cut down to what was filled: whether that is a cancel is a matter of words
            status = "CANCELED" if status == "FILLED" else status
        ours: tuple[object, ...] = (status, order.filled_qty.raw)
        theirs: tuple[object, ...] = (true.status, true.filled_raw)
        if order.is_open:  # what was last changed of one that is over, nobody needs
            price = order.price.raw if order.price is not None else None
            ours += (order.quantity.raw, price)
            theirs += (true.quantity_raw, true.price_raw)
        if ours != theirs and true.status != "REJECTED":
            told = f"is {ours} here, {theirs} at the venue"
            wrong.append(Violation(true.client_order_id, told))
        if true.status == "REJECTED" and status not in ("REJECTED", "DENIED"):
            told = f"is {status} here, the venue refused it"
            wrong.append(Violation(true.client_order_id, told))


def _has_terms(order: Order, true: TrueOrder) -> bool:
    """Whether they ask the same size at the same price."""
    price = order.price
    theirs: Any = true
    ours: Any = order.quantity
    if ours.raw != theirs.quantity_raw:
        return False
    ours = None if price is None else price.raw
    return bool(ours == theirs.price_raw)


class SilenceIsNoEvidence(Check):
    def __init__(self) -> None:
        self._given_up: list[str] = []
        self._filled: dict[str, int] = {}

    facts: ClassVar[Kinds] = (OrderEvent,)

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        known = self._filled
        for fact in evidence.order_events:
            if type(fact) is OrderRejected:
                return self._judge(evidence)
        for order in evidence.orders:
            filled = order.filled_raw
            name = order.client_order_id
            before = known.get(name)
            if before is None:
                if filled:
                    known[name] = filled
            elif filled < before:
                return self._judge(evidence)
            elif filled != before:
                known[name] = filled
        return None

    def _judge(self, evidence: Evidence) -> Iterator[Violation] | None:
        wrong: list[Violation] = []
        known = self._filled
        for fact in evidence.order_events:
            if type(fact) is OrderRejected:
                true = evidence.true_order(fact.client_order_id)
                self._given_up.append(fact.client_order_id)
                if true is not None and true.status != "REJECTED":
                    told = f"rejected here ({fact.reason}), {true.status} at the venue"
                    wrong.append(Violation(fact.client_order_id, told))
        for order in evidence.orders:
            before, filled = known.get(order.client_order_id, 0), order.filled_raw
            if filled or before:
                known[order.client_order_id] = filled
            if filled < before:
                told = f"filled fell from {before} to {filled} raw"
                wrong.append(Violation(order.client_order_id, told))
        return iter(wrong) if wrong else None

    def end(self, evidence: Evidence) -> list[Violation] | None:
        wrong: list[Violation] = []
        for name in self._given_up:
            true = evidence.true_order(name)
            if true is not None and true.status != "REJECTED":
                wrong.append(Violation(name, f"rejected here, {true.status} at the venue"))
        return wrong or None
