"""A strategy that only listens: bars of every kind, images of the book, the book by order.

It trades nothing, so it changes nothing that the traders beside it do. What it hears is judged by
the properties of books and bars.
"""

from typing import Final

from engine.model.bars import BarType
from engine.model.enums import BookType
from engine.model.identifiers import InstrumentId
from engine.strategy import Strategy
from simulation.order_feed import order_feed_id

BARS: Final = (
    "1-SECOND-BID-INTERNAL",
    "2-SECOND-MID-INTERNAL",
    "250-MILLISECOND-ASK-INTERNAL",
    "10-SECOND-LAST-INTERNAL@2-SECOND-INTERNAL",
    "7-TICK-LAST-INTERNAL",
    "5-TICK-MID-INTERNAL@1-SECOND-INTERNAL",
    "1-VOLUME-LAST-INTERNAL",
    "1000-VALUE-LAST-INTERNAL",
)
IMAGES_MS: Final = 500


class Listener(Strategy):
    """
    Args:
        instrument_ids: what it listens to.
    """

    def __init__(self, instrument_ids: tuple[InstrumentId, ...]) -> None:
        super().__init__()
        self._instrument_ids = instrument_ids

    def on_start(self) -> None:
        for instrument_id in self._instrument_ids:
            for spec in BARS:
                self.subscribe_bars(BarType.from_str(f"{instrument_id}-{spec}"))
            self.subscribe_order_book_at_interval(instrument_id, IMAGES_MS)
            self.subscribe_order_book_deltas(
                instrument_id, order_feed_id(instrument_id.venue), BookType.L3_MBO
            )
