"""What one run of a case leaves to be judged: the kernel's side, the tester's, the venue's.

Plain records and reads. Simulation fills the venue's side; whoever runs the testers live leaves
it to an account statement.
"""

from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

import msgspec

from conformance.cases import Case
from conformance.testers import DataTester, ExecTester, Levels
from engine.cache import Instrument
from engine.log import LogRecord
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
from engine.record import TurnRecord
from engine.view import KernelView
from invariants.truth import TrueSubscription, Truth

T = TypeVar("T")

_SYMBOLS: Final[Mapping[type, str]] = {
    OrderInitialized: "I",
    OrderDenied: "D",
    OrderSubmitted: "S",
    OrderAccepted: "A",
    OrderRejected: "R",
    OrderTriggered: "T",
    OrderPendingUpdate: "PU",
    OrderPendingCancel: "PX",
    OrderUpdated: "U",
    OrderModifyRejected: "MR",
    OrderCancelRejected: "CR",
    OrderCanceled: "X",
    OrderExpired: "E",
}

OPEN_AT_VENUE: Final = ("ACCEPTED", "TRIGGERED", "PARTIALLY_FILLED")


class Finding(msgspec.Struct, frozen=True):
    """Something wrong: which rule, and what was seen."""

    rule: str
    detail: str


class LedgerEntry(msgspec.Struct, frozen=True):
    """One order as the venue wrote it down. Words are the venue's; numbers are raw."""

    client_order_id: str
    side: str
    order_type: str
    time_in_force: str
    quantity_raw: int
    price_raw: int | None
    trigger_price_raw: int | None
    expire_time_ns: int
    post_only: bool
    reduce_only: bool
    status: str
    reason: str
    money_raw: int = 0  # what was ordered as an amount of quote currency; 0: a size was


class TrueQuote(msgspec.Struct, frozen=True):
    """A published quote; mantissas."""

    ts: int
    bid: int
    ask: int
    bid_size: int
    ask_size: int


class TrueTrade(msgspec.Struct, frozen=True):
    """A published trade; mantissas."""

    ts: int
    trade_id: str
    price: int
    size: int
    aggressor: str  # "BUY" | "SELL"


class TrueUpdate(msgspec.Struct, frozen=True):
    """A published book change: its number, and each changed level with its size; mantissas."""

    ts: int
    update: int
    bids: Levels
    asks: Levels


class VenueLog:
    """What the venue published about the case's instrument and told us of our orders, in order.

    Attributes:
        books: the whole book after each published change: when, bids, asks.
        updates: the changes themselves, one for each of `books`.
        definitions: when each definition came into force, and what it says; the first at 0.
        orders: (event, client order id, ts) of everything told privately but fills.
    """

    __slots__ = ("books", "definitions", "orders", "quotes", "trades", "updates")

    def __init__(self) -> None:
        self.quotes: list[TrueQuote] = []
        self.trades: list[TrueTrade] = []
        self.books: list[tuple[int, Levels, Levels]] = []
        self.updates: list[TrueUpdate] = []
        self.definitions: list[tuple[int, Instrument]] = []
        self.orders: list[tuple[str, str, int]] = []


class Exhibit:
    """One run of one case.

    Attributes:
        calm: no faults.
        clients: how many clients the adapter is; each may have a private stream of its own.
        records: every turn's record.
        truth, ledger: the venue's word at the moment of judgement.
        errors: log lines of level ERROR.
        moves: (when, ticks) of the market's moves.
        stop_ns: when the kernel was told to stop; 0 before.
        stopping: what the venue had subscribed well after the stop, before the disconnect.
        late_requests: requests and connections that the venue saw after everything had ended.
    """

    __slots__ = (
        "calm",
        "case",
        "clients",
        "errors",
        "instrument",
        "late_requests",
        "ledger",
        "listing",
        "log",
        "moves",
        "records",
        "stop_ns",
        "stopping",
        "tester",
        "truth",
        "view",
    )

    def __init__(
        self,
        case: Case,
        calm: bool,
        tester: DataTester | ExecTester,
        instrument: Instrument,
        listing: Sequence[Instrument],
    ) -> None:
        self.case = case
        self.calm = calm
        self.clients = 1
        self.tester = tester
        self.instrument = instrument
        self.listing = tuple(listing)
        self.view: KernelView
        self.truth: Truth
        self.ledger: Mapping[str, LedgerEntry] = {}
        self.records: list[TurnRecord] = []
        self.log = VenueLog()
        self.errors: list[LogRecord] = []
        self.moves: list[tuple[int, int]] = []
        self.stop_ns = 0
        self.stopping: tuple[TrueSubscription, ...] = ()
        self.late_requests = 0

    def order_events(self) -> list[OrderEvent]:
        """Every order event applied so far, in order."""
        return [
            fact for record in self.records for fact in record.facts if isinstance(fact, OrderEvent)
        ]

    def events_by_order(self) -> dict[str, list[OrderEvent]]:
        """The same by client order id, orders in the order they were made."""
        events: dict[str, list[OrderEvent]] = {}
        for event in self.order_events():
            events.setdefault(event.client_order_id, []).append(event)
        return events

    def facts(self, kind: type) -> list[msgspec.Struct]:
        return [fact for record in self.records for fact in record.facts if isinstance(fact, kind)]

    def told(self, kind: type[T]) -> list[T]:
        """What the adapter told of this kind before the stop, refused by the kernel or not."""
        return [
            record.input
            for record in self.records
            if isinstance(record.input, kind) and not (self.stop_ns and record.ts > self.stop_ns)
        ]

    @property
    def execution(self) -> ExecTester:
        """The tester of an execution case; raises TypeError in a data case."""
        if not isinstance(self.tester, ExecTester):
            raise TypeError(f"{self.case.id} is no execution case")
        return self.tester

    @property
    def data(self) -> DataTester:
        """The tester of a data case; raises TypeError in an execution case."""
        if not isinstance(self.tester, DataTester):
            raise TypeError(f"{self.case.id} is no data case")
        return self.tester


def symbols(events: Sequence[OrderEvent]) -> tuple[str, ...]:
    """An order's events in the notation of `conformance.cases`. A fill is PF while it leaves a
    rest of what was ordered at that moment, else F."""
    found: list[str] = []
    quantity_raw = filled_raw = 0
    in_quote = False  # then nobody knows yet what would be whole
    for event in events:
        if isinstance(event, OrderFilled):
            filled_raw += event.last_qty.raw
            found.append("PF" if in_quote or filled_raw < quantity_raw else "F")
            continue
        if isinstance(event, OrderInitialized | OrderUpdated):
            quantity_raw = event.quantity.raw
            in_quote = isinstance(event, OrderInitialized) and event.quote_quantity
        found.append(_SYMBOLS[type(event)])
    return tuple(found)
