"""The order book of one instrument: levels by price, as mantissas.

Each side keeps its sizes in a dict by price and its prices in a sorted list whose LAST element is
the best (ask prices are stored negated, so both sides work alike). Most changes happen near the
touch, which is the cheap end of a list.

What arrives is applied, even out of order or crossing: the book says what the venue said and
counts what was odd. Whoever feeds it decides what to refuse (`sequence`, `out_of_order`,
`check_integrity`). A message that is malformed or not for this book is refused whole, before
anything is applied.
"""

from bisect import bisect_left, insort
from typing import Any, ClassVar, Final, NoReturn

from engine.model.book_fault import BookFault as BookFault
from engine.model.book_fault import BookFaultKind as BookFaultKind
from engine.model.data import (
    DEPTH10_LEVELS,
    F_LAST,
    F_SNAPSHOT,
    NO_LEVEL,
    DepthLevel,
    OrderBookDelta,
    OrderBookDeltas,
    OrderBookDepth10,
    QuoteTick,
    TradeTick,
)
from engine.model.enums import BUY, SELL, BookAction, BookType, OrderSide
from engine.model.fixed import check_precision
from engine.model.identifiers import InstrumentId
from engine.model.native import mypyc_attr

_ADD: Final = BookAction.ADD
_DELETE: Final = BookAction.DELETE
_CLEAR: Final = BookAction.CLEAR

Level = tuple[int, int]  # (price mantissa, size mantissa)


