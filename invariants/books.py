"""Order books: what every batch says is in them, nothing else is, and nobody sees half a batch.

The witness is two dicts of sizes by price (or, by order, one dict of queues), folded from the
batches that reached the kernel. It judges each batch itself: one that goes back in sequence, is
not complete or is malformed must change nothing and be refused aloud.
"""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Final, cast

from engine.data.subscriptions import Subject
from engine.model.book import OrderBook
from engine.model.book_l3 import OrderBookL3
from engine.model.data import F_LAST, F_MBP, F_TOB, MboDelta, MboDeltas, OrderBookDeltas
from engine.model.enums import BUY, SELL, BookAction, DataKind, KernelState, OrderSide, OrderStatus
from engine.model.events import Refused
from engine.model.fixed import UNITS
from engine.model.identifiers import ClientOrderId, InstrumentId
from engine.model.orders import Order
from engine.record import TurnRecord
from engine.view import KernelView
from invariants.check import Check, Kinds
from invariants.evidence import Evidence
from invariants.truth import Levels, Queues, TrueBook
from invariants.violation import Violation

# Whole books are compared after so many batches: what is wrong in one stays wrong, and that each
# batch is in its book is looked at as it is told.
_WHOLE_EVERY: Final = 16
_CLEAR: Final = BookAction.CLEAR
_DELETE: Final = BookAction.DELETE
_WORKING: Final = (
    OrderStatus.SUBMITTED,
    OrderStatus.ACCEPTED,
    OrderStatus.TRIGGERED,
    OrderStatus.PENDING_UPDATE,
    OrderStatus.PENDING_CANCEL,
    OrderStatus.PARTIALLY_FILLED,
)
# [status], whether it is one of those
_IS_WORKING: Final = [number in _WORKING for number in range(max(OrderStatus) + 1)]


class _PriceFold:
    """A book by price: the sizes of both sides as the batches tell them.

    Attributes:
        is_touched: batches were folded since it was last compared.
    """

    __slots__ = (
        "_price_precision",
        "_size_precision",
        "asks",
        "bids",
        "instrument_id",
        "is_touched",
        "sequence",
    )

    def __init__(self, first: OrderBookDeltas) -> None:
        self.instrument_id = first.instrument_id
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}
        self._price_precision = first.price_precision
        self._size_precision = first.size_precision
        self.sequence = 0
        self.is_touched = False

    def _is_malformed(self, batch: OrderBookDeltas) -> bool:
        deltas = batch.deltas
        return (
            not deltas
            or not deltas[-1].flags & F_LAST
            or batch.price_precision != self._price_precision
            or batch.size_precision != self._size_precision
        )

    def accepts(self, batch: OrderBookDeltas) -> bool:
        if self._is_malformed(batch):
            return False
        sequence = self.sequence
        for delta in batch.deltas:
            if delta.size_mantissa < 0:
                return False
            if delta.side is None and delta.action is not _CLEAR:
                return False
            if delta.sequence:
                if delta.sequence < sequence:
                    return False
                sequence = delta.sequence
        return True

    def take(self, batch: OrderBookDeltas) -> bool:
        """Fold a batch; False where it is none to be accepted, and some of it may be folded."""
        if self._is_malformed(batch):
            return False
        sequence = self.sequence
        # Any: a compiler leaves a number as it is that goes from a message into a dict
        bids: dict[Any, Any] = self.bids
        asks: dict[Any, Any] = self.asks
        delta: Any
        for delta in batch.deltas:
            number: int = delta.sequence
            if number:
                if number < sequence:
                    return False
                sequence = number
            told = delta.size_mantissa
            size: int = told
            if size < 0:
                return False
            action = delta.action
            if action is _CLEAR:
                bids.clear()
                asks.clear()
                continue
            side = delta.side
            if side is None:
                return False
            sizes = bids if side is BUY else asks
            price = delta.price_mantissa
            if action is not _DELETE and size:
                sizes[price] = told
            elif price in sizes:
                del sizes[price]
        self.sequence = sequence
        return True

    def is_in(self, book: OrderBook) -> bool:
        """Whether the book is just this, and each side in order."""
        bids, asks = book.bids(), book.asks()
        if len(bids) != len(self.bids) or len(asks) != len(self.asks):
            return False
        last = bids[0][0] + 1 if bids else 0
        sizes = self.bids
        for price, size in bids:
            told = sizes.get(price)
            if told is None or told != size or price >= last:
                return False
            last = price
        last = asks[0][0] - 1 if asks else 0
        sizes = self.asks
        for price, size in asks:
            told = sizes.get(price)
            if told is None or told != size or price <= last:
                return False
            last = price
        return True

    def levels(self) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        return sorted(self.bids.items(), reverse=True), sorted(self.asks.items())


