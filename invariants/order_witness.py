"""An order as its events tell it: a second opinion that owes nothing to the kernel's own fold."""

from decimal import Decimal
from typing import Final, cast

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
# an enum's member is found by a search, so each is found once
_INITIALIZED, _SUBMITTED, _ACCEPTED = _S.INITIALIZED, _S.SUBMITTED, _S.ACCEPTED
_PARTIALLY_FILLED, _FILLED, _TRIGGERED = _S.PARTIALLY_FILLED, _S.FILLED, _S.TRIGGERED
_PENDING_UPDATE, _PENDING_CANCEL = _S.PENDING_UPDATE, _S.PENDING_CANCEL


class OrderWitness:
    """An order folded from its events by rules written here and not in the kernel.

    Attributes:
        quantity, filled, price: raw; price is that of all fills so far, if they had the same one.
        has_prices: they had not.
        mean: the price that was seen to be the mean of these fills; None: none was yet.
        in_quote: the quantity is an amount of quote currency, which no fill is taken off.
        events: accepted so far.
        terminals: how many of them ended the order.
        after_end: name of a lifecycle event that came after the end, or "".
    """

    __slots__ = (
        "_base",
        "_cost",
        "_is_over",
        "_open_requests",
        "after_end",
        "events",
        "filled",
        "has_prices",
        "in_quote",
        "mean",
        "price",
        "quantity",
        "terminals",
    )

    def __init__(self, quantity: int, in_quote: bool = False) -> None:
        self._base = _INITIALIZED
        self._is_over = False
        self.in_quote = in_quote
        self._open_requests: dict[str, OrderStatus] = {}
        self.quantity = quantity
        self.filled = 0
        self.price = 0
        self.has_prices = False
        self._cost = 0  # once it has prices
        self.mean: Decimal | None = None
        self.events = 1
        self.terminals = 0
        self.after_end = ""

    @property
    def status(self) -> OrderStatus:
        if not self._open_requests or self._is_over:
            return self._base
        return list(self._open_requests.values())[-1]

    @property
    def standing(self) -> OrderStatus:
        """The status beneath whatever request is under way."""
        return self._base

    @property
    def cost(self) -> int:
        """The sum of price times quantity, in units of 1e-32."""
        return self._cost if self.has_prices else self.price * self.filled

    def add(self, event: OrderEvent) -> None:
        self.events += 1
        kind = type(event)
        if kind is OrderFilled:
            self._fill(cast(OrderFilled, event))
            return
        if self._is_over:
            self.after_end = kind.__name__
        if kind is OrderSubmitted:
            self._base = _SUBMITTED
            self._is_over = False
        elif kind is OrderAccepted:
            if self._base is _INITIALIZED or self._base is _SUBMITTED:
                self._base = _ACCEPTED
        elif kind is OrderTriggered:
            self._base = _TRIGGERED
            self._is_over = False
        elif kind is OrderPendingUpdate:
            self._open_requests[cast(OrderPendingUpdate, event).request_id] = _PENDING_UPDATE
        elif kind is OrderPendingCancel:
            self._open_requests[cast(OrderPendingCancel, event).request_id] = _PENDING_CANCEL
        elif kind is OrderModifyRejected:
            self._settle(cast(OrderModifyRejected, event).request_id, _PENDING_UPDATE)
        elif kind is OrderCancelRejected:
            self._settle(cast(OrderCancelRejected, event).request_id, _PENDING_CANCEL)
        elif kind is OrderUpdated:
            self._update(cast(OrderUpdated, event))
        else:
            end = ENDS.get(kind)
            if end is not None:
                self.terminals += 1
                self._base = end
                self._is_over = True

    def _fill(self, event: OrderFilled) -> None:
        last: int = event.last_qty.raw
        price: int = event.last_px.raw
        if not self.filled:
            self.price = price
        elif self.has_prices or price != self.price:
            self._cost = self.cost + last * price  # of numbers this large, dear
            self.has_prices = True
        self.filled += last
        self.mean = None
        if self.filled >= self.quantity and not self.in_quote:
            self._base = _FILLED
            self._is_over = True
        elif not self._is_over:
            self._base = _PARTIALLY_FILLED

    def _update(self, event: OrderUpdated) -> None:
        self.quantity = event.quantity.raw
        self.in_quote = False
        self._settle(event.request_id, _PENDING_UPDATE)
        if 0 < self.quantity <= self.filled and not self._is_over:
            self._base = _FILLED  # cut down to what is filled: nothing rests
            self._is_over = True

    def _settle(self, request_id: str | None, kind: OrderStatus) -> None:
        if request_id is not None:
            self._open_requests.pop(request_id, None)
            return
        of_kind = [key for key, value in self._open_requests.items() if value is kind]
        if len(of_kind) == 1:
            del self._open_requests[of_kind[0]]
