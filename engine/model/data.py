"""Market data: what a venue says about its market, as immutable messages.

Numbers are mantissas: plain integers at the precision beside them (bid_mantissa 3943299 at
price_precision 2 is 39432.99). They cost nothing to carry, compare and encode; the properties
build a `Price` or `Quantity` when somebody asks for one.
"""

from decimal import Decimal
from typing import Final

import msgspec

from engine.model.data_type import DataType
from engine.model.enums import (
    AggressorSide,
    BookAction,
    InstrumentCloseType,
    MarketStatusAction,
    OrderSide,
)
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


DEPTH10_LEVELS: Final = 10


class DepthLevel(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One level of a depth image. `count` orders rest there; 0: the venue does not say.

    A level of size 0 is padding: there is none.
    """

    price_mantissa: int
    size_mantissa: int
    count: int = 0


NO_LEVEL: Final = DepthLevel(0, 0, 0)


class OrderBookDepth10(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """An image of the ten best levels of each side, best first, padded with `NO_LEVEL`.

    Raises:
        ValueError: a side has not exactly ten entries, a size is negative, a level stands behind
            padding, or the prices do not get worse from one level to the next.
    """

    instrument_id: InstrumentId
    bids: tuple[DepthLevel, ...]
    asks: tuple[DepthLevel, ...]
    flags: int
    sequence: int
    price_precision: int
    size_precision: int
    ts_event: int
    ts_init: int

    def __post_init__(self) -> None:
        for levels, sign in ((self.bids, 1), (self.asks, -1)):
            if len(levels) != DEPTH10_LEVELS:
                raise ValueError(f"a depth image has ten entries a side, not {len(levels)}")
            best: int | None = None
            padded = False
            for level in levels:
                if not level.size_mantissa:
                    padded = True
                    continue
                price = sign * level.price_mantissa
                if padded or level.size_mantissa < 0 or (best is not None and price >= best):
                    raise ValueError(f"levels of {self.instrument_id} are no depth image: {levels}")
                best = price

    def bid_levels(self) -> list[tuple[Price, Quantity]]:
        """The bids that there are, best first."""
        return [self._level(level) for level in self.bids if level.size_mantissa]

    def ask_levels(self) -> list[tuple[Price, Quantity]]:
        return [self._level(level) for level in self.asks if level.size_mantissa]

    def _level(self, level: DepthLevel) -> tuple[Price, Quantity]:
        return (
            Price.from_mantissa(level.price_mantissa, self.price_precision),
            Quantity.from_mantissa(level.size_mantissa, self.size_precision),
        )


class MarkPriceUpdate(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """The price at which the venue values positions."""

    instrument_id: InstrumentId
    value_mantissa: int
    price_precision: int
    ts_event: int
    ts_init: int

    @property
    def value(self) -> Price:
        return Price.from_mantissa(self.value_mantissa, self.price_precision)


class IndexPriceUpdate(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """The price of what an instrument follows."""

    instrument_id: InstrumentId
    value_mantissa: int
    price_precision: int
    ts_event: int
    ts_init: int

    @property
    def value(self) -> Price:
        return Price.from_mantissa(self.value_mantissa, self.price_precision)


class FundingRateUpdate(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """The rate that longs pay shorts (negative: shorts pay longs), a fraction of the notional."""

    instrument_id: InstrumentId
    rate_mantissa: int
    rate_precision: int
    ts_event: int
    ts_init: int
    interval_minutes: int | None = None
    next_funding_ns: int | None = None

    @property
    def rate(self) -> Decimal:
        mantissa = self.rate_mantissa
        digits = tuple(map(int, str(abs(mantissa))))
        return Decimal((int(mantissa < 0), digits, -self.rate_precision))  # exact in any context


class InstrumentStatus(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """What the venue does with a market. None: it does not say."""

    instrument_id: InstrumentId
    action: MarketStatusAction
    ts_event: int
    ts_init: int
    reason: str | None = None
    trading_event: str | None = None
    is_trading: bool | None = None
    is_quoting: bool | None = None
    is_short_sell_restricted: bool | None = None


class InstrumentClose(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """The price at which a session, or the instrument itself, ended."""

    instrument_id: InstrumentId
    close_mantissa: int
    price_precision: int
    close_type: InstrumentCloseType
    ts_event: int
    ts_init: int

    @property
    def close_price(self) -> Price:
        return Price.from_mantissa(self.close_mantissa, self.price_precision)


class CustomData(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """Data of a user's own type: `value` is a frozen Struct whose class is named in `data_type`.

    Raises:
        TypeError: `data_type` is no DataType, or `value` no frozen Struct (a message that could
            change after it was sent is none).
        ValueError: `value` is of another class than `data_type` names.
    """

    data_type: DataType
    value: msgspec.Struct
    ts_event: int
    ts_init: int

    def __post_init__(self) -> None:
        value = self.value
        if not isinstance(self.data_type, DataType):
            raise TypeError(f"data_type must be DataType, not {type(self.data_type).__name__}")
        if not isinstance(value, msgspec.Struct) or not value.__struct_config__.frozen:
            raise TypeError(f"{type(value).__name__} is no frozen Struct")
        if type(value).__name__ != self.data_type.type_name:
            raise ValueError(f"{type(value).__name__} is no {self.data_type}")


InstrumentUpdate = (
    OrderBookDepth10
    | MarkPriceUpdate
    | IndexPriceUpdate
    | FundingRateUpdate
    | InstrumentStatus
    | InstrumentClose
)
