"""What a venue knows, as plain records: simulation fills them, oracles compare.

Numbers are `raw` integers (units of 1e-16) unless a record says otherwise, text is as the venue
wrote it. Nothing here comes from the kernel.
"""

import msgspec


class TrueOrder(msgspec.Struct, frozen=True, gc=False):
    client_order_id: str  # "" for an order the venue made itself
    venue_order_id: str
    instrument_id: str
    side: str  # "BUY" | "SELL"
    status: str  # ACCEPTED TRIGGERED PARTIALLY_FILLED FILLED CANCELED EXPIRED REJECTED
    quantity_raw: int
    filled_raw: int
    price_raw: int | None
    trigger_price_raw: int | None


class TrueFill(msgspec.Struct, frozen=True, gc=False):
    trade_id: str
    client_order_id: str
    venue_order_id: str
    instrument_id: str
    side: str
    quantity_raw: int
    price_raw: int
    fee_raw: int
    fee_currency: str
    ts: int
    position_id: str = ""  # where the venue keeps positions apart


class TrueBalance(msgspec.Struct, frozen=True, gc=False):
    currency: str
    total_raw: int
    locked_raw: int


class TrueSettlement(msgspec.Struct, frozen=True, gc=False):
    """An expired instrument: whatever was held of it was closed at this price."""

    instrument_id: str
    price_raw: int
    ts: int


class TrueSubscription(msgspec.Struct, frozen=True, gc=False):
    """A live stream subscription of a connection the venue considers open."""

    channel: str  # quotes | trades | book | depth | instrument | user
    instrument_id: str  # "" for user
    count: int  # how many the venue holds for the account; 1 is right


class TrueStream(msgspec.Struct, frozen=True, gc=False):
    """One connection ever: what arrived at our end of it, and what the venue kept from it."""

    number: int  # of the venue's connections, from 1
    heard_ns: int  # when something last arrived; before that, when it was asked for
    silence_ns: int  # longest time between two arrivals so far
    ended_ns: int  # when our end was over; 0: it is open
    gap_ns: int  # when the first account event was withheld; 0: none


Levels = tuple[tuple[int, int], ...]  # (price, size), best first
Queues = tuple[tuple[tuple[int, int], ...], ...]  # of levels: (order number, size), first in line


class TrueBook(msgspec.Struct, frozen=True, gc=False):
    """Prices and sizes are mantissas at these precisions: a book is not turned to raw and back."""

    instrument_id: str
    price_precision: int
    size_precision: int
    bids: Levels
    asks: Levels
    last_trade: tuple[str, int] = ("", 0)  # id and time of the last trade in it


class TrueRequest(msgspec.Struct, frozen=True, gc=False):
    """One request that reached the venue, whether or not it acted."""

    ts: int
    kind: str  # SUBMIT MODIFY CANCEL BATCH_CANCEL CANCEL_ALL QUERY
    request_id: str
    client_order_id: str
    acted: bool
    client_order_ids: tuple[str, ...] = ()  # of a BATCH_CANCEL, in its order


class Truth(msgspec.Struct, frozen=True, gc=False):
    """One venue's account at one instant."""

    venue: str
    account: str
    ts: int
    orders: tuple[TrueOrder, ...]  # every order ever, in acceptance order
    fills: tuple[TrueFill, ...]  # every execution ever, in order
    balances: tuple[TrueBalance, ...]  # sorted by currency
    positions: tuple[tuple[str, int], ...]  # (instrument id, signed raw quantity), sorted
    subscriptions: tuple[TrueSubscription, ...]  # sorted
    books: tuple[TrueBook, ...]  # sorted by instrument
    requests: tuple[TrueRequest, ...]
    settlements: tuple[TrueSettlement, ...] = ()  # sorted by instrument
