"""Actors: user code that listens. A strategy is an actor that also trades.

An actor is written as a subclass that overrides `on_*` hooks. Hooks run only while it is
RUNNING; indicators are fed in every state, so that they are ready when it is. What a hook raises
goes on to the kernel, which charges it to this actor and faults.
"""

from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from engine import topics
from engine.actor_config import ActorConfig as ActorConfig
from engine.clock import ComponentClock
from engine.context import Context
from engine.indicators.indicator import Indicator
from engine.market_actor import DataSubscription, MarketActor
from engine.model.bars import Bar, BarType
from engine.model.commands import SubscribeBars, UnsubscribeBars
from engine.model.data import OrderBookDeltas, QuoteTick, TradeTick
from engine.model.enums import BookType, ComponentState, DataKind
from engine.model.events import ComponentStateChanged, Refused, TimeEvent
from engine.model.identifiers import ActorId, ClientId, ComponentId, InstrumentId
from engine.model.native import mypyc_attr

if TYPE_CHECKING:
    from engine.cache import Cache
    from engine.log import ComponentLog
    from engine.portfolio import Portfolio

_RUNNING: Final = ComponentState.RUNNING
_NO_INDICATORS: Final[tuple[Indicator, ...]] = ()


class RandomSource(Protocol):
    """The one source of choice a component may use; the same run draws the same numbers."""

    def below(self, bound: int, label: str) -> int:
        """An integer in [0, bound); 0 is the dullest. `label` names the choice in a tape."""
        ...


