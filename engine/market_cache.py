"""The market data part of the cache: instruments, books, and the newest of each stream.

Writing a quote is one dict look-up and one append: it happens for every datum of every run. Time
series are newest first; beyond their capacity the oldest falls off.
"""

from collections import deque
from collections.abc import Sequence
from operator import attrgetter
from typing import Final, TypeVar

from engine.cache_config import CacheConfig as CacheConfig
from engine.model.bars import Bar, BarType
from engine.model.book import OrderBook
from engine.model.book_l3 import OrderBookL3
from engine.model.data import (
    FundingRateUpdate,
    IndexPriceUpdate,
    InstrumentClose,
    InstrumentStatus,
    MarkPriceUpdate,
    OrderBookDepth10,
    QuoteTick,
    TradeTick,
)
from engine.model.enums import PriceType
from engine.model.fixed import FIXED_PRECISION
from engine.model.identifiers import InstrumentId, Venue
from engine.model.instruments import AnyInstrument
from engine.model.values import Price

Instrument = AnyInstrument

_K = TypeVar("_K")
_V = TypeVar("_V")
_U = TypeVar("_U", MarkPriceUpdate, IndexPriceUpdate, FundingRateUpdate)
_D = TypeVar("_D", QuoteTick, TradeTick, Bar, FundingRateUpdate)
_OWN_ID: Final = attrgetter("id")


def _at(series: deque[_V] | None, index: int) -> _V | None:
    if series is None or not 0 <= index < len(series):
        return None
    return series[index]


def _add(streams: dict[InstrumentId, deque[_U]], update: _U, capacity: int) -> None:
    series = streams.get(update.instrument_id)
    if series is None:
        series = streams[update.instrument_id] = deque(maxlen=capacity)
    series.appendleft(update)


def _fill_up(streams: dict[_K, deque[_D]], key: _K, history: Sequence[_D], capacity: int) -> None:
    """Put what is older than all that is held behind it, the newest first, while there is room."""
    if not history:
        return
    series = streams.get(key)
    if series is None:
        series = streams[key] = deque(maxlen=capacity)
    oldest_ns = series[-1].ts_event if series else None
    for datum in reversed(history):
        if len(series) == capacity:
            return
        if oldest_ns is None or datum.ts_event < oldest_ns:
            series.append(datum)


