"""What recordings hold: rows of market data, as integers, and a file of them."""

from enum import StrEnum

import msgspec

from simulation.venue.enums import Side

Levels = tuple[tuple[int, int], ...]  # (price, size); mantissas


class QuoteRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Best bid and ask; mantissas. A size is 0 where the side was empty, and always in a file
    without sizes."""

    ts: int
    bid: int
    ask: int
    bid_size: int
    ask_size: int


class TradeRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One trade; mantissas. `aggressor` is who came to the book."""

    ts: int
    price: int
    size: int
    aggressor: Side
    trade_id: str


class DepthRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Sizes of price levels after one event; mantissas. Size 0: nobody stands there any more.

    Attributes:
        is_image: the whole book; a level that is not here is gone.
        update: the venue's number of the event.
    """

    ts: int
    is_image: bool
    update: int
    bids: Levels
    asks: Levels


class BarRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One bar; mantissas. `ts` is when it closed."""

    ts: int
    open: int
    high: int
    low: int
    close: int
    volume: int


Row = QuoteRow | TradeRow | DepthRow | BarRow
PlayedRow = QuoteRow | TradeRow | DepthRow  # what others did; a bar only sums it up


class Kind(StrEnum):
    """What a recording is of."""

    QUOTES = "quotes"
    TRADES = "trades"
    DEPTH = "depth"
    BARS = "bars"


class Recording(msgspec.Struct, frozen=True):
    """One file, read to its end (at least one row).

    Attributes:
        rows: by `ts`; rows of one instant keep the order of the file.
        has_sizes: False only for quotes recorded without them.
        price_precision, size_precision: of the mantissas in `rows`.
        out_of_order: rows that were older than the row before them in the file.
        gaps: depth only: updates that do not follow the event before them.
        interval_ns: bars only: from one bar's close to the next.
    """

    file: str
    kind: Kind
    rows: tuple[Row, ...]
    has_sizes: bool
    price_precision: int
    size_precision: int
    out_of_order: int
    gaps: int = 0
    interval_ns: int = 0
