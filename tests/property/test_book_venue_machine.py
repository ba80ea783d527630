"""The venue's book against a list of orders: queues, and the numbered updates it tells of them.

Nothing is refused here: the floor in front of this book judges every request, so the book itself
is asked only for what can be done.
"""

from types import ModuleType
from typing import Any

import machines
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

import simulation.venue.book
from simulation.models.book import OrderList
from simulation.scenarios import BTCUSDT
from simulation.venue.enums import BUY, Side
from simulation.venue.listing import Listing
from simulation.venue.orders import VenueOrder

LISTING = Listing(BTCUSDT)
SELL = Side.SELL

sides = st.sampled_from([BUY, SELL])
prices = st.integers(1, 9)
sizes = st.integers(1, 5)
picks = st.integers(0, 60)

Levels = list[tuple[int, int]]


class VenueBookMachine(machines.Machine):
    """Attributes:
    subject: the module whose `Book` is driven.
    """

    subject: ModuleType = simulation.venue.book

    @initialize()
    def begin(self) -> None:
        self.book: Any = self.subject.Book(LISTING)
        self.model = OrderList()
        self.resting: dict[int, Any] = {}
        self.number = 0
        self.told: list[tuple[int, Levels, Levels]] = [(0, [], [])]  # number, bids, asks
        self.quoted = (0, 0, 0, 0)
        self.stops: list[tuple[Side, int, VenueOrder]] = []

    def pick(self, pick: int) -> Any:
        """One of the orders that rest, or None."""
        if not self.model.resting:
            return None
        found = self.model.resting[pick % len(self.model.resting)]
        return self.resting[found.order_id]

    # --- what the floor does ---------------------------------------------------------------

    @rule(side=sides, price=prices, size=sizes, ours=st.booleans())
    def add(self, side: Side, price: int, size: int, ours: bool) -> None:
        self.number += 1
        order = venue_order(self.number, side) if ours else None
        resting = self.subject.Resting(self.number, side, price, size, order)
        self.resting[self.number] = resting
        self.book.add(resting)
        self.model.put(self.number, side is BUY, price, size)

    @rule(pick=picks, quantity=sizes)
    def reduce(self, pick: int, quantity: int) -> None:
        resting = self.pick(pick)
        if resting is not None:
            quantity = min(quantity, resting.leaves)
            self.book.reduce(resting, quantity)
            listed = self.model.find(resting.number)
            self.model.put(resting.number, None, listed.price, listed.size - quantity)

    @rule(pick=picks, quantity=sizes)
    def grow(self, pick: int, quantity: int) -> None:
        resting = self.pick(pick)
        if resting is not None:
            self.book.grow(resting, quantity)
            self.model.find(resting.number).size += quantity  # keeps its place

    @rule(number=picks, price=prices, size=sizes)
    def move(self, number: int, price: int, size: int) -> None:
        """To the back of a queue, even of its own; one that is gone comes back."""
        if not self.number:
            return
        resting = self.resting[1 + number % self.number]
        half = self.book.bids if resting.side is BUY else self.book.asks
        half.move(resting, price, size)
        self.model.remove(resting.number)
        self.model.put(resting.number, resting.side is BUY, price, size)

    # --- what it tells ---------------------------------------------------------------------

    @rule()
    def publish(self) -> None:
        number, bids, asks = self.told[-1]
        now = self.model.levels(True), self.model.levels(False)
        changed = difference(bids, now[0]), difference(asks, now[1])
        told = self.book.publish()
        if not any(changed):
            assert told is None
            return
        assert told[0] == number + 1
        assert (dict(told[1]), dict(told[2])) == changed
        self.told.append((number + 1, *now))

    @rule()
    def restate(self) -> None:
        self.publish()
        number, bids, asks = self.told[-1]
        assert self.book.restate() == (number + 1, tuple(bids[:1]), tuple(asks[:1]))
        self.told.append((number + 1, bids, asks))

    @rule(back=st.integers(0, 40))
    def look_back(self, back: int) -> None:
        self.publish()
        remembered = min(back, len(self.told) - 1, self.subject.HISTORY)
        number, bids, asks = self.told[-1 - remembered]
        assert self.book.depth_before(back) == (number, tuple(bids), tuple(asks))
        assert self.book.depth() == self.book.depth_before(0)

    @rule()
    def publish_quote(self) -> None:
        bid, bid_size = next(iter(self.model.levels(True)), (0, 0))
        ask, ask_size = next(iter(self.model.levels(False)), (0, 0))
        quote = (bid, ask, bid_size, ask_size)
        assert self.book.publish_quote() == (None if quote == self.quoted else quote)
        self.quoted = quote

    # --- stops -----------------------------------------------------------------------------

    @rule(side=sides, trigger=prices)
    def add_stop(self, side: Side, trigger: int) -> None:
        self.number += 1
        self.resting[self.number] = self.subject.Resting(self.number, side, 1, 0, None)
        order = venue_order(self.number, side)
        self.stops.append((side, trigger, order))
        self.book.add_stop(order, trigger)

    @rule(pick=picks)
    def remove_stop(self, pick: int) -> None:
        if self.stops:
            _, trigger, order = self.stops.pop(pick % len(self.stops))
            self.book.remove_stop(order, trigger)

    # --- both alike ------------------------------------------------------------------------

    def compare(self) -> None:
        if not hasattr(self, "book"):
            return
        for side, half in ((BUY, self.book.bids), (SELL, self.book.asks)):
            levels = self.model.levels(side is BUY)
            assert [(price, half.size(price)) for price, _ in levels] == levels
            assert half.prices == sorted(price for price, _ in levels)
            assert sorted(half.levels) == half.prices
            for price, _ in levels:
                queue = half.levels[price].queue.values()
                found = [(resting.number, resting.leaves) for resting in queue]
                assert found == self.model.queue(side is BUY, price)
            self.compare_meetings(side, levels)
        for side, found in ((BUY, self.book.buy_stops), (SELL, self.book.sell_stops)):
            expected = [(trigger, order) for at, trigger, order in self.stops if at is side]
            expected.sort(key=lambda stop: (stop[0] if side is BUY else -stop[0], stop[1].number))
            assert [order for _, _, order in found] == [order for _, order in expected]

    def compare_meetings(self, side: Side, levels: Levels) -> None:
        """Who is met first from the other side, and where the first of ours stands."""
        best = levels[0][0] if levels else None
        assert (self.book.best_bid() if side is BUY else self.book.best_ask()) == best
        other = SELL if side is BUY else BUY
        for limit in (None, *range(0, 11, 2)):
            met = self.book.first_against(other, limit)
            reaches = best is not None and (
                limit is None or (limit <= best if side is BUY else limit >= best)
            )
            first = self.model.queue(side is BUY, best)[0][0] if reaches and best else None
            assert (None if met is None else met.number) == first
        ours = [
            price
            for price, _ in levels
            for number, _ in self.model.queue(side is BUY, price)
            if self.resting[number].order is not None
        ]
        assert self.book.best_own(side) == (ours[0] if ours else None)


