"""What the venue states about itself: the truth for the oracles, its instruments for clients."""

from typing import TYPE_CHECKING

import msgspec

from engine.model.instruments import FuturesContract
from invariants.truth import TrueBalance, TrueBook, TrueFill, TrueOrder, TrueSubscription, Truth
from simulation.venue.book import Book, HalfBook
from simulation.venue.fees import FeeRates
from simulation.venue.listing import Listing
from simulation.venue.money import RAW_DIGITS, TEN, decimal_text, rate_text
from simulation.venue.orders import VenueOrder
from simulation.venue.protocol import FutureRecord, InstrumentRecord, TradeRecord

if TYPE_CHECKING:
    from simulation.venue.exchange import Exchange


def statement(exchange: "Exchange", subscriptions: tuple[TrueSubscription, ...]) -> Truth:
    """Everything the venue knows of the account and its market at this instant."""
    ledger = exchange.ledger
    listings = [book.listing for book in exchange.books.values()]
    return Truth(
        venue=exchange.name,
        account=exchange.account_id,
        ts=exchange.now(),
        orders=tuple(true_order(order) for order in exchange.orders.values()),
        fills=tuple(_fill(exchange.books[trade.symbol], trade) for trade in exchange.floor.trades),
        balances=tuple(
            TrueBalance(
                code,
                purse.total * TEN[RAW_DIGITS - purse.precision],
                purse.locked * TEN[RAW_DIGITS - purse.precision],
            )
            for code, purse in sorted(ledger.purses.items())
        ),
        positions=tuple(
            sorted(
                (listing.instrument_id, listing.size_raw(ledger.positions[listing.symbol].signed))
                for listing in listings
                if ledger.positions[listing.symbol].signed
            )
        ),
        subscriptions=subscriptions,
        books=tuple(
            _book(book)
            for book in sorted(exchange.books.values(), key=lambda b: b.listing.instrument_id)
        ),
        requests=tuple(exchange.requests),
    )


def true_order(order: VenueOrder) -> TrueOrder:
    """One order, in raw integers."""
    listing = order.book.listing
    price, trigger = order.price, order.trigger_price
    return TrueOrder(
        order.client_order_id,
        order.venue_order_id,
        listing.instrument_id,
        order.side.value,
        order.status.value,
        listing.size_raw(order.quantity),
        listing.size_raw(order.filled),
        None if price is None else listing.price_raw(price),
        None if trigger is None else listing.price_raw(trigger),
    )


def _fill(book: Book, trade: TradeRecord) -> TrueFill:
    listing = book.listing
    return TrueFill(
        trade.trade_id,
        trade.client_order_id,
        trade.venue_order_id,
        listing.instrument_id,
        str(trade.side),
        listing.size_raw(trade.quantity),
        listing.price_raw(trade.price),
        trade.fee * TEN[RAW_DIGITS - listing.cost.precision],
        trade.fee_currency,
        trade.ts,
    )


def _book(book: Book) -> TrueBook:
    listing = book.listing
    _, bids, asks = book.depth()
    return TrueBook(
        listing.instrument_id,
        tuple((listing.price_raw(price), listing.size_raw(size)) for price, size in bids),
        tuple((listing.price_raw(price), listing.size_raw(size)) for price, size in asks),
        tuple(_queue(listing, book.bids, price) for price, _ in bids),
        tuple(_queue(listing, book.asks, price) for price, _ in asks),
    )


def _queue(listing: Listing, half: HalfBook, price: int) -> tuple[tuple[int, int], ...]:
    queue = half.levels[price].queue
    return tuple((place.number, listing.size_raw(place.leaves)) for place in queue.values())


def instrument_record(listing: Listing, rates: FeeRates) -> InstrumentRecord | FutureRecord:
    """An instrument as the venue publishes it; empty text where there is no bound."""
    instrument = listing.instrument
    base = instrument.base_currency
    common = InstrumentRecord(
        listing.symbol,
        _kind(listing),
        "" if base is None else base.code,
        instrument.quote_currency.code,
        instrument.settlement_currency.code,
        listing.inverse,
        listing.price_precision,
        listing.size_precision,
        decimal_text(listing.tick, listing.price_precision),
        decimal_text(listing.step, listing.size_precision),
        rate_text(listing.multiplier),
        _bound(listing.min_quantity, listing.size_precision),
        _bound(listing.max_quantity, listing.size_precision),
        rate_text(instrument.margin_init_raw),
        rate_text(instrument.margin_maint_raw),
        rate_text(rates.maker),
        rate_text(rates.taker),
    )
    if not isinstance(instrument, FuturesContract):
        return common
    return FutureRecord(
        **msgspec.structs.asdict(common),
        asset_class=instrument.asset_class.name,
        underlying=instrument.underlying,
        exchange=instrument.exchange or "",
        activation_ns=instrument.activation_ns,
        expiration_ns=instrument.expiration_ns,
    )


def _kind(listing: Listing) -> str:
    if isinstance(listing.instrument, FuturesContract):
        return "FUTURE"
    return "SPOT" if listing.is_spot else "PERPETUAL"


def _bound(mantissa: int | None, precision: int) -> str:
    return "" if mantissa is None else decimal_text(mantissa, precision)
