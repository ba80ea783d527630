"""The order book of one instrument, order by order: levels of queues, first come, first served.

The levels (sizes by price, sorted prices) are those of `OrderBook`, so everything that reads a
book by price reads this one too, and a level's size is the sum of its orders. On top of them each
price has its queue: a dict by order id, whose order is the time priority.

Choices where venues differ:

- At an unchanged price a larger size goes to the back of the queue, a smaller or equal one keeps
  its place. A new price always goes to the back.
- An ADD of an id that rests already moves that order; at another price or side it is counted
  (`misplaced`), because a feed that does so has lost something. At the same price it replaces.
- A delta without a side belongs to the side its id rests on. An unknown id is skipped in UPDATE and
  DELETE; an ADD that nobody can place refuses the batch.
- A delta with F_TOB or F_MBP speaks of a side or of a level. Such a book holds one order there,
  whose id is the side's number or the price.
"""

from collections.abc import Iterator
from itertools import islice
from typing import ClassVar, Final

import msgspec

from engine.model.book import BookFault, BookFaultKind, Level, OrderBook
from engine.model.data import (
    F_LAST,
    F_MBP,
    F_SNAPSHOT,
    F_TOB,
    MboDelta,
    MboDeltas,
    OrderBookDeltas,
)
from engine.model.enums import BUY, SELL, BookAction, BookType, OrderSide
from engine.model.identifiers import InstrumentId

_ADD: Final = BookAction.ADD
_UPDATE: Final = BookAction.UPDATE
_DELETE: Final = BookAction.DELETE
_CLEAR: Final = BookAction.CLEAR
_BY_PLACE: Final = F_TOB | F_MBP


