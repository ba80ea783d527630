"""Scenarios whose strategy is not a function of its inputs: five leaks that running twice finds.

Each strategy decides by what leaks where it puts its orders.
"""

import os
import random
from collections.abc import Callable

from engine.model.data import QuoteTick
from seatrial import CATALOGUE, OrderSide, Price, Quantity, Scenario, SeededMarket, Strategy, Venue
from simulation.faults import CALM
from simulation.scenarios import BTCUSDT

SIZE = Quantity("0.01000")
NAMES = ("ask", "bid", "close", "high", "last", "low", "mark", "open")


class _Leaky(Strategy):
    """Sends an order at a price of `cents` above one, eight times."""

    def on_start(self) -> None:
        self.sent = 0
        self.subscribe_quote_ticks(BTCUSDT.id)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        if self.sent < 8:
            self.sent += 1
            price = Price(f"{100 + self.cents() % 900 / 100:.2f}")
            self.submit_order(self.order_factory.limit(BTCUSDT.id, OrderSide.BUY, SIZE, price))

    def cents(self) -> int:
        """What leaks."""
        raise NotImplementedError


class _SetOrder(_Leaky):
    def cents(self) -> int:
        found = 0
        for name in set(NAMES):  # a set of texts is walked in the order of their hashes
            found = found * len(NAMES) + NAMES.index(name)
        return found


class _WallClock(_Leaky):
    def cents(self) -> int:
        return os.times().elapsed.as_integer_ratio()[0]  # a clock that no fence knows


class _Identity(_Leaky):
    def cents(self) -> int:
        return id(self) // 16  # where the allocator put it


class _GlobalRandom(_Leaky):
    def cents(self) -> int:
        return GENERATOR.randrange(900)


class _HashSeededDict(_Leaky):
    def cents(self) -> int:
        buckets: dict[int, int] = {}
        for number, name in enumerate(NAMES):
            buckets.setdefault(hash(name) % 97, number)
        return buckets[min(buckets)]


GENERATOR = random.Random()  # seeded by the system when this module is imported


def _scenario(make: Callable[[], Strategy]) -> Scenario:
    return Scenario(
        venues=[Venue("SIM", instruments=[BTCUSDT])],
        market=SeededMarket(interval_ms=500),
        strategies=[make],
        faults=CALM,
        active="5s",
        properties=[entry for entry in CATALOGUE if not entry.odds[0]],
    )


def set_order() -> Scenario:
    return _scenario(_SetOrder)


def wall_clock() -> Scenario:
    return _scenario(_WallClock)


def identity() -> Scenario:
    return _scenario(_Identity)


def global_random() -> Scenario:
    return _scenario(_GlobalRandom)


def hash_seeded_dict() -> Scenario:
    return _scenario(_HashSeededDict)
