"""A desk: everything a strategy talks to, one client that writes down what it is sent, and the
two order endpoints as lists, so that a test sees exactly what a helper said."""

from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from engine import topics
from engine.actor import Actor
from engine.bus import MessageBus
from engine.cache import Cache
from engine.clock import KernelClock
from engine.context import Context
from engine.data.engine import DataEngine
from engine.log import Log, LogRecord
from engine.model.commands import Command
from engine.model.currencies import BTC, USDT
from engine.model.data import QuoteTick, TradeTick
from engine.model.enums import AggressorSide
from engine.model.identifiers import ClientId, InstrumentId, TradeId, TraderId, Venue
from engine.model.instruments import CurrencyPair
from engine.model.values import Price, Quantity
from engine.portfolio import Portfolio
from engine.strategy import Strategy, name_strategy

NOON_NS = 1_700_000_000_000_000_000  # 2023-11-14 22:13:20 UTC
S = TypeVar("S", bound=Strategy)
A = TypeVar("A", bound=Actor)


class RecordingClient:
    def __init__(self) -> None:
        self.client_id = ClientId("SIM")
        self.venue = Venue("SIM")
        self.sent: list[Command] = []

    def send(self, command: Command) -> None:
        self.sent.append(command)


class DullRandom:
    def below(self, bound: int, label: str) -> int:
        return 0


class Desk:
    def __init__(self) -> None:
        self.instrument_id = InstrumentId("BTC/USDT.SIM")
        self.clock = KernelClock(NOON_NS)
        self.bus = MessageBus()
        self.cache = Cache()
        self.logged: list[LogRecord] = []
        self.ctx = Context(
            TraderId("TRADER-001"),
            7,
            self.clock,
            self.bus,
            self.cache,
            Log(self.clock, self.logged.append),
        )
        self.portfolio = Portfolio(self.ctx)
        self.client = RecordingClient()
        self.data_engine = DataEngine(self.ctx, [self.client])
        self.instrument = CurrencyPair(
            id=self.instrument_id,
            base_currency=BTC,
            quote_currency=USDT,
            price_increment=Price.from_str("0.01"),
            size_increment=Quantity.from_str("0.001"),
        )
        self.cache.add_instrument(self.instrument)
        self.to_risk: list[Any] = []
        self.to_execution: list[Any] = []
        self.bus.register(topics.RISK_EXECUTE, self.to_risk.append)
        self.bus.register(topics.EXEC_EXECUTE, self.to_execution.append)
        self.heard: list[tuple[str, object]] = []
        self.bus.observer = lambda topic, message: self.heard.append((topic, message))
        self.strategies: list[Strategy] = []
        self.ctx.begin_turn()

    def add(self, strategy: S) -> S:
        strategy_id = name_strategy(strategy, [other.id for other in self.strategies])
        strategy.register(strategy_id, self.ctx, self.portfolio, DullRandom())
        self.strategies.append(strategy)
        return strategy

    def add_actor(self, actor: A) -> A:
        actor.register(actor.id, self.ctx, self.portfolio, DullRandom())
        return actor

    def running(self, strategy: S) -> S:
        self.add(strategy).start()
        return strategy

    def in_one_hook(self, action: Callable[[], None]) -> None:
        """What `action` says is delivered after it returns, as inside a turn."""
        self.bus.held = True
        action()
        self.bus.drain()

    def fire_timers(self, until_ns: int) -> None:
        while self.clock.due_ns <= until_ns:
            self.clock.advance(self.clock.due_ns)
            event, callback = self.clock.pop_due()
            callback(event)
        self.clock.advance(until_ns)

    def quote(self, bid: int = 10_000, ask: int = 10_002) -> QuoteTick:
        now_ns = self.clock.now_ns
        return QuoteTick(self.instrument_id, bid, ask, 5, 7, 2, 3, now_ns, now_ns)

    def trade(self, trade_id: str = "T-1", price: int = 10_001) -> TradeTick:
        now_ns = self.clock.now_ns
        return TradeTick(
            self.instrument_id, price, 5, 2, 3, AggressorSide.BUYER, TradeId(trade_id),
            now_ns, now_ns,
        )  # fmt: skip

    def topics_heard(self) -> list[str]:
        return [topic for topic, _ in self.heard]


@pytest.fixture
def desk() -> Desk:
    return Desk()
