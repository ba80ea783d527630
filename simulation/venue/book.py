"""One book per instrument: everybody's resting orders, by price, then by time.

Ours and other participants' orders stand in the same queues, so shown size exists once and is
consumed once. Mutations are remembered until `publish` turns them into one numbered update.
"""

from bisect import bisect_left, insort
from collections import deque
from typing import Final

from simulation.venue.enums import BUY, MarketStatus, Side
from simulation.venue.listing import Listing
from simulation.venue.orders import VenueOrder

HISTORY: Final = 32  # updates that a stale depth answer may lie behind

Levels = tuple[tuple[int, int], ...]
Update = tuple[int, Levels, Levels]


class Resting:
    """A place in a queue. `order` is None when another participant stands there."""

    __slots__ = ("leaves", "number", "order", "price", "side")

    def __init__(
        self, number: int, side: Side, price: int, leaves: int, order: VenueOrder | None
    ) -> None:
        self.number = number
        self.side = side
        self.price = price
        self.leaves = leaves
        self.order = order


class Level:
    """The queue at one price: first come, first in the dict."""

    __slots__ = ("queue", "size")

    def __init__(self) -> None:
        self.queue: dict[int, Resting] = {}
        self.size = 0


class HalfBook:
    """One side: levels by price and the prices in ascending order.

    Attributes:
        before: size of each level changed since the last update, as it was then; None where
            nobody wants updates.
    """

    __slots__ = ("before", "levels", "prices")

    def __init__(self, numbered: bool) -> None:
        self.levels: dict[int, Level] = {}
        self.prices: list[int] = []
        self.before: dict[int, int] | None = {} if numbered else None

    def add(self, resting: Resting) -> None:
        price = resting.price
        level = self.levels.get(price)
        if level is None:
            level = self.levels[price] = Level()
            insort(self.prices, price)
        before = self.before
        if before is not None and price not in before:
            before[price] = level.size
        level.queue[resting.number] = resting
        level.size += resting.leaves

    def reduce(self, resting: Resting, quantity: int) -> None:
        """Take `quantity` out of a resting order; at zero leaves it loses its place."""
        price = resting.price
        level = self.levels[price]
        before = self.before
        if before is not None and price not in before:
            before[price] = level.size
        resting.leaves -= quantity
        level.size -= quantity
        if resting.leaves == 0:
            del level.queue[resting.number]
            if not level.queue:
                del self.levels[price]
                del self.prices[bisect_left(self.prices, price)]

    def move(self, resting: Resting, price: int, leaves: int) -> None:
        """Take it out, as far as it is still there, and put it behind the queue at `price`."""
        levels = self.levels
        level = levels[resting.price] if resting.leaves else None
        if level is not None and len(level.queue) == 1 and self.before is None:
            # alone at its price: the level moves with it, unless there is one at the new price
            if price != resting.price and price not in levels:
                prices = self.prices
                del prices[bisect_left(prices, resting.price)]
                insort(prices, price)
                levels[price] = levels.pop(resting.price)
                resting.price = price
            if price == resting.price:
                resting.leaves = level.size = leaves
                return
        if resting.leaves:
            self.reduce(resting, resting.leaves)
        resting.price = price
        resting.leaves = leaves
        self.add(resting)

    def grow(self, resting: Resting, quantity: int) -> None:
        """Add `quantity` to a resting order where it stands."""
        level = self.levels[resting.price]
        before = self.before
        if before is not None and resting.price not in before:
            before[resting.price] = level.size
        resting.leaves += quantity
        level.size += quantity

    def size(self, price: int) -> int:
        level = self.levels.get(price)
        return 0 if level is None else level.size


