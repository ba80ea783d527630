"""The DataEngine: every datum is judged, cached, then told to whoever subscribed.

When a handler runs, the cache already holds that datum and the book already shows that batch.
Causes come before effects: a tick reaches its handlers before the bar that holds it.

Subscriptions are counted by owner. The client hears of the first owner and of the last one to
leave; in between it keeps the wanted set itself, also while it is not connected.
"""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from engine import topics
from engine.clients import Client
from engine.clock import ComponentClock
from engine.context import Context
from engine.data.bar_builder import TimeBarAggregator
from engine.data.book_updater import BookProblem, BookUpdater
from engine.data.config import DataEngineConfig
from engine.model.bars import BarType
from engine.model.commands import (
    Command,
    Subscribe,
    SubscribeBars,
    Unsubscribe,
    UnsubscribeBars,
)
from engine.model.data import OrderBookDeltas, QuoteTick, TradeTick
from engine.model.enums import AggregationSource, DataKind, PriceType
from engine.model.events import Alert, Refused, TimeEvent
from engine.model.identifiers import ClientId, ComponentId, InstrumentId, TradeId, Venue
from engine.model.reports import InstrumentReceived

DATA_ENGINE_ID: Final = ComponentId("DataEngine")
OPERATOR: Final = "Operator"  # owns a subscription that named nobody

DataInput = QuoteTick | TradeTick | OrderBookDeltas | InstrumentReceived


class _Feed:
    """One stream of ticks: its topic, the bars it feeds, and what it needs to tell old from new."""

    __slots__ = ("aggregators", "earlier_ids", "recent_ids", "topic", "ts_last")

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.ts_last = 0
        self.aggregators: tuple[TimeBarAggregator, ...] = ()
        # two generations: forgetting the older whole costs nothing per trade
        self.recent_ids: dict[TradeId, None] = {}
        self.earlier_ids: dict[TradeId, None] = {}


class _BarSeries:
    __slots__ = ("aggregator", "client_id", "feed", "kind", "owners", "topic")

    def __init__(
        self,
        aggregator: TimeBarAggregator,
        client_id: ClientId,
        kind: DataKind,
        feed: _Feed,
    ) -> None:
        self.aggregator = aggregator
        self.client_id = client_id
        self.kind = kind
        self.feed = feed
        self.topic = topics.bars(aggregator.bar_type)
        self.owners: dict[str, None] = {}