class BookIsTheFoldOfItsUpdates(Check):
    inputs: ClassVar[Kinds] = (OrderBookDeltas,)

    def __init__(self) -> None:
        self._folds: dict[InstrumentId, _PriceFold] = {}
        self._waiting: list[OrderBookDeltas] = []  # taken, and not folded yet

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        record = evidence.record
        batch = record.input
        if type(batch) is not OrderBookDeltas:
            return None
        if record.facts and _refused(record):
            return self._refused(batch, evidence.view)
        self._waiting.append(batch)
        return self._compare(evidence.view) if len(self._waiting) >= _WHOLE_EVERY else None

    def end(self, evidence: Evidence) -> list[Violation] | None:
        view = evidence.view
        wrong = list(self._compare(view) or ())
        if view.state is not KernelState.RUNNING:
            return wrong or None
        wanted = evidence.wanted()
        for truth in evidence.truths():
            # wanted and not held is NET-1's to say
            held = [sub.instrument_id for sub in truth.subscriptions if sub.channel == "book"]
            asked = wanted.get(truth.venue, ())
            for true_book in truth.books:
                name = true_book.instrument_id
                if name in held and ("book", name) in asked:
                    _against_truth(view.book(cast(InstrumentId, name)), true_book, wrong)
        return wrong or None

    def _refused(self, batch: OrderBookDeltas, view: KernelView) -> Iterator[Violation]:
        yield from self._compare(view) or ()
        fold = self._folds.get(batch.instrument_id)
        if fold is None:
            fold = _PriceFold(batch)
        if fold.accepts(batch):
            yield Violation(batch.instrument_id, f"{_name(batch)} was news, and refused")

    def _compare(self, view: KernelView) -> Iterator[Violation] | None:
        touched: list[_PriceFold] = []
        for batch in self._waiting:
            instrument_id = batch.instrument_id
            fold = self._folds.get(instrument_id)
            is_new = fold is None
            if fold is None:
                fold = _PriceFold(batch)
            if not fold.take(batch):
                told = f"{_name(batch)} was taken without a word"
                return iter([Violation(instrument_id, told)])
            if is_new:
                self._folds[instrument_id] = fold
            if not fold.is_touched:
                fold.is_touched = True
                touched.append(fold)
        self._waiting.clear()
        wrong: list[Violation] = []
        for fold in touched:
            fold.is_touched = False
            book = view.book(fold.instrument_id)
            if book is None or not fold.is_in(book):
                held = None if book is None else (book.bids(), book.asks())
                told = f"the book is {held}, the updates make {fold.levels()}"
                wrong.append(Violation(fold.instrument_id, told))
        return iter(wrong) if wrong else None


def _against_truth(book: OrderBook | None, true_book: TrueBook, wrong: list[Violation]) -> None:
    if book is None:
        wrong.append(Violation(true_book.instrument_id, "followed, and there is no book"))
        return
    bids, asks = tuple(book.bids()), tuple(book.asks())
    ours, theirs = _precisions(book), _precisions(true_book)
    if ours == theirs and bids == true_book.bids and asks == true_book.asks:
        return
    for side, held, true in (("BUY", bids, true_book.bids), ("SELL", asks, true_book.asks)):
        raw, true_raw = _raw(held, ours), _raw(true, theirs)
        if raw != true_raw:
            told = f"{side}: the book ends as {raw}, the venue's as {true_raw}"
            wrong.append(Violation(true_book.instrument_id, told))


