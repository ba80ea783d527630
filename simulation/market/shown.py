"""The other participants of a book as recorded levels: one resting order a price.

At an unchanged price a level's size changes where it stands in the queue; a new level joins the
back. So an order of ours keeps what stood before it, and everything that comes later stands
behind it. What we took from a level comes back with the next word about that level: the recorded
participants did not know of us.

A recorded book never stands crossed. Where a level would meet one shown on the other side, that one
is out of date and goes; ours that stand in the way are met.
"""

from collections.abc import Iterable

from simulation.venue.book import Book, Resting
from simulation.venue.enums import BUY, SELL, Side
from simulation.venue.floor import Floor

Change = tuple[Side, int, int]  # side, price, size from now on; 0: gone. Mantissas of the book


class ShownDepth:
    """What a recording shows in one book. A caller's step ends with `Floor.settle`."""

    __slots__ = ("_asks", "_bids", "_book", "_floor")

    def __init__(self, floor: Floor, book: Book) -> None:
        self._floor = floor
        self._book = book
        self._bids: dict[int, Resting] = {}
        self._asks: dict[int, Resting] = {}

    def set(self, side: Side, price: int, size: int) -> None:
        """One level has this size now."""
        shown = self._bids if side is BUY else self._asks
        resting = shown.get(price)
        if resting is not None and resting.leaves:
            if size:
                self._floor.resize(self._book, resting, size)
            else:
                self._floor.leave(self._book, resting)
                del shown[price]
        elif size:
            self._clear_way(side, price)
            joined = self._floor.join(self._book, side, price, size)
            if joined is not None:
                shown[price] = joined
            elif resting is not None:
                del shown[price]  # all of it met ours
        elif resting is not None:
            del shown[price]

    def change(self, changes: Iterable[Change]) -> None:
        """Several levels of one event: who leaves makes way before anybody joins."""
        later: list[Change] = []
        for side, price, size in changes:
            if size:
                later.append((side, price, size))
            else:
                self.set(side, price, 0)
        for side, price, size in later:
            self.set(side, price, size)

    def show(self, changes: Iterable[Change]) -> None:
        """These are all levels there are: every other one leaves."""
        wanted = {(side, price): size for side, price, size in changes}
        for side, shown in ((BUY, self._bids), (SELL, self._asks)):
            for price in [price for price in shown if (side, price) not in wanted]:
                self.set(side, price, 0)
        self.change((side, price, size) for (side, price), size in wanted.items())

    def _clear_way(self, side: Side, price: int) -> None:
        book = self._book
        if side is BUY:
            best = book.best_ask()
            if best is None or best > price:
                return
            stale = [at for at in self._asks if at <= price]
        else:
            best = book.best_bid()
            if best is None or best < price:
                return
            stale = [at for at in self._bids if at >= price]
        other = SELL if side is BUY else BUY
        for at in stale:
            self.set(other, at, 0)
