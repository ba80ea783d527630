"""One order and its life: the fold of its events over the table in `order_table.py`.

Every event goes one way: `apply` runs the guards and asks the table, and only when nothing
refuses does it touch the order. So a refused event leaves no trace.

Quantities are kept as raw integers (units of 1e-16); `filled_qty` and its kin build a
`Quantity` when somebody asks. What was paid is kept exactly, as the sum of price times
quantity, and becomes an average only on reading.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, cast

from engine.model.enums import (
    BUY,
    LiquiditySide,
    OrderSide,
    OrderStatus,
    OrderType,
    TimeInForce,
    TriggerType,
)
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
from engine.model.fixed import (
    FIXED_PRECISION,
    QUANTITY_RAW_MAX,
    ValueOutOfRange,
    decimal_of,
    divide_half_even,
)
from engine.model.identifiers import AccountId, ClientOrderId, PositionId, TradeId, VenueOrderId
from engine.model.order_table import (
    ACTIVE_LOCAL,
    BENEATH,
    CLOSED,
    COMPILED,
    INFLIGHT,
    OPEN,
    PENDING,
    RESTORE,
    IllegalTransition,
    OrderEventRefused,
    Trigger,
)
from engine.model.values import Money, Price, Quantity

# The hot path compares by identity, and a module global costs a fifth of an enum attribute.
_FILL_LEAVING_REST: Final = Trigger.FILL_LEAVING_REST
_FILL_OF_REST: Final = Trigger.FILL_OF_REST
_ACCEPTED: Final = Trigger.ACCEPTED
_UPDATED: Final = Trigger.UPDATED
_UPDATED_TO_FILLED: Final = Trigger.UPDATED_TO_FILLED
_PENDING_UPDATE: Final = Trigger.PENDING_UPDATE
_PENDING_CANCEL: Final = Trigger.PENDING_CANCEL

# What most orders never fill is not made for each of them. Writing to it is a TypeError.
_NOTHING: Final[Mapping[Any, Any]] = MappingProxyType({})

_INITIALIZED: Final = OrderStatus.INITIALIZED
_NO_LIQUIDITY_SIDE: Final = LiquiditySide.NO_LIQUIDITY_SIDE
_NO_TRIGGER: Final = TriggerType.NO_TRIGGER
_GTD: Final = TimeInForce.GTD
_ENDED: Final = (OrderStatus.REJECTED, OrderStatus.CANCELED, OrderStatus.EXPIRED)
_LIMITS: Final = (OrderType.LIMIT, OrderType.STOP_LIMIT)
_STOPS: Final = (OrderType.STOP_MARKET, OrderType.STOP_LIMIT)

# Immutable, dear to make, and the same few sizes are asked for again and again.
_QUANTITIES: Final[list[dict[int, Quantity]]] = [{} for _ in range(FIXED_PRECISION + 1)]
_KEPT_MAX: Final = 4096  # of each


class DuplicateFill(OrderEventRefused):
    """This execution is already in the order: same trade, same side, quantity and price."""


class ConflictingFill(OrderEventRefused):
    """The trade id is known, with other numbers. Somebody is wrong about money."""


class FillNeverSent(OrderEventRefused):
    """A fill for an order that ended before it left the kernel. (The table itself refuses fills
    of orders that are still local or DENIED.)"""


def average_price(cost_raw: int, quantity_raw: int) -> Decimal:
    """Mean price of `quantity_raw` units that cost `cost_raw` (raw price x raw quantity) in all.

    The one place where an average is rounded: half-even at 1e-16.

    Raises:
        ZeroDivisionError: `quantity_raw` is zero.
    """
    return decimal_of(divide_half_even(cost_raw, quantity_raw), -FIXED_PRECISION)


def _quantity_of(raw: int, precision: int) -> Quantity:
    known = _QUANTITIES[precision]
    quantity = known.get(raw)
    if quantity is None:
        if len(known) >= _KEPT_MAX:
            known.clear()
        quantity = known[raw] = Quantity.from_raw(raw, precision)
    return quantity


class Order:
    """An order from INITIALIZED to its end, and late fills after it.

    Attributes:
        quantity: what is ordered in all; `OrderUpdated` may change it.
        quantity_raw, filled_raw: raw integers. `leaves_raw` = max(quantity - filled, 0) and
            `overfill_raw` = max(filled - quantity, 0), unless `is_quote_quantity`.
        is_quote_quantity: `quantity` is an amount of quote currency that the venue has yet to
            convert; an `OrderUpdated` does. Until then fills, which are in base, are not taken
            off it: all of it is leaves, and no fill completes the order.
        cost_raw: sum of raw price x raw quantity over the fills, exact.
        status: where the order stands.
        previous_status: in PENDING_* the status held before the first outstanding request,
            kept current while news arrives; None otherwise.
        requests: requests on the wire by request id, oldest first, each PENDING_UPDATE or
            PENDING_CANCEL. Empty once the order is closed.
        venue_order_id: the current one; `venue_order_ids` holds every one seen, oldest first.
        trade_ids: the fills by trade id, in the order they were applied.
        commissions: by currency code.
        ts_submitted, ts_accepted, ts_last, ts_closed: `ts_event` of the event that caused
            them, nanoseconds; 0: not yet. A late fill does not move `ts_closed`.
    """

    __slots__ = (
        "_answered",
        "_average",
        "_average_cost",
        "_average_filled",
        "_precision",
        "account_id",
        "client_order_id",
        "commissions",
        "cost_raw",
        "events",
        "expire_time_ns",
        "filled_raw",
        "init",
        "instrument_id",
        "is_quote_quantity",
        "leaves_raw",
        "liquidity_side",
        "order_type",
        "overfill_raw",
        "position_id",
        "post_only",
        "previous_status",
        "price",
        "quantity",
        "quantity_raw",
        "reduce_only",
        "requests",
        "side",
        "status",
        "strategy_id",
        "tags",
        "time_in_force",
        "trade_ids",
        "trader_id",
        "trigger_price",
        "trigger_type",
        "ts_accepted",
        "ts_closed",
        "ts_init",
        "ts_last",
        "ts_submitted",
        "venue_order_id",
        "venue_order_ids",
    )

    def __init__(self, init: OrderInitialized) -> None:
        """
        Raises:
            TypeError: `init` is not an OrderInitialized.
            ValueError: the fields contradict each other or the order type.
        """
        if not isinstance(init, OrderInitialized):
            raise TypeError(f"an order starts from OrderInitialized, not {type(init).__name__}")
        _check_fields(init)
        self.init = init
        self.trader_id = init.trader_id
        self.strategy_id = init.strategy_id
        self.instrument_id = init.instrument_id
        self.client_order_id: ClientOrderId = init.client_order_id
        self.side: OrderSide = init.side
        self.order_type: OrderType = init.order_type
        self.time_in_force: TimeInForce = init.time_in_force
        self.post_only = init.post_only
        self.reduce_only = init.reduce_only
        self.expire_time_ns = init.expire_time_ns
        self.tags = init.tags
        self.quantity: Quantity = init.quantity
        self.is_quote_quantity = init.quote_quantity
        self.price: Price | None = init.price
        self.trigger_price: Price | None = init.trigger_price
        self.trigger_type: TriggerType = init.trigger_type
        self.quantity_raw: int = init.quantity.raw
        self._precision: int = init.quantity.precision  # the finest seen: fills may be finer
        self.filled_raw = 0
        self.leaves_raw = self.quantity_raw
        self.overfill_raw = 0
        self.cost_raw = 0
        self._average: Decimal | None = None  # of so much, which costs more to divide than to keep
        self._average_cost = self._average_filled = 0
        self.status: OrderStatus = _INITIALIZED
        self.previous_status: OrderStatus | None = None
        self.requests: Mapping[str, Trigger] = _NOTHING
        self._answered: Mapping[str, Trigger] = _NOTHING
        self.venue_order_id: VenueOrderId | None = None
        self.venue_order_ids: list[VenueOrderId] = []
        self.account_id: AccountId | None = None
        self.position_id: PositionId | None = None
        self.liquidity_side: LiquiditySide = _NO_LIQUIDITY_SIDE
        self.trade_ids: Mapping[TradeId, OrderFilled] = _NOTHING
        self.commissions: Mapping[str, Money] = _NOTHING
        self.events: list[OrderEvent] = [init]
        self.ts_init = init.ts_init
        self.ts_submitted = 0
        self.ts_accepted = 0
        self.ts_last = init.ts_event
        self.ts_closed = 0

    # --- reading -------------------------------------------------------------------------

    @property
    def filled_qty(self) -> Quantity:
        return _quantity_of(self.filled_raw, self._precision)

    @property
    def leaves_qty(self) -> Quantity:
        return _quantity_of(self.leaves_raw, self._precision)

    @property
    def overfill_qty(self) -> Quantity:
        return _quantity_of(self.overfill_raw, self._precision)

    @property
    def avg_px(self) -> Decimal | None:
        """Quantity-weighted mean price of the fills, half-even at 1e-16; None before the first."""
        filled_raw, cost_raw = self.filled_raw, self.cost_raw
        if filled_raw == 0:
            return None
        average = self._average
        if average is None or self._average_filled != filled_raw or self._average_cost != cost_raw:
            average = self._average = average_price(cost_raw, filled_raw)
            self._average_filled, self._average_cost = filled_raw, cost_raw
        return average

    @property
    def slippage(self) -> Decimal | None:
        """How much worse than the order's price (stop-market: trigger) the fills were on average.

        None when not worse, without a fill, or without a price to compare with.
        """
        reference = self.trigger_price if self.price is None else self.price
        if reference is None or self.filled_raw == 0:
            return None
        average_raw = divide_half_even(self.cost_raw, self.filled_raw)
        worse = average_raw - reference.raw if self.side is BUY else reference.raw - average_raw
        return decimal_of(worse, -FIXED_PRECISION) if worse > 0 else None

    @property
    def last_event(self) -> OrderEvent:
        return self.events[-1]

    @property
    def is_open(self) -> bool:
        """Working at the venue as far as is known."""
        return OPEN[self.status]

    @property
    def is_closed(self) -> bool:
        return CLOSED[self.status]

    @property
    def is_inflight(self) -> bool:
        """A request of ours about it is unanswered."""
        return INFLIGHT[self.status]

    @property
    def is_active_local(self) -> bool:
        """Alive and not yet sent."""
        return ACTIVE_LOCAL[self.status]

    @property
    def is_pending(self) -> bool:
        """A modify or cancel is on the wire."""
        return PENDING[self.status]

    @property
    def status_at_venue(self) -> OrderStatus:
        """The status without the requests on the wire: beneath PENDING_*, else the status."""
        return self.status if self.previous_status is None else self.previous_status

    def __repr__(self) -> str:
        price = "" if self.price is None else f" @ {self.price}"
        trigger = "" if self.trigger_price is None else f" trigger {self.trigger_price}"
        return (
            f"Order({self.client_order_id} {self.side.name} {self.quantity} {self.instrument_id} "
            f"{self.order_type.name}{price}{trigger} {self.status.name} filled {self.filled_qty})"
        )

    # --- the one way in ------------------------------------------------------------------

    def apply(self, event: OrderEvent) -> None:
        """Take one event, whole or not at all.

        Raises:
            IllegalTransition: the table has no such step.
            DuplicateFill, ConflictingFill, FillNeverSent: fills that must not count.
            OrderEventRefused: the base of those; itself when the event is another order's,
                answers a request for the second time, or says what this order cannot be.
            TypeError: not an event that an order can take.
        """
        trigger, status, beneath, request_id = self._judge(event)
        effect = _EFFECTS[trigger]
        if effect is not None:
            effect(self, event)
        if request_id is not None:
            if trigger is _PENDING_UPDATE or trigger is _PENDING_CANCEL:
                self.requests = {**self.requests, request_id: trigger}
            else:
                self._settle(request_id, trigger)
        self.previous_status = beneath
        if CLOSED[status] and not CLOSED[self.status]:
            self.ts_closed = event.ts_event
            self.requests = _NOTHING
        self.status = status
        self.ts_last = event.ts_event
        self.events.append(event)

    def _judge(
        self, event: OrderEvent
    ) -> tuple[Trigger, OrderStatus, OrderStatus | None, str | None]:
        """(trigger, next status, next status beneath, request id opened or answered)."""
        trigger = _TRIGGERS.get(type(event))
        if trigger is None:
            raise TypeError(f"an order cannot take {type(event).__name__}")
        if event.client_order_id != self.client_order_id:
            raise OrderEventRefused(f"event of {event.client_order_id}, not {self.client_order_id}")
        if event.strategy_id != self.strategy_id or event.instrument_id != self.instrument_id:
            raise OrderEventRefused(
                f"event of {event.strategy_id} {event.instrument_id}, "
                f"not {self.strategy_id} {self.instrument_id}"
            )
        request_id: str | None = None
        guard = _GUARDS[trigger]
        if guard is not None:
            trigger, request_id = guard(self, event)
        status = self.status
        beneath = self.previous_status
        cell = COMPILED[status][trigger]
        if isinstance(cell, OrderStatus):
            if not PENDING[cell]:
                beneath = None
            elif beneath is None:
                beneath = status
            return trigger, cell, beneath, request_id
        if cell is BENEATH and beneath is not None:
            moved = COMPILED[beneath][trigger]
            if isinstance(moved, OrderStatus):
                return trigger, status, moved, request_id
            raise IllegalTransition(beneath, trigger)
        if cell is RESTORE and beneath is not None:
            for outstanding in reversed(tuple(self.requests)):
                if outstanding != request_id:
                    latest = self.requests[outstanding]
                    return trigger, _PENDING_STATUS[latest], beneath, request_id
            return trigger, beneath, None, request_id
        raise IllegalTransition(status, trigger)

    # --- guards: decide the trigger, or refuse -------------------------------------------

    def _guard_fill(self, event: OrderFilled) -> tuple[Trigger, str | None]:
        known = self.trade_ids.get(event.trade_id)
        if known is not None:
            if (
                known.side is event.side
                and known.last_qty.raw == event.last_qty.raw
                and known.last_px.raw == event.last_px.raw
            ):
                raise DuplicateFill(f"trade {event.trade_id} is already in {self.client_order_id}")
            raise ConflictingFill(
                f"trade {event.trade_id} of {self.client_order_id} is "
                f"{known.side.name} {known.last_qty} @ {known.last_px}, not "
                f"{event.side.name} {event.last_qty} @ {event.last_px}"
            )
        if event.side is not self.side:
            raise OrderEventRefused(f"{event.side.name} fill of a {self.side.name} order")
        if self.account_id is not None and event.account_id != self.account_id:
            raise OrderEventRefused(f"fill of {event.account_id}, not {self.account_id}")
        quantity_raw: int = event.last_qty.raw
        if quantity_raw <= 0:
            raise OrderEventRefused(f"fill of nothing, trade {event.trade_id}")
        filled_raw = self.filled_raw + quantity_raw
        if filled_raw > QUANTITY_RAW_MAX:
            raise ValueOutOfRange(f"filled {filled_raw} raw exceeds every quantity")
        if self.ts_submitted == 0 and self.venue_order_id is None and self.status in _ENDED:
            raise FillNeverSent(f"trade {event.trade_id}: {self.client_order_id} was never sent")
        if filled_raw < self.quantity_raw or self.is_quote_quantity:
            return _FILL_LEAVING_REST, None
        return _FILL_OF_REST, None

    def _guard_updated(self, event: OrderUpdated) -> tuple[Trigger, str | None]:
        if event.quantity.raw <= 0:
            raise OrderEventRefused("updated to a quantity of zero")
        if event.price is not None and self.order_type not in _LIMITS:
            raise OrderEventRefused(f"a {self.order_type.name} order has no price to update")
        if event.trigger_price is not None and self.order_type not in _STOPS:
            raise OrderEventRefused(f"a {self.order_type.name} order has no trigger to update")
        request_id = self._answering(event.request_id, _PENDING_UPDATE)
        if 0 < self.filled_raw >= event.quantity.raw:
            return _UPDATED_TO_FILLED, request_id
        return _UPDATED, request_id

    def _guard_modify_rejected(self, event: OrderModifyRejected) -> tuple[Trigger, str | None]:
        return Trigger.MODIFY_REJECTED, self._answering(event.request_id, _PENDING_UPDATE)

    def _guard_cancel_rejected(self, event: OrderCancelRejected) -> tuple[Trigger, str | None]:
        return Trigger.CANCEL_REJECTED, self._answering(event.request_id, _PENDING_CANCEL)

    def _answering(self, request_id: str | None, kind: Trigger) -> str | None:
        """The request that an answer settles; an unnamed one settles the only one of its kind."""
        if request_id is None:
            of_kind = [name for name, asked in self.requests.items() if asked is kind]
            return of_kind[0] if len(of_kind) == 1 else None
        if request_id in self._answered:
            raise OrderEventRefused(f"request {request_id} was answered before")
        if self.requests.get(request_id, kind) is not kind:
            raise OrderEventRefused(f"request {request_id} did not ask for that")
        return request_id

    def _guard_request(
        self, event: OrderPendingUpdate | OrderPendingCancel
    ) -> tuple[Trigger, str | None]:
        request_id = event.request_id
        if request_id in self.requests or request_id in self._answered:
            raise OrderEventRefused(f"request {request_id} was made before")
        return _TRIGGERS[type(event)], request_id

    def _guard_triggered(self, event: OrderTriggered) -> tuple[Trigger, str | None]:
        if self.order_type is not OrderType.STOP_LIMIT:
            raise OrderEventRefused(f"a {self.order_type.name} order does not trigger")
        return Trigger.TRIGGERED, None

    def _guard_accepted(self, event: OrderAccepted) -> tuple[Trigger, str | None]:
        if self.account_id is not None and event.account_id != self.account_id:
            raise OrderEventRefused(f"accepted by {event.account_id}, not {self.account_id}")
        return _ACCEPTED, None

    def _guard_gone(self, event: OrderCanceled | OrderExpired) -> tuple[Trigger, str | None]:
        named, current = event.venue_order_id, self.venue_order_id
        if named is not None and current is not None and named != current:
            # the end of an order that a replacement has superseded is not the end of this one
            raise OrderEventRefused(f"venue order {named} is gone, not {current}")
        return _TRIGGERS[type(event)], None

    # --- effects: nothing here refuses ---------------------------------------------------

    def _on_fill(self, event: OrderFilled) -> None:
        commission = event.commission
        code = commission.currency.code
        if not self.trade_ids:
            self.trade_ids = {}
            self.commissions = {}
        commissions = cast("dict[str, Money]", self.commissions)
        paid = commissions.get(code)
        commissions[code] = (
            commission
            if paid is None
            else Money.from_raw(paid.raw + commission.raw, commission.currency)
        )
        quantity_raw: int = event.last_qty.raw
        self.filled_raw += quantity_raw
        rest_raw = self.quantity_raw - self.filled_raw
        if self.is_quote_quantity:
            pass  # base cannot be taken off an amount in quote
        elif rest_raw >= 0:
            self.leaves_raw = rest_raw
        else:
            self.leaves_raw = 0
            self.overfill_raw = -rest_raw
        self.cost_raw += event.last_px.raw * quantity_raw
        self._precision = max(self._precision, event.last_qty.precision)
        cast("dict[TradeId, OrderFilled]", self.trade_ids)[event.trade_id] = event
        self.liquidity_side = event.liquidity_side
        self.position_id = event.position_id
        self.account_id = event.account_id
        if event.venue_order_id not in self.venue_order_ids:
            self._name(event.venue_order_id)
        if self.ts_accepted == 0:  # whatever fills was accepted, even if nobody said so
            self.ts_accepted = event.ts_event

    def _on_updated(self, event: OrderUpdated) -> None:
        self.quantity = event.quantity
        self.quantity_raw = event.quantity.raw
        self.is_quote_quantity = False
        self._precision = max(self._precision, event.quantity.precision)
        rest_raw = self.quantity_raw - self.filled_raw
        self.leaves_raw = max(rest_raw, 0)
        self.overfill_raw = max(-rest_raw, 0)
        if event.price is not None:
            self.price = event.price
        if event.trigger_price is not None:
            self.trigger_price = event.trigger_price
        if event.venue_order_id is not None and event.venue_order_id != self.venue_order_id:
            self._name(event.venue_order_id)

    def _on_submitted(self, event: OrderSubmitted) -> None:
        self.account_id = event.account_id
        self.ts_submitted = event.ts_event

    def _on_accepted(self, event: OrderAccepted) -> None:
        self.account_id = event.account_id
        self.ts_accepted = event.ts_event
        self._name(event.venue_order_id)

    def _on_gone(self, event: OrderCanceled | OrderExpired) -> None:
        if event.venue_order_id is not None and self.venue_order_id is None:
            self._name(event.venue_order_id)

    def _settle(self, request_id: str, answer: Trigger) -> None:
        self._answered = {**self._answered, request_id: answer}
        if request_id in self.requests:
            self.requests = {
                name: kind for name, kind in self.requests.items() if name != request_id
            }

    def _name(self, venue_order_id: VenueOrderId) -> None:
        self.venue_order_id = venue_order_id
        if venue_order_id not in self.venue_order_ids:
            self.venue_order_ids.append(venue_order_id)


def _check_fields(init: OrderInitialized) -> None:
    order_type, time_in_force = init.order_type, init.time_in_force
    name = order_type._name_  # `name` without the descriptor, which costs ten times as much
    if type(init.side) is not OrderSide:
        raise TypeError(f"side must be OrderSide, not {type(init.side).__name__}")
    if init.quantity.raw <= 0:
        raise ValueError("quantity must be positive")
    if (init.price is not None) is not (order_type in _LIMITS):
        raise ValueError(f"{name} {'needs' if order_type in _LIMITS else 'takes no'} price")
    if (init.trigger_price is not None) is not (order_type in _STOPS):
        raise ValueError(f"{name} {'needs' if order_type in _STOPS else 'takes no'} trigger price")
    if (init.trigger_type is not _NO_TRIGGER) is not (order_type in _STOPS):
        raise ValueError(f"{name} {'needs' if order_type in _STOPS else 'takes no'} trigger type")
    if init.quote_quantity and order_type is OrderType.STOP_MARKET:
        raise ValueError("STOP_MARKET takes no quantity in quote")  # nothing says its price yet
    if init.post_only and order_type not in _LIMITS:
        raise ValueError(f"{name} cannot be post-only")
    if time_in_force is _GTD:
        if order_type is OrderType.MARKET:
            raise ValueError("a MARKET order cannot be GTD")
        if init.expire_time_ns <= 0:
            raise ValueError("GTD needs an expire time")
    elif init.expire_time_ns != 0:
        raise ValueError(f"an expire time needs GTD, not {time_in_force.name}")


_TRIGGERS: Final[dict[type, Trigger]] = {
    OrderDenied: Trigger.DENIED,
    OrderEmulated: Trigger.EMULATED,
    OrderReleased: Trigger.RELEASED,
    OrderSubmitted: Trigger.SUBMITTED,
    OrderAccepted: Trigger.ACCEPTED,
    OrderRejected: Trigger.REJECTED,
    OrderCanceled: Trigger.CANCELED,
    OrderExpired: Trigger.EXPIRED,
    OrderTriggered: Trigger.TRIGGERED,
    OrderPendingUpdate: Trigger.PENDING_UPDATE,
    OrderPendingCancel: Trigger.PENDING_CANCEL,
    OrderModifyRejected: Trigger.MODIFY_REJECTED,
    OrderCancelRejected: Trigger.CANCEL_REJECTED,
    OrderUpdated: Trigger.UPDATED,
    OrderFilled: Trigger.FILL_LEAVING_REST,  # the guard decides which fill it is
}
_PENDING_STATUS: Final[dict[Trigger, OrderStatus]] = {
    Trigger.PENDING_UPDATE: OrderStatus.PENDING_UPDATE,
    Trigger.PENDING_CANCEL: OrderStatus.PENDING_CANCEL,
}

# By trigger. Any: each entry takes the one event type that carries its trigger.
_Guard = Callable[[Order, Any], tuple[Trigger, str | None]]
_Effect = Callable[[Order, Any], None]


def _by_trigger(entries: dict[Trigger, Any]) -> list[Any]:
    return [entries.get(trigger) for trigger in Trigger]


_GUARDS: Final[list[_Guard | None]] = _by_trigger(
    {
        Trigger.ACCEPTED: Order._guard_accepted,
        Trigger.CANCELED: Order._guard_gone,
        Trigger.EXPIRED: Order._guard_gone,
        Trigger.TRIGGERED: Order._guard_triggered,
        Trigger.PENDING_UPDATE: Order._guard_request,
        Trigger.PENDING_CANCEL: Order._guard_request,
        Trigger.MODIFY_REJECTED: Order._guard_modify_rejected,
        Trigger.CANCEL_REJECTED: Order._guard_cancel_rejected,
        Trigger.UPDATED: Order._guard_updated,
        Trigger.FILL_LEAVING_REST: Order._guard_fill,
    }
)
_EFFECTS: Final[list[_Effect | None]] = _by_trigger(
    {
        Trigger.SUBMITTED: Order._on_submitted,
        Trigger.ACCEPTED: Order._on_accepted,
        Trigger.CANCELED: Order._on_gone,
        Trigger.EXPIRED: Order._on_gone,
        Trigger.UPDATED: Order._on_updated,
        Trigger.UPDATED_TO_FILLED: Order._on_updated,
        Trigger.FILL_LEAVING_REST: Order._on_fill,
        Trigger.FILL_OF_REST: Order._on_fill,
    }
)