def _precisions(book: OrderBook | TrueBook) -> tuple[int, int]:
    return book.price_precision, book.size_precision


def _raw(levels: tuple[tuple[int, int], ...], precisions: tuple[int, int]) -> Levels:
    """Levels in raw units, of which all precisions have the same."""
    price_unit, size_unit = UNITS[precisions[0]], UNITS[precisions[1]]
    return tuple([(price * price_unit, size * size_unit) for price, size in levels])


class BookIsSoundAtEndOfBatch(Check):
    patterns: ClassVar[tuple[str, ...]] = ("data.book.deltas.*", "data.book.mbo.*")

    def __init__(self) -> None:
        self._told = 0

    def delivered(
        self, pattern: str, message: object, evidence: Evidence
    ) -> Iterator[Violation] | None:
        cache = evidence.view.cache
        book: OrderBook | None
        if isinstance(message, OrderBookDeltas):
            book = cache.order_book(message.instrument_id)
        elif isinstance(message, MboDeltas):
            book = cache.order_book_l3(message.instrument_id)
        else:
            return None
        if book is None:
            return iter([Violation(message.instrument_id, "told of a batch without a book")])
        self._told += 1
        bid, ask = book.best_bid(), book.best_ask()
        if bid is not None and ask is not None and bid[0] > ask[0]:
            problem = f"crossed: bid {bid} above ask {ask}"
        elif isinstance(message, OrderBookDeltas) and _shows_each(message, book):
            problem = ""
        else:
            problem = _missing_of(message, book)
        if not problem and not self._told % _WHOLE_EVERY:
            problem = _ladder_problem(book)
        return iter([Violation(message.instrument_id, problem)]) if problem else None

    def end(self, evidence: Evidence) -> list[Violation] | None:
        wrong: list[Violation] = []
        for book in evidence.view.books():
            if problem := _ladder_problem(book):
                wrong.append(Violation(book.instrument_id, problem))
        return wrong or None


def _ladder_problem(book: OrderBook) -> str:
    bids, asks = book.bids(), book.asks()
    last = bids[0][0] + 1 if bids else 0
    for price, size in bids:
        if size < 1 or price >= last:
            return f"bids are no ladder at {price}: {bids}"
        last = price
    last = asks[0][0] - 1 if asks else 0
    for price, size in asks:
        if size < 1 or price <= last:
            return f"asks are no ladder at {price}: {asks}"
        last = price
    return ""


def _shows_each(batch: OrderBookDeltas, book: OrderBook) -> bool:
    """Whether the book has just what each delta says. Where it has not, a later one of the batch
    may have gone over that price again."""
    bids: dict[Any, Any] = book.sizes(BUY)  # Any: as in `_PriceFold.take`
    asks: dict[Any, Any] = book.sizes(SELL)
    delta: Any
    for delta in batch.deltas:
        action = delta.action
        if action is not _CLEAR:
            sizes = bids if delta.side is BUY else asks
            held = sizes.get(delta.price_mantissa)
            size: int = 0 if action is _DELETE else delta.size_mantissa
            if held is None:
                if size:
                    return False
            else:
                held_size: int = held
                if held_size != size:
                    return False
    return True


