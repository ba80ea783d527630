"""The DataEngine: every datum is judged, cached, then told to whoever subscribed.

When a handler runs, the cache already holds that datum and the book already shows that batch.
Causes come before effects: a tick reaches its handlers before the bar that holds it.

Each kind of data is one stream per instrument, judged by its own rule: a stale state is refused, a
trade is money and only a known one is. Subscriptions, bars, images of books and requests are
parts of their own, beside this file.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from engine import topics
from engine.clients import Client, offers
from engine.clock import ComponentClock
from engine.context import Context
from engine.data.bar_series import BarSeries
from engine.data.book_snapshots import BookSnapshots
from engine.data.book_updater import BookProblem, BookUpdater
from engine.data.config import DataEngineConfig
from engine.data.feeds import TOPIC_OF, FeedsOfKind
from engine.data.requests import Requests, describe_request
from engine.data.subscriptions import Subject, Subscriptions
from engine.model.bars import Bar, BarType
from engine.model.commands import (
    Command,
    DataRequest,
    RequestBars,
    Subscribe,
    SubscribeBars,
    SubscribeBookSnapshots,
    SubscribeCustom,
    Unsubscribe,
    UnsubscribeBars,
    UnsubscribeBookSnapshots,
    UnsubscribeCustom,
)
from engine.model.data import (
    CustomData,
    FundingRateUpdate,
    IndexPriceUpdate,
    InstrumentClose,
    InstrumentStatus,
    InstrumentUpdate,
    MarkPriceUpdate,
    MboDeltas,
    OrderBookDeltas,
    OrderBookDepth10,
    QuoteTick,
    TradeTick,
)
from engine.model.enums import DataKind
from engine.model.events import Alert, Refused
from engine.model.identifiers import ClientId, ComponentId, InstrumentId, Venue
from engine.model.instruments import AnyInstrument
from engine.model.reports import DataResponse, InstrumentReceived

DATA_ENGINE_ID: Final = ComponentId("DataEngine")
OPERATOR: Final = "Operator"  # owns a subscription that named nobody

DataInput = (
    QuoteTick
    | TradeTick
    | OrderBookDeltas
    | MboDeltas
    | InstrumentUpdate
    | Bar
    | CustomData
    | InstrumentReceived
    | DataResponse
)

_QUOTES: Final = DataKind.QUOTES
_TRADES: Final = DataKind.TRADES
_MARKS: Final = DataKind.MARK_PRICES
_KIND_OF: Final[dict[type, DataKind]] = {
    OrderBookDepth10: DataKind.BOOK_DEPTH10,
    MarkPriceUpdate: _MARKS,
    IndexPriceUpdate: DataKind.INDEX_PRICES,
    FundingRateUpdate: DataKind.FUNDING_RATES,
    InstrumentStatus: DataKind.INSTRUMENT_STATUS,
    InstrumentClose: DataKind.INSTRUMENT_CLOSE,
}


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
        config: as given.
    """

    def __init__(
        self, ctx: Context, clients: Sequence[Client], config: DataEngineConfig | None = None
    ) -> None:
        self._ctx = ctx
        self.config = config or DataEngineConfig()
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
        self._feeds = {kind: FeedsOfKind(kind) for kind in TOPIC_OF}
        self._quotes = self._feeds[_QUOTES].by_instrument
        self._trades = self._feeds[_TRADES].by_instrument
        self._delta_topics: dict[InstrumentId, str] = {}
        self._mbo_topics: dict[InstrumentId, str] = {}
        self._trade_ids_remembered = self.config.trade_ids_remembered
        self._processors = self.processors()
        cache = ctx.cache
        self._writers: dict[type, Callable[[Any], None]] = {
            MarkPriceUpdate: cache.add_mark_price,
            IndexPriceUpdate: cache.add_index_price,
            FundingRateUpdate: cache.add_funding_rate,
            InstrumentStatus: cache.add_status,
            InstrumentClose: cache.add_close,
        }
        self._subscriptions = Subscriptions(ctx)
        self._bars = BarSeries(
            ctx, self._clock, self.config, self._subscriptions, self._feeds, self._refuse
        )
        self._snapshots = BookSnapshots(ctx, self._clock, self._subscriptions)
        self._requests = Requests(
            ctx, self._clock, self.config, self._refuse, self._take_instrument
        )
        self.books = BookUpdater(ctx.cache)
        self.refused_count = 0
        self._executors: dict[type, Callable[[Any], None]] = {
            Subscribe: self._subscribe,
            Unsubscribe: self._unsubscribe,
            SubscribeBars: self._subscribe_bars,
            UnsubscribeBars: self._unsubscribe_bars,
            SubscribeCustom: self._subscribe_custom,
            UnsubscribeCustom: self._unsubscribe_custom,
            SubscribeBookSnapshots: self._subscribe_snapshots,
            UnsubscribeBookSnapshots: self._unsubscribe_snapshots,
        }
        ctx.bus.register(topics.DATA_EXECUTE, self.execute)

    # --- inputs ----------------------------------------------------------------------------

    def processors(self) -> dict[type, Callable[[Any], None]]:
        """Who takes which input, by its exact type."""
        return {
            QuoteTick: self.process_quote,
            TradeTick: self.process_trade,
            OrderBookDeltas: self.process_deltas,
            MboDeltas: self.process_mbo_deltas,
            OrderBookDepth10: self.process_depth,
            MarkPriceUpdate: self.process_update,
            IndexPriceUpdate: self.process_update,
            FundingRateUpdate: self.process_update,
            InstrumentStatus: self.process_update,
            InstrumentClose: self.process_update,
            Bar: self.process_bar,
            CustomData: self.process_custom,
            InstrumentReceived: self.process_instrument,
            DataResponse: self.process_response,
        }

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
            feed = self._feeds[_QUOTES].make(quote.instrument_id)
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
            feed = self._feeds[_TRADES].make(trade.instrument_id)
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
            self._alert_book(problem, instrument_id, sequence)

    def process_mbo_deltas(self, batch: MboDeltas) -> None:
        """As `process_deltas`, for the book by order."""
        instrument_id = batch.instrument_id
        problem = self.books.apply(batch)
        if problem is None or problem is BookProblem.BOOK_CROSSED:
            topic = self._mbo_topics.get(instrument_id)
            if topic is None:
                topic = self._mbo_topics[instrument_id] = topics.mbo_deltas(instrument_id)
            self._bus.dispatch(topic, batch)
        else:
            self._refuse(problem.value, f"MboDeltas {instrument_id}")
        if problem is not None:
            sequence = batch.deltas[-1].sequence if batch.deltas else 0
            self._alert_book(problem, instrument_id, sequence)

    def process_depth(self, depth: OrderBookDepth10) -> None:
        """As `process_deltas`; an image that comes late is one the venue has left: refused."""
        instrument_id = depth.instrument_id
        problem = self.books.apply_depth(depth)
        if problem is None or problem is BookProblem.BOOK_CROSSED:
            self._cache.add_depth(depth)
            self._bus.dispatch(self._feeds[DataKind.BOOK_DEPTH10].make(instrument_id).topic, depth)
        else:
            self._refuse(problem.value, f"OrderBookDepth10 {instrument_id}")
        if problem is not None:
            self._alert_book(problem, instrument_id, depth.sequence)

    def process_update(self, update: InstrumentUpdate) -> None:
        """One more state of an instrument (mark, index, funding, status, close): one stamped
        before the last is refused."""
        kind = type(update)
        feed = self._feeds[_KIND_OF[kind]].make(update.instrument_id)
        ts_event = update.ts_event
        if ts_event < feed.ts_last:
            self._refuse(
                "STALE_UPDATE", f"{kind.__name__} {update.instrument_id} ts_event={ts_event}"
            )
            return
        feed.ts_last = ts_event
        self._writers[kind](update)
        self._bus.dispatch(feed.topic, update)
        if feed.aggregators and isinstance(update, MarkPriceUpdate):
            for aggregator in feed.aggregators:
                aggregator.handle_mark_price(update)

    def process_bar(self, bar: Bar) -> None:
        self._bars.take(bar)

    def process_custom(self, message: CustomData) -> None:
        self._bus.dispatch(topics.custom(message.data_type), message)

    def process_instrument(self, message: InstrumentReceived) -> None:
        self._take_instrument(message.instrument)

    def process_response(self, response: DataResponse) -> None:
        self._requests.answer(response)

    def _take_instrument(self, instrument: AnyInstrument) -> None:
        self._cache.add_instrument(instrument)
        self._bus.dispatch(topics.instrument(instrument.id), instrument)

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
        execute = self._executors.get(type(command))
        if execute is not None:
            execute(command)
        elif isinstance(command, DataRequest):
            self._request(command)
        else:
            raise TypeError(f"{type(command).__name__} is not a data command")

    def wanted(self, client_id: ClientId) -> list[tuple[DataKind, Subject]]:
        """What this client should be subscribed to at its venue, sorted."""
        return self._subscriptions.wanted(client_id)

    def owners(self, client_id: ClientId, kind: DataKind, subject: Subject) -> list[str]:
        """Who wants this subscription (component ids, timers of bars), sorted; empty when nobody does."""
        return self._subscriptions.owners(client_id, kind, subject)

    def bar_types(self) -> list[BarType]:
        """The bar types that are built or asked for, sorted by text."""
        return self._bars.bar_types()

    def bars_since(self, bar_type: BarType) -> int | None:
        """When the series that is built now began; None when none is, or the venue builds it."""
        return self._bars.since(bar_type)

    def _subscribe(self, command: Subscribe) -> None:
        if command.kind not in TOPIC_OF:
            self._refuse("NOT_OF_AN_INSTRUMENT", _describe(command))
            return
        client = self._route(command, command.instrument_id)
        if client is not None and self._is_offered(client, command.kind, command):
            self._subscriptions.add(client, command.kind, command.instrument_id, _owner(command))

    def _unsubscribe(self, command: Unsubscribe) -> None:
        client = self._route(command, command.instrument_id)
        if client is not None and not self._subscriptions.remove(
            client, command.kind, command.instrument_id, _owner(command)
        ):
            self._refuse("NOT_SUBSCRIBED", _describe(command))

    def _subscribe_bars(self, command: SubscribeBars) -> None:
        client = self._route(command, command.bar_type.instrument_id)
        if client is not None and (
            command.bar_type.is_internal or self._is_offered(client, DataKind.BARS, command)
        ):
            self._bars.subscribe(command.bar_type, client, _owner(command), _describe(command))

    def _unsubscribe_bars(self, command: UnsubscribeBars) -> None:
        self._bars.unsubscribe(command.bar_type, _owner(command), _describe(command))

    def _subscribe_custom(self, command: SubscribeCustom) -> None:
        if command.client_id is None:
            return  # made inside the kernel: the bus alone carries it
        client = self._named(command, command.client_id)
        if client is not None and self._is_offered(client, DataKind.CUSTOM, command):
            self._subscriptions.add(client, DataKind.CUSTOM, command.data_type, _owner(command))

    def _unsubscribe_custom(self, command: UnsubscribeCustom) -> None:
        if command.client_id is None:
            return
        client = self._named(command, command.client_id)
        if client is not None and not self._subscriptions.remove(
            client, DataKind.CUSTOM, command.data_type, _owner(command)
        ):
            self._refuse("NOT_SUBSCRIBED", _describe(command))

    def _subscribe_snapshots(self, command: SubscribeBookSnapshots) -> None:
        client = self._route(command, command.instrument_id)
        if client is not None:
            if command.interval_ms < 1:
                self._refuse("INVALID_INTERVAL", _describe(command))
                return
            self._snapshots.subscribe(
                command.instrument_id, command.interval_ms, client, _owner(command)
            )

    def _unsubscribe_snapshots(self, command: UnsubscribeBookSnapshots) -> None:
        if not self._snapshots.unsubscribe(
            command.instrument_id, command.interval_ms, _owner(command)
        ):
            self._refuse("NOT_SUBSCRIBED", _describe(command))

    def _request(self, request: DataRequest) -> None:
        if isinstance(request, RequestBars) and (
            request.bar_type.is_internal or request.bar_type.instrument_id != request.instrument_id
        ):
            self._refuse("BAR_NOT_EXTERNAL", _describe(request))
            self._requests.ask(request, None)
            return
        self._requests.ask(request, self._route(request, request.instrument_id))

    def _route(self, command: Command, instrument_id: InstrumentId) -> Client | None:
        client_id = command.client_id
        if client_id is not None:
            return self._named(command, client_id)
        client = self._client_of_venue.get(instrument_id.venue)
        if client is None:
            self._refuse("NO_DATA_CLIENT", _describe(command))
        return client

    def _is_offered(self, client: Client, kind: DataKind, command: Command) -> bool:
        if offers(client, kind):
            return True
        self._refuse("NOT_OFFERED", _describe(command))
        return False

    def _named(self, command: Command, client_id: ClientId) -> Client | None:
        client = self._clients.get(client_id)
        if client is None:
            self._refuse("UNKNOWN_CLIENT", _describe(command))
        return client

    # --- parts -----------------------------------------------------------------------------

    def _alert_book(self, problem: BookProblem, instrument_id: InstrumentId, sequence: int) -> None:
        self._announce(
            topics.ALERT,
            Alert(problem.value, instrument_id, f"sequence={sequence}", self._ctx.clock.now_ns),
        )

    def _refuse(self, reason: str, of: str) -> None:
        self.refused_count += 1
        self._announce(topics.REFUSED, Refused(reason, of, self._ctx.clock.now_ns))

    def _announce(self, topic: str, event: msgspec.Struct) -> None:
        self._ctx.facts.append(event)
        self._bus.dispatch(topic, event)


def _owner(
    command: Subscribe
    | Unsubscribe
    | SubscribeBars
    | UnsubscribeBars
    | SubscribeCustom
    | UnsubscribeCustom
    | SubscribeBookSnapshots
    | UnsubscribeBookSnapshots,
) -> str:
    return command.owner or OPERATOR


def _describe(command: Command) -> str:
    name = type(command).__name__
    if isinstance(command, SubscribeBars | UnsubscribeBars):
        return f"{name} {command.bar_type}"
    if isinstance(command, Subscribe | Unsubscribe):
        return f"{name} {command.kind.name} {command.instrument_id}"
    if isinstance(command, SubscribeCustom | UnsubscribeCustom):
        return f"{name} {command.data_type}"
    if isinstance(command, SubscribeBookSnapshots | UnsubscribeBookSnapshots):
        return f"{name} {command.instrument_id} {command.interval_ms} ms"
    if isinstance(command, DataRequest):
        return describe_request(command)
    return name
