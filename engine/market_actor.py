"""The listening half of an actor: what it may hear of a market beside quotes, trades and bars.

Every subscription is a pair of calls and a hook; hooks run only while the actor is RUNNING.
"""

from collections.abc import Callable
from typing import Any, Final

from engine import topics
from engine.model.commands import (
    Command,
    Subscribe,
    SubscribeBookSnapshots,
    SubscribeCustom,
    Unsubscribe,
    UnsubscribeBookSnapshots,
    UnsubscribeCustom,
)
from engine.model.data import (
    CustomData,
    FundingRateUpdate,
    IndexPriceUpdate,
    InstrumentClose,
    InstrumentStatus,
    MarkPriceUpdate,
    MboDeltas,
    OrderBookDepth10,
)
from engine.model.data_type import DataType
from engine.model.enums import ComponentState, DataKind
from engine.model.events import Refused
from engine.model.identifiers import ClientId, ComponentId, InstrumentId
from engine.model.instruments import AnyInstrument
from engine.model.native import mypyc_attr
from engine.requesting_actor import RequestingActor, require_instrument_id

_RUNNING: Final = ComponentState.RUNNING


class DataSubscription:
    """One subscription as its actor keeps it, so that leaving asks the client that it joined."""

    __slots__ = ("client_id", "handler", "topic")

    def __init__(
        self, topic: str, handler: Callable[..., None], client_id: ClientId | None
    ) -> None:
        self.topic = topic
        self.handler = handler
        self.client_id = client_id


