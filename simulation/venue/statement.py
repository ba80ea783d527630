"""What the venue states about itself: the truth for the oracles."""

from typing import TYPE_CHECKING, Any, Final

from invariants.truth import (
    Queues,
    TrueBalance,
    TrueBook,
    TrueFill,
    TrueOrder,
    TrueSubscription,
    Truth,
)
from simulation.venue.book import Book, HalfBook
from simulation.venue.enums import BUY, Status
from simulation.venue.money import RAW_DIGITS, TEN
from simulation.venue.orders import VenueOrder
from simulation.venue.protocol import PositionTrade, TradeRecord

if TYPE_CHECKING:
    from simulation.venue.exchange import Exchange

# [precision] -> raw units in one unit of the last decimal. `Any`: a raw number is nearly always
# too large for an integer of the machine, and is spared the attempt.
_UNITS: Final[list[Any]] = [TEN[RAW_DIGITS - precision] for precision in range(RAW_DIGITS + 1)]
_SIZES: Final[list[int]] = list(_UNITS)  # a size mostly is not
_FILLED: Final = Status.FILLED
_CANCELED: Final = Status.CANCELED


def statement(exchange: "Exchange", subscriptions: tuple[TrueSubscription, ...]) -> Truth:
    """Everything the venue knows of the account and its market at this instant."""
    ledger = exchange.ledger
    listings = [book.listing for book in exchange.books.values()]
    return Truth(
        venue=exchange.name,
        account=exchange.account_id,
        ts=exchange.now(),
        orders=tuple([true_order(order) for order in exchange.orders.values()]),
        fills=tuple(
            [true_fill(exchange.books[trade.symbol], trade) for trade in exchange.floor.trades]
        ),
        balances=tuple(
            [
                TrueBalance(
                    code,
                    purse.total * TEN[RAW_DIGITS - purse.precision],
                    purse.locked * TEN[RAW_DIGITS - purse.precision],
                )
                for code, purse in sorted(ledger.purses.items())
            ]
        ),
        positions=tuple(
            sorted(
                [
                    (
                        listing.instrument_id,
                        listing.size_raw(ledger.positions[listing.symbol].signed),
                    )
                    for listing in listings
                    if ledger.positions[listing.symbol].signed
                ]
            )
        ),
        subscriptions=subscriptions,
        books=tuple(
            [
                _book(book)
                for book in sorted(exchange.books.values(), key=lambda b: b.listing.instrument_id)
            ]
        ),
        requests=tuple(exchange.requests),
        settlements=exchange.expiry.truth(),
    )


def true_order(order: VenueOrder) -> TrueOrder:
    """One order, in raw integers."""
    listing = order.book.listing
    price, trigger = order.price, order.trigger_price
    quantity, filled = order.quantity, order.filled
    price_unit = _UNITS[listing.price_precision]
    size_unit = _SIZES[listing.size_precision]
    quantity_raw = quantity * size_unit
    status = order.status
    # the text of another is an attribute of a class that is not compiled: most are over
    text = "FILLED" if status is _FILLED else "CANCELED" if status is _CANCELED else status._value_
    return TrueOrder(
        order.client_order_id,
        order.venue_order_id,
        listing.instrument_id,
        "BUY" if order.side is BUY else "SELL",
        text,
        quantity_raw,
        quantity_raw if filled == quantity else filled * size_unit,
        None if price is None else price * price_unit,
        None if trigger is None else trigger * price_unit,
    )


def true_fill(book: Book, trade: TradeRecord) -> TrueFill:
    """One execution, in raw integers."""
    listing = book.listing
    numbers: Any = trade  # what goes on as it is
    quantity: int = trade.quantity
    fee: int = trade.fee
    return TrueFill(
        trade.trade_id,
        trade.client_order_id,
        trade.venue_order_id,
        listing.instrument_id,
        "BUY" if trade.side == "BUY" else "SELL",
        quantity * _SIZES[listing.size_precision],
        numbers.price * _UNITS[listing.price_precision],
        fee * _SIZES[listing.cost.precision],
        trade.fee_currency,
        numbers.ts,
        trade.position_id if isinstance(trade, PositionTrade) else "",
    )


def _book(book: Book) -> TrueBook:
    listing = book.listing
    _, bids, asks = book.depth()
    return TrueBook(
        listing.instrument_id,
        listing.price_precision,
        listing.size_precision,
        bids,
        asks,
        book.last_trade,
    )


def true_queues(book: Book) -> tuple[Queues, Queues]:
    """Who stands at each level of bids and asks, levels best first."""
    _, bids, asks = book.depth()
    return (
        tuple([_queue(book.bids, price) for price, _ in bids]),
        tuple([_queue(book.asks, price) for price, _ in asks]),
    )


def _queue(half: HalfBook, price: int) -> tuple[tuple[int, int], ...]:
    queue = half.levels[price].queue
    return tuple([(place.number, place.leaves) for place in queue.values()])
