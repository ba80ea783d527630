"""Price-time priority, as pure reading: who would be met, how much, for how much money.

An order of ours never trades with an order of ours: where it would, the newer one, the
aggressor, loses its remainder (self-trade prevention, cancel newest).
"""

from simulation.venue.book import Book
from simulation.venue.enums import BUY, Side


class Sweep:
    """What an incoming order would do to the book as it stands.

    Attributes:
        filled: size it would trade. notional: the sum over its fills, each rounded as booked.
        meets_own: it would run into one of our own orders before it is done.
    """

    __slots__ = ("filled", "meets_own", "notional")

    def __init__(self, filled: int, notional: int, meets_own: bool) -> None:
        self.filled = filled
        self.notional = notional
        self.meets_own = meets_own


def sweep(book: Book, side: Side, quantity: int, limit: int | None) -> Sweep:
    """Walk the other side from the best price to `limit` (None: to its end) for `quantity`."""
    listing = book.listing
    if side is BUY:
        prices = book.asks.prices
        levels = book.asks.levels
        walk = iter(prices)
    else:
        prices = book.bids.prices
        levels = book.bids.levels
        walk = reversed(prices)
    left = quantity
    notional = 0
    for price in walk:
        if limit is not None and (price > limit if side is BUY else price < limit):
            break
        for resting in levels[price].queue.values():
            if resting.order is not None:
                return Sweep(quantity - left, notional, True)
            size = min(left, resting.leaves)
            notional += listing.notional(size, price)
            left -= size
            if left == 0:
                return Sweep(quantity, notional, False)
    return Sweep(quantity - left, notional, False)


def size_of(book: Book, side: Side, money: int, price: int | None) -> int:
    """How much an amount of quote currency (a mantissa) is worth to an incoming order.

    With a price, at that price. Without one it walks the other side, so that the sum of what it
    would pay (or be paid) is the amount, less than one step short of it. 0: nobody is there, or
    it buys no step.
    """
    listing = book.listing
    if price is not None or listing.inverse:
        return listing.quantity_for(money, 0 if price is None else price)
    half = book.asks if side is BUY else book.bids
    total = 0
    for level in half.prices if side is BUY else reversed(half.prices):
        size = half.levels[level].size
        worth = listing.notional(size, level)
        if worth >= money:
            return total + listing.quantity_for(money, level)
        total += size
        money -= worth
    return total


def would_take(book: Book, side: Side, price: int) -> bool:
    """Whether a limit order at `price` would meet anybody, ourselves included."""
    if side is BUY:
        ask = book.best_ask()
        return ask is not None and ask <= price
    bid = book.best_bid()
    return bid is not None and bid >= price


def is_triggered(book: Book, side: Side, trigger: int) -> bool:
    """Stops look at the other side's best price, inclusive; an empty side triggers nothing."""
    if side is BUY:
        ask = book.best_ask()
        return ask is not None and ask >= trigger
    bid = book.best_bid()
    return bid is not None and bid <= trigger
