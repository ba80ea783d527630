"""An order as the list of its events: every question walks the list again, by the rules in words.

There is no table of states and no counter. What stands at the venue, what is still asked of it,
what is filled: each is read off the events, oldest first. It shares the event messages and the
status names with the engine, and no rule.

The rules, in the order a reader would ask them:

- Which events make sense depends on where the order *stands* (without what is asked of it), on
  whether a modify or cancel is on the wire, and on whether it is over.
- While anything is asked the order shows the latest question; the answers leave it standing where
  the news have brought it meanwhile.
- A fill is money: once the order may be at the venue it counts, even after the end.
- An order for an amount of quote currency has no end by fills before the venue has said what it
  comes to in base.
"""

from enum import StrEnum
from typing import Any

from engine.model.enums import OrderSide, OrderStatus, OrderType
from engine.model.events import (
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderDenied,
    OrderEmulated,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderInitialized,
    OrderModifyRejected,
    OrderPendingCancel,
    OrderPendingUpdate,
    OrderRejected,
    OrderReleased,
    OrderSubmitted,
    OrderTriggered,
    OrderUpdated,
)
from simulation.models.holding import half_even

_INITIALIZED = OrderStatus.INITIALIZED
_DENIED = OrderStatus.DENIED
_EMULATED = OrderStatus.EMULATED
_RELEASED = OrderStatus.RELEASED
_SUBMITTED = OrderStatus.SUBMITTED
_ACCEPTED = OrderStatus.ACCEPTED
_REJECTED = OrderStatus.REJECTED
_CANCELED = OrderStatus.CANCELED
_EXPIRED = OrderStatus.EXPIRED
_TRIGGERED = OrderStatus.TRIGGERED
_PENDING_UPDATE = OrderStatus.PENDING_UPDATE
_PENDING_CANCEL = OrderStatus.PENDING_CANCEL
_PARTIALLY_FILLED = OrderStatus.PARTIALLY_FILLED
_FILLED = OrderStatus.FILLED
_OVER = (_DENIED, _REJECTED, _CANCELED, _EXPIRED, _FILLED)
_LOCAL = (_INITIALIZED, _EMULATED, _RELEASED)
_PRICED = (OrderType.LIMIT, OrderType.STOP_LIMIT)
_TRIGGERED_BY_PRICE = (OrderType.STOP_MARKET, OrderType.STOP_LIMIT)

# nothing extends these kinds, so the type of an event tells
_NAMES_ACCOUNT = (OrderSubmitted, OrderAccepted, OrderFilled)
_NAMES_VENUE_ORDER = (OrderAccepted, OrderFilled, OrderUpdated, OrderCanceled, OrderExpired)
_LEADS_TO: dict[type, OrderStatus] = {
    OrderEmulated: _EMULATED,
    OrderReleased: _RELEASED,
    OrderSubmitted: _SUBMITTED,
    OrderAccepted: _ACCEPTED,
    OrderTriggered: _TRIGGERED,
    OrderDenied: _DENIED,
    OrderRejected: _REJECTED,
    OrderCanceled: _CANCELED,
    OrderExpired: _EXPIRED,
}
_ASKS: dict[type, OrderStatus] = {  # and how the order shows it
    OrderPendingUpdate: _PENDING_UPDATE,
    OrderPendingCancel: _PENDING_CANCEL,
}
_ANSWERS: dict[type, OrderStatus] = {  # and what kind of request it belongs to
    OrderUpdated: _PENDING_UPDATE,
    OrderModifyRejected: _PENDING_UPDATE,
    OrderCancelRejected: _PENDING_CANCEL,
}


class Refusal(StrEnum):
    """Why an event does not count."""

    NO_SUCH_STEP = "NO_SUCH_STEP"  # not from where the order is
    NOT_OF_THIS_ORDER = "NOT_OF_THIS_ORDER"  # it names or says what this order cannot be
    SAME_FILL_AGAIN = "SAME_FILL_AGAIN"
    OTHER_FILL_OF_SAME_TRADE = "OTHER_FILL_OF_SAME_TRADE"
    FILL_OF_UNSENT = "FILL_OF_UNSENT"  # ended before it left