class BookOrder(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One resting order as it stands now; mantissas."""

    order_id: int
    side: OrderSide
    price: int
    size: int


class OrderBookL3(OrderBook):
    """A market-by-order book. See `OrderBook` for sequence, times, counters and levels.

    Attributes:
        misplaced: ADDs of an order that rested at another price or side, and UPDATEs that named
            another side than the order's. All were applied: the order moved.
    """

    _BOOK_TYPES: ClassVar[tuple[BookType, ...]] = (BookType.L3_MBO,)

    __slots__ = ("_ask_queues", "_bid_queues", "_orders", "misplaced")

    def __init__(
        self, instrument_id: InstrumentId, price_precision: int, size_precision: int
    ) -> None:
        super().__init__(instrument_id, BookType.L3_MBO, price_precision, size_precision)
        self.misplaced = 0
        self._orders: dict[int, tuple[OrderSide, int]] = {}  # where each id rests
        self._bid_queues: dict[int, dict[int, int]] = {}  # price: {order id: size}, oldest first
        self._ask_queues: dict[int, dict[int, int]] = {}

    # -- changing --------------------------------------------------------------------------

    def apply(self, deltas: MboDeltas | OrderBookDeltas) -> None:
        """Apply one venue event.

        Raises:
            ValueError: deltas by price, another instrument or precision, a negative size, a
                delta without an order id or without a side that could be found. Nothing has
                been applied then.
        """
        if not isinstance(deltas, MboDeltas):
            raise ValueError(f"{self.instrument_id} is L3: deltas by price name no orders")
        if (
            deltas.instrument_id != self.instrument_id
            or deltas.price_precision != self.price_precision
            or deltas.size_precision != self.size_precision
        ):
            self._refuse(deltas.instrument_id, deltas.price_precision, deltas.size_precision)
        batch = deltas.deltas
        self._check(batch)

        highest = self.sequence
        late_event = False
        if deltas.ts_event >= self.ts_last:
            self.ts_last = deltas.ts_event
        else:
            late_event = True
        orders = self._orders
        for delta in batch:
            sequence = delta.sequence
            if sequence >= highest:
                highest = sequence
                if late_event:
                    self.out_of_order += 1
            elif sequence or late_event:
                self.out_of_order += 1
            action = delta.action
            if action is _CLEAR:
                self.clear()
                continue
            order_id = delta.order_id
            side = delta.side
            if delta.flags & _BY_PLACE:
                order_id = _place(delta)
                if action is _ADD:
                    action = _UPDATE
            known = orders.get(order_id)
            if side is None:
                if known is None:
                    continue
                side = known[0]
            size = delta.size_mantissa
            if action is _DELETE or not size:
                if known is not None:
                    self._remove(order_id, known[0], known[1])
            elif known is None:
                self._append(order_id, side, delta.price_mantissa, size)
            else:
                self._change(order_id, known, side, delta.price_mantissa, size, action is _ADD)
        self.sequence = highest
        self.update_count += len(batch)

    def _check(self, batch: tuple[MboDelta, ...]) -> None:
        """Refuse what cannot be applied. What an earlier delta of the batch adds is known."""
        for index, delta in enumerate(batch):
            if delta.action is _CLEAR:
                continue
            if delta.size_mantissa < 0 or delta.order_id < 0:
                raise ValueError(f"malformed delta for {self.instrument_id}: {delta}")
            if not delta.order_id and not (delta.flags & _BY_PLACE and delta.side is not None):
                raise ValueError(f"delta without an order id for {self.instrument_id}: {delta}")
            if (
                delta.side is None
                and delta.action is _ADD
                and not self._will_rest(delta.order_id, batch[:index])
            ):
                raise ValueError(f"ADD without a side for {self.instrument_id}: {delta}")

    def _will_rest(self, order_id: int, batch: tuple[MboDelta, ...]) -> bool:
        """Whether `order_id` rests once `batch` is applied."""
        for delta in reversed(batch):
            if delta.action is _CLEAR:
                return False
            if delta.order_id != order_id or delta.flags & _BY_PLACE:
                continue
            if delta.action is _DELETE or not delta.size_mantissa:
                return False
            if delta.action is _ADD or delta.side is not None:
                return True
        return order_id in self._orders

    def _append(self, order_id: int, side: OrderSide, price: int, size: int) -> None:
        queues = self._bid_queues if side is BUY else self._ask_queues
        queue = queues.get(price)
        if queue is None:
            queues[price] = {order_id: size}
            self._set_level(side, price, size)
        else:
            queue[order_id] = size
            sizes = self._bid_sizes if side is BUY else self._ask_sizes
            sizes[price] += size
        self._orders[order_id] = (side, price)

    def _remove(self, order_id: int, side: OrderSide, price: int) -> None:
        del self._orders[order_id]
        queues = self._bid_queues if side is BUY else self._ask_queues
        queue = queues[price]
        size = queue.pop(order_id)
        if queue:
            sizes = self._bid_sizes if side is BUY else self._ask_sizes
            sizes[price] -= size
        else:
            del queues[price]
            self._set_level(side, price, 0)

    def _change(
        self,
        order_id: int,
        known: tuple[OrderSide, int],
        side: OrderSide,
        price: int,
        size: int,
        is_add: bool,
    ) -> None:
        old_side, old_price = known
        if price != old_price or side is not old_side:
            if is_add or side is not old_side:
                self.misplaced += 1
            self._remove(order_id, old_side, old_price)
            self._append(order_id, side, price, size)
            return
        if side is BUY:
            queue, sizes = self._bid_queues[price], self._bid_sizes
        else:
            queue, sizes = self._ask_queues[price], self._ask_sizes
        grown = size - queue[order_id]
        if grown > 0:
            del queue[order_id]  # its place is lost
        queue[order_id] = size
        sizes[price] += grown

    def clear(self) -> None:
        """Empty both sides; sequence, times and counters stay."""
        super().clear()
        self._orders.clear()
        self._bid_queues.clear()
        self._ask_queues.clear()

    def _remove_to(self, side: OrderSide, price: int) -> list[tuple[OrderSide, Level]]:
        removed = super()._remove_to(side, price)
        queues = self._bid_queues if side is BUY else self._ask_queues
        for _, (level_price, _) in removed:
            for order_id in queues.pop(level_price):
                del self._orders[order_id]
        return removed

    # -- reading ---------------------------------------------------------------------------

    def __len__(self) -> int:
        """How many orders rest."""
        return len(self._orders)

    def __bool__(self) -> bool:
        return True  # an empty book is still a book

    def order(self, order_id: int) -> BookOrder | None:
        """The order of that id, None when it does not rest."""
        known = self._orders.get(order_id)
        if known is None:
            return None
        side, price = known
        queues = self._bid_queues if side is BUY else self._ask_queues
        return BookOrder(order_id, side, price, queues[price][order_id])

    def size_of(self, order_id: int) -> int:
        """What rests of the order of that id; 0 when it does not rest."""
        known = self._orders.get(order_id)
        if known is None:
            return 0
        side, price = known
        queues = self._bid_queues if side is BUY else self._ask_queues
        return queues[price][order_id]

    def has_level(self, side: OrderSide, price: int) -> bool:
        """Whether the book shows a level there."""
        return price in (self._bid_sizes if side is BUY else self._ask_sizes)

    def queue_at(self, side: OrderSide, price: int) -> list[tuple[int, int]]:
        """(order id, size) of every order at that price, first in line first."""
        queues = self._bid_queues if side is BUY else self._ask_queues
        queue = queues.get(price)
        return [] if queue is None else list(queue.items())

    def _count_at(self, side: OrderSide, price: int) -> int:
        queues = self._bid_queues if side is BUY else self._ask_queues
        return len(queues[price])

    def orders(self, side: OrderSide, depth: int | None = None) -> Iterator[BookOrder]:
        """The orders of the best `depth` levels of a side (all without) by priority: best price
        first, then first come. The book must not change meanwhile."""
        keys, sign, queues = (
            (self._bid_keys, 1, self._bid_queues)
            if side is BUY
            else (self._ask_keys, -1, self._ask_queues)
        )
        for key in islice(reversed(keys), depth):
            price = sign * key
            for order_id, size in queues[price].items():
                yield BookOrder(order_id, side, price, size)

    def check_integrity(self) -> list[BookFault]:
        """As `OrderBook`; LADDER_BROKEN also when queues, levels and ids disagree."""
        faults = super().check_integrity()
        counted = 0
        for side in (BUY, SELL):
            sizes = self._bid_sizes if side is BUY else self._ask_sizes
            queues = self._bid_queues if side is BUY else self._ask_queues
            if {price: sum(queue.values()) for price, queue in queues.items()} != sizes or any(
                self._orders.get(order_id) != (side, price) or size < 1
                for price, queue in queues.items()
                for order_id, size in queue.items()
            ):
                faults.append(BookFault(BookFaultKind.LADDER_BROKEN, f"{side.name} queues"))
            counted += sum(len(queue) for queue in queues.values())
        if counted != len(self._orders):
            faults.append(
                BookFault(
                    BookFaultKind.LADDER_BROKEN, f"{len(self._orders)} ids, {counted} in queues"
                )
            )
        return faults

    def to_mbo_deltas(self, ts_event: int, ts_init: int) -> MboDeltas:
        """The book as a snapshot that rebuilds it, priorities included: a CLEAR, then ADDs."""
        resting = [*self.orders(BUY), *self.orders(SELL)]
        flags = F_SNAPSHOT if resting else F_SNAPSHOT | F_LAST
        deltas = [MboDelta(_CLEAR, None, 0, 0, 0, flags, self.sequence)]
        for index, order in enumerate(resting, 1):
            flags = F_SNAPSHOT | F_LAST if index == len(resting) else F_SNAPSHOT
            deltas.append(
                MboDelta(
                    _ADD, order.side, order.price, order.size, order.order_id, flags, self.sequence
                )
            )
        return MboDeltas(
            self.instrument_id,
            tuple(deltas),
            self.price_precision,
            self.size_precision,
            ts_event,
            ts_init,
        )


def _place(delta: MboDelta) -> int:
    """The id of the one order that stands for a whole side or level."""
    if delta.flags & F_TOB:
        return 0 if delta.side is None else delta.side.value
    return delta.price_mantissa
