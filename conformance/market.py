"""The market of an execution case: a ladder of other people's orders that moves when told to.

It trades and requotes all the time, but its touch stays where it is until the case moves it, so
that "one tick short of the trigger" means what it says.
"""

from typing import Final

from simulation.entropy import Stream
from simulation.venue.book import Resting
from simulation.venue.enums import BUY, SELL, Side
from simulation.venue.exchange import Exchange

LEVELS: Final = 6
SPACING: Final = 2  # ticks from one level to the next
MIDDLE: Final = 10_000  # ticks
LOT_STEPS: Final = 100  # of the instrument's size increment
_LEAST_LOTS: Final = 3
_MOST_LOTS: Final = 9
_INTERVAL_NS: Final = 200_000_000


class Ladder:
    """Both sides of one book.

    Attributes:
        middle: ticks; the touch is one tick to either side.
    """

    __slots__ = (
        "_book",
        "_exchange",
        "_floor",
        "_lot",
        "_resting",
        "_stopped",
        "_stream",
        "middle",
    )

    def __init__(self, exchange: Exchange, symbol: str, stream: Stream) -> None:
        self._exchange = exchange
        self._floor = exchange.floor
        self._book = exchange.books[symbol]
        self._lot = LOT_STEPS * self._book.listing.step
        self._stream = stream
        self._stopped = False
        self._resting: dict[tuple[Side, int], Resting] = {}
        self.middle = MIDDLE

    def begin(self) -> None:
        """Lay the ladder and keep it busy until `stop`."""
        self._fill_up()
        self._floor.settle(self._book)
        self._schedule()

    def stop(self) -> None:
        """Be still: what rests stays."""
        self._stopped = True

    def shift(self, ticks: int) -> None:
        """Everybody takes their orders back and places them so much higher; one venue event."""
        for resting in self._resting.values():
            self._floor.leave(self._book, resting)
        self._resting.clear()
        self.middle += ticks
        self._fill_up()
        self._floor.settle(self._book)

    def step(self) -> None:
        """Somebody trades one lot at the touch, or a deeper order changes its size."""
        self._fill_up()
        stream = self._stream
        side = BUY if stream.below(2, "side") == 0 else SELL
        if stream.below(2, "trade") == 0:
            price = self._price(SELL if side is BUY else BUY, 0)
            self._floor.hit(self._book, side, self._lot, price)
            self._fill_up()
        else:
            resting = self._resting[side, 1 + stream.below(LEVELS - 1, "level")]
            self._floor.resize(self._book, resting, self._size())
        self._floor.settle(self._book)

    def _fill_up(self) -> None:
        for side in (BUY, SELL):
            for level in range(LEVELS):
                resting = self._resting.get((side, level))
                if resting is not None and resting.leaves >= _LEAST_LOTS * self._lot:
                    continue
                if resting is not None and resting.leaves:
                    self._floor.resize(self._book, resting, self._size())
                    continue
                joined = self._floor.join(self._book, side, self._price(side, level), self._size())
                if joined is not None:
                    self._resting[side, level] = joined

    def _price(self, side: Side, level: int) -> int:
        away = 1 + level * SPACING
        ticks = self.middle - away if side is BUY else self.middle + away
        return ticks * self._book.listing.tick

    def _size(self) -> int:
        more = self._stream.below(_MOST_LOTS - _LEAST_LOTS + 1, "size")
        return (_LEAST_LOTS + more) * self._lot

    def _schedule(self) -> None:
        wait_ns = _INTERVAL_NS + self._stream.below(_INTERVAL_NS, "interval")
        self._exchange.schedule(self._exchange.now() + wait_ns, self._due)

    def _due(self) -> None:
        if not self._stopped:
            self.step()
            self._schedule()
