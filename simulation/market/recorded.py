"""A recorded market: what other participants did once, done again at the venue.

Depth: each level of the recorded book is one resting order a price (`shown`), and quotes beside it
say nothing more. Quotes: the top of the book becomes one resting order a side of a synthetic participant. At an
unchanged price its size changes where it stands; at a new price it joins the back. Trades: an
aggressive order of that size up to that price. It meets whoever rests there by price and time,
ourselves included; what the recording traded beyond what the book shows had somebody hidden
behind it, who is met last. Without quotes and depth the touch follows the trades, one tick wide
and as large as the last of them. Bars are four trades each: the open, the two extremes, the one
nearer to the open first, and the close.

All of it passes through the one book: our orders may take what is shown, once, and what a
recorded participant would have taken may be ours.
"""

from collections.abc import Iterator, Sequence
from heapq import merge
from pathlib import Path
from typing import Final

import msgspec

from engine.model.currencies import CURRENCIES
from engine.model.identifiers import InstrumentId
from engine.model.instruments import CurrencyPair
from engine.model.values import Price, Quantity
from simulation.entropy import Stream
from simulation.market.fields import RecordingError
from simulation.market.readers import file_hash, pair_in_name, read_recording
from simulation.market.rows import BarRow, DepthRow, Kind, PlayedRow, QuoteRow, Recording, TradeRow
from simulation.market.shown import Change, ShownDepth
from simulation.venue.book import Resting
from simulation.venue.enums import BUY, SELL, Side
from simulation.venue.exchange import Exchange
from simulation.venue.matching import would_take

DEFAULT_SIZE_UNITS: Final = 1_000_000  # shown at the touch by a recording without sizes
_RANK: Final = {Kind.TRADES: 0, Kind.BARS: 0, Kind.DEPTH: 1, Kind.QUOTES: 2}  # at one instant


class RecordedMarket(msgspec.Struct, frozen=True):
    """Recordings of one instrument, merged by time; at one instant trades come before depth and
    quotes, since these already show what the trade left.

    Attributes:
        price_precision, size_precision: the finest of the files; `rows` are at these.
        default_size: mantissa shown at the touch where no size was recorded.
    """

    recordings: tuple[Recording, ...]
    rows: tuple[PlayedRow, ...]
    price_precision: int
    size_precision: int
    default_size: int

    @classmethod
    def read(cls, paths: Sequence[str | Path]) -> "RecordedMarket":
        """Read all files; their kinds are told by the header rows.

        Raises:
            RecordingError: a file cannot be used, or there is none.
            ValueError: no path given.
        """
        if not paths:
            raise ValueError("a recorded market needs at least one file")
        recordings = [read_recording(path) for path in paths]
        price_precision = max(recording.price_precision for recording in recordings)
        size_precision = max(recording.size_precision for recording in recordings)
        streams = [
            _rescaled(recording, price_precision, size_precision)
            for recording in sorted(recordings, key=lambda recording: _RANK[recording.kind])
        ]
        return cls(
            tuple(recordings),
            tuple(merge(*streams, key=lambda row: row.ts)),
            price_precision,
            size_precision,
            DEFAULT_SIZE_UNITS * 10**size_precision,
        )

    @staticmethod
    def hash(paths: Sequence[str | Path]) -> str:
        """First 12 hex digits of the contents' SHA-256."""
        return file_hash(paths)

    @property
    def start_ns(self) -> int:
        return self.rows[0].ts

    @property
    def end_ns(self) -> int:
        return self.rows[-1].ts

    def has(self, kind: Kind) -> bool:
        return any(recording.kind is kind for recording in self.recordings)

    def instrument(self, venue: str) -> CurrencyPair:
        """A spot instrument at `venue` as fine as the recording, named after the first file.

        Raises:
            RecordingError: the file name holds no two known currencies.
        """
        base, quote = pair_in_name(self.recordings[0].file)
        return self.instrument_named(InstrumentId(f"{base}/{quote}.{venue}"))

    def instrument_named(self, instrument_id: InstrumentId) -> CurrencyPair:
        """A spot instrument with this BASE/QUOTE id, as fine as the recording.

        Raises:
            ValueError: the symbol is not two known currency codes with a slash between.
        """
        base, _, quote = instrument_id.symbol.partition("/")
        if base not in CURRENCIES or quote not in CURRENCIES:
            raise ValueError(f"{instrument_id}: the symbol must be BASE/QUOTE in known currencies")
        return CurrencyPair(
            id=instrument_id,
            base_currency=CURRENCIES[base],
            quote_currency=CURRENCIES[quote],
            price_increment=Price.from_mantissa(1, self.price_precision),
            size_increment=Quantity.from_mantissa(1, self.size_precision),
        )

    def start(self, exchange: Exchange, symbol: str, stream: Stream | None = None) -> "Replay":
        """Play from now on until the last row, or `stop`. Nothing is drawn from `stream`.

        Raises:
            RecordingError: the instrument is coarser than the recording.
        """
        replay = Replay(self, exchange, symbol)
        replay.begin()
        return replay