@mypyc_attr(allow_interpreted_subclasses=True)
class OrderBook:
    """An L1 (best price only) or L2 (every price) book; `engine.model.book_l3` has the L3 one.

    Attributes:
        sequence: the highest sequence applied; 0 before any. Never goes back.
        ts_last: the latest `ts_event` applied. Never goes back.
        update_count: deltas, quotes and trades applied.
        out_of_order: how many of them came with a lower sequence or an earlier time. Deltas
            are applied all the same; quotes and trades are skipped (and not in update_count).

    Raises (construction):
        TypeError, ValueError: an argument of another type, a precision outside 0..16, a book
            type that is not of this class.
    """

    _BOOK_TYPES: ClassVar[tuple[BookType, ...]] = (BookType.L1_MBP, BookType.L2_MBP)

    __slots__ = (
        "_ask_keys",
        "_ask_sizes",
        "_bid_keys",
        "_bid_sizes",
        "_is_l1",
        "book_type",
        "instrument_id",
        "out_of_order",
        "price_precision",
        "sequence",
        "size_precision",
        "ts_last",
        "update_count",
    )

    def __init__(
        self,
        instrument_id: InstrumentId,
        book_type: BookType,
        price_precision: int,
        size_precision: int,
    ) -> None:
        if type(instrument_id) is not InstrumentId:
            raise TypeError(f"expected InstrumentId, not {type(instrument_id).__name__}")
        self.instrument_id = instrument_id
        self.book_type = BookType(book_type)
        if self.book_type not in self._BOOK_TYPES:
            raise ValueError(f"{type(self).__name__} is no {self.book_type.name} book")
        self.price_precision = check_precision(price_precision)
        self.size_precision = check_precision(size_precision)
        self.sequence = 0
        self.ts_last = 0
        self.update_count = 0
        self.out_of_order = 0
        self._is_l1 = self.book_type is BookType.L1_MBP
        self._bid_sizes: dict[int, int] = {}
        self._ask_sizes: dict[int, int] = {}
        self._bid_keys: list[int] = []  # prices, best last
        self._ask_keys: list[int] = []  # negated prices, best last

    # -- changing --------------------------------------------------------------------------

    def apply(self, deltas: OrderBookDeltas) -> None:
        """Apply one venue event.

        L2: ADD and UPDATE set the size at a price, size 0 and DELETE remove it, unknown prices
        in DELETE are ignored. L1: ADD and UPDATE replace the side, DELETE and size 0 empty it;
        within a snapshot the best price stays. CLEAR empties both sides.

        Raises:
            ValueError: another instrument or precision, a negative size, a delta without a
                side that is not a CLEAR. Nothing has been applied then.
        """
        if (
            deltas.instrument_id != self.instrument_id
            or deltas.price_precision != self.price_precision
            or deltas.size_precision != self.size_precision
        ):
            self._refuse(deltas.instrument_id, deltas.price_precision, deltas.size_precision)
        batch = deltas.deltas
        for delta in batch:
            if delta.size_mantissa < 0 or (delta.side is None and delta.action is not _CLEAR):
                raise ValueError(f"malformed delta for {self.instrument_id}: {delta}")

        highest = self.sequence
        late_event = False
        if deltas.ts_event >= self.ts_last:
            self.ts_last = deltas.ts_event
        else:
            late_event = True
        is_l1 = self._is_l1
        bid_sizes = self._bid_sizes
        ask_sizes = self._ask_sizes
        bid_keys = self._bid_keys
        ask_keys = self._ask_keys
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
            price = key = delta.price_mantissa
            if delta.side is BUY:
                sizes, keys = bid_sizes, bid_keys
            else:
                sizes, keys = ask_sizes, ask_keys
                key = -price
            size = delta.size_mantissa
            if is_l1:
                _set_top(sizes, keys, key, delta)
            elif size and action is not _DELETE:
                if price not in sizes:
                    insort(keys, key)
                sizes[price] = size
            elif sizes.pop(price, None) is not None:
                del keys[bisect_left(keys, key)]
        self.sequence = highest
        self.update_count += len(batch)

    def apply_depth(self, depth: OrderBookDepth10) -> None:
        """Replace both sides with an image. Counts as one update.

        Raises:
            ValueError: another instrument or precision. Nothing has been applied then.
        """
        if (
            depth.instrument_id != self.instrument_id
            or depth.price_precision != self.price_precision
            or depth.size_precision != self.size_precision
        ):
            self._refuse(depth.instrument_id, depth.price_precision, depth.size_precision)
        self.clear()
        for level in depth.bids:
            if level.size_mantissa:
                self._set_level(BUY, level.price_mantissa, level.size_mantissa)
        for level in depth.asks:
            if level.size_mantissa:
                self._set_level(SELL, level.price_mantissa, level.size_mantissa)
        self.sequence = max(self.sequence, depth.sequence)
        self.ts_last = max(self.ts_last, depth.ts_event)
        self.update_count += 1

    def update_quote_tick(self, quote: QuoteTick) -> None:
        """Replace both sides of an L1 book; a zero size empties that side."""
        self._update_top(
            quote.instrument_id,
            quote.price_precision,
            quote.size_precision,
            quote.ts_event,
            (quote.bid_mantissa, quote.bid_size_mantissa),
            (quote.ask_mantissa, quote.ask_size_mantissa),
        )

    def update_trade_tick(self, trade: TradeTick) -> None:
        """Set both sides of an L1 book to the trade: a locked book."""
        level = (trade.price_mantissa, trade.size_mantissa)
        self._update_top(
            trade.instrument_id,
            trade.price_precision,
            trade.size_precision,
            trade.ts_event,
            level,
            level,
        )

    def _update_top(
        self,
        instrument_id: InstrumentId,
        price_precision: int,
        size_precision: int,
        ts_event: int,
        bid: Level,
        ask: Level,
    ) -> None:
        if not self._is_l1:
            raise ValueError(
                f"quotes and trades update L1 books, {self.instrument_id} is {self.book_type.name}"
            )
        if (
            instrument_id != self.instrument_id
            or price_precision != self.price_precision
            or size_precision != self.size_precision
        ):
            self._refuse(instrument_id, price_precision, size_precision)
        if bid[1] < 0 or ask[1] < 0:
            raise ValueError(f"negative size for {self.instrument_id}: {bid}, {ask}")
        if ts_event < self.ts_last:
            self.out_of_order += 1
            return
        self.ts_last = ts_event
        self.clear()
        price, size = bid
        if size:
            self._bid_sizes[price] = size
            self._bid_keys.append(price)
        price, size = ask
        if size:
            self._ask_sizes[price] = size
            self._ask_keys.append(-price)
        self.update_count += 1

    def clear(self) -> None:
        """Empty both sides; sequence, times and counters stay."""
        self._bid_sizes.clear()
        self._bid_keys.clear()
        self._ask_sizes.clear()
        self._ask_keys.clear()

    def clear_stale_levels(self, side: OrderSide | None = None) -> list[tuple[OrderSide, Level]]:
        """Remove what overlaps in a crossed L2 book; returns the removed levels, best first.

        BUY removes bids at or above the best ask, SELL asks at or below the best bid, None both
        (judged before either is removed). A book that is not crossed loses nothing.
        """
        bid, ask = self.best_bid(), self.best_ask()
        if self._is_l1 or bid is None or ask is None or bid[0] <= ask[0]:
            return []
        removed: list[tuple[OrderSide, Level]] = []
        if side is not SELL:
            removed += self._remove_to(BUY, ask[0])
        if side is not BUY:
            removed += self._remove_to(SELL, bid[0])
        return removed

    def _set_level(self, side: OrderSide, price: int, size: int) -> None:
        """Make a new level, or with size 0 take one away that exists."""
        sizes, keys = self._side(side)
        key = price if side is BUY else -price
        if size:
            insort(keys, key)
            sizes[price] = size
        else:
            del sizes[price]
            del keys[bisect_left(keys, key)]

    def _remove_to(self, side: OrderSide, price: int) -> list[tuple[OrderSide, Level]]:
        sizes, keys = self._side(side)
        sign = 1 if side is BUY else -1
        removed: list[tuple[OrderSide, Level]] = []
        while keys and keys[-1] >= sign * price:
            level_price = sign * keys.pop()
            removed.append((side, (level_price, sizes.pop(level_price))))
        return removed

    def _side(self, side: OrderSide) -> tuple[dict[int, int], list[int]]:
        if side is BUY:
            return self._bid_sizes, self._bid_keys
        return self._ask_sizes, self._ask_keys

    def _refuse(
        self, instrument_id: InstrumentId, price_precision: int, size_precision: int
    ) -> NoReturn:
        raise ValueError(
            f"book {self.instrument_id} at precisions {self.price_precision}, "
            f"{self.size_precision} got {instrument_id} at {price_precision}, {size_precision}"
        )

    # -- reading ---------------------------------------------------------------------------

    def best_bid(self) -> Level | None:
        """(price, size) of the best level, size of the whole level; None when the side is empty."""
        # Any, here and below: a compiler leaves a number as it is that goes from one list to another
        keys: list[Any] = self._bid_keys
        if not keys:
            return None
        sizes: dict[Any, Any] = self._bid_sizes
        price = keys[-1]
        return price, sizes[price]

    def best_ask(self) -> Level | None:
        """(price, size) of the best level, size of the whole level; None when the side is empty."""
        keys: list[Any] = self._ask_keys
        if not keys:
            return None
        sizes: dict[Any, Any] = self._ask_sizes
        price = -keys[-1]
        return price, sizes[price]

    def bids(self, depth: int | None = None) -> list[Level]:
        """The best `depth` bid levels (all without), best first."""
        sizes: dict[Any, Any] = self._bid_sizes
        keys: list[Any] = self._bid_keys
        prices: list[Any] = keys[0 if depth is None else max(len(keys) - depth, 0) :]
        prices.reverse()
        return [(price, sizes[price]) for price in prices]

    def asks(self, depth: int | None = None) -> list[Level]:
        """The best `depth` ask levels (all without), best first."""
        sizes: dict[Any, Any] = self._ask_sizes
        keys: list[Any] = self._ask_keys
        prices: list[Any] = [
            -key for key in keys[0 if depth is None else max(len(keys) - depth, 0) :]
        ]
        prices.reverse()
        return [(price, sizes[price]) for price in prices]

    def bid_size_at(self, price: int) -> int:
        """Size resting at exactly that price; 0 when there is no such level."""
        return self._bid_sizes.get(price, 0)

    def ask_size_at(self, price: int) -> int:
        """Size resting at exactly that price; 0 when there is no such level."""
        return self._ask_sizes.get(price, 0)

    def sizes(self, side: OrderSide) -> dict[int, int]:
        """The sizes of one side by price, as they change: to be looked at only."""
        return self._bid_sizes if side is BUY else self._ask_sizes

    def check_integrity(self) -> list[BookFault]:
        """Everything wrong with the book as it stands; empty when nothing is."""
        faults: list[BookFault] = []
        for side, sign in ((BUY, 1), (SELL, -1)):
            sizes, keys = self._side(side)
            if self._is_l1 and len(keys) > 1:
                faults.append(
                    BookFault(BookFaultKind.TOO_MANY_LEVELS, f"{side.name} {len(keys)} levels")
                )
            if (
                keys != sorted(sign * price for price in sizes)
                or min(sizes.values(), default=1) < 1
            ):
                faults.append(BookFault(BookFaultKind.LADDER_BROKEN, side.name))
        if self._bid_keys and self._ask_keys and self._bid_keys[-1] > -self._ask_keys[-1]:
            faults.append(
                BookFault(
                    BookFaultKind.ORDERS_CROSSED,
                    f"bid {self._bid_keys[-1]} above ask {-self._ask_keys[-1]}",
                )
            )
        return faults

    def to_depth10(self, ts_event: int, ts_init: int) -> OrderBookDepth10:
        """An image of the ten best levels of each side."""
        sides = []
        for side, levels in ((BUY, self.bids(DEPTH10_LEVELS)), (SELL, self.asks(DEPTH10_LEVELS))):
            image = [DepthLevel(price, size, self._count_at(side, price)) for price, size in levels]
            sides.append(tuple(image + [NO_LEVEL] * (DEPTH10_LEVELS - len(image))))
        return OrderBookDepth10(
            self.instrument_id,
            sides[0],
            sides[1],
            F_SNAPSHOT | F_LAST,
            self.sequence,
            self.price_precision,
            self.size_precision,
            ts_event,
            ts_init,
        )

    def _count_at(self, side: OrderSide, price: int) -> int:
        """Orders at a level; 0: by price, nobody knows."""
        return 0

    def to_deltas(self, ts_event: int, ts_init: int) -> OrderBookDeltas:
        """The book as a snapshot that rebuilds it: a CLEAR, then ADDs best first, last flagged."""
        levels = [(BUY, *level) for level in self.bids()] + [
            (SELL, *level) for level in self.asks()
        ]
        flags = F_SNAPSHOT if levels else F_SNAPSHOT | F_LAST
        deltas = [OrderBookDelta(_CLEAR, None, 0, 0, flags, self.sequence)]
        for index, (side, price, size) in enumerate(levels, 1):
            flags = F_SNAPSHOT | F_LAST if index == len(levels) else F_SNAPSHOT
            deltas.append(OrderBookDelta(_ADD, side, price, size, flags, self.sequence))
        return OrderBookDeltas(
            self.instrument_id,
            tuple(deltas),
            self.price_precision,
            self.size_precision,
            ts_event,
            ts_init,
        )


def _set_top(sizes: dict[int, int], keys: list[int], key: int, delta: OrderBookDelta) -> None:
    """Apply one delta to a side that holds at most one level."""
    if delta.flags & F_SNAPSHOT and keys and key < keys[-1] and delta.action is not _DELETE:
        return  # a deeper level of an image whose best price is already here
    sizes.clear()
    keys.clear()
    if delta.size_mantissa and delta.action is not _DELETE:
        sizes[delta.price_mantissa] = delta.size_mantissa
        keys.append(key)
