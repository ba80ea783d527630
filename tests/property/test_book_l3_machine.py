"""The L3 book against a list of orders: any sequence of deltas, the same queues."""

from types import ModuleType
from typing import Any

import machines
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

import engine.model.book_l3
from engine.model.data import F_LAST, F_MBP, F_TOB, MboDelta, MboDeltas
from engine.model.enums import BUY, SELL, BookAction, OrderSide
from engine.model.identifiers import InstrumentId
from simulation.models.book import OrderList

ES = InstrumentId("ESH4.XCME")
ADD, UPDATE, DELETE, CLEAR = BookAction.ADD, BookAction.UPDATE, BookAction.DELETE, BookAction.CLEAR

ids = st.integers(1, 12)
sides = st.sampled_from([BUY, SELL])
prices = st.integers(95, 105)
sizes = st.integers(0, 4)


class OrderBookMachine(machines.Machine):
    """Attributes:
    subject: the module whose `OrderBookL3` is driven.
    """

    subject: ModuleType = engine.model.book_l3

    def __init__(self) -> None:
        super().__init__()
        self.book: Any = self.subject.OrderBookL3(ES, 2, 0)
        self.witness = OrderList()
        self.deltas = 0
        self.misplaced = 0

    def send(self, *deltas: MboDelta) -> None:
        self.deltas += len(deltas)
        self.book.apply(MboDeltas(ES, deltas, 2, 0, self.deltas, self.deltas))

    def refuse(
        self, *deltas: MboDelta, instrument_id: InstrumentId = ES, precision: int = 2
    ) -> None:
        event = MboDeltas(instrument_id, deltas, precision, 0, self.deltas + 1, self.deltas + 1)
        self.refused(self.book, lambda: self.book.apply(event), ValueError)

    def note_misplaced(self, order_id: int, side: OrderSide | None, price: int | None) -> None:
        """An order that rests is spoken of as if it stood elsewhere (price None: never)."""
        resting = self.witness.find(order_id)
        if resting is not None and (
            (side is not None and resting.is_bid is not (side is BUY))
            or (price is not None and resting.price != price)
        ):
            self.misplaced += 1

    def delta(self, action, side, price=0, size=0, order_id=0) -> MboDelta:
        return MboDelta(action, side, price, size, order_id, F_LAST, 0)

    @rule(order_id=ids, side=sides, price=prices, size=sizes)
    def add(self, order_id: int, side: OrderSide, price: int, size: int) -> None:
        if size:
            self.note_misplaced(order_id, side, price)
        self.send(self.delta(ADD, side, price, size, order_id))
        self.witness.put(order_id, side is BUY, price, size)

    @rule(order_id=ids, side=sides | st.none(), price=prices, size=sizes)
    def update(self, order_id: int, side: OrderSide | None, price: int, size: int) -> None:
        if size:
            self.note_misplaced(order_id, side, None)
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
        self.note_misplaced(second, side, price)
        self.witness.put(second, side is BUY, price, 3)
        self.witness.put(first, None, price, 1)

    @rule(
        action=st.sampled_from([ADD, UPDATE, DELETE]),
        flag=st.sampled_from([F_TOB, F_MBP]),
        side=sides,
        price=prices,
        size=sizes,
    )
    def speak_of_a_place(
        self, action: BookAction, flag: int, side: OrderSide, price: int, size: int
    ) -> None:
        """A whole side or level as one order: its id is the side's number or the price."""
        order_id = side.value if flag == F_TOB else price
        if size and action is not DELETE:
            self.note_misplaced(order_id, side, None)
        self.send(MboDelta(action, side, price, size, 0, F_LAST | flag, 0))
        if action is DELETE:
            self.witness.remove(order_id)
        else:
            self.witness.put(order_id, side is BUY, price, size)

    @rule(order_id=ids, side=sides, price=prices, which=st.integers(0, 7))
    def refuse_an_event_whole(self, order_id: int, side: OrderSide, price: int, which: int) -> None:
        good = self.delta(ADD, side, price, 1, order_id)
        match which:
            case 0:
                self.refuse(good, self.delta(UPDATE, side, price, -1, order_id), good)
            case 1:
                self.refuse(good, self.delta(ADD, side, price, 1, 0))
            case 2:
                gone = self.delta(DELETE, None, 0, 0, order_id)
                self.refuse(good, gone, self.delta(ADD, None, price, 1, order_id))
            case 3:
                self.refuse(good, instrument_id=InstrumentId("NQH4.XCME"))
            case 4:
                self.refuse(good, precision=3)
            case 5:
                self.refuse(good, self.delta(ADD, None, price, 1, 999))
            case 6:
                self.refuse(
                    good, self.delta(CLEAR, None), self.delta(ADD, None, price, 1, order_id)
                )
            case _:
                self.refuse(good, self.delta(ADD, side, price, 1, -order_id))

    @rule()
    def rebuild_from_a_snapshot(self) -> None:
        rebuilt = self.subject.OrderBookL3(ES, 2, 0)
        rebuilt.apply(self.book.to_mbo_deltas(self.deltas, self.deltas))
        self.book = rebuilt
        self.misplaced = 0

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

    def compare(self) -> None:
        assert self.book.bids() == self.witness.levels(True)
        assert self.book.asks() == self.witness.levels(False)
        assert len(self.book) == len(self.witness.resting)
        assert self.book.misplaced == self.misplaced
        for side in (BUY, SELL):
            expected = [
                (order_id, price, size)
                for price, _ in self.witness.levels(side is BUY)
                for order_id, size in self.witness.queue(side is BUY, price)
            ]
            found = [(order.order_id, order.price, order.size) for order in self.book.orders(side)]
            assert found == expected
        for order in self.witness.resting:
            assert self.book.size_of(order.order_id) == order.size
        kinds = [str(fault.kind) for fault in self.book.check_integrity()]
        bid, ask = self.book.best_bid(), self.book.best_ask()
        crossed = bid is not None and ask is not None and bid[0] > ask[0]
        assert kinds == (["ORDERS_CROSSED"] if crossed else [])


def test_book_by_order_holds_the_queues_it_was_told(sail) -> None:
    sail(OrderBookMachine)


TEXTS = {
    "larger size keeps its place": (
        "            del queue[order_id]  # its place is lost\n",
        "            pass\n",
    ),
    "smaller size loses its place": (
        "        if grown > 0:\n",
        "        if grown:\n",
    ),
    "moved order leaves a ghost": (
        "            self._remove(order_id, old_side, old_price)\n            self._append",
        "            self._append",
    ),
    "level forgets an order's size": (
        "            sizes[price] -= size\n",
        "            sizes[price] -= 0\n",
    ),
    "cleared levels keep their orders": (
        "                del self._orders[order_id]\n        return removed\n",
        "                pass\n        return removed\n",
    ),
    "refusal comes too late": (
        "        self._check(batch)\n",
        "        self._check(batch[:1])\n",
    ),
    "side of an unknown order is guessed": (
        "        return order_id in self._orders\n",
        "        return True\n",
    ),
}


@pytest.mark.parametrize("bug", TEXTS)
def test_machine_finds_a_bug_planted_in_the_book_by_order(bug: str) -> None:
    machines.finds(OrderBookMachine, subject=machines.replanted(engine.model.book_l3, TEXTS[bug]))