class DataEngine:
    """Market data of one kernel.

    Args:
        ctx: the kernel's shared parts; `DATA_EXECUTE` is registered on its bus.
        clients: those that may be asked for data, in order; a command without a client id goes
            to the first whose venue is the instrument's.
        config: see `DataEngineConfig`.
    Attributes:
        refused_count: inputs that changed nothing: stale quotes, repeated trades, bad batches.
        books: the BookUpdater, for its counters.
    """

    def __init__(
        self, ctx: Context, clients: Sequence[Client], config: DataEngineConfig | None = None
    ) -> None:
        self._ctx = ctx
        self._config = config or DataEngineConfig()
        self._bus = ctx.bus
        self._cache = ctx.cache
        self._clock = ComponentClock(ctx.clock, DATA_ENGINE_ID)
        self._clients: dict[ClientId, Client] = {}
        self._client_of_venue: dict[Venue, Client] = {}
        for client in clients:
            if client.client_id in self._clients:
                raise ValueError(f"two clients are called {client.client_id}")
            self._clients[client.client_id] = client
            self._client_of_venue.setdefault(client.venue, client)
        self._connected: dict[ClientId, bool] = dict.fromkeys(self._clients, False)
        self._quotes: dict[InstrumentId, _Feed] = {}
        self._trades: dict[InstrumentId, _Feed] = {}
        self._delta_topics: dict[InstrumentId, str] = {}
        self._owners: dict[tuple[ClientId, DataKind, InstrumentId], dict[str, None]] = {}
        self._series: dict[str, _BarSeries] = {}  # by timer name
        self._trade_ids_remembered = self._config.trade_ids_remembered
        self._processors: dict[type, Callable[..., None]] = {
            QuoteTick: self.process_quote,
            TradeTick: self.process_trade,
            OrderBookDeltas: self.process_deltas,
            InstrumentReceived: self.process_instrument,
        }
        self.books = BookUpdater(ctx.cache)
        self.refused_count = 0
        ctx.bus.register(topics.DATA_EXECUTE, self.execute)

    # --- inputs ----------------------------------------------------------------------------

    def process(self, message: DataInput) -> None:
        """One input from a client, as one unit. Raises TypeError for anything else."""
        processor = self._processors.get(type(message))
        if processor is None:
            raise TypeError(f"{type(message).__name__} is not market data")
        processor(message)

    def process_quote(self, quote: QuoteTick) -> None:
        """A quote stamped before the last one is a state the venue has left: refused."""
        feed = self._quotes.get(quote.instrument_id)
        if feed is None:
            feed = self._quote_feed(quote.instrument_id)
        ts_event = quote.ts_event
        if ts_event < feed.ts_last:
            self._refuse("STALE_QUOTE", f"QuoteTick {quote.instrument_id} ts_event={ts_event}")
            return
        feed.ts_last = ts_event
        self._cache.add_quote(quote)
        self._bus.dispatch(feed.topic, quote)
        for aggregator in feed.aggregators:
            aggregator.handle_quote(quote)

    def process_trade(self, trade: TradeTick) -> None:
        """A trade happened whatever its stamp: only one whose id is known already is refused."""
        feed = self._trades.get(trade.instrument_id)
        if feed is None:
            feed = self._trade_feed(trade.instrument_id)
        if self._trade_ids_remembered:
            trade_id = trade.trade_id
            recent = feed.recent_ids
            if trade_id in recent or trade_id in feed.earlier_ids:
                self._refuse("DUPLICATE_TRADE", f"TradeTick {trade.instrument_id} {trade_id}")
                return
            if len(recent) >= self._trade_ids_remembered:
                feed.earlier_ids = recent
                feed.recent_ids = recent = {}
            recent[trade_id] = None
        self._cache.add_trade(trade)
        self._bus.dispatch(feed.topic, trade)
        for aggregator in feed.aggregators:
            aggregator.handle_trade(trade)

    def process_deltas(self, batch: OrderBookDeltas) -> None:
        """The book first, then its subscribers, then what is wrong with it."""
        instrument_id = batch.instrument_id
        problem = self.books.apply(batch)
        if problem is None or problem is BookProblem.BOOK_CROSSED:
            topic = self._delta_topics.get(instrument_id)
            if topic is None:
                topic = self._delta_topics[instrument_id] = topics.deltas(instrument_id)
            self._bus.dispatch(topic, batch)
        else:
            self._refuse(problem.value, f"OrderBookDeltas {instrument_id}")
        if problem is not None:
            sequence = batch.deltas[-1].sequence if batch.deltas else 0
            self._announce(
                topics.ALERT,
                Alert(problem.value, instrument_id, f"sequence={sequence}", self._ctx.clock.now_ns),
            )

    def process_instrument(self, message: InstrumentReceived) -> None:
        self._cache.add_instrument(message.instrument)
        self._bus.dispatch(topics.instrument(message.instrument.id), message.instrument)

    def client_connected(self, client_id: ClientId) -> None:
        """The client has asked the venue again for what it is wanted for; nothing is re-sent."""
        self._connected[client_id] = True

    def client_disconnected(self, client_id: ClientId) -> None:
        self._connected[client_id] = False

    def is_connected(self, client_id: ClientId) -> bool:
        return self._connected.get(client_id, False)

    # --- commands --------------------------------------------------------------------------

    def execute(self, command: Command) -> None:
        """One data command, as one unit. Raises TypeError for a command of another engine."""
        if isinstance(command, Subscribe):
            client = self._route(command, command.instrument_id)
            if client is not None:
                self._add_owner(
                    client, command.kind, command.instrument_id, command.owner or OPERATOR
                )
        elif isinstance(command, Unsubscribe):
            client = self._route(command, command.instrument_id)
            if client is not None and not self._remove_owner(
                client, command.kind, command.instrument_id, command.owner or OPERATOR
            ):
                self._refuse("NOT_SUBSCRIBED", _describe(command))
        elif isinstance(command, SubscribeBars):
            self._subscribe_bars(command)
        elif isinstance(command, UnsubscribeBars):
            self._unsubscribe_bars(command)
        else:
            raise TypeError(f"{type(command).__name__} is not a data command")

    def wanted(self, client_id: ClientId) -> list[tuple[DataKind, InstrumentId]]:
        """What this client should be subscribed to at its venue, sorted."""
        return sorted(
            (kind, instrument_id)
            for subscribed_id, kind, instrument_id in self._owners
            if subscribed_id == client_id
        )

    def owners(self, client_id: ClientId, kind: DataKind, instrument_id: InstrumentId) -> list[str]:
        """Who wants this subscription (component ids, timers of bars), sorted; empty when nobody does."""
        return sorted(self._owners.get((client_id, kind, instrument_id), ()))

    def bar_types(self) -> list[BarType]:
        """The bar types under construction, sorted by text."""
        return [self._series[name].aggregator.bar_type for name in sorted(self._series)]

    def _route(self, command: Command, instrument_id: InstrumentId) -> Client | None:
        client_id = command.client_id
        if client_id is not None:
            client = self._clients.get(client_id)
            reason = "UNKNOWN_CLIENT"
        else:
            client = self._client_of_venue.get(instrument_id.venue)
            reason = "NO_DATA_CLIENT"
        if client is None:
            self._refuse(reason, _describe(command))
        return client

    def _add_owner(
        self, client: Client, kind: DataKind, instrument_id: InstrumentId, owner: str
    ) -> None:
        key = (client.client_id, kind, instrument_id)
        owners = self._owners.get(key)
        if owners is not None:
            owners[owner] = None
            return
        self._owners[key] = {owner: None}
        ctx = self._ctx
        command = Subscribe(ctx.new_id(), client.client_id, ctx.clock.now_ns, kind, instrument_id)
        ctx.outbox.append((client, command))

    def _remove_owner(
        self, client: Client, kind: DataKind, instrument_id: InstrumentId, owner: str
    ) -> bool:
        key = (client.client_id, kind, instrument_id)
        owners = self._owners.get(key)
        if owners is None or owner not in owners:
            return False
        del owners[owner]
        if not owners:
            del self._owners[key]
            ctx = self._ctx
            command = Unsubscribe(
                ctx.new_id(), client.client_id, ctx.clock.now_ns, kind, instrument_id
            )
            ctx.outbox.append((client, command))
        return True

    # --- bars ------------------------------------------------------------------------------

    def _subscribe_bars(self, command: SubscribeBars) -> None:
        bar_type = command.bar_type
        name = _timer_name(bar_type)
        series = self._series.get(name)
        if series is None:
            if bar_type.aggregation_source is not AggregationSource.INTERNAL:
                self._refuse("EXTERNAL_BARS_NOT_SUPPORTED", _describe(command))
                return
            client = self._route(command, bar_type.instrument_id)
            if client is None:
                return
            try:
                series = self._start_series(name, bar_type, client)
            except ValueError as error:  # the configured offset does not fit this step
                self._refuse("INVALID_ORIGIN_OFFSET", f"{_describe(command)}: {error}")
                return
        series.owners[command.owner] = None

    def _unsubscribe_bars(self, command: UnsubscribeBars) -> None:
        name = _timer_name(command.bar_type)
        series = self._series.get(name)
        if series is None or command.owner not in series.owners:
            self._refuse("NOT_SUBSCRIBED", _describe(command))
            return
        del series.owners[command.owner]
        if not series.owners:
            self._end_series(name, series)

    def _start_series(self, name: str, bar_type: BarType, client: Client) -> _BarSeries:
        config = self._config
        spec = bar_type.spec
        aggregator = TimeBarAggregator(
            bar_type,
            self._ctx.clock.now_ns,
            config.time_bars_interval_type,
            config.time_bars_timestamp_on_close,
            config.time_bars_build_with_no_updates,
            config.time_bars_skip_first_non_full_bar,
            config.time_bars_origin_offset_ns.get(spec.aggregation.name, 0),
        )
        instrument_id = bar_type.instrument_id
        if spec.price_type is PriceType.LAST:
            kind = DataKind.TRADES
            feed = self._trades.get(instrument_id) or self._trade_feed(instrument_id)
        else:
            kind = DataKind.QUOTES
            feed = self._quotes.get(instrument_id) or self._quote_feed(instrument_id)
        feed.aggregators = (*feed.aggregators, aggregator)
        series = _BarSeries(aggregator, client.client_id, kind, feed)
        self._series[name] = series
        self._add_owner(client, kind, instrument_id, name)
        self._clock.set_time_alert_ns(name, aggregator.close_ns, self._on_bar_timer)
        return series

    def _end_series(self, name: str, series: _BarSeries) -> None:
        del self._series[name]
        self._clock.cancel_timer(name)
        aggregator = series.aggregator
        feed = series.feed
        feed.aggregators = tuple(other for other in feed.aggregators if other is not aggregator)
        client = self._clients[series.client_id]
        instrument_id = aggregator.bar_type.instrument_id
        self._remove_owner(client, series.kind, instrument_id, name)

    def _on_bar_timer(self, event: TimeEvent) -> None:
        series = self._series[event.name]
        bar = series.aggregator.close()
        # armed before anything can go wrong and whether or not there is a bar
        self._clock.set_time_alert_ns(event.name, series.aggregator.close_ns, self._on_bar_timer)
        if bar is not None:
            self._cache.add_bar(bar)
            self._bus.dispatch(series.topic, bar)

    # --- parts -----------------------------------------------------------------------------

    def _quote_feed(self, instrument_id: InstrumentId) -> _Feed:
        feed = self._quotes[instrument_id] = _Feed(topics.quotes(instrument_id))
        return feed

    def _trade_feed(self, instrument_id: InstrumentId) -> _Feed:
        feed = self._trades[instrument_id] = _Feed(topics.trades(instrument_id))
        return feed

    def _refuse(self, reason: str, of: str) -> None:
        self.refused_count += 1
        self._announce(topics.REFUSED, Refused(reason, of, self._ctx.clock.now_ns))

    def _announce(self, topic: str, event: msgspec.Struct) -> None:
        self._ctx.facts.append(event)
        self._bus.dispatch(topic, event)


def _timer_name(bar_type: BarType) -> str:
    return f"TIME_BAR_{bar_type}"


def _describe(command: Command) -> str:
    if isinstance(command, SubscribeBars | UnsubscribeBars):
        return f"{type(command).__name__} {command.bar_type}"
    if isinstance(command, Subscribe | Unsubscribe):
        return f"{type(command).__name__} {command.kind.name} {command.instrument_id}"
    return type(command).__name__