class OrderModel:
    """The witness for orders.

    Attributes:
        init: what was ordered.
        events: what counted, oldest first, `init` included.
    """

    def __init__(self, init: OrderInitialized) -> None:
        self.init = init
        self.events: list[OrderEvent] = [init]

    def add(self, event: OrderEvent) -> Refusal | None:
        """Take an event, or say why not and stay as it was."""
        refusal = self.refusal(event)
        if refusal is None:
            self.events.append(event)
        return refusal

    # --- what has happened ---------------------------------------------------------------

    def fills(self) -> list[OrderFilled]:
        return [event for event in self.events if isinstance(event, OrderFilled)]

    @property
    def quantity_raw(self) -> int:
        quantity = self.init.quantity
        for event in self.events:
            if isinstance(event, OrderUpdated):
                quantity = event.quantity
        raw: int = quantity.raw
        return raw

    @property
    def is_in_quote(self) -> bool:
        """Whether the quantity is an amount of quote currency: until the venue says a quantity."""
        if not self.init.quote_quantity:
            return False
        return not any(isinstance(event, OrderUpdated) for event in self.events)

    @property
    def filled_raw(self) -> int:
        return sum([fill.last_qty.raw for fill in self.fills()])

    @property
    def leaves_raw(self) -> int:
        """What is not filled; fills are in base and take nothing off an amount of quote."""
        taken = 0 if self.is_in_quote else self.filled_raw
        return max(self.quantity_raw - taken, 0)

    @property
    def overfill_raw(self) -> int:
        return 0 if self.is_in_quote else max(self.filled_raw - self.quantity_raw, 0)

    @property
    def mean_price_raw(self) -> int | None:
        """Rounded half-even at 1e-16; None before the first fill."""
        filled_raw = self.filled_raw
        if not filled_raw:
            return None
        paid = sum([fill.last_px.raw * fill.last_qty.raw for fill in self.fills()])
        return half_even(paid, filled_raw)

    def commission_raw(self) -> dict[str, int]:
        """What the fills cost in all, by currency code."""
        paid: dict[str, int] = {}
        for fill in self.fills():
            code = fill.commission.currency.code
            paid[code] = paid.get(code, 0) + fill.commission.raw
        return paid

    @property
    def price_raw(self) -> int | None:
        price = self.init.price
        for event in self.events:
            if isinstance(event, OrderUpdated) and event.price is not None:
                price = event.price
        return None if price is None else int(price.raw)

    @property
    def trigger_raw(self) -> int | None:
        price = self.init.trigger_price
        for event in self.events:
            if isinstance(event, OrderUpdated) and event.trigger_price is not None:
                price = event.trigger_price
        return None if price is None else int(price.raw)

    @property
    def account(self) -> str | None:
        """Whoever took it last; known from its sending, its acceptance or a fill."""
        account: str | None = None
        for event in self.events:
            if type(event) in _NAMES_ACCOUNT:
                named: Any = event
                account = named.account_id
        return account

    def venue_order_ids(self) -> list[str]:
        """Every id the venue gave it, oldest first."""
        return self._venue_naming()[0]

    @property
    def venue_order_id(self) -> str | None:
        """The present one."""
        return self._venue_naming()[1]

    def _venue_naming(self) -> tuple[list[str], str | None]:
        seen: list[str] = []
        current: str | None = None
        for event in self.events:
            if type(event) not in _NAMES_VENUE_ORDER:
                continue
            named: Any = event
            name: str | None = named.venue_order_id
            if name is None:
                continue
            if isinstance(event, OrderFilled) and name in seen:
                continue  # an execution of the order that a replacement has superseded
            current = name
            if name not in seen:
                seen.append(name)
        return seen, current

    # --- where it is ---------------------------------------------------------------------

    @property
    def standing(self) -> OrderStatus:
        """Where the news have brought it, whatever is asked of it."""
        standing = _INITIALIZED
        quantity: int | None = None  # in base; None: not known yet
        filled = 0
        for event in self.events:
            kind = type(event)
            if kind in _LEADS_TO:
                standing = _LEADS_TO[kind]
            elif isinstance(event, OrderFilled):
                filled += event.last_qty.raw
                if quantity is not None and filled >= quantity:
                    standing = _FILLED
                elif standing not in _OVER:
                    standing = _PARTIALLY_FILLED
            elif isinstance(event, OrderInitialized):
                quantity = None if event.quote_quantity else event.quantity.raw
            elif isinstance(event, OrderUpdated):
                quantity = event.quantity.raw
                if 0 < quantity <= filled:
                    standing = _FILLED  # cut down to what it has: nothing rests
        return standing

    @property
    def is_over(self) -> bool:
        return self.standing in _OVER

    def asked(self) -> dict[str, OrderStatus]:
        """What is on the wire, oldest first: request id to the status it shows. The end of the
        order leaves nothing to be answered."""
        if self.is_over:
            return {}
        return self._questions()[0]

    def answered(self) -> list[str]:
        """Requests that have had their answer, named or meant."""
        return self._questions()[1]

    def _questions(self) -> tuple[dict[str, OrderStatus], list[str]]:
        """What the news leave open, whether the order is over or not, and what they answer."""
        asked: dict[str, OrderStatus] = {}
        answered: list[str] = []
        for event in self.events:
            kind = type(event)
            told: Any = event
            if kind in _ASKS:
                asked[told.request_id] = _ASKS[kind]
            elif kind in _ANSWERS:
                name = _settle(asked, told.request_id, _ANSWERS[kind])
                if name is not None:
                    answered.append(name)
        return asked, answered

    @property
    def status(self) -> OrderStatus:
        """What the order shows: the latest open question, else where it stands."""
        asked = self.asked()
        return list(asked.values())[-1] if asked else self.standing

    @property
    def status_beneath(self) -> OrderStatus | None:
        """Where it stands, while a question hides that."""
        return self.standing if self.asked() else None

    # --- when ----------------------------------------------------------------------------

    def first_time(self, *kinds: type) -> int:
        """`ts_event` of the first event of these kinds, nanoseconds; 0: none."""
        return next((event.ts_event for event in self.events if isinstance(event, kinds)), 0)

    @property
    def ts_submitted(self) -> int:
        return self.first_time(OrderSubmitted)

    @property
    def ts_accepted(self) -> int:
        """The acceptance says so itself, even when a fill came first."""
        return self.first_time(OrderAccepted) or self.first_time(OrderFilled)

    @property
    def ts_closed(self) -> int:
        """When it ended; late fills do not move that."""
        shorter = OrderModel(self.init)
        for event in self.events[1:]:
            shorter.events.append(event)
            if shorter.is_over:
                return event.ts_event
        return 0

    # --- what may come next --------------------------------------------------------------

    def refusal(self, event: OrderEvent) -> Refusal | None:
        """Why this event could not be the next one; None: it could."""
        init = self.init
        if (event.client_order_id, event.strategy_id, event.instrument_id) != (
            init.client_order_id,
            init.strategy_id,
            init.instrument_id,
        ):
            return Refusal.NOT_OF_THIS_ORDER
        if isinstance(event, OrderFilled):
            return self._refusal_of_fill(event)
        if self._contradicts(event):
            return Refusal.NOT_OF_THIS_ORDER
        return None if self._may_follow(event) else Refusal.NO_SUCH_STEP

    def _refusal_of_fill(self, fill: OrderFilled) -> Refusal | None:
        for known in self.fills():
            if known.trade_id == fill.trade_id:
                same = (known.side, known.last_qty.raw, known.last_px.raw) == (
                    fill.side,
                    fill.last_qty.raw,
                    fill.last_px.raw,
                )
                return Refusal.SAME_FILL_AGAIN if same else Refusal.OTHER_FILL_OF_SAME_TRADE
        if fill.side is not self.init.side or not fill.last_qty.raw:
            return Refusal.NOT_OF_THIS_ORDER
        if self.account not in (None, fill.account_id):
            return Refusal.NOT_OF_THIS_ORDER
        was_sent = self.first_time(OrderSubmitted) or self.venue_order_id is not None
        standing = self.standing
        if not was_sent and standing in (_REJECTED, _CANCELED, _EXPIRED):
            return Refusal.FILL_OF_UNSENT
        if standing in _LOCAL or standing is _DENIED:
            return Refusal.NO_SUCH_STEP
        return None

    def _contradicts(self, event: OrderEvent) -> bool:
        """Whether it says what this order cannot be, or answers what was not asked."""
        init = self.init
        if isinstance(event, OrderUpdated) and (
            not event.quantity.raw
            or (event.price is not None and init.order_type not in _PRICED)
            or (event.trigger_price is not None and init.order_type not in _TRIGGERED_BY_PRICE)
        ):
            return True
        kind = type(event)
        told: Any = event
        if kind in _ANSWERS:
            name: str | None = told.request_id
            if name is None:
                return False
            asked = self.asked().get(name)
            return name in self.answered() or asked not in (None, _ANSWERS[kind])
        if kind in _ASKS:
            return told.request_id in self.asked() or told.request_id in self.answered()
        if kind is OrderTriggered:
            return init.order_type is not OrderType.STOP_LIMIT
        if kind is OrderAccepted:
            return self.account not in (None, told.account_id)
        if kind is OrderCanceled or kind is OrderExpired:
            current = self.venue_order_id
            return None not in (current, told.venue_order_id) and current != told.venue_order_id
        return False

    def _may_follow(self, event: OrderEvent) -> bool:
        """Whether an event that fits the order can come now."""
        standing = self.standing
        if standing in _OVER:
            return False  # fills alone may come late, and they are judged elsewhere
        is_asked = bool(self.asked())
        match event:
            case OrderDenied():
                return standing in _LOCAL
            case OrderEmulated():
                return standing is _INITIALIZED
            case OrderReleased():
                return standing in (_INITIALIZED, _EMULATED)
            case OrderSubmitted():
                return standing in (_INITIALIZED, _RELEASED)
            case OrderAccepted():  # of an order found at the venue, too
                return standing in (_INITIALIZED, _SUBMITTED)
            case OrderTriggered():
                return standing in (_INITIALIZED, _SUBMITTED, _ACCEPTED)
            case OrderRejected():
                # after a fill a rejection can only be news of what is asked meanwhile
                return is_asked or standing not in (_RELEASED, _PARTIALLY_FILLED)
            case OrderExpired():
                return standing is not _RELEASED
            case OrderCanceled() | OrderUpdated():
                return True
            case OrderModifyRejected():
                return standing is not _INITIALIZED
            case OrderCancelRejected() | OrderPendingCancel():
                return standing not in _LOCAL
            case OrderPendingUpdate():  # not once it is leaving
                return standing not in _LOCAL and _PENDING_CANCEL not in self.asked().values()
        return False

    def slippage_raw(self) -> int | None:
        """How much worse than its price (else trigger) the mean fill is; None where it is not
        worse."""
        reference = self.trigger_raw if self.price_raw is None else self.price_raw
        mean = self.mean_price_raw
        if reference is None or mean is None:
            return None
        worse = reference - mean if self.init.side is OrderSide.SELL else mean - reference
        return worse if worse > 0 else None


def _settle(asked: dict[str, OrderStatus], name: str | None, kind: OrderStatus) -> str | None:
    """Take an answered request out of `asked`; an answer without a name means the only one of
    its kind, and nothing where there are several. Returns the name it settles, if any."""
    if name is None:
        of_kind = [request for request, asks in asked.items() if asks is kind]
        if len(of_kind) != 1:
            return None
        name = of_kind[0]
    asked.pop(name, None)
    return name