class Book:
    """Both sides, the stops behind them, and the numbered history of its updates.

    Args:
        numbered: whether updates are told of at all; without them `publish` is not called.

    Attributes:
        update: number of the last published update.
        buy_stops, sell_stops: dormant stops, nearest to the market first.
        reduce_only: open reduce-only orders by acceptance.
        last_price: of the last trade; None before the first.
        last_trade: its id and time; ("", 0) before the first.
    """

    __slots__ = (
        "_past",
        "asks",
        "bids",
        "buy_stops",
        "last_price",
        "last_trade",
        "listing",
        "quote",
        "reduce_only",
        "sell_stops",
        "status",
        "symbol",
        "update",
    )

    def __init__(self, listing: Listing, numbered: bool = True) -> None:
        self.listing = listing
        self.symbol = listing.symbol
        self.status = MarketStatus.OPEN
        self.bids = HalfBook(numbered)
        self.asks = HalfBook(numbered)
        self.update = 0
        self.quote = (0, 0, 0, 0)  # bid, ask, bid size, ask size as last published
        self.buy_stops: list[tuple[int, int, VenueOrder]] = []
        self.sell_stops: list[tuple[int, int, VenueOrder]] = []
        self.last_price: int | None = None
        self.last_trade: tuple[str, int] = ("", 0)
        self.reduce_only: dict[int, VenueOrder] = {}
        self._past: deque[Update] = deque(maxlen=HISTORY)

    # --- reading ---------------------------------------------------------------------------

    def best_bid(self) -> int | None:
        prices = self.bids.prices
        return prices[-1] if prices else None

    def best_ask(self) -> int | None:
        prices = self.asks.prices
        return prices[0] if prices else None

    def first_against(self, side: Side, limit: int | None) -> Resting | None:
        """The resting order that an incoming `side` order at `limit` (None: any price) meets."""
        if side is BUY:
            prices = self.asks.prices
            if not prices:
                return None
            price = prices[0]
            if limit is not None and price > limit:
                return None
            level = self.asks.levels[price]
        else:
            prices = self.bids.prices
            if not prices:
                return None
            price = prices[-1]
            if limit is not None and price < limit:
                return None
            level = self.bids.levels[price]
        return next(iter(level.queue.values()))

    def best_own(self, side: Side) -> int | None:
        """The best price at which an order of ours rests on that side.

        Cheap where few others stand before ours: it looks at each of them.
        """
        half = self.bids if side is BUY else self.asks
        levels = half.levels
        for price in reversed(half.prices) if side is BUY else half.prices:
            for resting in levels[price].queue.values():
                if resting.order is not None:
                    return price
        return None

    def depth(self) -> Update:
        """The book as last published: update number, bids, asks; levels best first."""
        bids, asks = self.bids.levels, self.asks.levels
        return (
            self.update,
            tuple([(p, bids[p].size) for p in reversed(self.bids.prices)]),
            tuple([(p, asks[p].size) for p in self.asks.prices]),
        )

    def depth_before(self, updates: int) -> Update:
        """The book as it was that many updates ago, or as far back as is remembered."""
        number, bids, asks = self.depth()
        bid_sizes, ask_sizes = dict(bids), dict(asks)
        for at, old_bids, old_asks in list(self._past)[: -updates - 1 : -1]:
            bid_sizes.update(old_bids)
            ask_sizes.update(old_asks)
            number = at - 1
        return (
            number,
            tuple((p, s) for p, s in sorted(bid_sizes.items(), reverse=True) if s),
            tuple((p, s) for p, s in sorted(ask_sizes.items()) if s),
        )

    # --- changing --------------------------------------------------------------------------

    def add(self, resting: Resting) -> None:
        """Join the back of the queue at its price."""
        (self.bids if resting.side is BUY else self.asks).add(resting)

    def reduce(self, resting: Resting, quantity: int) -> None:
        (self.bids if resting.side is BUY else self.asks).reduce(resting, quantity)

    def grow(self, resting: Resting, quantity: int) -> None:
        (self.bids if resting.side is BUY else self.asks).grow(resting, quantity)

    def add_stop(self, order: VenueOrder, trigger: int) -> None:
        if order.side is BUY:
            insort(self.buy_stops, (trigger, order.number, order))
        else:
            insort(self.sell_stops, (-trigger, order.number, order))

    def remove_stop(self, order: VenueOrder, trigger: int) -> None:
        if order.side is BUY:
            del self.buy_stops[bisect_left(self.buy_stops, (trigger, order.number))]
        else:
            del self.sell_stops[bisect_left(self.sell_stops, (-trigger, order.number))]

    def forget(self) -> None:
        """Drop the updates that lie behind: nobody will ask for them."""
        self._past.clear()

    def publish(self) -> Update | None:
        """Close what changed since the last call into one update with absolute level sizes.

        Returns:
            None when every level is as it was.
        """
        bids, old_bids = _changes(self.bids)
        asks, old_asks = _changes(self.asks)
        if not bids and not asks:
            return None
        self.update += 1
        self._past.append((self.update, old_bids, old_asks))
        return self.update, bids, asks

    def restate(self) -> Update:
        """A numbered update that says the best levels again, so that a lost one shows."""
        self.update += 1
        self._past.append((self.update, (), ()))
        bid, ask = self.best_bid(), self.best_ask()
        return (
            self.update,
            () if bid is None else ((bid, self.bids.size(bid)),),
            () if ask is None else ((ask, self.asks.size(ask)),),
        )

    def publish_quote(self) -> tuple[int, int, int, int] | None:
        """The top of book if it changed since the last call; zero size for an empty side."""
        bid, ask = self.best_bid(), self.best_ask()
        quote = (
            0 if bid is None else bid,
            0 if ask is None else ask,
            0 if bid is None else self.bids.levels[bid].size,
            0 if ask is None else self.asks.levels[ask].size,
        )
        if quote == self.quote:
            return None
        self.quote = quote
        return quote


def _changes(half: HalfBook) -> tuple[Levels, Levels]:
    """(level, new size) and (level, old size) of what really changed; clears the memory."""
    before = half.before
    if not before:
        return (), ()
    half.before = {}
    levels = half.levels
    new: list[tuple[int, int]] = []
    old: list[tuple[int, int]] = []
    for price, was in before.items():
        level = levels.get(price)
        size = 0 if level is None else level.size
        if size != was:
            new.append((price, size))
            old.append((price, was))
    return tuple(new), tuple(old)
