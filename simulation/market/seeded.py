"""A seeded market: other participants that quote around a wandering fair price.

All integers, all drawn from one stream of its own, so that nothing else in a run moves the
market. Each step is one venue event: the fair price moves, whoever is now on the wrong side of
it is traded away, somebody may trade or cancel for no reason, and thin sides are filled up.
Orders of ours take part like any others.
"""

from collections.abc import Mapping

import msgspec

from simulation.entropy import Stream
from simulation.market.seeded_flow import MINUTE_MS as MINUTE_MS
from simulation.market.seeded_flow import MS_NS as MS_NS
from simulation.market.seeded_flow import SeededFlow as SeededFlow
from simulation.venue.exchange import Exchange


class SeededMarket(msgspec.Struct, frozen=True):
    """How the market of a scenario behaves.

    Attributes:
        volatility_bps: standard deviation of the fair price over a minute, basis points.
        interval_ms: mean time between two steps; the real one lies between half and 1.5 of it.
        levels: orders that the others keep on each side.
        lot_steps: a lot, in size increments of the instrument; sizes are whole lots.
        prices: opening price by symbol, decimal text; 10,000 ticks where none is given.
    """

    volatility_bps: int = 20
    interval_ms: int = 350
    levels: int = 8
    lot_steps: int = 100
    prices: Mapping[str, str] = {}

    def __post_init__(self) -> None:
        if self.volatility_bps < 0:
            raise ValueError(f"volatility_bps {self.volatility_bps} is negative")
        if min(self.interval_ms, self.levels, self.lot_steps) < 1:
            raise ValueError("interval_ms, levels and lot_steps are at least 1")

    @property
    def start_ns(self) -> int:
        """0: a seeded market begins whenever a run does."""
        return 0

    @property
    def end_ns(self) -> int:
        """0: it never ends by itself."""
        return 0

    def start(self, exchange: Exchange, symbol: str, stream: Stream) -> "SeededFlow":
        """Fill the book of `symbol` and keep it moving from now on, until `stop`."""
        flow = SeededFlow(self, exchange, symbol, stream)
        flow.begin()
        return flow
