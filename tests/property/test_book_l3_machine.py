"""The L3 book against a list of orders: any sequence of deltas, the same queues."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from engine.model.book_l3 import OrderBookL3
from engine.model.data import F_LAST, MboDelta, MboDeltas
from engine.model.enums import BUY, SELL, BookAction, OrderSide
from engine.model.identifiers import InstrumentId
from simulation.models.book import OrderList

ES = InstrumentId("ESH4.XCME")
ADD, UPDATE, DELETE, CLEAR = BookAction.ADD, BookAction.UPDATE, BookAction.DELETE, BookAction.CLEAR

ids = st.integers(1, 12)
sides = st.sampled_from([BUY, SELL])
prices = st.integers(95, 105)
sizes = st.integers(0, 4)


class BookAgainstListOfOrders(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.book = OrderBookL3(ES, 2, 0)
        self.witness = OrderList()
        self.deltas = 0

    def send(self, *deltas: MboDelta) -> None:
        self.deltas += len(deltas)
        self.book.apply(MboDeltas(ES, deltas, 2, 0, self.deltas, self.deltas))

    def delta(self, action, side, price=0, size=0, order_id=0) -> MboDelta:
        return MboDelta(action, side, price, size, order_id, F_LAST, 0)

    @rule(order_id=ids, side=sides, price=prices, size=sizes)
    def add(self, order_id: int, side: OrderSide, price: int, size: int) -> None:
        self.send(self.delta(ADD, side, price, size, order_id))
        self.witness.put(order_id, side is BUY, price, size)

    @rule(order_id=ids, side=sides | st.none(), price=prices, size=sizes)
    def update(self, order_id: int, side: OrderSide | None, price: int, size: int) -> None:
        self.send(self.delta(UPDATE, side, price, size, order_id))
        self.witness.put(order_id, None if side is None else side is BUY, price, size)

    @rule(order_id=ids, by=st.integers(-3, 3))
    def resize_in_place(self, order_id: int, by: int) -> None:
        resting = self.witness.find(order_id)
        if resting is None:
            return
        size = max(resting.size + by, 0)
        self.send(self.delta(UPDATE, None, resting.price, size, order_id))
        self.witness.put(order_id, resting.is_bid, resting.price, size)

    @rule(order_id=ids, side=sides | st.none(), price=prices)
    def delete(self, order_id: int, side: OrderSide | None, price: int) -> None:
        self.send(self.delta(DELETE, side, price, 0, order_id))
        self.witness.remove(order_id)

    @rule(first=ids, second=ids, side=sides, price=prices)
    def replace_in_one_batch(self, first: int, second: int, side: OrderSide, price: int) -> None:
        self.send(
            self.delta(DELETE, None, 0, 0, first),
            self.delta(ADD, side, price, 2, first),
            self.delta(ADD, side, price, 3, second),
            self.delta(UPDATE, None, price, 1, first),
        )
        self.witness.remove(first)
        self.witness.put(first, side is BUY, price, 2)
        self.witness.put(second, side is BUY, price, 3)
        self.witness.put(first, None, price, 1)

    @rule()
    def rebuild_from_a_snapshot(self) -> None:
        rebuilt = OrderBookL3(ES, 2, 0)
        rebuilt.apply(self.book.to_mbo_deltas(self.deltas, self.deltas))
        self.book = rebuilt

    @rule(chance=st.integers(0, 9))
    def clear(self, chance: int) -> None:
        if chance == 0:
            self.send(self.delta(CLEAR, None))
            self.witness.clear()

    @rule(side=sides | st.none(), chance=st.integers(0, 4))
    def clear_stale_levels(self, side: OrderSide | None, chance: int) -> None:
        if chance:
            return
        bids, asks = self.witness.levels(True), self.witness.levels(False)
        removed = self.book.clear_stale_levels(side)
        if not bids or not asks or bids[0][0] <= asks[0][0]:
            assert removed == []
            return
        doomed = [(BUY, level) for level in bids if side is not SELL and level[0] >= asks[0][0]]
        doomed += [(SELL, level) for level in asks if side is not BUY and level[0] <= bids[0][0]]
        assert removed == doomed
        for cleared, (price, _) in doomed:
            for order_id, _ in self.witness.queue(cleared is BUY, price):
                self.witness.remove(order_id)

    @invariant()
    def levels_are_the_same(self) -> None:
        assert self.book.bids() == self.witness.levels(True)
        assert self.book.asks() == self.witness.levels(False)
        assert len(self.book) == len(self.witness.resting)

    @invariant()
    def queues_are_the_same(self) -> None:
        for side in (BUY, SELL):
            expected = [
                (order_id, price, size)
                for price, _ in self.witness.levels(side is BUY)
                for order_id, size in self.witness.queue(side is BUY, price)
            ]
            found = [(order.order_id, order.price, order.size) for order in self.book.orders(side)]
            assert found == expected

    @invariant()
    def the_book_is_whole(self) -> None:
        kinds = [str(fault.kind) for fault in self.book.check_integrity()]
        bid, ask = self.book.best_bid(), self.book.best_ask()
        crossed = bid is not None and ask is not None and bid[0] > ask[0]
        assert kinds == (["ORDERS_CROSSED"] if crossed else [])


TestBookAgainstListOfOrders = BookAgainstListOfOrders.TestCase
