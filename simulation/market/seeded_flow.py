"""The flow of a seeded market: its book, kept moving until it is told to stop."""

from math import isqrt
from typing import TYPE_CHECKING, Final

from simulation.entropy import Stream
from simulation.venue.book import HalfBook, Resting
from simulation.venue.enums import BUY, SELL, Side
from simulation.venue.exchange import Exchange
from simulation.venue.money import mantissa_of

MS_NS: Final = 1_000_000


MINUTE_MS: Final = 60_000


_DEFAULT_PRICE_TICKS: Final = 10_000


_ROOT_SCALE: Final = 1_000  # isqrt of a number scaled by its square


_IMPATIENT_LOTS: Final = 6  # a trade without a reason is 1 to this many lots


_SIZE_LOTS: Final = 10  # a resting order is 1 to this many lots


if TYPE_CHECKING:
    from simulation.market.seeded import SeededMarket


class SeededFlow:
    """The participants of one instrument.

    Attributes:
        steps: how many steps were taken.
        fair_ticks: the price they quote around, in ticks.
    """

    __slots__ = (
        "_asks",
        "_bids",
        "_book",
        "_exchange",
        "_floor",
        "_high_ticks",
        "_interval_ns",
        "_levels",
        "_lot",
        "_low_ticks",
        "_reach",
        "_spacing",
        "_stopped",
        "_stream",
        "_tick",
        "fair_ticks",
        "steps",
    )

    def __init__(
        self, market: "SeededMarket", exchange: Exchange, symbol: str, stream: Stream
    ) -> None:
        book = exchange.books[symbol]
        listing = book.listing
        self._exchange = exchange
        self._floor = exchange.floor
        self._book = book
        self._stream = stream
        self._tick = listing.tick
        self._lot = market.lot_steps * listing.step
        self._levels = market.levels
        self._interval_ns = market.interval_ms * MS_NS
        text = market.prices.get(symbol)
        ticks = _DEFAULT_PRICE_TICKS
        if text is not None:
            ticks = mantissa_of(text, listing.price_precision) // listing.tick
        if ticks < 4 * market.levels:
            raise ValueError(f"{symbol} opens at {ticks} ticks, too low for {market.levels} levels")
        self.fair_ticks = ticks
        self._low_ticks = max(ticks // 4, 2 * market.levels)
        self._high_ticks = ticks * 4
        # a uniform step of half-width w has deviation w / sqrt(3); variance grows with time
        root = isqrt(3 * market.interval_ms * _ROOT_SCALE * _ROOT_SCALE // MINUTE_MS)
        reach = ticks * market.volatility_bps * root // (10_000 * _ROOT_SCALE)
        self._reach = max(1, reach) if market.volatility_bps else 0
        self._spacing = max(1, self._reach // 2)
        self._bids: list[Resting] = []
        self._asks: list[Resting] = []
        self._stopped = False
        self.steps = 0

    def begin(self) -> None:
        for _ in range(self._levels):
            self._quote(BUY, self._bids)
            self._quote(SELL, self._asks)
        self._floor.settle(self._book)
        self._schedule()

    def stop(self) -> None:
        """Freeze the market: what rests stays."""
        self._stopped = True

    def step(self) -> None:
        """One venue event."""
        self.steps += 1
        stream = self._stream
        book = self._book
        floor = self._floor
        self._move()
        fair = self.fair_ticks * self._tick
        floor.hit(book, BUY, _size_below(book.asks, fair), fair)
        floor.hit(book, SELL, _size_above(book.bids, fair), fair)
        mood = stream.below(8, "mood")
        if mood > 1:
            if mood < 4:
                self._take(BUY)
            elif mood < 6:
                self._take(SELL)
            elif mood == 6:
                self._give_up(self._bids)
            else:
                self._give_up(self._asks)
        self._tidy(BUY, self._bids)
        self._tidy(SELL, self._asks)
        floor.settle(book)

    def _schedule(self) -> None:
        interval_ns = self._interval_ns
        wait_ns = interval_ns - interval_ns // 2 + self._stream.below(interval_ns, "interval")
        self._exchange.schedule(self._exchange.now() + wait_ns, self._due)

    def _due(self) -> None:
        if not self._stopped:
            self.step()
            self._schedule()

    def _move(self) -> None:
        # 0 stays, odd goes up, even goes down, so that the dullest market stands still
        drawn = self._stream.below(2 * self._reach + 1, "move")
        move = (drawn + 1) // 2 if drawn & 1 else -(drawn // 2)
        self.fair_ticks = min(max(self.fair_ticks + move, self._low_ticks), self._high_ticks)

    def _take(self, side: Side) -> None:
        """Somebody trades without a reason, through a few levels at most."""
        size = self._lot * (1 + self._stream.below(_IMPATIENT_LOTS, "take"))
        reach = self._levels * self._spacing
        limit = self.fair_ticks + (reach if side is BUY else -reach)
        self._floor.hit(self._book, side, size, limit * self._tick)

    def _give_up(self, orders: list[Resting]) -> None:
        if len(orders) > 1:
            chosen = orders.pop(self._stream.below(len(orders), "give_up"))
            self._floor.leave(self._book, chosen)

    def _tidy(self, side: Side, orders: list[Resting]) -> None:
        """Forget what traded, take back what the market left behind, and quote anew."""
        far = 3 * self._levels * self._spacing
        low = (self.fair_ticks - far) * self._tick
        high = (self.fair_ticks + far) * self._tick
        has_gone = False
        for resting in orders:
            if not low <= resting.price <= high:
                self._floor.leave(self._book, resting)
            if not resting.leaves:
                has_gone = True
        if has_gone:
            orders[:] = [resting for resting in orders if resting.leaves]
        missing = self._levels - len(orders)
        # a side that was swept fills up over a few steps, not at once
        for _ in range(min(missing, 1 + self._levels // 3)):
            self._quote(side, orders)

    def _quote(self, side: Side, orders: list[Resting]) -> None:
        stream = self._stream
        away = self._spacing * (1 + stream.below(self._levels, "quote_level"))
        ticks = self.fair_ticks - away if side is BUY else self.fair_ticks + away
        size = self._lot * (1 + stream.below(_SIZE_LOTS, "quote_size"))
        resting = self._floor.join(self._book, side, ticks * self._tick, size)
        if resting is not None:
            orders.append(resting)


def _size_below(asks: HalfBook, price: int) -> int:
    size = 0
    for level in asks.prices:
        if level >= price:
            break
        size += asks.levels[level].size
    return size


def _size_above(bids: HalfBook, price: int) -> int:
    size = 0
    for level in reversed(bids.prices):
        if level <= price:
            break
        size += bids.levels[level].size
    return size