def difference(before: Levels, now: Levels) -> dict[int, int]:
    """Levels whose size is another one now, with that size; 0 for one that is gone."""
    old, new = dict(before), dict(now)
    return {
        price: new.get(price, 0)
        for price in {**old, **new}
        if old.get(price, 0) != new.get(price, 0)
    }


def venue_order(number: int, side: Side) -> VenueOrder:
    order = VenueOrder.__new__(VenueOrder)
    order.number = number
    order.side = side
    return order


def test_book_of_the_venue_holds_its_queues_and_tells_every_change(sail) -> None:
    sail(VenueBookMachine)


TEXTS = {
    "moved order keeps its place": (
        "            self.reduce(resting, resting.leaves)\n        resting.price",
        "            self.levels[resting.price].size -= resting.leaves\n        resting.price",
    ),
    "growth is not told": (
        "        if before is not None and resting.price not in before:\n",
        "        if before is not None and resting.price in before:\n",
    ),
    "first size before a change is forgotten": (
        "        if before is not None and price not in before:\n"
        "            before[price] = level.size\n        resting.leaves -= quantity\n",
        "        if before is not None:\n"
        "            before[price] = level.size\n        resting.leaves -= quantity\n",
    ),
    "unchanged level is told": ("        if size != was:\n", "        if True:\n"),
    "limit is not met at its price": (
        "            if limit is not None and price > limit:\n",
        "            if limit is not None and price >= limit:\n",
    ),
    "history is one short": (
        "list(self._past)[: -updates - 1 : -1]",
        "list(self._past)[: -updates or None : -1]",
    ),
    "stops of one price by chance": (
        "            insort(self.buy_stops, (trigger, order.number, order))\n",
        "            insort(self.buy_stops, (trigger, -order.number, order))\n",
    ),
}


@pytest.mark.parametrize("bug", TEXTS)
def test_machine_finds_a_bug_planted_in_the_book_of_the_venue(bug: str) -> None:
    subject = machines.replanted(simulation.venue.book, TEXTS[bug])
    machines.finds(VenueBookMachine, subject=subject)
