"""The book by price, L1 and L2, against a list of levels: any sequence of events, the same sides."""

from types import ModuleType
from typing import Any

import machines
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

import engine.model.book
from engine.model.data import (
    F_LAST,
    F_SNAPSHOT,
    OrderBookDelta,
    OrderBookDeltas,
    QuoteTick,
    TradeTick,
)
from engine.model.enums import BUY, SELL, AggressorSide, BookAction, BookType, OrderSide
from engine.model.identifiers import InstrumentId, TradeId
from simulation.models.book import PriceList, Stamps

BTC, ETH = InstrumentId("BTC/USDT.SIM"), InstrumentId("ETH/USDT.SIM")
ADD, UPDATE, DELETE, CLEAR = BookAction.ADD, BookAction.UPDATE, BookAction.DELETE, BookAction.CLEAR

changes = st.builds(
    OrderBookDelta,
    st.sampled_from([ADD, UPDATE, DELETE]),
    st.sampled_from([BUY, SELL]),
    st.integers(-3, 12),
    st.integers(0, 4),
    st.sampled_from([0, F_LAST, F_SNAPSHOT, F_SNAPSHOT | F_LAST]),
    st.integers(0, 30),
)
clears = st.builds(
    OrderBookDelta, st.just(CLEAR), st.none(), st.just(0), st.just(0), st.just(0), st.just(0)
)
malformed = st.builds(
    OrderBookDelta,
    st.sampled_from([ADD, UPDATE, DELETE]),
    st.none() | st.sampled_from([BUY, SELL]),
    st.integers(0, 9),
    st.integers(-4, 4),
    st.just(F_LAST),
    st.just(99),
).filter(lambda delta: delta.side is None or delta.size_mantissa < 0)
levels = st.tuples(st.integers(1, 12), st.integers(0, 4))


