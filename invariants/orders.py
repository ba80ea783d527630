"""Orders: state is the fold of events, quantities add up, terminal is final, nothing hangs."""

from collections.abc import Iterator
from fractions import Fraction

from engine.model.enums import OrderStatus
from engine.model.events import (
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderDenied,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderInitialized,
    OrderModifyRejected,
    OrderPendingCancel,
    OrderPendingUpdate,
    OrderRejected,
    OrderSubmitted,
    OrderTriggered,
    OrderUpdated,
)
from invariants.evidence import Evidence
from invariants.property import Check, Violation, always, eventually

_S = OrderStatus
_ENDS = {
    OrderDenied: _S.DENIED,
    OrderRejected: _S.REJECTED,
    OrderCanceled: _S.CANCELED,
    OrderExpired: _S.EXPIRED,
}
_OVER = (_S.DENIED, _S.REJECTED, _S.CANCELED, _S.EXPIRED, _S.FILLED)


class OrderWitness:
    """An order as its events tell it, folded by rules written here and not in the kernel.

    Attributes:
        events: accepted so far.
        terminals: how many of them ended the order.
        after_end: name of a lifecycle event that came after the end, or "".
    """

    __slots__ = (
        "_base",
        "_open_requests",
        "after_end",
        "cost",
        "events",
        "filled",
        "quantity",
        "terminals",
    )

    def __init__(self, quantity: int) -> None:
        self._base = _S.INITIALIZED
        self._open_requests: dict[str, OrderStatus] = {}
        self.quantity = quantity
        self.filled = 0
        self.cost = 0
        self.events = 1
        self.terminals = 0
        self.after_end = ""

    @property
    def status(self) -> OrderStatus:
        if self._base in _OVER or not self._open_requests:
            return self._base
        return list(self._open_requests.values())[-1]

    def add(self, event: OrderEvent) -> None:
        self.events += 1
        kind = type(event)
        if kind is OrderFilled:
            self._fill(event)
            return
        if self._base in _OVER:
            self.after_end = kind.__name__
        end = _ENDS.get(kind)
        if end is not None:
            self.terminals += 1
            self._base = end
        elif kind is OrderSubmitted:
            self._base = _S.SUBMITTED
        elif kind is OrderAccepted:
            if self._base in (_S.INITIALIZED, _S.SUBMITTED):
                self._base = _S.ACCEPTED
        elif kind is OrderTriggered:
            self._base = _S.TRIGGERED
        elif kind is OrderPendingUpdate:
            self._open_requests[event.request_id] = _S.PENDING_UPDATE
        elif kind is OrderPendingCancel:
            self._open_requests[event.request_id] = _S.PENDING_CANCEL
        elif kind is OrderModifyRejected:
            self._settle(event.request_id, _S.PENDING_UPDATE)
        elif kind is OrderCancelRejected:
            self._settle(event.request_id, _S.PENDING_CANCEL)
        elif kind is OrderUpdated:
            self.quantity = event.quantity.raw
            if event.request_id is not None:
                self._settle(event.request_id, _S.PENDING_UPDATE)
            if 0 < self.quantity <= self.filled and self._base not in _OVER:
                self._base = _S.FILLED  # cut down to what is filled: nothing rests

    def _fill(self, event: OrderFilled) -> None:
        self.filled += event.last_qty.raw
        self.cost += event.last_qty.raw * event.last_px.raw
        if self.filled >= self.quantity:
            self._base = _S.FILLED
        elif self._base not in _OVER:
            self._base = _S.PARTIALLY_FILLED

    def _settle(self, request_id: str | None, kind: OrderStatus) -> None:
        if request_id is not None:
            self._open_requests.pop(request_id, None)
            return
        of_kind = [key for key, value in self._open_requests.items() if value is kind]
        if len(of_kind) == 1:
            del self._open_requests[of_kind[0]]


