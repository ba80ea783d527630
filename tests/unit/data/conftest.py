"""A data desk: a DataEngine with recording clients, a clock moved by hand, every dispatch heard."""

import pytest

from engine import topics
from engine.bus import MessageBus
from engine.cache import Cache
from engine.clock import KernelClock
from engine.context import Context
from engine.data.config import DataEngineConfig
from engine.data.engine import DataEngine
from engine.log import Log
from engine.model.bars import Bar, BarType
from engine.model.commands import Command, Subscribe, SubscribeBars, Unsubscribe, UnsubscribeBars
from engine.model.data import (
    F_LAST,
    F_SNAPSHOT,
    OrderBookDelta,
    OrderBookDeltas,
    QuoteTick,
    TradeTick,
)
from engine.model.enums import BUY, SELL, AggressorSide, BookAction, DataKind
from engine.model.events import Alert, Refused
from engine.model.identifiers import (
    ClientId,
    ComponentId,
    InstrumentId,
    TradeId,
    TraderId,
    Venue,
)

ONE = ComponentId("One")


class RecordingClient:
    def __init__(self, client_id: str, venue: str) -> None:
        self.client_id = ClientId(client_id)
        self.venue = Venue(venue)

    def send(self, command: Command) -> None:
        raise AssertionError("only the kernel releases an outbox")


class DataDesk:
    def __init__(self, config: DataEngineConfig | None = None, start_ns: int = 0) -> None:
        self.instrument_id = InstrumentId("BTC/USDT.SIM")
        self.clock = KernelClock(start_ns)
        self.bus = MessageBus()
        self.cache = Cache()
        self.ctx = Context(
            TraderId("TRADER-001"), 1, self.clock, self.bus, self.cache, Log(self.clock)
        )
        self.clients = [
            RecordingClient("SIM", "SIM"),
            RecordingClient("SIM-2", "SIM"),
            RecordingClient("XYZ", "XYZ"),
        ]
        self.engine = DataEngine(self.ctx, self.clients, config)
        self.heard: list[tuple[str, object]] = []
        self.bus.observer = lambda topic, message: self.heard.append((topic, message))
        self.ctx.begin_turn()

    # --- time and inputs -------------------------------------------------------------------

    def advance(self, to_ns: int) -> None:
        """To just before inputs at `to_ns`: every timer due before it fires, none at it."""
        while self.clock.due_ns < to_ns:
            self.clock.advance(self.clock.due_ns)
            self.fire()
        self.clock.advance(to_ns)

    def settle(self, to_ns: int) -> None:
        """As `advance`, and the timers due at `to_ns` too."""
        self.advance(to_ns)
        while self.clock.due_ns <= to_ns:
            self.fire()

    def fire(self) -> None:
        event, callback = self.clock.pop_due()
        callback(event)

    def trade(
        self, at_ns: int, price: int, size: int = 1, trade_id: str | None = None, precision: int = 2
    ) -> TradeTick:
        self.advance(at_ns)
        tick = TradeTick(
            self.instrument_id, price, size, precision, 3, AggressorSide.BUYER,
            TradeId(trade_id or f"T{len(self.heard)}"), at_ns, at_ns,
        )  # fmt: skip
        self.engine.process(tick)
        return tick

    def quote(
        self, at_ns: int, bid: int, ask: int, bid_size: int = 1, ask_size: int = 1,
        ts_event: int | None = None,
    ) -> QuoteTick:  # fmt: skip
        self.advance(at_ns)
        tick = QuoteTick(
            self.instrument_id, bid, ask, bid_size, ask_size, 2, 3,
            at_ns if ts_event is None else ts_event, at_ns,
        )  # fmt: skip
        self.engine.process(tick)
        return tick

    def snapshot(
        self,
        sequence: int,
        bids: tuple[tuple[int, int], ...] = ((100, 5),),
        asks: tuple[tuple[int, int], ...] = ((101, 6),),
    ) -> OrderBookDeltas:
        rows = [(BookAction.CLEAR, None, 0, 0)]
        rows += [(BookAction.ADD, BUY, price, size) for price, size in bids]
        rows += [(BookAction.ADD, SELL, price, size) for price, size in asks]
        last = len(rows) - 1
        return self.batch(
            *(
                OrderBookDelta(
                    action, side, price, size, F_SNAPSHOT | (F_LAST if i == last else 0), sequence
                )
                for i, (action, side, price, size) in enumerate(rows)
            )
        )

    def batch(self, *deltas: OrderBookDelta, price_precision: int = 2) -> OrderBookDeltas:
        now_ns = self.clock.now_ns
        return OrderBookDeltas(self.instrument_id, deltas, price_precision, 3, now_ns, now_ns)

    # --- commands --------------------------------------------------------------------------

    def subscribe(
        self,
        kind: DataKind = DataKind.QUOTES,
        owner: ComponentId | None = ONE,
        client_id: ClientId | None = None,
        instrument_id: InstrumentId | None = None,
    ) -> None:
        self.bus.send(
            topics.DATA_EXECUTE,
            Subscribe(
                self.ctx.new_id(),
                client_id,
                self.clock.now_ns,
                kind,
                instrument_id or self.instrument_id,
                owner,
            ),
        )

    def unsubscribe(
        self,
        kind: DataKind = DataKind.QUOTES,
        owner: ComponentId | None = ONE,
        client_id: ClientId | None = None,
    ) -> None:
        self.bus.send(
            topics.DATA_EXECUTE,
            Unsubscribe(
                self.ctx.new_id(), client_id, self.clock.now_ns, kind, self.instrument_id, owner
            ),
        )

    def bar_type(self, spec: str) -> BarType:
        return BarType.from_str(f"{self.instrument_id}-{spec}")

    def subscribe_bars(self, spec: str, owner: ComponentId = ONE) -> BarType:
        bar_type = self.bar_type(spec)
        self.bus.send(
            topics.DATA_EXECUTE,
            SubscribeBars(self.ctx.new_id(), None, self.clock.now_ns, bar_type, owner),
        )
        return bar_type

    def unsubscribe_bars(self, spec: str, owner: ComponentId = ONE) -> None:
        self.bus.send(
            topics.DATA_EXECUTE,
            UnsubscribeBars(self.ctx.new_id(), None, self.clock.now_ns, self.bar_type(spec), owner),
        )

    # --- what came out ---------------------------------------------------------------------

    def outbox(self) -> list[tuple[ClientId, type, DataKind, InstrumentId]]:
        sent = [
            (client.client_id, type(command), command.kind, command.instrument_id)
            for client, command in self.ctx.outbox
            if isinstance(command, Subscribe | Unsubscribe)
        ]
        self.ctx.outbox.clear()
        return sent

    def bars(self) -> list[Bar]:
        return [message for _, message in self.heard if isinstance(message, Bar)]

    def refusals(self) -> list[str]:
        return [message.reason for _, message in self.heard if isinstance(message, Refused)]

    def alerts(self) -> list[str]:
        return [message.code for _, message in self.heard if isinstance(message, Alert)]


@pytest.fixture
def desk() -> DataDesk:
    return DataDesk()


@pytest.fixture(scope="session")
def new_desk() -> type[DataDesk]:
    """For a test that needs its own configuration or starting time."""
    return DataDesk