class Replay:
    """One recorded market at one venue.

    Attributes:
        played: rows played so far.
    """

    __slots__ = (
        "_ask",
        "_bid",
        "_book",
        "_default_size",
        "_depth",
        "_exchange",
        "_floor",
        "_price_scale",
        "_rows",
        "_shows_quotes",
        "_size_scale",
        "_sized",
        "_stopped",
        "_tick",
        "played",
    )

    def __init__(self, market: RecordedMarket, exchange: Exchange, symbol: str) -> None:
        book = exchange.books[symbol]
        listing = book.listing
        file = market.recordings[0].file
        finer_prices = listing.price_precision - market.price_precision
        finer_sizes = listing.size_precision - market.size_precision
        if finer_prices < 0 or finer_sizes < 0:
            reason = (
                f"has {market.price_precision} price and {market.size_precision} size decimals, "
                f"{symbol} only {listing.price_precision} and {listing.size_precision}"
            )
            raise RecordingError(file, 0, "", "", reason)
        self._exchange = exchange
        self._floor = exchange.floor
        self._book = book
        self._rows = market.rows
        self._price_scale: int = 10**finer_prices
        self._size_scale: int = 10**finer_sizes
        self._default_size = market.default_size * self._size_scale
        self._shows_quotes = market.has(Kind.QUOTES)
        self._depth = ShownDepth(exchange.floor, book) if market.has(Kind.DEPTH) else None
        self._sized = all(recording.has_sizes for recording in market.recordings)
        self._tick = listing.tick
        self._bid: Resting | None = None
        self._ask: Resting | None = None
        self._stopped = False
        self.played = 0

    def begin(self) -> None:
        self._schedule()

    def stop(self) -> None:
        """Play no more rows; what rests stays."""
        self._stopped = True

    def play(self, row: PlayedRow) -> None:
        """One row is one venue event."""
        if isinstance(row, DepthRow):
            self._level(row)
        elif isinstance(row, TradeRow):
            self._trade(row)
        elif self._depth is None:
            self._show(
                row.bid * self._price_scale,
                row.ask * self._price_scale,
                self._size(row.bid_size),
                self._size(row.ask_size),
            )
        self._floor.settle(self._book)

    def _level(self, row: DepthRow) -> None:
        depth = self._depth
        if depth is None:
            raise RuntimeError("a row of depth in a market that has none")
        changes: list[Change] = [
            (side, price * self._price_scale, size * self._size_scale)
            for side, levels in ((BUY, row.bids), (SELL, row.asks))
            for price, size in levels
        ]
        if row.is_image:
            depth.show(changes)
        else:
            depth.change(changes)

    def _schedule(self) -> None:
        if not self._stopped and self.played < len(self._rows):
            at = max(self._rows[self.played].ts, self._exchange.now())
            self._exchange.schedule(at, self._due)

    def _due(self) -> None:
        if self._stopped:
            return
        self.play(self._rows[self.played])
        self.played += 1
        self._schedule()

    def _size(self, recorded: int) -> int:
        return recorded * self._size_scale if self._sized else self._default_size

    def _show(self, bid: int, ask: int, bid_size: int, ask_size: int) -> None:
        if ask <= bid:
            ask_size = 0  # a locked quote has no room for both; the next one will
        # both old orders make way first: the new bid may stand where the old ask stood
        old_bid = self._withdraw(self._bid, bid, bid_size)
        old_ask = self._withdraw(self._ask, ask, ask_size)
        self._bid = self._place(BUY, old_bid, bid, bid_size)
        self._ask = self._place(SELL, old_ask, ask, ask_size)

    def _withdraw(self, shown: Resting | None, price: int, size: int) -> Resting | None:
        if shown is None or shown.leaves == 0:
            return None
        if shown.price == price and size:
            return shown
        self._floor.leave(self._book, shown)
        return None

    def _place(self, side: Side, shown: Resting | None, price: int, size: int) -> Resting | None:
        if shown is not None:
            self._floor.resize(self._book, shown, size)
            return shown
        return self._floor.join(self._book, side, price, size) if size else None

    def _trade(self, row: TradeRow) -> None:
        floor, book = self._floor, self._book
        side = row.aggressor
        other = SELL if side is BUY else BUY
        price = row.price * self._price_scale
        size = row.size * self._size_scale
        follows = not self._shows_quotes and self._depth is None
        if follows:
            self._bid = self._withdraw(self._bid, 0, 0)
            self._ask = self._withdraw(self._ask, 0, 0)
        left = floor.hit(book, side, size, price)
        if left and not would_take(book, other, price):
            floor.join(book, other, price, left)
            floor.hit(book, side, left, price)
        if follows:
            # the last price was the touch on the side that was hit
            bid = price - self._tick if side is BUY else price
            if bid > 0:
                self._show(bid, bid + self._tick, size, size)


