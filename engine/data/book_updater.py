"""Applies deltas to the cached books, and judges what arrives before it is believed.

A batch whose sequence goes back is news no longer: applying it would corrupt the book, so it is
refused whole. A book found crossed after a complete batch is applied all the same (it is what the
venue said), counted and reported once per episode: a person should see it, handlers see the data.
"""

from enum import StrEnum

from engine.cache import Cache
from engine.model.book import OrderBook
from engine.model.data import F_LAST, OrderBookDeltas
from engine.model.enums import BookType
from engine.model.identifiers import InstrumentId


class BookProblem(StrEnum):
    """What was wrong with a batch. All but BOOK_CROSSED refuse it: the book is as it was."""

    BOOK_BATCH_INCOMPLETE = "BOOK_BATCH_INCOMPLETE"  # empty, or the last delta lacks F_LAST
    BOOK_SEQUENCE_BACK = "BOOK_SEQUENCE_BACK"
    BOOK_PRECISION_CHANGED = "BOOK_PRECISION_CHANGED"
    BOOK_MALFORMED = "BOOK_MALFORMED"  # a negative size, or no side where one is needed
    BOOK_CROSSED = "BOOK_CROSSED"


class BookUpdater:
    """The only writer of the cached L2 books; a book is made by the first batch for it.

    Attributes:
        counts: how often each problem was met; a crossed book counts once per crossed batch.
    """

    __slots__ = ("_books", "_cache", "_crossed", "counts")

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._books: dict[InstrumentId, OrderBook] = {}
        self._crossed: dict[InstrumentId, None] = {}
        self.counts = dict.fromkeys(BookProblem, 0)

    def apply(self, batch: OrderBookDeltas) -> BookProblem | None:
        """Apply one complete batch; returns what is wrong with it, BOOK_CROSSED only when new.

        A sequence of 0 means that the venue gives none. Equal sequences are no step back: the
        deltas of one venue event share theirs, and a new image may restate the last one.
        """
        deltas = batch.deltas
        if not deltas or not deltas[-1].flags & F_LAST:
            return self._count(BookProblem.BOOK_BATCH_INCOMPLETE)
        instrument_id = batch.instrument_id
        book = self._books.get(instrument_id)
        is_new = book is None
        if book is None:
            book = OrderBook(
                instrument_id, BookType.L2_MBP, batch.price_precision, batch.size_precision
            )
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
            book.apply(batch)
        except ValueError:
            return self._count(BookProblem.BOOK_MALFORMED)
        if is_new:
            self._books[instrument_id] = book
            self._cache.add_book(book)
        bid = book.best_bid()
        ask = book.best_ask()
        if bid is not None and ask is not None and bid[0] > ask[0]:
            self.counts[BookProblem.BOOK_CROSSED] += 1
            if instrument_id not in self._crossed:
                self._crossed[instrument_id] = None
                return BookProblem.BOOK_CROSSED
        elif self._crossed:
            self._crossed.pop(instrument_id, None)
        return None

    def _count(self, problem: BookProblem) -> BookProblem:
        self.counts[problem] += 1
        return problem
