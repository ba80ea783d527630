"""Market data: what a venue says about its market, as immutable messages.

Numbers are mantissas: plain integers at the precision beside them (bid_mantissa 3943299 at
price_precision 2 is 39432.99). They cost nothing to carry, compare and encode; the properties
build a `Price` or `Quantity` when somebody asks for one.
"""

import msgspec

from engine.model.enums import AggressorSide, BookAction, OrderSide
from engine.model.identifiers import InstrumentId, TradeId
from engine.model.values import Price, Quantity

F_LAST = 128  # last delta of one venue event: the book is consistent again
F_TOB = 64  # the delta speaks of the top of the book, not of one order
F_SNAPSHOT = 32  # the delta belongs to a full image; the first of them is a CLEAR
F_MBP = 16  # the delta speaks of a whole price level, not of one order


class QuoteTick(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """Best bid and ask of one instrument. A zero size means that side is empty."""

    instrument_id: InstrumentId
    bid_mantissa: int
    ask_mantissa: int
    bid_size_mantissa: int
    ask_size_mantissa: int
    price_precision: int
    size_precision: int
    ts_event: int
    ts_init: int

    @property
    def bid_price(self) -> Price:
        return Price.from_mantissa(self.bid_mantissa, self.price_precision)

    @property
    def ask_price(self) -> Price:
        return Price.from_mantissa(self.ask_mantissa, self.price_precision)

    @property
    def bid_size(self) -> Quantity:
        return Quantity.from_mantissa(self.bid_size_mantissa, self.size_precision)

    @property
    def ask_size(self) -> Quantity:
        return Quantity.from_mantissa(self.ask_size_mantissa, self.size_precision)


class TradeTick(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """One public trade. `size_mantissa` > 0."""

    instrument_id: InstrumentId
    price_mantissa: int
    size_mantissa: int
    price_precision: int
    size_precision: int
    aggressor_side: AggressorSide
    trade_id: TradeId
    ts_event: int
    ts_init: int

    @property
    def price(self) -> Price:
        return Price.from_mantissa(self.price_mantissa, self.price_precision)

    @property
    def size(self) -> Quantity:
        return Quantity.from_mantissa(self.size_mantissa, self.size_precision)


class OrderBookDelta(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """One change of one price level (L1, L2). `side` is None only for CLEAR."""

    action: BookAction
    side: OrderSide | None
    price_mantissa: int
    size_mantissa: int
    flags: int
    sequence: int


class OrderBookDeltas(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """One consistent change of a book: non-empty, its last delta carries F_LAST."""

    instrument_id: InstrumentId
    deltas: tuple[OrderBookDelta, ...]
    price_precision: int
    size_precision: int
    ts_event: int
    ts_init: int


class MboDelta(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """One change of one resting order (L3). A message of its own, so that the deltas by price,
    of which there are many more, carry nothing for it.

    `order_id` > 0 is the venue's number of the order; 0 only for CLEAR and with F_TOB or F_MBP.
    `side` is None for CLEAR, and where the venue leaves it to the id to say.
    """

    action: BookAction
    side: OrderSide | None
    price_mantissa: int
    size_mantissa: int
    order_id: int
    flags: int
    sequence: int


class MboDeltas(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """One consistent change of an L3 book: non-empty, its last delta carries F_LAST."""

    instrument_id: InstrumentId
    deltas: tuple[MboDelta, ...]
    price_precision: int
    size_precision: int
    ts_event: int
    ts_init: int
