"""Applies deltas to the cached books, and judges what arrives before it is believed.

A batch whose sequence goes back is news no longer: applying it would corrupt the book, so it is
refused whole. A book found crossed after a complete batch is applied all the same (it is what the
venue said), counted and reported once per episode: a person should see it, handlers see the data.
"""

from enum import StrEnum

from engine.cache import Cache
from engine.model.book import OrderBook
from engine.model.book_l3 import OrderBookL3
from engine.model.data import F_LAST, MboDeltas, OrderBookDeltas, OrderBookDepth10
from engine.model.enums import BookType
from engine.model.identifiers import InstrumentId


class BookProblem(StrEnum):
    """What was wrong with a batch. All but BOOK_CROSSED refuse it: the book is as it was."""

    BOOK_BATCH_INCOMPLETE = "BOOK_BATCH_INCOMPLETE"  # empty, or the last delta lacks F_LAST
    BOOK_SEQUENCE_BACK = "BOOK_SEQUENCE_BACK"
    BOOK_PRECISION_CHANGED = "BOOK_PRECISION_CHANGED"
    BOOK_MALFORMED = "BOOK_MALFORMED"  # a negative size, or no side where one is needed
    BOOK_CROSSED = "BOOK_CROSSED"


class _Books:
    """Books of one sort: by price, by order, or from images."""

    __slots__ = ("books", "crossed")

    def __init__(self) -> None:
        self.books: dict[InstrumentId, OrderBook] = {}
        self.crossed: dict[InstrumentId, None] = {}


class BookUpdater:
    """The only writer of the cached books; a book is made by the first message for it.

    Of one instrument there may be a book by price and one by order: each follows its own stream.
    Images of ten levels make a book only where no deltas do, so none is cut down to ten levels.

    Attributes:
        counts: how often each problem was met; a crossed book counts once per crossed batch.
    """

    __slots__ = ("_by_order", "_by_price", "_cache", "_images", "counts")

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._by_price = _Books()
        self._by_order = _Books()
        self._images = _Books()
        self.counts = dict.fromkeys(BookProblem, 0)

    def apply(self, batch: OrderBookDeltas | MboDeltas) -> BookProblem | None:
        """Apply one complete batch; returns what is wrong with it, BOOK_CROSSED only when new.

        A sequence of 0 means that the venue gives none. Equal sequences are no step back: the
        deltas of one venue event share theirs, and a new image may restate the last one.
        """
        deltas = batch.deltas
        if not deltas or not deltas[-1].flags & F_LAST:
            return self._count(BookProblem.BOOK_BATCH_INCOMPLETE)
        instrument_id = batch.instrument_id
        kept = self._by_price if type(batch) is OrderBookDeltas else self._by_order
        book = kept.books.get(instrument_id)
        is_new = book is None
        if book is None:
            book = _book_for(batch)
        elif (
            book.price_precision != batch.price_precision
            or book.size_precision != batch.size_precision
        ):
            return self._count(BookProblem.BOOK_PRECISION_CHANGED)
        sequence = book.sequence
        for delta in deltas:
            if delta.sequence:
                if delta.sequence < sequence:
                    return self._count(BookProblem.BOOK_SEQUENCE_BACK)
                sequence = delta.sequence
        try:
            if type(batch) is OrderBookDeltas:  # noqa: SIM114 - the two take different batches
                book.apply(batch)
            elif isinstance(book, OrderBookL3):
                book.apply(batch)
        except ValueError:
            return self._count(BookProblem.BOOK_MALFORMED)
        if is_new:
            kept.books[instrument_id] = book
            self._cache.add_book(book)
        return self._crossed(kept, book)

    def apply_depth(self, depth: OrderBookDepth10) -> BookProblem | None:
        """Take an image; one with a sequence before the last image's is refused."""
        instrument_id = depth.instrument_id
        last = self._cache.order_book_depth(instrument_id)
        if last is not None and (
            depth.ts_event < last.ts_event or 0 < depth.sequence < last.sequence
        ):
            return self._count(BookProblem.BOOK_SEQUENCE_BACK)
        book = self._images.books.get(instrument_id)
        if (
            book is None
            or book.price_precision != depth.price_precision
            or book.size_precision != depth.size_precision
        ):
            book = OrderBook(
                instrument_id, BookType.L2_MBP, depth.price_precision, depth.size_precision
            )
            self._images.books[instrument_id] = book
        book.apply_depth(depth)
        if (
            instrument_id not in self._by_price.books
            and self._cache.order_book(instrument_id) is not book
        ):
            self._cache.add_book(book)
        return self._crossed(self._images, book)

    def _crossed(self, kept: _Books, book: OrderBook) -> BookProblem | None:
        bid = book.best_bid()
        ask = book.best_ask()
        if bid is not None and ask is not None and bid[0] > ask[0]:
            self.counts[BookProblem.BOOK_CROSSED] += 1
            if book.instrument_id not in kept.crossed:
                kept.crossed[book.instrument_id] = None
                return BookProblem.BOOK_CROSSED
        elif kept.crossed:
            kept.crossed.pop(book.instrument_id, None)
        return None

    def _count(self, problem: BookProblem) -> BookProblem:
        self.counts[problem] += 1
        return problem


def _book_for(batch: OrderBookDeltas | MboDeltas) -> OrderBook:
    if type(batch) is MboDeltas:
        return OrderBookL3(batch.instrument_id, batch.price_precision, batch.size_precision)
    return OrderBook(
        batch.instrument_id, BookType.L2_MBP, batch.price_precision, batch.size_precision
    )
