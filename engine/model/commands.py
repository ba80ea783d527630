"""Commands: what the kernel or an operator asks for. Immutable.

`command_id` is a function of (epoch, turn, index). Commands to a client leave through the
outbox, once, after the turn that made them is durable; the answer comes back as an input that
carries the same id as `request_id` (reports) or `correlation_id` (answers to queries).
"""

import msgspec

from engine.model.bars import BarType
from engine.model.data_type import DataType
from engine.model.enums import DataKind, OrderSide, TradingState
from engine.model.events import OrderInitialized
from engine.model.identifiers import (
    ClientId,
    ClientOrderId,
    ComponentId,
    InstrumentId,
    PositionId,
    StrategyId,
    VenueOrderId,
)
from engine.model.values import Price, Quantity


class Command(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    command_id: str
    client_id: ClientId | None  # None: routed by the venue of the instrument
    ts_init: int


class Connect(Command, frozen=True, gc=False, array_like=True, tag=True):
    pass


class Disconnect(Command, frozen=True, gc=False, array_like=True, tag=True):
    pass


class Subscribe(Command, frozen=True, gc=False, array_like=True, tag=True):
    """`owner` is who asks inside the kernel; None on the command that leaves for the client."""

    kind: DataKind
    instrument_id: InstrumentId
    owner: ComponentId | None = None


class Unsubscribe(Command, frozen=True, gc=False, array_like=True, tag=True):
    """`owner` as in `Subscribe`."""

    kind: DataKind
    instrument_id: InstrumentId
    owner: ComponentId | None = None


class SubscribeBars(Command, frozen=True, gc=False, array_like=True, tag=True):
    """INTERNAL bars are built by the DataEngine, from ticks of the client of whoever asked first.
    EXTERNAL ones are asked of the client; `owner` as in `Subscribe`."""

    bar_type: BarType
    owner: ComponentId | None = None


class UnsubscribeBars(Command, frozen=True, gc=False, array_like=True, tag=True):
    bar_type: BarType
    owner: ComponentId | None = None


class SubscribeCustom(Command, frozen=True, gc=False, array_like=True, tag=True):
    """`client_id` None: the data is published inside the kernel, and no client is asked."""

    data_type: DataType
    owner: ComponentId | None = None


class UnsubscribeCustom(Command, frozen=True, gc=False, array_like=True, tag=True):
    data_type: DataType
    owner: ComponentId | None = None


class SubscribeBookSnapshots(Command, frozen=True, gc=False, array_like=True, tag=True):
    """Images of the kernel's own book at every multiple of `interval_ms`. Never leaves the
    kernel: what leaves is the subscription to deltas that keeps the book."""

    instrument_id: InstrumentId
    interval_ms: int
    owner: ComponentId | None = None


class UnsubscribeBookSnapshots(Command, frozen=True, gc=False, array_like=True, tag=True):
    instrument_id: InstrumentId
    interval_ms: int
    owner: ComponentId | None = None


class DataRequest(Command, frozen=True, gc=False, array_like=True, tag=True):
    """Ask for data of the past; answered once, by a `DataResponse` with this command's id.

    Attributes:
        start_ns, end_ns: of `ts_event`, both inclusive; 0 as start is as far back as there is.
        limit: only the newest so many of the range; 0: all.
    """

    instrument_id: InstrumentId
    start_ns: int
    end_ns: int
    limit: int


class RequestQuoteTicks(DataRequest, frozen=True, gc=False, array_like=True, tag=True):
    pass


class RequestTradeTicks(DataRequest, frozen=True, gc=False, array_like=True, tag=True):
    pass


class RequestBookDeltas(DataRequest, frozen=True, gc=False, array_like=True, tag=True):
    pass


class RequestFundingRates(DataRequest, frozen=True, gc=False, array_like=True, tag=True):
    pass


class RequestBars(DataRequest, frozen=True, gc=False, array_like=True, tag=True):
    """The venue's closed bars: `bar_type` is EXTERNAL, `instrument_id` its instrument."""

    bar_type: BarType


class RequestInstrument(DataRequest, frozen=True, gc=False, array_like=True, tag=True):
    """The definition as it stands: the range says nothing."""


class RequestBookSnapshot(DataRequest, frozen=True, gc=False, array_like=True, tag=True):
    """The book as it stands, as one `OrderBookDeltas` that is a whole image, of the best `limit`
    levels a side (0: all). The range says nothing."""


class TradingCommand(Command, frozen=True, gc=False, array_like=True, tag=True):
    strategy_id: StrategyId
    instrument_id: InstrumentId


class SubmitOrder(TradingCommand, frozen=True, gc=False, array_like=True, tag=True):
    """`position_id` is the position that the order's fills are for. On the command that leaves
    it is one that the venue named, or None."""

    order: OrderInitialized
    position_id: PositionId | None = None


class ModifyOrder(TradingCommand, frozen=True, gc=False, array_like=True, tag=True):
    client_order_id: ClientOrderId
    venue_order_id: VenueOrderId | None
    quantity: Quantity | None  # total, not leaves; None: unchanged
    price: Price | None
    trigger_price: Price | None


class CancelOrder(TradingCommand, frozen=True, gc=False, array_like=True, tag=True):
    client_order_id: ClientOrderId
    venue_order_id: VenueOrderId | None


class BatchCancelOrders(TradingCommand, frozen=True, gc=False, array_like=True, tag=True):
    """Cancel several orders of one strategy and instrument. To a client that takes batches it
    leaves as it is, else as its parts. Either way each part has an outcome of its own, under its
    own `command_id`: a batch is a way to travel, not something that succeeds or fails."""

    cancels: tuple[CancelOrder, ...]


class CancelAllOrders(TradingCommand, frozen=True, gc=False, array_like=True, tag=True):
    """Cancel the strategy's open orders of one instrument. The engine turns it into one
    CancelOrder per order, so each pending event is published and each outcome is its own."""

    side: OrderSide | None


class QueryOrder(Command, frozen=True, gc=False, array_like=True, tag=True):
    """Ask for one order by client order id: its status and all its fills, as one picture."""

    client_order_id: ClientOrderId
    instrument_id: InstrumentId


class QueryOpenOrders(Command, frozen=True, gc=False, array_like=True, tag=True):
    pass


class QueryFills(Command, frozen=True, gc=False, array_like=True, tag=True):
    """Ask for every fill of the account with ts_event >= since_ns."""

    since_ns: int


class QueryAccount(Command, frozen=True, gc=False, array_like=True, tag=True):
    pass


class SetTradingState(Command, frozen=True, gc=False, array_like=True, tag=True):
    """An operator's input: ACTIVE, HALTED or REDUCING."""

    state: TradingState


class StartKernel(Command, frozen=True, gc=False, array_like=True, tag=True):
    pass


class StopKernel(Command, frozen=True, gc=False, array_like=True, tag=True):
    reason: str = ""


class FireTimer(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """The driver's input for one due timer: `ts_init` must be the kernel's `next_timer_ns()`."""

    ts_init: int
