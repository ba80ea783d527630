"""One stream of data: its topic, the bars it feeds, and what tells old from new in it."""

from collections.abc import Callable

from engine import topics
from engine.data.aggregator import Aggregator
from engine.model.enums import DataKind
from engine.model.identifiers import InstrumentId, TradeId

TOPIC_OF: dict[DataKind, Callable[[InstrumentId], str]] = {
    DataKind.QUOTES: topics.quotes,
    DataKind.TRADES: topics.trades,
    DataKind.BOOK_DELTAS: topics.deltas,
    DataKind.MBO_DELTAS: topics.mbo_deltas,
    DataKind.BOOK_DEPTH10: topics.depth10,
    DataKind.MARK_PRICES: topics.mark_prices,
    DataKind.INDEX_PRICES: topics.index_prices,
    DataKind.FUNDING_RATES: topics.funding_rates,
    DataKind.INSTRUMENT_STATUS: topics.status,
    DataKind.INSTRUMENT_CLOSE: topics.close,
    DataKind.INSTRUMENT: topics.instrument,
}


class Feed:
    """
    Attributes:
        ts_last: the latest `ts_event` taken, where the stream may not go back.
        aggregators: what makes bars of it.
        recent_ids, earlier_ids: trade ids seen. Two generations: forgetting the older whole costs
            nothing per trade.
    """

    __slots__ = ("aggregators", "earlier_ids", "recent_ids", "topic", "ts_last")

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.ts_last = 0
        self.aggregators: tuple[Aggregator, ...] = ()
        self.recent_ids: dict[TradeId, None] = {}
        self.earlier_ids: dict[TradeId, None] = {}

    def add(self, aggregator: Aggregator) -> None:
        self.aggregators = (*self.aggregators, aggregator)

    def remove(self, aggregator: Aggregator) -> None:
        self.aggregators = tuple(other for other in self.aggregators if other is not aggregator)


class FeedsOfKind:
    """The feeds of one kind, each made when it is first needed."""

    __slots__ = ("_topic_of", "by_instrument")

    def __init__(self, kind: DataKind) -> None:
        self._topic_of = TOPIC_OF[kind]
        self.by_instrument: dict[InstrumentId, Feed] = {}

    def make(self, instrument_id: InstrumentId) -> Feed:
        """The feed of that instrument, a new one if there is none."""
        feed = self.by_instrument.get(instrument_id)
        if feed is None:
            feed = self.by_instrument[instrument_id] = Feed(self._topic_of(instrument_id))
        return feed
