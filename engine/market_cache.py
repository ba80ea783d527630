"""The market data part of the cache: instruments, books, and the newest of each stream.

Writing a quote is one dict look-up and one append: it happens for every datum of every run. Time
series are newest first; beyond their capacity the oldest falls off.
"""

from collections import deque
from operator import attrgetter
from typing import Final, TypeVar

import msgspec

from engine.model.bars import Bar, BarType
from engine.model.book import OrderBook
from engine.model.data import QuoteTick, TradeTick
from engine.model.enums import PriceType
from engine.model.fixed import FIXED_PRECISION
from engine.model.identifiers import InstrumentId, Venue
from engine.model.instruments import AnyInstrument
from engine.model.values import Price

Instrument = AnyInstrument

_V = TypeVar("_V")
_OWN_ID: Final = attrgetter("id")


class CacheConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many of the newest quotes and trades (per instrument) and bars (per type) are kept."""

    tick_capacity: int = 10_000
    bar_capacity: int = 10_000

    def __post_init__(self) -> None:
        if self.tick_capacity < 1:
            raise ValueError(f"tick_capacity {self.tick_capacity} is not positive")
        if self.bar_capacity < 1:
            raise ValueError(f"bar_capacity {self.bar_capacity} is not positive")


def _at(series: deque[_V] | None, index: int) -> _V | None:
    if series is None or not 0 <= index < len(series):
        return None
    return series[index]


class MarketCache:
    """What the kernel has seen of the markets. Written by the DataEngine, read by everybody."""

    __slots__ = (
        "_bar_capacity",
        "_bars",
        "_books",
        "_instruments",
        "_quotes",
        "_tick_capacity",
        "_trades",
    )

    def __init__(self, config: CacheConfig) -> None:
        self._tick_capacity = config.tick_capacity
        self._bar_capacity = config.bar_capacity
        self._instruments: dict[InstrumentId, Instrument] = {}
        self._quotes: dict[InstrumentId, deque[QuoteTick]] = {}
        self._trades: dict[InstrumentId, deque[TradeTick]] = {}
        self._bars: dict[BarType, deque[Bar]] = {}
        self._books: dict[InstrumentId, OrderBook] = {}

    @property
    def tick_capacity(self) -> int:
        """How many of the newest quotes, and of the newest trades, are kept per instrument."""
        return self._tick_capacity

    # --- writers ----------------------------------------------------------------------------

    def add_instrument(self, instrument: Instrument) -> None:
        """Add or replace: a venue may amend a definition."""
        self._instruments[instrument.id] = instrument

    def add_quote(self, quote: QuoteTick) -> None:
        series = self._quotes.get(quote.instrument_id)
        if series is None:
            series = self._quotes[quote.instrument_id] = deque(maxlen=self._tick_capacity)
        series.appendleft(quote)

    def add_trade(self, trade: TradeTick) -> None:
        series = self._trades.get(trade.instrument_id)
        if series is None:
            series = self._trades[trade.instrument_id] = deque(maxlen=self._tick_capacity)
        series.appendleft(trade)

    def add_bar(self, bar: Bar) -> None:
        series = self._bars.get(bar.bar_type)
        if series is None:
            series = self._bars[bar.bar_type] = deque(maxlen=self._bar_capacity)
        series.appendleft(bar)

    def add_book(self, book: OrderBook) -> None:
        """Add or replace (a resync starts from an empty book)."""
        self._books[book.instrument_id] = book

    # --- queries ----------------------------------------------------------------------------

    def instrument(self, instrument_id: InstrumentId) -> Instrument | None:
        return self._instruments.get(instrument_id)

    def instruments(self, venue: Venue | None = None) -> list[Instrument]:
        found = self._instruments.values()
        return sorted((i for i in found if venue is None or i.id.venue == venue), key=_OWN_ID)

    def instrument_ids(self, venue: Venue | None = None) -> list[InstrumentId]:
        return sorted(i for i in self._instruments if venue is None or i.venue == venue)

    def quote_tick(self, instrument_id: InstrumentId, index: int = 0) -> QuoteTick | None:
        """The quote `index` places before the newest (0), or None when there is none there."""
        return _at(self._quotes.get(instrument_id), index)

    def quote_ticks(self, instrument_id: InstrumentId) -> list[QuoteTick]:
        return list(self._quotes.get(instrument_id, ()))

    def quote_tick_count(self, instrument_id: InstrumentId) -> int:
        return len(self._quotes.get(instrument_id, ()))

    def has_quote_ticks(self, instrument_id: InstrumentId) -> bool:
        return instrument_id in self._quotes

    def trade_tick(self, instrument_id: InstrumentId, index: int = 0) -> TradeTick | None:
        return _at(self._trades.get(instrument_id), index)

    def trade_ticks(self, instrument_id: InstrumentId) -> list[TradeTick]:
        return list(self._trades.get(instrument_id, ()))

    def trade_tick_count(self, instrument_id: InstrumentId) -> int:
        return len(self._trades.get(instrument_id, ()))

    def has_trade_ticks(self, instrument_id: InstrumentId) -> bool:
        return instrument_id in self._trades

    def bar(self, bar_type: BarType, index: int = 0) -> Bar | None:
        return _at(self._bars.get(bar_type), index)

    def bars(self, bar_type: BarType) -> list[Bar]:
        return list(self._bars.get(bar_type, ()))

    def bar_count(self, bar_type: BarType) -> int:
        return len(self._bars.get(bar_type, ()))

    def has_bars(self, bar_type: BarType) -> bool:
        return bar_type in self._bars

    def bar_types(self) -> list[BarType]:
        return sorted(self._bars, key=str)

    def order_book(self, instrument_id: InstrumentId) -> OrderBook | None:
        return self._books.get(instrument_id)

    def order_books(self) -> list[OrderBook]:
        return sorted(self._books.values(), key=attrgetter("instrument_id"))

    def price(self, instrument_id: InstrumentId, price_type: PriceType) -> Price | None:
        """The newest price of that kind; None without data.

        BID, ASK and MID read the newest quote, LAST the newest trade. MID has one digit more
        than the quote, so that half a tick is exact (at 16 digits it is rounded down).
        """
        if price_type is PriceType.LAST:
            trade = self.trade_tick(instrument_id)
            return None if trade is None else trade.price
        quote = self.quote_tick(instrument_id)
        if quote is None:
            return None
        if price_type is PriceType.BID:
            return quote.bid_price
        if price_type is PriceType.ASK:
            return quote.ask_price
        both = quote.bid_mantissa + quote.ask_mantissa
        if quote.price_precision == FIXED_PRECISION:
            return Price.from_mantissa(both // 2, FIXED_PRECISION)
        return Price.from_mantissa(both * 5, quote.price_precision + 1)