class PriceBookMachine(machines.Machine):
    """Attributes:
    subject: the module whose `OrderBook` is driven.
    """

    subject: ModuleType = engine.model.book

    @initialize(book_type=st.sampled_from([BookType.L1_MBP, BookType.L2_MBP, BookType.L2_MBP]))
    def begin(self, book_type: BookType) -> None:
        self.book: Any = self.subject.OrderBook(BTC, book_type, 2, 3)
        self.model = PriceList(book_type is BookType.L1_MBP)
        self.stamps = Stamps()
        self.updates = self.old = 0
        self.time = 100

    def event(
        self, deltas: list[OrderBookDelta], late: int, instrument_id: InstrumentId = BTC
    ) -> OrderBookDeltas:
        self.time += 1
        return OrderBookDeltas(instrument_id, tuple(deltas), 2, 3, self.time - late, self.time)

    @rule(
        deltas=st.lists(changes | changes | changes | clears, min_size=1, max_size=6),
        late=st.sampled_from([0, 0, 0, 0, 2]),
    )
    def change(self, deltas: list[OrderBookDelta], late: int) -> None:
        event = self.event(deltas, late)
        self.book.apply(event)
        self.updates += len(deltas)
        self.old += self.stamps.tell([delta.sequence for delta in deltas], event.ts_event)
        for delta in deltas:
            price, is_bid = delta.price_mantissa, delta.side is BUY
            if delta.action is CLEAR:
                self.model.clear()
            elif delta.action is DELETE:
                self.model.remove(is_bid, price)
            else:
                is_image = bool(delta.flags & F_SNAPSHOT)
                self.model.put(is_bid, price, delta.size_mantissa, is_image)

    @rule(bid=levels, ask=levels, late=st.sampled_from([0, 0, 0, 3]))
    def quote(self, bid: tuple[int, int], ask: tuple[int, int], late: int) -> None:
        self.time += 1
        quote = QuoteTick(BTC, bid[0], ask[0], bid[1], ask[1], 2, 3, self.time - late, self.time)
        self.top(lambda: self.book.update_quote_tick(quote), quote.ts_event, bid, ask)

    @rule(level=levels, late=st.sampled_from([0, 0, 0, 3]))
    def trade(self, level: tuple[int, int], late: int) -> None:
        self.time += 1
        trade = TradeTick(
            BTC, *level, 2, 3, AggressorSide.BUYER, TradeId("t"), self.time - late, self.time
        )
        self.top(lambda: self.book.update_trade_tick(trade), trade.ts_event, level, level)

    def top(self, step, ts_event: int, bid: tuple[int, int], ask: tuple[int, int]) -> None:
        if not self.model.is_l1:
            self.refused(self.book, step, ValueError)
            return
        step()
        if ts_event < self.stamps.ts_last:
            self.old += 1
            return  # an older one is not applied at all
        self.stamps.tell([0], ts_event)
        self.updates += 1
        self.model.clear()
        self.model.put(True, *bid)
        self.model.put(False, *ask)

    @rule(good=st.lists(changes, max_size=2), bad=malformed)
    def malformed_event(self, good: list[OrderBookDelta], bad: OrderBookDelta) -> None:
        event = self.event([*good, bad, *good], 0)
        self.refused(self.book, lambda: self.book.apply(event), ValueError)

    @rule(deltas=st.lists(changes, max_size=2), which=st.integers(0, 2))
    def event_of_another(self, deltas: list[OrderBookDelta], which: int) -> None:
        self.time += 1
        precisions = [(2, 3), (1, 3), (2, 2)][which]
        event = OrderBookDeltas(
            ETH if which == 0 else BTC, tuple(deltas), *precisions, self.time, self.time
        )
        self.refused(self.book, lambda: self.book.apply(event), ValueError)

    @rule(side=st.sampled_from([BUY, SELL]) | st.none())
    def clear_stale_levels(self, side: OrderSide | None) -> None:
        bids, asks = self.model.levels(True), self.model.levels(False)
        removed = self.book.clear_stale_levels(side)
        if self.model.is_l1 or not bids or not asks or bids[0][0] <= asks[0][0]:
            assert removed == []
            return
        lowest, highest = asks[0][0], bids[0][0]
        doomed = [(BUY, level) for level in bids if side is not SELL and level[0] >= lowest]
        doomed += [(SELL, level) for level in asks if side is not BUY and level[0] <= highest]
        assert removed == doomed
        for cleared, (price, _) in doomed:
            self.model.remove(cleared is BUY, price)

    @rule()
    def rebuild_from_a_snapshot(self) -> None:
        twin = self.subject.OrderBook(BTC, self.book.book_type, 2, 3)
        twin.apply(self.book.to_deltas(1, 1))
        assert (twin.bids(), twin.asks()) == (self.book.bids(), self.book.asks())
        assert twin.sequence == self.book.sequence

    def compare(self) -> None:
        if not hasattr(self, "book"):
            return
        book, model = self.book, self.model
        bids, asks = model.levels(True), model.levels(False)
        assert book.bids() == bids
        assert book.asks() == asks
        assert (book.bids(2), book.asks(2)) == (bids[:2], asks[:2])
        assert book.best_bid() == (bids[0] if bids else None)
        assert book.best_ask() == (asks[0] if asks else None)
        for price in range(-3, 13):
            assert book.bid_size_at(price) == dict(bids).get(price, 0)
            assert book.ask_size_at(price) == dict(asks).get(price, 0)
        assert (book.sequence, book.ts_last) == (self.stamps.sequence, self.stamps.ts_last)
        assert (book.update_count, book.out_of_order) == (self.updates, self.old)
        crossed = bool(bids and asks and bids[0][0] > asks[0][0])
        kinds = [str(fault.kind) for fault in book.check_integrity()]
        assert kinds == (["ORDERS_CROSSED"] if crossed else [])


def test_book_by_price_holds_the_levels_it_was_told(sail) -> None:
    sail(PriceBookMachine)


TEXTS = {
    "sizes are summed": (
        "                if price not in sizes:\n                    insort(keys, key)\n"
        "                sizes[price] = size\n",
        "                if price not in sizes:\n                    insort(keys, key)\n"
        "                sizes[price] = size + sizes.get(price, 0)\n",
    ),
    "empty level stays": (
        "            elif size and action is not _DELETE:\n",
        "            elif action is not _DELETE:\n",
    ),
    "levels out of order": (
        "                    insort(keys, key)\n                sizes[price] = size\n",
        "                    keys.append(key)\n                sizes[price] = size\n",
    ),
    "sequence goes back": (
        "        self.sequence = highest\n",
        "        self.sequence = deltas.deltas[-1].sequence\n",
    ),
    "half of a malformed event": (
        "            if delta.size_mantissa < 0 or (",
        "            if (delta is batch[-1] and delta.size_mantissa < 0) or (",
    ),
    "deeper level of an image wins": (
        "    if delta.flags & F_SNAPSHOT and keys and",
        "    if not delta.flags & F_SNAPSHOT and keys and",
    ),
    "old quote is applied": (
        "            self.out_of_order += 1\n            return\n",
        "            self.out_of_order += 1\n",
    ),
}


@pytest.mark.parametrize("bug", TEXTS)
def test_machine_finds_a_bug_planted_in_the_book_by_price(bug: str) -> None:
    machines.finds(PriceBookMachine, subject=machines.replanted(engine.model.book, TEXTS[bug]))
