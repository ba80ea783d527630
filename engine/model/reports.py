"""Reports: what a client tells the kernel about the venue. Inputs, each one turn.

A client never makes order events. It states what the venue said about an order, keyed by
client order id (None when the venue gave none); the ExecutionEngine decides whether that is
news, mints the event and applies it. So a duplicate, a late or a contradicting report is
judged in one place. `ts_event` is the venue's stamp, `ts_init` the local time of receipt.
"""

import msgspec

from engine.model.bars import Bar
from engine.model.data import (
    CustomData,
    FundingRateUpdate,
    IndexPriceUpdate,
    InstrumentClose,
    InstrumentStatus,
    MarkPriceUpdate,
    MboDeltas,
    OrderBookDeltas,
    OrderBookDepth10,
    QuoteTick,
    TradeTick,
)
from engine.model.enums import (
    AccountType,
    AnswerStatus,
    LiquiditySide,
    OrderSide,
    OrderStatus,
    OrderType,
    RequestKind,
    TimeInForce,
)
from engine.model.identifiers import (
    AccountId,
    ClientId,
    ClientOrderId,
    InstrumentId,
    PositionId,
    TradeId,
    VenueOrderId,
)
from engine.model.instruments import AnyInstrument
from engine.model.values import AccountBalance, MarginBalance, Money, Price, Quantity


class ExecutionReport(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    account_id: AccountId
    instrument_id: InstrumentId
    client_order_id: ClientOrderId | None
    venue_order_id: VenueOrderId | None
    ts_event: int
    ts_init: int


class AcceptedReport(ExecutionReport, frozen=True, gc=False, array_like=True, tag=True):
    pass


class RejectedReport(ExecutionReport, frozen=True, gc=False, array_like=True, tag=True):
    reason: str
    due_post_only: bool = False


class CanceledReport(ExecutionReport, frozen=True, gc=False, array_like=True, tag=True):
    """The order is gone; `filled_qty` is the venue's final word on how much it filled.

    `quantity` is its final word on how much was ordered: an amendment may not have been heard
    of. None: the venue does not say.
    """

    filled_qty: Quantity
    quantity: Quantity | None = None


class ExpiredReport(ExecutionReport, frozen=True, gc=False, array_like=True, tag=True):
    """As `CanceledReport`, by time."""

    filled_qty: Quantity
    quantity: Quantity | None = None


class TriggeredReport(ExecutionReport, frozen=True, gc=False, array_like=True, tag=True):
    pass


class UpdatedReport(ExecutionReport, frozen=True, gc=False, array_like=True, tag=True):
    quantity: Quantity
    price: Price | None
    trigger_price: Price | None
    request_id: str | None = None


class ModifyRejectedReport(ExecutionReport, frozen=True, gc=False, array_like=True, tag=True):
    request_id: str
    reason: str


class CancelRejectedReport(ExecutionReport, frozen=True, gc=False, array_like=True, tag=True):
    request_id: str
    reason: str


class FillReport(ExecutionReport, frozen=True, gc=False, array_like=True, tag=True):
    trade_id: TradeId
    side: OrderSide
    last_qty: Quantity
    last_px: Price
    commission: Money
    liquidity_side: LiquiditySide
    venue_position_id: PositionId | None = None  # None where the venue nets


class OrderStatusReport(ExecutionReport, frozen=True, gc=False, array_like=True, tag=True):
    """The venue's picture of one order at `ts_event`. Never evidence about its fills' prices."""

    side: OrderSide
    order_type: OrderType
    time_in_force: TimeInForce
    status: OrderStatus
    quantity: Quantity
    filled_qty: Quantity
    price: Price | None
    trigger_price: Price | None
    reason: str = ""


class OutcomeUnknown(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """A request may or may not have acted: timeout, lost answer, 5xx, unreadable answer.

    `sent_ns` is when it left; 0: the client does not say, so it counts as sent just now.
    """

    client_id: ClientId
    client_order_id: ClientOrderId
    kind: RequestKind
    request_id: str
    reason: str
    ts_init: int
    sent_ns: int = 0


class OrderAnswer(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """Answer to QueryOrder. OK with `order` None is the venue's word that it has no such order."""

    client_id: ClientId
    correlation_id: str
    status: AnswerStatus
    client_order_id: ClientOrderId
    order: OrderStatusReport | None
    fills: tuple[FillReport, ...]
    sent_ns: int  # when the request left; the picture is not older than that
    ts_init: int


class OpenOrdersAnswer(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    client_id: ClientId
    correlation_id: str
    status: AnswerStatus
    orders: tuple[OrderStatusReport, ...]
    sent_ns: int
    ts_init: int


class FillsAnswer(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    client_id: ClientId
    correlation_id: str
    status: AnswerStatus
    fills: tuple[FillReport, ...]
    ts_init: int


class AccountReport(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """Balances the venue states: an answer to QueryAccount (correlation_id set), or pushed."""

    client_id: ClientId
    correlation_id: str | None
    status: AnswerStatus
    account_id: AccountId
    account_type: AccountType
    balances: tuple[AccountBalance, ...]
    margins: tuple[MarginBalance, ...]
    ts_event: int
    ts_init: int


class SettlementReport(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """An expired instrument was settled: whatever the account held of it is closed at `price`.

    May be told any number of times; the first word counts. `ts_event` is not before any trade
    of the instrument.
    """

    account_id: AccountId
    instrument_id: InstrumentId
    price: Price
    ts_event: int
    ts_init: int


class ClientConnected(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """Logged in, streams live, wanted subscriptions asked for again. Starts a reconcile pass."""

    client_id: ClientId
    ts_init: int


class ClientDisconnected(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    client_id: ClientId
    reason: str
    ts_init: int


class InstrumentReceived(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    instrument: AnyInstrument
    ts_init: int


HistoricalDatum = QuoteTick | TradeTick | OrderBookDeltas | FundingRateUpdate | Bar | AnyInstrument


class DataResponse(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """The one answer to a `DataRequest`, whose id is `correlation_id`.

    `data` is of the kind that was asked for, ascending by `ts_event`, within the range, and
    empty unless the status is OK. OK and empty: the venue has nothing there.
    """

    client_id: ClientId
    correlation_id: str
    status: AnswerStatus
    data: tuple[HistoricalDatum, ...]
    ts_init: int


ClientMessage = (
    QuoteTick
    | TradeTick
    | OrderBookDeltas
    | MboDeltas
    | OrderBookDepth10
    | MarkPriceUpdate
    | IndexPriceUpdate
    | FundingRateUpdate
    | InstrumentStatus
    | InstrumentClose
    | Bar
    | CustomData
    | DataResponse
    | ExecutionReport
    | OutcomeUnknown
    | OrderAnswer
    | OpenOrdersAnswer
    | FillsAnswer
    | AccountReport
    | SettlementReport
    | ClientConnected
    | ClientDisconnected
    | InstrumentReceived
)