def _missing_of(batch: OrderBookDeltas | MboDeltas, book: OrderBook) -> str:
    """What of the batch the book does not show; empty when it shows all of it."""
    if isinstance(batch, MboDeltas):
        return _missing_orders(batch.deltas, book) if isinstance(book, OrderBookL3) else "no L3"
    bids: dict[int, int] = {}
    asks: dict[int, int] = {}
    for delta in batch.deltas:
        if delta.action is _CLEAR:
            bids.clear()
            asks.clear()
            continue
        sizes = bids if delta.side is BUY else asks
        sizes[delta.price_mantissa] = 0 if delta.action is _DELETE else delta.size_mantissa
    for price, size in bids.items():
        if book.bid_size_at(price) != size:
            return f"half a batch: bid {price} holds {book.bid_size_at(price)}, not {size}"
    for price, size in asks.items():
        if book.ask_size_at(price) != size:
            return f"half a batch: ask {price} holds {book.ask_size_at(price)}, not {size}"
    return ""


def _missing_orders(deltas: Sequence[MboDelta], book: OrderBookL3) -> str:
    last: dict[int, int] = {}
    prices: dict[tuple[OrderSide, int], None] = {}
    for delta in deltas:
        if delta.action is _CLEAR:
            last.clear()
            prices.clear()
            continue
        if not delta.flags & (F_TOB | F_MBP):
            is_gone = delta.action is _DELETE
            last[delta.order_id] = 0 if is_gone else delta.size_mantissa
        if delta.side is not None:
            prices[delta.side, delta.price_mantissa] = None
    for order_id, size in last.items():
        if book.size_of(order_id) != size:
            return f"half a batch: order {order_id} holds {book.size_of(order_id)}, not {size}"
    for side, price in prices:
        level = book.bid_size_at(price) if side is BUY else book.ask_size_at(price)
        orders = sum(size for _, size in book.queue_at(side, price))
        if level != orders:
            return f"{side.name} {price}: level {level}, its orders {orders}"
    return ""


class _QueueFold:
    """A book by order: who stands where, first in line first, as the batches tell it."""

    __slots__ = ("orders", "queues")

    def __init__(self) -> None:
        self.orders: dict[int, tuple[OrderSide, int, int]] = {}  # side, price, size
        self.queues: dict[tuple[OrderSide, int], list[int]] = {}

    def add(self, delta: MboDelta) -> None:
        if delta.action is _CLEAR:
            self.orders.clear()
            self.queues.clear()
            return
        order_id = delta.order_id
        if delta.flags & F_TOB:
            order_id = 0 if delta.side is None else delta.side.value
        elif delta.flags & F_MBP:
            order_id = delta.price_mantissa
        known = self.orders.get(order_id)
        side = delta.side
        if side is None:
            if known is None:
                return
            side = known[0]
        size = 0 if delta.action is _DELETE else delta.size_mantissa
        place = (side, delta.price_mantissa)
        if known is not None:
            if size and known[:2] == place and size <= known[2]:
                self.orders[order_id] = (*place, size)  # smaller: the place is kept
                return
            self.queues[known[:2]].remove(order_id)
            del self.orders[order_id]
        if size:
            self.queues.setdefault(place, []).append(order_id)
            self.orders[order_id] = (*place, size)

    def queue(self, side: OrderSide, price: int) -> list[tuple[int, int]]:
        ids = self.queues.get((side, price), ())
        return [(order_id, self.orders[order_id][2]) for order_id in ids]


