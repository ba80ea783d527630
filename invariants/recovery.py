"""Reconciliation: silence is no evidence, and belief ends as the venue's truth."""

from collections.abc import Iterator
from typing import ClassVar

from engine.model.events import OrderEvent, OrderRejected
from engine.model.identifiers import ClientOrderId
from invariants.check import Check, Kinds
from invariants.evidence import Evidence
from invariants.violation import Violation


class OrdersEqualTheVenues(Check):
    def end(self, evidence: Evidence) -> Iterator[Violation]:
        for truth in evidence.truths():
            for true in truth.orders:
                order = evidence.view.order(ClientOrderId(true.client_order_id))
                if order is None:
                    yield Violation(true.client_order_id, "rests at the venue, unknown here")
                    continue
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
                    yield Violation(true.client_order_id, f"is {ours} here, {theirs} at the venue")
                if true.status == "REJECTED" and status not in ("REJECTED", "DENIED"):
                    yield Violation(true.client_order_id, f"is {status} here, the venue refused it")
        for order in evidence.view.orders():
            if order.is_open and evidence.true_order(order.client_order_id) is None:
                yield Violation(order.client_order_id, "is open here, unknown at the venue")


class SilenceIsNoEvidence(Check):
    def __init__(self) -> None:
        self._given_up: list[str] = []
        self._filled: dict[str, int] = {}

    facts: ClassVar[Kinds] = (OrderEvent,)

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        wrong: list[Violation] = []
        known = self._filled
        for fact in evidence.order_events:
            if type(fact) is OrderRejected:
                true = evidence.true_order(fact.client_order_id)
                self._given_up.append(fact.client_order_id)
                if true is not None and true.status != "REJECTED":
                    wrong.append(
                        Violation(
                            fact.client_order_id,
                            f"rejected here ({fact.reason}), {true.status} at the venue",
                        )
                    )
        for order in evidence.orders:
            filled = order.filled_raw
            if not filled and order.client_order_id not in known:
                continue
            before = known.get(order.client_order_id, 0)
            known[order.client_order_id] = filled
            if filled < before:
                wrong.append(
                    Violation(order.client_order_id, f"filled fell from {before} to {filled} raw")
                )
        return iter(wrong) if wrong else None

    def end(self, evidence: Evidence) -> Iterator[Violation]:
        for name in self._given_up:
            true = evidence.true_order(name)
            if true is not None and true.status != "REJECTED":
                yield Violation(name, f"rejected here, {true.status} at the venue")
