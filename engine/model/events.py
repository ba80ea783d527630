"""Events: facts the kernel has applied. Immutable; made by the kernel only.

`event_id` is a function of (epoch, turn, index in the turn), never a random number, so the
same run names its events the same. Times are nanoseconds since 1970 (UTC): `ts_event` when it
happened at its source, `ts_init` when the kernel heard of it.
"""

import msgspec

from engine.model.enums import (
    AccountType,
    ComponentState,
    DenialCode,
    LiquiditySide,
    OrderSide,
    OrderType,
    PositionSide,
    TimeInForce,
    TradingState,
    TriggerType,
)
from engine.model.identifiers import (
    AccountId,
    ClientOrderId,
    ComponentId,
    InstrumentId,
    PositionId,
    StrategyId,
    TradeId,
    TraderId,
    VenueOrderId,
)
from engine.model.values import AccountBalance, MarginBalance, Money, Price, Quantity


class OrderEvent(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    trader_id: TraderId
    strategy_id: StrategyId
    instrument_id: InstrumentId
    client_order_id: ClientOrderId
    event_id: str
    ts_event: int
    ts_init: int


class OrderInitialized(OrderEvent, frozen=True, gc=False, array_like=True, tag=True):
    side: OrderSide
    order_type: OrderType
    quantity: Quantity
    time_in_force: TimeInForce
    price: Price | None = None
    trigger_price: Price | None = None
    trigger_type: TriggerType = TriggerType.NO_TRIGGER
    expire_time_ns: int = 0  # 0: none
    post_only: bool = False
    reduce_only: bool = False
    tags: tuple[str, ...] = ()
    quote_quantity: bool = False  # `quantity` is an amount of quote currency


class OrderDenied(OrderEvent, frozen=True, gc=False, array_like=True, tag=True):
    code: DenialCode
    detail: str  # "key=value, key=value"


class OrderEmulated(OrderEvent, frozen=True, gc=False, array_like=True, tag=True):
    pass


class OrderReleased(OrderEvent, frozen=True, gc=False, array_like=True, tag=True):
    released_price: Price


class OrderSubmitted(OrderEvent, frozen=True, gc=False, array_like=True, tag=True):
    account_id: AccountId
    request_id: str


class OrderAccepted(OrderEvent, frozen=True, gc=False, array_like=True, tag=True):
    account_id: AccountId
    venue_order_id: VenueOrderId


class OrderRejected(OrderEvent, frozen=True, gc=False, array_like=True, tag=True):
    account_id: AccountId
    reason: str
    due_post_only: bool = False


class OrderPendingUpdate(OrderEvent, frozen=True, gc=False, array_like=True, tag=True):
    account_id: AccountId | None
    request_id: str


class OrderPendingCancel(OrderEvent, frozen=True, gc=False, array_like=True, tag=True):
    account_id: AccountId | None
    request_id: str


class OrderModifyRejected(OrderEvent, frozen=True, gc=False, array_like=True, tag=True):
    request_id: str | None
    reason: str


class OrderCancelRejected(OrderEvent, frozen=True, gc=False, array_like=True, tag=True):
    request_id: str | None
    reason: str


class OrderUpdated(OrderEvent, frozen=True, gc=False, array_like=True, tag=True):
    quantity: Quantity  # in base, whatever the order was made in
    price: Price | None = None  # None: unchanged
    trigger_price: Price | None = None  # None: unchanged
    venue_order_id: VenueOrderId | None = None
    request_id: str | None = None


class OrderTriggered(OrderEvent, frozen=True, gc=False, array_like=True, tag=True):
    pass


class OrderCanceled(OrderEvent, frozen=True, gc=False, array_like=True, tag=True):
    venue_order_id: VenueOrderId | None = None


class OrderExpired(OrderEvent, frozen=True, gc=False, array_like=True, tag=True):
    venue_order_id: VenueOrderId | None = None


class OrderFilled(OrderEvent, frozen=True, gc=False, array_like=True, tag=True):
    account_id: AccountId
    venue_order_id: VenueOrderId
    trade_id: TradeId
    position_id: PositionId
    side: OrderSide
    order_type: OrderType
    last_qty: Quantity
    last_px: Price
    commission: Money
    liquidity_side: LiquiditySide
    venue_position_id: PositionId | None = None  # where the venue hedges: its own position


class PositionEvent(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """A step of one position; every value is as it stands after that step."""

    trader_id: TraderId
    strategy_id: StrategyId
    instrument_id: InstrumentId
    position_id: PositionId
    account_id: AccountId
    event_id: str
    ts_event: int
    ts_init: int
    side: PositionSide
    signed_qty: str  # decimal text with sign; quantities are unsigned
    quantity: Quantity
    last_qty: Quantity
    last_px: Price
    avg_px_open: str  # decimal text
    realized_pnl: Money


class PositionOpened(PositionEvent, frozen=True, gc=False, array_like=True, tag=True):
    opening_order_id: ClientOrderId


class PositionChanged(PositionEvent, frozen=True, gc=False, array_like=True, tag=True):
    pass


class PositionClosed(PositionEvent, frozen=True, gc=False, array_like=True, tag=True):
    closing_order_id: ClientOrderId
    duration_ns: int


class PositionSettled(PositionEvent, frozen=True, gc=False, array_like=True, tag=True):
    """Closed by the venue at expiry: `last_qty` at the settlement price `last_px`, no order."""

    duration_ns: int


class InstrumentSettled(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """The venue settled an expired instrument for an account, at `price`, for good."""

    account_id: AccountId
    instrument_id: InstrumentId
    price: Price
    event_id: str
    ts_event: int
    ts_init: int


class AccountState(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """Balances and margins of one account after a change (`reported`: stated by the venue)."""

    account_id: AccountId
    account_type: AccountType
    balances: tuple[AccountBalance, ...]  # sorted by currency code
    margins: tuple[MarginBalance, ...]  # sorted by instrument id
    reported: bool
    event_id: str
    ts_event: int
    ts_init: int


class Refused(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """An input or event that changed nothing. Goes out once on `events.refused`."""

    reason: str
    of: str  # what was refused: "OrderAccepted O-1 in CANCELED"
    ts_init: int


class Alert(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """Something a person should see; trading goes on. Goes out on `events.alert`."""

    code: str  # OVERFILL, LATE_FILL, UNRESOLVED, BALANCE_DIFFERENCE, ...
    subject: str
    detail: str
    ts_init: int


class TradingStateChanged(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    state: TradingState
    ts_init: int


class ComponentStateChanged(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    component_id: ComponentId
    state: ComponentState
    ts_init: int


class TimeEvent(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """A timer fired at its scheduled instant (`ts_event` == `ts_init`)."""

    name: str
    ts_event: int
    ts_init: int
