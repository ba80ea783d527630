"""What ends: from the first instant of an instrument's trading to its settlement.

Before `activation_ns` nobody trades. At `expiration_ns` (what happens at that very instant still
counts) trading ends for good, our open orders are cancelled, and whatever is held is settled: the
venue closes it at one price, as an entry in its ledger and not as a trade. Nothing is charged.

The settlement price is the one that the scenario states; else

- future: the last traded price, else the middle of the book;
- option: what exercise would bring at the price of its underlying, which must be listed here
  under the underlying's name. Always in cash, nothing is delivered;
- binary option: 1 where the last traded price (else the middle) stood at 0.5 or above, else 0.
  It is known a little later, as such things are.

What cannot be priced yet is tried again every second, never dropped.
"""

from collections.abc import Mapping
from functools import partial
from typing import Final

from engine.model.instruments import BinaryOption, OptionContract, OptionKind
from invariants.truth import TrueSettlement
from simulation.venue.book import Book
from simulation.venue.enums import Code, MarketStatus, Status
from simulation.venue.floor import Floor
from simulation.venue.money import RAW_DIGITS, TEN, half_even, mantissa_of

SECOND_NS: Final = 1_000_000_000
_RESOLUTION_NS: Final = 2 * SECOND_NS  # from the end of a binary option to its outcome


class Expiry:
    """Begins and ends the trading of every dated instrument of one venue.

    Args:
        stated: settlement price by symbol, decimal text.

    Attributes:
        settled: settlement price by symbol, a mantissa at the price precision.
        settled_at: when, nanoseconds.

    Raises:
        ValueError: a stated price of something that is not listed, or not at its precision.
    """

    def __init__(self, floor: Floor, books: Mapping[str, Book], stated: Mapping[str, str]) -> None:
        self._floor = floor
        self._books = books
        self.settled: dict[str, int] = {}
        self.settled_at: dict[str, int] = {}
        self._rests = False
        self._stated: dict[str, int] = {}
        for symbol, text in stated.items():
            book = books.get(symbol)
            if book is None or not book.listing.expiration_ns:
                raise ValueError(f"settlement price of {symbol}, which never expires here")
            self._stated[symbol] = mantissa_of(text, book.listing.price_precision)
        for book in books.values():
            if book.listing.expiration_ns:
                self._plan(book)

    def rest(self) -> None:
        """Nothing ends from now on: a run is over soon, and nobody could hear of it in time."""
        self._rests = True

    def truth(self) -> tuple[TrueSettlement, ...]:
        """What was settled so far, sorted by instrument."""
        return tuple(
            sorted(
                (
                    TrueSettlement(
                        self._books[symbol].listing.instrument_id,
                        self._books[symbol].listing.price_raw(price),
                        self.settled_at[symbol],
                    )
                    for symbol, price in self.settled.items()
                ),
                key=lambda settlement: settlement.instrument_id,
            )
        )

    def _plan(self, book: Book) -> None:
        listing = book.listing
        now = self._floor.now()
        schedule = self._floor.schedule
        if listing.activation_ns > now:
            book.status = MarketStatus.INACTIVE
            schedule(listing.activation_ns, partial(self._begin, book))
        if listing.expiration_ns > now:
            schedule(listing.expiration_ns, partial(self._end_reached, book))
        else:
            book.status = MarketStatus.EXPIRED

    def _begin(self, book: Book) -> None:
        if book.status is MarketStatus.INACTIVE:
            book.status = MarketStatus.OPEN
            self._floor.settle(book)

    def _end_reached(self, book: Book) -> None:
        if self._rests:
            return
        # behind everything already due at this instant, so that a fill wins over expiry
        self._floor.schedule(self._floor.now(), partial(self._end, book))

    def _end(self, book: Book) -> None:
        floor = self._floor
        book.status = MarketStatus.EXPIRED
        for order in [order for order in floor.open.values() if order.book is book]:
            floor.close(order, Status.CANCELED, Code.CONTRACT_EXPIRED)
        floor.settle(book)
        floor.restate(book)  # no later change could show that a picture was out of date
        if isinstance(book.listing.instrument, BinaryOption):
            floor.schedule(floor.now() + _RESOLUTION_NS, partial(self._settle, book))
        else:
            self._settle(book)

    def _settle(self, book: Book) -> None:
        floor = self._floor
        price = self._price(book)
        if price is None:
            floor.schedule(floor.now() + SECOND_NS, partial(self._settle, book))
            return
        self.settled[book.symbol] = price
        self.settled_at[book.symbol] = floor.now()
        floor.ledger.settle(book.listing, price)
        floor.tell_settlement(book, price)
        floor.settle(book)

    def _price(self, book: Book) -> int | None:
        stated = self._stated.get(book.symbol)
        if stated is not None:
            return stated
        listing = book.listing
        instrument = listing.instrument
        if isinstance(instrument, OptionContract):
            underlying = self._books.get(instrument.underlying)
            spot = None if underlying is None else _traded(underlying)
            if underlying is None or spot is None:
                return None
            above = underlying.listing.price_raw(spot) - instrument.strike_price.raw
            worth = above if instrument.option_kind is OptionKind.CALL else -above
            return half_even(max(worth, 0), TEN[RAW_DIGITS - listing.price_precision])
        last = _traded(book)
        if isinstance(instrument, BinaryOption) and last is not None:
            one = TEN[listing.price_precision]
            return one if 2 * last >= one else 0
        return last


def _traded(book: Book) -> int | None:
    """The last traded price, else the middle of the book, rounded down; None without either."""
    if book.last_price is not None:
        return book.last_price
    bid, ask = book.best_bid(), book.best_ask()
    return None if bid is None or ask is None else (bid + ask) // 2
