"""Books as plain lists: slow, and plain to see.

A market-by-order book is one list of orders, oldest first: a level is whoever has that price,
priority is the place in the list. A book by price is a list of levels in no order at all. Nothing
is kept that could be worked out. They know neither the engine's books nor its messages.
"""

from collections.abc import Callable


class ListedOrder:
    __slots__ = ("is_bid", "order_id", "price", "size")

    def __init__(self, order_id: int, is_bid: bool, price: int, size: int) -> None:
        self.order_id = order_id
        self.is_bid = is_bid
        self.price = price
        self.size = size


class OrderList:
    """The witness for L3 books.

    Attributes:
        resting: every order, by time priority.
    """

    def __init__(self) -> None:
        self.resting: list[ListedOrder] = []

    def find(self, order_id: int) -> ListedOrder | None:
        for order in self.resting:
            if order.order_id == order_id:
                return order
        return None

    def put(self, order_id: int, is_bid: bool | None, price: int, size: int) -> None:
        """ADD or UPDATE. A smaller or equal size at the same price keeps the place, anything else
        goes to the back; size 0 removes. `is_bid` None: the side it has; ignored when unknown."""
        old = self.find(order_id)
        if is_bid is None:
            if old is None:
                return
            is_bid = old.is_bid
        if size == 0:
            self.remove(order_id)
        elif old is not None and (old.is_bid, old.price) == (is_bid, price) and size <= old.size:
            old.size = size
        else:
            self.remove(order_id)
            self.resting.append(ListedOrder(order_id, is_bid, price, size))

    def remove(self, order_id: int) -> None:
        self.resting = [order for order in self.resting if order.order_id != order_id]

    def clear(self) -> None:
        self.resting = []

    def queue(self, is_bid: bool, price: int) -> list[tuple[int, int]]:
        """(order id, size) at that price, first in line first."""
        return [
            (order.order_id, order.size)
            for order in self.resting
            if order.is_bid is is_bid and order.price == price
        ]

    def levels(self, is_bid: bool) -> list[tuple[int, int]]:
        """(price, total size), best first."""
        prices = {order.price for order in self.resting if order.is_bid is is_bid}
        return [
            (price, sum(size for _, size in self.queue(is_bid, price)))
            for price in sorted(prices, reverse=is_bid)
        ]


class PriceList:
    """The witness for books by price, one price a side (L1) or many (L2).

    Attributes:
        resting: (is it a bid, price, size), in no order.
    """

    def __init__(self, is_l1: bool) -> None:
        self.is_l1 = is_l1
        self.resting: list[tuple[bool, int, int]] = []

    def put(self, is_bid: bool, price: int, size: int, is_image: bool = False) -> None:
        """The size at a price is this; 0 is none. Of an image the best price of an L1 side stays;
        otherwise what is said of an L1 side replaces it."""
        if self.is_l1:
            best = self.levels(is_bid)
            if is_image and best and (price < best[0][0] if is_bid else price > best[0][0]):
                return
            self.drop(lambda bid, _: bid is is_bid)
        else:
            self.drop(lambda bid, at: (bid, at) == (is_bid, price))
        if size:
            self.resting.append((is_bid, price, size))

    def remove(self, is_bid: bool, price: int) -> None:
        """Nothing is left there; of an L1 side nothing at all."""
        self.drop(lambda bid, at: bid is is_bid and (self.is_l1 or at == price))

    def drop(self, which: Callable[[bool, int], bool]) -> None:
        self.resting = [level for level in self.resting if not which(level[0], level[1])]

    def clear(self) -> None:
        self.resting = []

    def levels(self, is_bid: bool) -> list[tuple[int, int]]:
        """(price, size), best first."""
        return sorted(
            [(price, size) for bid, price, size in self.resting if bid is is_bid], reverse=is_bid
        )


class Stamps:
    """What a book remembers of how it was told: the highest sequence and the latest time, and how
    often it was told something older.

    Attributes:
        told: one (sequence, ts_event) for each change, as they came.
    """

    def __init__(self) -> None:
        self.told: list[tuple[int, int]] = []

    @property
    def sequence(self) -> int:
        return max((sequence for sequence, _ in self.told), default=0)

    @property
    def ts_last(self) -> int:
        return max((ts_event for _, ts_event in self.told), default=0)

    def tell(self, sequences: list[int], ts_event: int) -> int:
        """Note one event's changes; returns how many of them were old. Sequence 0 is no claim."""
        late = ts_event < self.ts_last
        old = 0
        for sequence in sequences:
            old += late or 0 < sequence < self.sequence
            self.told.append((sequence, ts_event))
        return old