class MarketCache:
    """What the kernel has seen of the markets. Written by the DataEngine, read by everybody."""

    __slots__ = (
        "_bar_capacity",
        "_bars",
        "_books",
        "_books_l3",
        "_closes",
        "_depths",
        "_fundings",
        "_indexes",
        "_instruments",
        "_marks",
        "_quotes",
        "_statuses",
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
        self._books_l3: dict[InstrumentId, OrderBookL3] = {}
        self._depths: dict[InstrumentId, OrderBookDepth10] = {}
        self._marks: dict[InstrumentId, deque[MarkPriceUpdate]] = {}
        self._indexes: dict[InstrumentId, deque[IndexPriceUpdate]] = {}
        self._fundings: dict[InstrumentId, deque[FundingRateUpdate]] = {}
        self._statuses: dict[InstrumentId, InstrumentStatus] = {}
        self._closes: dict[InstrumentId, InstrumentClose] = {}

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

    def revise_bar(self, bar: Bar) -> None:
        """Replace the newest bar of its type. Raises LookupError when there is none."""
        self._bars[bar.bar_type][0] = bar

    def add_book(self, book: OrderBook) -> None:
        """Add or replace (a resync starts from an empty book)."""
        if isinstance(book, OrderBookL3):
            self._books_l3[book.instrument_id] = book
        else:
            self._books[book.instrument_id] = book

    def add_depth(self, depth: OrderBookDepth10) -> None:
        self._depths[depth.instrument_id] = depth

    def add_mark_price(self, update: MarkPriceUpdate) -> None:
        _add(self._marks, update, self._tick_capacity)

    def add_index_price(self, update: IndexPriceUpdate) -> None:
        _add(self._indexes, update, self._tick_capacity)

    def add_funding_rate(self, update: FundingRateUpdate) -> None:
        _add(self._fundings, update, self._tick_capacity)

    def add_status(self, status: InstrumentStatus) -> None:
        self._statuses[status.instrument_id] = status

    def add_close(self, close: InstrumentClose) -> None:
        self._closes[close.instrument_id] = close

    def add_quote_history(self, instrument_id: InstrumentId, history: Sequence[QuoteTick]) -> None:
        """Quotes of the past, ascending: those older than all that is held go behind it. The same
        for the histories that follow."""
        _fill_up(self._quotes, instrument_id, history, self._tick_capacity)

    def add_trade_history(self, instrument_id: InstrumentId, history: Sequence[TradeTick]) -> None:
        _fill_up(self._trades, instrument_id, history, self._tick_capacity)

    def add_funding_history(
        self, instrument_id: InstrumentId, history: Sequence[FundingRateUpdate]
    ) -> None:
        _fill_up(self._fundings, instrument_id, history, self._tick_capacity)

    def add_bar_history(self, bar_type: BarType, history: Sequence[Bar]) -> None:
        _fill_up(self._bars, bar_type, history, self._bar_capacity)

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
        quotes = self._quotes.get(instrument_id)
        if not quotes:
            return None
        if not index:  # asked for at every quote
            return quotes[0]
        return _at(quotes, index)

    def quote_ticks(self, instrument_id: InstrumentId) -> list[QuoteTick]:
        return list(self._quotes.get(instrument_id, ()))

    def quote_tick_count(self, instrument_id: InstrumentId) -> int:
        return len(self._quotes.get(instrument_id, ()))

    def has_quote_ticks(self, instrument_id: InstrumentId) -> bool:
        return instrument_id in self._quotes

    def trade_tick(self, instrument_id: InstrumentId, index: int = 0) -> TradeTick | None:
        trades = self._trades.get(instrument_id)
        if not trades:
            return None
        if not index:
            return trades[0]
        return _at(trades, index)

    def trade_ticks(self, instrument_id: InstrumentId) -> list[TradeTick]:
        return list(self._trades.get(instrument_id, ()))

    def trade_ticks_since(self, instrument_id: InstrumentId, ns: int) -> list[TradeTick]:
        """The trades received at `ns` or later, newest first, down to the first that was not."""
        since: list[TradeTick] = []
        for trade in self._trades.get(instrument_id, ()):
            if trade.ts_init < ns:
                break
            since.append(trade)
        return since

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
        """The book by price; where only its orders are followed, the book by order, which reads
        like one."""
        return self._books.get(instrument_id) or self._books_l3.get(instrument_id)

    def order_book_l3(self, instrument_id: InstrumentId) -> OrderBookL3 | None:
        return self._books_l3.get(instrument_id)

    def order_books(self) -> list[OrderBook]:
        """Every book, by instrument; of one instrument the book by price first."""
        books: list[OrderBook] = [*self._books.values(), *self._books_l3.values()]
        return sorted(books, key=attrgetter("instrument_id"))

    def order_book_depth(self, instrument_id: InstrumentId) -> OrderBookDepth10 | None:
        """The newest image of the ten best levels."""
        return self._depths.get(instrument_id)

    def mark_price(self, instrument_id: InstrumentId, index: int = 0) -> MarkPriceUpdate | None:
        """As `quote_tick`; so are the two that follow."""
        return _at(self._marks.get(instrument_id), index)

    def mark_prices(self, instrument_id: InstrumentId) -> list[MarkPriceUpdate]:
        return list(self._marks.get(instrument_id, ()))

    def index_price(self, instrument_id: InstrumentId, index: int = 0) -> IndexPriceUpdate | None:
        return _at(self._indexes.get(instrument_id), index)

    def index_prices(self, instrument_id: InstrumentId) -> list[IndexPriceUpdate]:
        return list(self._indexes.get(instrument_id, ()))

    def funding_rate(self, instrument_id: InstrumentId, index: int = 0) -> FundingRateUpdate | None:
        return _at(self._fundings.get(instrument_id), index)

    def funding_rates(self, instrument_id: InstrumentId) -> list[FundingRateUpdate]:
        return list(self._fundings.get(instrument_id, ()))

    def instrument_status(self, instrument_id: InstrumentId) -> InstrumentStatus | None:
        return self._statuses.get(instrument_id)

    def instrument_close(self, instrument_id: InstrumentId) -> InstrumentClose | None:
        return self._closes.get(instrument_id)

    def price(self, instrument_id: InstrumentId, price_type: PriceType) -> Price | None:
        """The newest price of that kind; None without data.

        BID, ASK and MID read the newest quote, LAST the newest trade, MARK the newest mark. MID has one digit more
        than the quote, so that half a tick is exact (at 16 digits it is rounded down).
        """
        if price_type is PriceType.LAST:
            trade = self.trade_tick(instrument_id)
            return None if trade is None else trade.price
        if price_type is PriceType.MARK:
            mark = self.mark_price(instrument_id)
            return None if mark is None else mark.value
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