class _Folding(Check):
    """Folds the order events of each turn; subclasses judge the orders it touched."""

    def __init__(self) -> None:
        self.witnesses: dict[str, OrderWitness] = {}

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        touched = False
        for fact in evidence.record.facts:
            if isinstance(fact, OrderEvent):
                touched = True
                if type(fact) is OrderInitialized:
                    self.witnesses[fact.client_order_id] = OrderWitness(fact.quantity.raw)
                else:
                    self.witnesses[fact.client_order_id].add(fact)
        return self.judge(evidence) if touched else None

    def judge(self, evidence: Evidence) -> Iterator[Violation]:
        raise NotImplementedError


@always(
    "ORD-1",
    "An order's state equals the fold of its accepted events; a refused event changes nothing, "
    "is not stored and is not published.",
)
class StateIsTheFoldOfEvents(_Folding):
    def judge(self, evidence: Evidence) -> Iterator[Violation]:
        for order in evidence.view.orders_touched():
            witness = self.witnesses[order.client_order_id]
            if order.status is not witness.status:
                yield Violation(
                    order.client_order_id,
                    f"is {order.status.name}, its events make it {witness.status.name}",
                )
            if len(order.events) != witness.events:
                yield Violation(
                    order.client_order_id,
                    f"holds {len(order.events)} events, {witness.events} were applied",
                )


@always(
    "ORD-2",
    "leaves = max(quantity - filled, 0) and overfill = max(filled - quantity, 0); filled never "
    "falls; the average price is the quantity-weighted mean of the fills.",
)
class QuantitiesAddUp(_Folding):
    def judge(self, evidence: Evidence) -> Iterator[Violation]:
        for order in evidence.view.orders_touched():
            witness = self.witnesses[order.client_order_id]
            name = order.client_order_id
            quantity, filled = order.quantity.raw, order.filled_qty.raw
            if quantity != witness.quantity or filled != witness.filled:
                yield Violation(
                    name,
                    f"has quantity {quantity} and filled {filled} raw, "
                    f"its events say {witness.quantity} and {witness.filled}",
                )
            if order.leaves_qty.raw != max(quantity - filled, 0):
                yield Violation(name, f"leaves {order.leaves_qty} of {order.quantity}")
            if order.overfill_qty.raw != max(filled - quantity, 0):
                yield Violation(name, f"overfill {order.overfill_qty} of {order.quantity}")
            if witness.filled and order.avg_px is not None:
                mean = Fraction(witness.cost, witness.filled * 10**16)
                if abs(Fraction(order.avg_px) - mean) > Fraction(1, 10**16):
                    yield Violation(name, f"average {order.avg_px}, the mean is {float(mean)}")
            elif witness.filled:
                yield Violation(name, "filled without an average price")


@always(
    "ORD-3",
    "Terminal is final: at most one terminal event per order, nothing but a fill after it, and "
    "never a terminal that the venue contradicts.",
)
class TerminalIsFinal(_Folding):
    def judge(self, evidence: Evidence) -> Iterator[Violation]:
        for order in evidence.view.orders_touched():
            witness = self.witnesses[order.client_order_id]
            if witness.terminals > 1:
                yield Violation(order.client_order_id, f"ended {witness.terminals} times")
            if witness.after_end:
                yield Violation(order.client_order_id, f"{witness.after_end} after its end")
        for fact in evidence.record.facts:
            if type(fact) is OrderCanceled or type(fact) is OrderExpired:
                ended = _ENDS[type(fact)].name
                true = evidence.true_order(fact.client_order_id)
                status = true.status if true is not None else "unknown"
                if status != ended:
                    yield Violation(
                        fact.client_order_id, f"{ended} here, {status} at the venue"
                    )


@eventually(
    "ORD-4",
    "No order stays pending, unacknowledged or unresolved once faults have stopped and the quiet "
    "period has passed.",
)
class NothingHangs(Check):
    def end(self, evidence: Evidence) -> Iterator[Violation]:
        for order in evidence.view.orders():
            if order.is_inflight or order.status is _S.INITIALIZED:
                yield Violation(order.client_order_id, f"is still {order.status.name}")
        for order in evidence.view.cache.orders_unresolved():
            yield Violation(order.client_order_id, "is still marked unresolved")