@mypyc_attr(allow_interpreted_subclasses=True)
class Actor(MarketActor):
    """
    Attributes, from the moment the kernel registers it:
        cache: what the kernel knows; read only.
        portfolio: balances, exposure and PnL; read only.
        clock: the kernel's time, and timers of this actor's own (none outlives `stop`).
        random: draws that replay; never use the `random` module.
        log: structured lines, stamped with the kernel's time.
    """

    __slots__ = (
        "_bar_indicators",
        "_bars",
        "_indicators",
        "_quote_indicators",
        "_system_topic",
        "_trade_indicators",
        "cache",
        "clock",
        "config",
        "log",
        "portfolio",
        "random",
    )

    cache: "Cache"
    portfolio: "Portfolio"
    clock: ComponentClock
    random: RandomSource
    log: "ComponentLog"

    def __init__(self, config: msgspec.Struct | None = None) -> None:
        """
        Raises:
            ValueError: the configured id is no valid component id.
        """
        actor_id = config.actor_id if isinstance(config, ActorConfig) else None
        super().__init__(ActorId(actor_id or type(self).__name__))
        self.config = config
        self._bars: dict[BarType, DataSubscription] = {}
        self._indicators: list[Indicator] = []
        self._quote_indicators: dict[InstrumentId, tuple[Indicator, ...]] = {}
        self._trade_indicators: dict[InstrumentId, tuple[Indicator, ...]] = {}
        self._bar_indicators: dict[BarType, tuple[Indicator, ...]] = {}

    @property
    def id(self) -> ComponentId:
        return self.component_id

    # --- life ------------------------------------------------------------------------------

    def register(
        self,
        component_id: ComponentId,
        ctx: Context,
        portfolio: "Portfolio",
        random: RandomSource,
    ) -> None:
        """Become part of a kernel, under the id it decided on, and READY. The kernel's call.

        Raises:
            IllegalComponentTransition: it is part of one already.
        """
        self.initialize(self._announce_state, lambda: ctx.clock.now_ns)  # refuses before we change
        self.component_id = component_id
        self._system_topic = topics.system(component_id)
        self._ctx = ctx
        self.cache = ctx.cache
        self.portfolio = portfolio
        self.random = random
        self.log = ctx.log.for_component(component_id)
        self.clock = ComponentClock(ctx.clock, component_id)
        self.clock.register_default_handler(self.handle_time_event)

    def stop(self) -> None:
        """Runs `on_stop`, then cancels every timer. Subscriptions stay, for `resume`."""
        super().stop()
        self.clock.cancel_timers()

    def reset(self) -> None:
        """Runs `on_reset`, then lets go of what `on_start` will set up again: timers, data
        subscriptions and registered indicators."""
        super().reset()
        self._release_data()

    def dispose(self) -> None:
        super().dispose()
        self.release()

    def _let_go(self) -> None:
        self.release()

    # --- hooks of data ---------------------------------------------------------------------

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """`self.cache.quote_tick(tick.instrument_id)` is this tick."""

    def on_trade_tick(self, tick: TradeTick) -> None:
        """`self.cache.trade_tick(tick.instrument_id)` is this tick."""

    def on_order_book_deltas(self, deltas: OrderBookDeltas) -> None:
        """`self.cache.order_book(deltas.instrument_id)` shows the whole batch."""

    def on_bar(self, bar: Bar) -> None:
        """`self.cache.bar(bar.bar_type)` is this bar; every tick in it came before."""

    def on_event(self, event: msgspec.Struct) -> None:
        """Every event: after its own hook; timers set without a callback come here alone."""

    # --- subscriptions ---------------------------------------------------------------------

    def subscribe_quote_ticks(
        self, instrument_id: InstrumentId, client_id: ClientId | None = None
    ) -> Refused | None:
        """Quotes of an instrument go to `on_quote_tick`, from the next dispatch on.

        Like all the subscribe helpers: `client_id` None routes by the instrument's venue, and a
        client that is not connected yet asks its venue as soon as it is. A route that does not
        exist is refused on `events.refused`.

        Returns:
            None, or ALREADY_SUBSCRIBED with nothing changed.
        Raises:
            TypeError: `instrument_id` is no InstrumentId.
        """
        return self._subscribe(
            DataKind.QUOTES, instrument_id, topics.quotes, self.handle_quote_tick, client_id
        )

    def subscribe_trade_ticks(
        self, instrument_id: InstrumentId, client_id: ClientId | None = None
    ) -> Refused | None:
        """Trades go to `on_trade_tick`; see `subscribe_quote_ticks`."""
        return self._subscribe(
            DataKind.TRADES, instrument_id, topics.trades, self.handle_trade_tick, client_id
        )

    def subscribe_order_book_deltas(
        self,
        instrument_id: InstrumentId,
        client_id: ClientId | None = None,
        book_type: BookType = BookType.L2_MBP,
    ) -> Refused | None:
        """Book changes by price go to `on_order_book_deltas`, with L3_MBO changes by order to
        `on_mbo_deltas`; the kernel keeps either book in the cache.

        Raises:
            ValueError: L1_MBP: quotes are the top of a book.
        """
        if book_type is BookType.L3_MBO:
            return self._subscribe(
                DataKind.MBO_DELTAS,
                instrument_id,
                topics.mbo_deltas,
                self._hear_mbo_deltas,
                client_id,
            )
        if book_type is not BookType.L2_MBP:
            raise ValueError(f"deltas make L2 and L3 books, not {book_type!r}")
        return self._subscribe(
            DataKind.BOOK_DELTAS,
            instrument_id,
            topics.deltas,
            self.handle_order_book_deltas,
            client_id,
        )

    def subscribe_bars(
        self, bar_type: BarType, client_id: ClientId | None = None
    ) -> Refused | None:
        """Bars go to `on_bar`. INTERNAL ones are built here, from ticks or finer bars that need no
        other subscription; EXTERNAL ones are asked of the client."""
        if not isinstance(bar_type, BarType):
            raise TypeError(f"bar_type must be BarType, not {type(bar_type).__name__}")
        if bar_type in self._bars:
            return self._refused("ALREADY_SUBSCRIBED", f"bars {bar_type}")
        ctx = self._ctx
        topic = topics.bars(bar_type)
        ctx.bus.subscribe(topic, self.handle_bar, 0, self.component_id)
        self._bars[bar_type] = DataSubscription(topic, self.handle_bar, client_id)
        ctx.bus.send(
            topics.DATA_EXECUTE,
            SubscribeBars(ctx.new_id(), client_id, ctx.clock.now_ns, bar_type, self.component_id),
        )
        return None

    def unsubscribe_quote_ticks(self, instrument_id: InstrumentId) -> Refused | None:
        """No quote after the one in hand, if any. NOT_SUBSCRIBED when there was nothing."""
        return self._unsubscribe(DataKind.QUOTES, instrument_id)

    def unsubscribe_trade_ticks(self, instrument_id: InstrumentId) -> Refused | None:
        return self._unsubscribe(DataKind.TRADES, instrument_id)

    def unsubscribe_order_book_deltas(
        self, instrument_id: InstrumentId, book_type: BookType = BookType.L2_MBP
    ) -> Refused | None:
        is_l3 = book_type is BookType.L3_MBO
        return self._unsubscribe(
            DataKind.MBO_DELTAS if is_l3 else DataKind.BOOK_DELTAS, instrument_id
        )

    def unsubscribe_bars(self, bar_type: BarType) -> Refused | None:
        subscription = self._bars.pop(bar_type, None)
        if subscription is None:
            return self._refused("NOT_SUBSCRIBED", f"bars {bar_type}")
        ctx = self._ctx
        ctx.bus.unsubscribe(subscription.topic, subscription.handler)
        ctx.bus.send(
            topics.DATA_EXECUTE,
            UnsubscribeBars(
                ctx.new_id(),
                subscription.client_id,
                ctx.clock.now_ns,
                bar_type,
                self.component_id,
            ),
        )
        return None

    # --- indicators ------------------------------------------------------------------------

    def register_indicator_for_quote_ticks(
        self, instrument_id: InstrumentId, indicator: Indicator
    ) -> None:
        """Feed `indicator` every quote that arrives, before `on_quote_tick` sees it."""
        self._quote_indicators[instrument_id] = self._with(
            self._quote_indicators.get(instrument_id, _NO_INDICATORS), indicator
        )

    def register_indicator_for_trade_ticks(
        self, instrument_id: InstrumentId, indicator: Indicator
    ) -> None:
        self._trade_indicators[instrument_id] = self._with(
            self._trade_indicators.get(instrument_id, _NO_INDICATORS), indicator
        )

    def register_indicator_for_bars(self, bar_type: BarType, indicator: Indicator) -> None:
        self._bar_indicators[bar_type] = self._with(
            self._bar_indicators.get(bar_type, _NO_INDICATORS), indicator
        )

    def indicators_initialized(self) -> bool:
        """At least one is registered, and all are ready."""
        return bool(self._indicators) and all(i.initialized for i in self._indicators)

    # --- what the bus calls ----------------------------------------------------------------

    def handle_quote_tick(self, tick: QuoteTick) -> None:
        if self._quote_indicators:
            for indicator in self._quote_indicators.get(tick.instrument_id, _NO_INDICATORS):
                indicator.handle_quote_tick(tick)
        if self._state is _RUNNING:
            self.on_quote_tick(tick)

    def handle_trade_tick(self, tick: TradeTick) -> None:
        if self._trade_indicators:
            for indicator in self._trade_indicators.get(tick.instrument_id, _NO_INDICATORS):
                indicator.handle_trade_tick(tick)
        if self._state is _RUNNING:
            self.on_trade_tick(tick)

    def handle_order_book_deltas(self, deltas: OrderBookDeltas) -> None:
        if self._state is _RUNNING:
            self.on_order_book_deltas(deltas)

    def handle_bar(self, bar: Bar) -> None:
        if self._bar_indicators:
            for indicator in self._bar_indicators.get(bar.bar_type, _NO_INDICATORS):
                indicator.handle_bar(bar)
        if self._state is _RUNNING:
            self.on_bar(bar)

    def handle_time_event(self, event: TimeEvent) -> None:
        if self._state is _RUNNING:
            self.on_event(event)

    # --- parts -----------------------------------------------------------------------------

    def _announce_state(self, change: ComponentStateChanged) -> None:
        self._ctx.facts.append(change)
        self._ctx.bus.publish(self._system_topic, change)

    def _with(
        self, registered: tuple[Indicator, ...], indicator: Indicator
    ) -> tuple[Indicator, ...]:
        if not any(known is indicator for known in self._indicators):
            self._indicators.append(indicator)
        return registered if indicator in registered else (*registered, indicator)

    def _release_data(self) -> None:
        self.clock.cancel_timers()
        self._leave_all()
        for bar_type in list(self._bars):
            self.unsubscribe_bars(bar_type)
        self._indicators.clear()
        self._quote_indicators.clear()
        self._trade_indicators.clear()
        self._bar_indicators.clear()

    def release(self) -> None:
        """Hold no timer and no subscription any more: the kernel's call when it stops for good."""
        self._release_data()
        self._ctx.bus.release(self.component_id)