def trades_of(bar: BarRow, opened_ns: int) -> list[TradeRow]:
    """A bar as four trades of a quarter of its volume each, the rest with the last.

    They are spread over the bar: at its open, and after each quarter. Each goes the way that the
    price moved.
    """
    first, second = bar.high, bar.low
    if bar.open - bar.low < bar.high - bar.open:
        first, second = second, first
    quarter, rest = divmod(bar.volume, 4)
    step = (bar.ts - opened_ns) // 4
    trades: list[TradeRow] = []
    last = bar.open
    for number, price in enumerate((bar.open, first, second, bar.close)):
        size = quarter + rest if number == 3 else quarter
        if size:
            side = BUY if price >= last else SELL
            ts = opened_ns + number * step
            trades.append(TradeRow(ts, price, size, side, f"{opened_ns}-{number}"))
        last = price
    return trades


def _rescaled(
    recording: Recording, price_precision: int, size_precision: int
) -> Iterator[PlayedRow]:
    """What there is to play, at precisions at least as fine as the file's own."""
    prices = 10 ** (price_precision - recording.price_precision)
    sizes = 10 ** (size_precision - recording.size_precision)
    for row in recording.rows:
        match row:
            case QuoteRow():
                yield QuoteRow(
                    row.ts,
                    row.bid * prices,
                    row.ask * prices,
                    row.bid_size * sizes,
                    row.ask_size * sizes,
                )
            case TradeRow():
                yield TradeRow(
                    row.ts, row.price * prices, row.size * sizes, row.aggressor, row.trade_id
                )
            case DepthRow():
                yield DepthRow(
                    row.ts,
                    row.is_image,
                    row.update,
                    tuple((price * prices, size * sizes) for price, size in row.bids),
                    tuple((price * prices, size * sizes) for price, size in row.asks),
                )
            case BarRow():
                for trade in trades_of(row, row.ts - recording.interval_ns):
                    yield TradeRow(
                        trade.ts,
                        trade.price * prices,
                        trade.size * sizes,
                        trade.aggressor,
                        trade.trade_id,
                    )
