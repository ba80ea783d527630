"""A recording as the kernel's own market data, for a backtest."""

from typing import Final

from engine.model.data import QuoteTick, TradeTick
from engine.model.enums import AggressorSide
from engine.model.identifiers import InstrumentId, TradeId
from simulation.market.readers import QuoteRow
from simulation.market.recorded import RecordedMarket
from simulation.venue.enums import BUY

_BUYER: Final = AggressorSide.BUYER
_SELLER: Final = AggressorSide.SELLER


def recorded_ticks(
    market: RecordedMarket, instrument_id: InstrumentId
) -> list[QuoteTick | TradeTick]:
    """Every row in the order played, received the moment it happened.

    Quotes that were recorded without sizes show `market.default_size`.
    """
    has_sizes = all(recording.has_sizes for recording in market.recordings)
    unknown = 0 if has_sizes else market.default_size
    price_precision, size_precision = market.price_precision, market.size_precision
    ticks: list[QuoteTick | TradeTick] = []
    for row in market.rows:
        if isinstance(row, QuoteRow):
            ticks.append(
                QuoteTick(
                    instrument_id,
                    row.bid,
                    row.ask,
                    row.bid_size or unknown,
                    row.ask_size or unknown,
                    price_precision,
                    size_precision,
                    row.ts,
                    row.ts,
                )
            )
        else:
            ticks.append(
                TradeTick(
                    instrument_id,
                    row.price,
                    row.size,
                    price_precision,
                    size_precision,
                    _BUYER if row.aggressor is BUY else _SELLER,
                    TradeId(row.trade_id),
                    row.ts,
                    row.ts,
                )
            )
    return ticks
