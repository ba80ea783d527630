"""A recording as the kernel's own market data, for a backtest."""

from collections.abc import Iterator
from typing import Final

from engine.model.book import OrderBook
from engine.model.data import (
    F_LAST,
    F_SNAPSHOT,
    OrderBookDelta,
    OrderBookDeltas,
    QuoteTick,
    TradeTick,
)
from engine.model.enums import BUY as BOOK_BUY
from engine.model.enums import SELL as BOOK_SELL
from engine.model.enums import AggressorSide, BookAction, BookType
from engine.model.identifiers import InstrumentId, TradeId
from simulation.market.recorded import RecordedMarket
from simulation.market.rows import DepthRow, Kind, PlayedRow, QuoteRow, TradeRow
from simulation.venue.enums import BUY

Datum = QuoteTick | TradeTick | OrderBookDeltas

_BUYER: Final = AggressorSide.BUYER
_SELLER: Final = AggressorSide.SELLER
_UPDATE: Final = BookAction.UPDATE
_DELETE: Final = BookAction.DELETE
_CLEAR_BOOK: Final = OrderBookDelta(BookAction.CLEAR, None, 0, 0, F_SNAPSHOT, 0)


def recorded_data(market: RecordedMarket, instrument_id: InstrumentId) -> list[Datum]:
    """Every row in the order played, received the moment it happened.

    Quotes that were recorded without sizes show `market.default_size`. Depth recorded without
    quotes brings the quotes that its best levels make, each behind its deltas.
    """
    return list(_Converter(market, instrument_id).data(market.rows))


class _Converter:
    def __init__(self, market: RecordedMarket, instrument_id: InstrumentId) -> None:
        has_sizes = all(recording.has_sizes for recording in market.recordings)
        self._unknown = 0 if has_sizes else market.default_size
        self._instrument_id = instrument_id
        self._precisions = market.price_precision, market.size_precision
        self._book = OrderBook(instrument_id, BookType.L2_MBP, *self._precisions)
        self._makes_quotes = not market.has(Kind.QUOTES)
        self._touch = (0, 0, 0, 0)

    def data(self, rows: tuple[PlayedRow, ...]) -> Iterator[Datum]:
        for row in rows:
            match row:
                case QuoteRow():
                    bid_size, ask_size = (
                        row.bid_size or self._unknown,
                        row.ask_size or self._unknown,
                    )
                    yield self._quote((row.bid, row.ask, bid_size, ask_size), row.ts)
                case TradeRow():
                    yield self._trade(row)
                case DepthRow():
                    deltas = self._deltas(row)
                    yield deltas
                    if self._makes_quotes:
                        yield from self._quotes_of(deltas)

    def _quote(self, touch: tuple[int, int, int, int], ts: int) -> QuoteTick:
        return QuoteTick(self._instrument_id, *touch, *self._precisions, ts, ts)

    def _trade(self, row: TradeRow) -> TradeTick:
        return TradeTick(
            self._instrument_id,
            row.price,
            row.size,
            *self._precisions,
            _BUYER if row.aggressor is BUY else _SELLER,
            TradeId(row.trade_id),
            row.ts,
            row.ts,
        )

    def _deltas(self, row: DepthRow) -> OrderBookDeltas:
        image = F_SNAPSHOT if row.is_image else 0
        levels = [(BOOK_BUY, *level) for level in row.bids]
        levels += [(BOOK_SELL, *level) for level in row.asks]
        deltas = [_CLEAR_BOOK] if row.is_image else []
        for number, (side, price, size) in enumerate(levels, 1):
            flags = image | F_LAST if number == len(levels) else image
            action = _UPDATE if size else _DELETE
            deltas.append(OrderBookDelta(action, side, price, size, flags, row.update))
        return OrderBookDeltas(
            self._instrument_id, tuple(deltas), *self._precisions, row.ts, row.ts
        )

    def _quotes_of(self, deltas: OrderBookDeltas) -> Iterator[QuoteTick]:
        book = self._book
        book.apply(deltas)
        bid, ask = book.best_bid(), book.best_ask()
        if bid is None or ask is None or bid[0] >= ask[0]:
            return  # one-sided, or crossed by what a gap has lost
        touch = (bid[0], ask[0], bid[1], ask[1])
        if touch != self._touch:
            self._touch = touch
            yield self._quote(touch, deltas.ts_event)
