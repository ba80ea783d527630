"""A market-by-order book as one list of orders, oldest first: slow, and plain to see.

Nothing is kept that could be worked out: a level is whoever has that price, priority is the place
in the list. It knows neither the engine's book nor its messages.
"""


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
