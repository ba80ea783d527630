"""An order as its events tell it: a second opinion that owes nothing to the kernel's own fold."""

from typing import Final

from engine.model.enums import OrderStatus
from engine.model.events import (
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderDenied,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderModifyRejected,
    OrderPendingCancel,
    OrderPendingUpdate,
    OrderRejected,
    OrderSubmitted,
    OrderTriggered,
    OrderUpdated,
)

_S = OrderStatus
ENDS: Final[dict[type, OrderStatus]] = {
    OrderDenied: _S.DENIED,
    OrderRejected: _S.REJECTED,
    OrderCanceled: _S.CANCELED,
    OrderExpired: _S.EXPIRED,
}
_OVER: Final = (_S.DENIED, _S.REJECTED, _S.CANCELED, _S.EXPIRED, _S.FILLED)


class OrderWitness:
    """An order folded from its events by rules written here and not in the kernel.

    Attributes:
        quantity, filled, cost: raw; cost is the sum of price times quantity, in units of 1e-32.
        in_quote: the quantity is an amount of quote currency, which no fill is taken off.
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
        "in_quote",
        "quantity",
        "terminals",
    )

    def __init__(self, quantity: int, in_quote: bool = False) -> None:
        self._base = _S.INITIALIZED
        self.in_quote = in_quote
        self._open_requests: dict[str, OrderStatus] = {}
        self.quantity = quantity
        self.filled = 0
        self.cost = 0
        self.events = 1
        self.terminals = 0
        self.after_end = ""

    @property
    def status(self) -> OrderStatus:
        if not self._open_requests or self._base in _OVER:
            return self._base
        return list(self._open_requests.values())[-1]

    @property
    def standing(self) -> OrderStatus:
        """The status beneath whatever request is under way."""
        return self._base

    def add(self, event: OrderEvent) -> None:
        self.events += 1
        if isinstance(event, OrderFilled):
            self._fill(event)
            return
        kind = type(event)
        if self._base in _OVER:
            self.after_end = kind.__name__
        end = ENDS.get(kind)
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
        elif isinstance(event, OrderPendingUpdate):
            self._open_requests[event.request_id] = _S.PENDING_UPDATE
        elif isinstance(event, OrderPendingCancel):
            self._open_requests[event.request_id] = _S.PENDING_CANCEL
        elif isinstance(event, OrderModifyRejected):
            self._settle(event.request_id, _S.PENDING_UPDATE)
        elif isinstance(event, OrderCancelRejected):
            self._settle(event.request_id, _S.PENDING_CANCEL)
        elif isinstance(event, OrderUpdated):
            self._update(event)

    def _fill(self, event: OrderFilled) -> None:
        self.filled += event.last_qty.raw
        self.cost += event.last_qty.raw * event.last_px.raw
        if self.filled >= self.quantity and not self.in_quote:
            self._base = _S.FILLED
        elif self._base not in _OVER:
            self._base = _S.PARTIALLY_FILLED

    def _update(self, event: OrderUpdated) -> None:
        self.quantity = event.quantity.raw
        self.in_quote = False
        self._settle(event.request_id, _S.PENDING_UPDATE)
        if 0 < self.quantity <= self.filled and self._base not in _OVER:
            self._base = _S.FILLED  # cut down to what is filled: nothing rests

    def _settle(self, request_id: str | None, kind: OrderStatus) -> None:
        if request_id is not None:
            self._open_requests.pop(request_id, None)
            return
        of_kind = [key for key, value in self._open_requests.items() if value is kind]
        if len(of_kind) == 1:
            del self._open_requests[of_kind[0]]