@mypyc_attr(allow_interpreted_subclasses=True)
class MarketActor(RequestingActor):
    """Base of `Actor`; see there for what the kernel gives it."""

    __slots__ = ("_custom", "_snapshots", "_subscriptions")

    def __init__(self, component_id: ComponentId) -> None:
        super().__init__(component_id)
        self._subscriptions: dict[tuple[DataKind, InstrumentId], DataSubscription] = {}
        self._snapshots: dict[tuple[InstrumentId, int], DataSubscription] = {}
        self._custom: dict[DataType, DataSubscription] = {}

    # --- hooks -----------------------------------------------------------------------------

    def on_instrument(self, instrument: AnyInstrument) -> None:
        """`self.cache.instrument(instrument.id)` is this definition."""

    def on_mbo_deltas(self, deltas: MboDeltas) -> None:
        """`self.cache.order_book_l3(deltas.instrument_id)` shows the whole batch."""

    def on_order_book_depth(self, depth: OrderBookDepth10) -> None:
        """`self.cache.order_book_depth(depth.instrument_id)` is this image."""

    def on_order_book(self, book: OrderBookDepth10) -> None:
        """The kernel's own book at a multiple of the interval: `ts_init` is that instant,
        `ts_event` that of the last change in it."""

    def on_mark_price(self, update: MarkPriceUpdate) -> None:
        """`self.cache.mark_price(update.instrument_id)` is this update; so for the next four."""

    def on_index_price(self, update: IndexPriceUpdate) -> None: ...

    def on_funding_rate(self, update: FundingRateUpdate) -> None: ...

    def on_instrument_status(self, status: InstrumentStatus) -> None: ...

    def on_instrument_close(self, close: InstrumentClose) -> None: ...

    def on_data(self, data: CustomData) -> None:
        """Custom data of a type that was subscribed to."""

    # --- subscriptions ---------------------------------------------------------------------

    def subscribe_instrument(
        self, instrument_id: InstrumentId, client_id: ClientId | None = None
    ) -> Refused | None:
        """Amended definitions go to `on_instrument`; as `Actor.subscribe_quote_ticks`."""
        return self._subscribe(
            DataKind.INSTRUMENT, instrument_id, topics.instrument, self._hear_instrument, client_id
        )

    def unsubscribe_instrument(self, instrument_id: InstrumentId) -> Refused | None:
        return self._unsubscribe(DataKind.INSTRUMENT, instrument_id)

    def subscribe_order_book_depth(
        self, instrument_id: InstrumentId, client_id: ClientId | None = None
    ) -> Refused | None:
        """Images of the ten best levels go to `on_order_book_depth`."""
        return self._subscribe(
            DataKind.BOOK_DEPTH10, instrument_id, topics.depth10, self._hear_depth, client_id
        )

    def unsubscribe_order_book_depth(self, instrument_id: InstrumentId) -> Refused | None:
        return self._unsubscribe(DataKind.BOOK_DEPTH10, instrument_id)

    def subscribe_mark_prices(
        self, instrument_id: InstrumentId, client_id: ClientId | None = None
    ) -> Refused | None:
        return self._subscribe(
            DataKind.MARK_PRICES, instrument_id, topics.mark_prices, self._hear_mark, client_id
        )

    def unsubscribe_mark_prices(self, instrument_id: InstrumentId) -> Refused | None:
        return self._unsubscribe(DataKind.MARK_PRICES, instrument_id)

    def subscribe_index_prices(
        self, instrument_id: InstrumentId, client_id: ClientId | None = None
    ) -> Refused | None:
        return self._subscribe(
            DataKind.INDEX_PRICES, instrument_id, topics.index_prices, self._hear_index, client_id
        )

    def unsubscribe_index_prices(self, instrument_id: InstrumentId) -> Refused | None:
        return self._unsubscribe(DataKind.INDEX_PRICES, instrument_id)

    def subscribe_funding_rates(
        self, instrument_id: InstrumentId, client_id: ClientId | None = None
    ) -> Refused | None:
        return self._subscribe(
            DataKind.FUNDING_RATES,
            instrument_id,
            topics.funding_rates,
            self._hear_funding,
            client_id,
        )

    def unsubscribe_funding_rates(self, instrument_id: InstrumentId) -> Refused | None:
        return self._unsubscribe(DataKind.FUNDING_RATES, instrument_id)

    def subscribe_instrument_status(
        self, instrument_id: InstrumentId, client_id: ClientId | None = None
    ) -> Refused | None:
        return self._subscribe(
            DataKind.INSTRUMENT_STATUS, instrument_id, topics.status, self._hear_status, client_id
        )

    def unsubscribe_instrument_status(self, instrument_id: InstrumentId) -> Refused | None:
        return self._unsubscribe(DataKind.INSTRUMENT_STATUS, instrument_id)

    def subscribe_instrument_close(
        self, instrument_id: InstrumentId, client_id: ClientId | None = None
    ) -> Refused | None:
        return self._subscribe(
            DataKind.INSTRUMENT_CLOSE, instrument_id, topics.close, self._hear_close, client_id
        )

    def unsubscribe_instrument_close(self, instrument_id: InstrumentId) -> Refused | None:
        return self._unsubscribe(DataKind.INSTRUMENT_CLOSE, instrument_id)

    def subscribe_order_book_at_interval(
        self,
        instrument_id: InstrumentId,
        interval_ms: int = 1_000,
        client_id: ClientId | None = None,
    ) -> Refused | None:
        """An image of the kernel's book goes to `on_order_book` at every multiple of
        `interval_ms` since 1970. The deltas that keep the book are subscribed to for it.

        Raises:
            TypeError: `instrument_id` is no InstrumentId or `interval_ms` no int.
            ValueError: an interval below 1 ms.
        """
        require_instrument_id(instrument_id)
        if type(interval_ms) is not int:
            raise TypeError(f"interval_ms must be int, not {type(interval_ms).__name__}")
        if interval_ms < 1:
            raise ValueError(f"an interval of {interval_ms} ms is none")
        key = (instrument_id, interval_ms)
        if key in self._snapshots:
            return self._refused("ALREADY_SUBSCRIBED", f"book {instrument_id} {interval_ms} ms")
        topic = topics.book_snapshots(instrument_id, interval_ms)
        self._snapshots[key] = self._join(topic, self._hear_book, client_id)
        self._command(
            SubscribeBookSnapshots(
                self._ctx.new_id(),
                client_id,
                self._ctx.clock.now_ns,
                instrument_id,
                interval_ms,
                self.component_id,
            )
        )
        return None

    def unsubscribe_order_book_at_interval(
        self, instrument_id: InstrumentId, interval_ms: int = 1_000
    ) -> Refused | None:
        subscription = self._snapshots.pop((instrument_id, interval_ms), None)
        if subscription is None:
            return self._refused("NOT_SUBSCRIBED", f"book {instrument_id} {interval_ms} ms")
        self._leave(subscription)
        self._command(
            UnsubscribeBookSnapshots(
                self._ctx.new_id(),
                subscription.client_id,
                self._ctx.clock.now_ns,
                instrument_id,
                interval_ms,
                self.component_id,
            )
        )
        return None

    def subscribe_data(
        self, data_type: DataType, client_id: ClientId | None = None
    ) -> Refused | None:
        """Custom data goes to `on_data`. `client_id` None: what components publish; a client is
        asked only by name, since a data type has no venue.

        Raises:
            TypeError: `data_type` is no DataType.
        """
        _require_data_type(data_type)
        if data_type in self._custom:
            return self._refused("ALREADY_SUBSCRIBED", f"data {data_type}")
        self._custom[data_type] = self._join(topics.custom(data_type), self._hear_data, client_id)
        self._command(
            SubscribeCustom(
                self._ctx.new_id(),
                client_id,
                self._ctx.clock.now_ns,
                data_type,
                self.component_id,
            )
        )
        return None

    def unsubscribe_data(self, data_type: DataType) -> Refused | None:
        subscription = self._custom.pop(data_type, None)
        if subscription is None:
            return self._refused("NOT_SUBSCRIBED", f"data {data_type}")
        self._leave(subscription)
        self._command(
            UnsubscribeCustom(
                self._ctx.new_id(),
                subscription.client_id,
                self._ctx.clock.now_ns,
                data_type,
                self.component_id,
            )
        )
        return None

    def publish_data(self, data: CustomData) -> None:
        """Tell every subscriber of its data type, after the message in hand."""
        if not isinstance(data, CustomData):
            raise TypeError(f"data must be CustomData, not {type(data).__name__}")
        self._ctx.bus.publish(topics.custom(data.data_type), data)

    # --- what the bus calls ----------------------------------------------------------------

    def _hear_instrument(self, instrument: AnyInstrument) -> None:
        if self._state is _RUNNING:
            self.on_instrument(instrument)

    def _hear_mbo_deltas(self, deltas: MboDeltas) -> None:
        if self._state is _RUNNING:
            self.on_mbo_deltas(deltas)

    def _hear_depth(self, depth: OrderBookDepth10) -> None:
        if self._state is _RUNNING:
            self.on_order_book_depth(depth)

    def _hear_book(self, book: OrderBookDepth10) -> None:
        if self._state is _RUNNING:
            self.on_order_book(book)

    def _hear_mark(self, update: MarkPriceUpdate) -> None:
        if self._state is _RUNNING:
            self.on_mark_price(update)

    def _hear_index(self, update: IndexPriceUpdate) -> None:
        if self._state is _RUNNING:
            self.on_index_price(update)

    def _hear_funding(self, update: FundingRateUpdate) -> None:
        if self._state is _RUNNING:
            self.on_funding_rate(update)

    def _hear_status(self, status: InstrumentStatus) -> None:
        if self._state is _RUNNING:
            self.on_instrument_status(status)

    def _hear_close(self, close: InstrumentClose) -> None:
        if self._state is _RUNNING:
            self.on_instrument_close(close)

    def _hear_data(self, data: CustomData) -> None:
        if self._state is _RUNNING:
            self.on_data(data)

    # --- parts -----------------------------------------------------------------------------

    def _subscribe(
        self,
        kind: DataKind,
        instrument_id: InstrumentId,
        topic_of: Callable[[InstrumentId], str],
        handler: Callable[..., None],
        client_id: ClientId | None,
    ) -> Refused | None:
        require_instrument_id(instrument_id)
        key = (kind, instrument_id)
        if key in self._subscriptions:
            return self._refused("ALREADY_SUBSCRIBED", f"{kind.name} {instrument_id}")
        ctx = self._ctx
        self._subscriptions[key] = self._join(topic_of(instrument_id), handler, client_id)
        self._command(
            Subscribe(
                ctx.new_id(), client_id, ctx.clock.now_ns, kind, instrument_id, self.component_id
            )
        )
        return None

    def _unsubscribe(self, kind: DataKind, instrument_id: InstrumentId) -> Refused | None:
        subscription = self._subscriptions.pop((kind, instrument_id), None)
        if subscription is None:
            return self._refused("NOT_SUBSCRIBED", f"{kind.name} {instrument_id}")
        ctx = self._ctx
        self._leave(subscription)
        self._command(
            Unsubscribe(
                ctx.new_id(),
                subscription.client_id,
                ctx.clock.now_ns,
                kind,
                instrument_id,
                self.component_id,
            )
        )
        return None

    def _join(
        self, topic: str, handler: Callable[[Any], None], client_id: ClientId | None
    ) -> DataSubscription:
        self._ctx.bus.subscribe(topic, handler, 0, self.component_id)
        return DataSubscription(topic, handler, client_id)

    def _leave(self, subscription: DataSubscription) -> None:
        self._ctx.bus.unsubscribe(subscription.topic, subscription.handler)

    def _command(self, command: Command) -> None:
        self._ctx.bus.send(topics.DATA_EXECUTE, command)

    def _refused(self, reason: str, of: str) -> Refused:
        return Refused(reason, of, self._ctx.clock.now_ns)

    def _leave_all(self) -> None:
        """Undo every subscription of this half."""
        for kind, instrument_id in list(self._subscriptions):
            self._unsubscribe(kind, instrument_id)
        for instrument_id, interval_ms in list(self._snapshots):
            self.unsubscribe_order_book_at_interval(instrument_id, interval_ms)
        for data_type in list(self._custom):
            self.unsubscribe_data(data_type)


def _require_data_type(data_type: object) -> None:
    if not isinstance(data_type, DataType):
        raise TypeError(f"data_type must be DataType, not {type(data_type).__name__}")