class PriorityIsKept(Check):
    inputs: ClassVar[Kinds] = (MboDeltas,)

    def __init__(self) -> None:
        self._folds: dict[InstrumentId, _QueueFold] = {}

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        batch = evidence.record.input
        return self._judge(batch, evidence) if isinstance(batch, MboDeltas) else None

    def _judge(self, batch: MboDeltas, evidence: Evidence) -> Iterator[Violation] | None:
        if _refused(evidence.record):
            return None  # the book is as it was, which the next batch shows
        instrument_id = batch.instrument_id
        fold = self._folds.get(instrument_id)
        if fold is None:
            fold = self._folds[instrument_id] = _QueueFold()
        places: dict[tuple[OrderSide, int], None] = {}
        for delta in batch.deltas:
            known = fold.orders.get(delta.order_id)
            if known is not None:
                places[known[:2]] = None
            fold.add(delta)
            if delta.side is not None:
                places[delta.side, delta.price_mantissa] = None
        book = evidence.view.cache.order_book_l3(instrument_id)
        if book is None:
            return iter([Violation(instrument_id, "a batch by order made no book")])
        for side, price in places:
            held, told = book.queue_at(side, price), fold.queue(side, price)
            if held != told:
                return iter(
                    [
                        Violation(
                            instrument_id,
                            f"{side.name} {price}: the queue is {held}, the updates make {told}",
                        )
                    ]
                )
        return None

    def end(self, evidence: Evidence) -> list[Violation] | None:
        cache = evidence.view.cache
        wrong: list[Violation] = []
        for instrument_id, fold in self._folds.items():
            book = cache.order_book_l3(instrument_id)
            if book is None or len(book) != len(fold.orders):
                told = f"{len(fold.orders)} orders rest, and the book differs"
                wrong.append(Violation(instrument_id, told))
        if evidence.view.state is KernelState.RUNNING:
            followed = [
                subject
                for subjects in evidence.view.subscriptions().values()
                for kind, subject in subjects
                if kind is DataKind.MBO_DELTAS
            ]
            if followed:
                self._follow(followed, evidence, wrong)
        working: dict[InstrumentId, dict[ClientOrderId, Order]] = {}
        own: dict[ClientOrderId, Order] | None = None
        of: InstrumentId | None = None  # whose these are
        for order in evidence.all_orders():
            if own is None or order.instrument_id is not of:
                of = order.instrument_id
                own = working.get(of)
                if own is None:
                    listed = cache.working_orders(of)
                    own = working[of] = {each.client_order_id: each for each in listed}
            counted = own.get(order.client_order_id) is order
            status: int = order.status
            if counted is not _IS_WORKING[status]:
                told = f"{order.status.name}, and {'' if counted else 'not '}among the working"
                wrong.append(Violation(order.client_order_id, told))
        return wrong or None

    @staticmethod
    def _follow(followed: list[Subject], evidence: Evidence, wrong: list[Violation]) -> None:
        for truth in evidence.truths():
            for true_book in truth.books:
                name = cast(InstrumentId, true_book.instrument_id)
                if name in followed:
                    queues = evidence.venues[truth.venue].true_queues(name)
                    book = evidence.view.cache.order_book_l3(name)
                    wrong.extend(_queues_against_truth(book, true_book, *queues))


def _queues_against_truth(
    book: OrderBookL3 | None, true_book: TrueBook, bids: Queues, asks: Queues
) -> Iterator[Violation]:
    if book is None:
        yield Violation(true_book.instrument_id, "followed by order, and there is no book")
        return
    price_unit, true_price_unit = UNITS[book.price_precision], UNITS[true_book.price_precision]
    size_unit, true_size_unit = UNITS[book.size_precision], UNITS[true_book.size_precision]
    for side, levels, queues in ((BUY, true_book.bids, bids), (SELL, true_book.asks, asks)):
        for (true_price, _), queue in zip(levels, queues, strict=True):
            price = true_price * true_price_unit // price_unit
            held = tuple([(no, size * size_unit) for no, size in book.queue_at(side, price)])
            true = tuple([(no, size * true_size_unit) for no, size in queue])
            if held != true:
                yield Violation(
                    true_book.instrument_id,
                    f"{side.name} {price}: the queue ends as {held}, the venue's as {true}",
                )
    if len(book) != sum(map(len, bids + asks)):
        yield Violation(true_book.instrument_id, f"{len(book)} orders rest, the venue has others")


def _refused(record: TurnRecord) -> bool:
    return any(isinstance(fact, Refused) for fact in record.facts)


def _name(batch: OrderBookDeltas) -> str:
    sequence = batch.deltas[-1].sequence if batch.deltas else 0
    return f"a batch of {len(batch.deltas)} with sequence {sequence}"
