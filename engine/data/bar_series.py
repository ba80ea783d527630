"""The series of bars under construction: who wants each, what feeds it, when it closes.

An INTERNAL series is made of ticks of the instrument, a composite one of the bars of its source. An
EXTERNAL one is the venue's: asked of the client, and taken as it comes.

A bar is cached, then told to its subscribers, then fed to the composites made of it.
"""

from collections.abc import Callable
from typing import Final

from engine import topics
from engine.clients import Client
from engine.clock import ComponentClock
from engine.context import Context
from engine.data.aggregator import Aggregator
from engine.data.bar_builder import TimeBarAggregator
from engine.data.config import DataEngineConfig
from engine.data.feeds import Feed, FeedsOfKind
from engine.data.subscriptions import Subscriptions
from engine.data.threshold_bars import THRESHOLD_AGGREGATORS
from engine.model.bars import Bar, BarType
from engine.model.enums import BarAggregation, DataKind, PriceType
from engine.model.events import TimeEvent

Refuse = Callable[[str, str], None]

_TIMER: Final = "TIME_BAR_"
_SIZELESS: Final = (BarAggregation.VOLUME, BarAggregation.VALUE)


class _Series:
    """One bar type in use.

    Attributes:
        aggregator: None for bars of the venue.
        source: what it subscribed to for its data.
        feed: what the aggregator hangs on; None without one.
        below: the series of bars a composite is made of.
        composites: aggregators fed with the bars of this one.
    """

    __slots__ = (
        "aggregator",
        "bar_type",
        "below",
        "client",
        "composites",
        "feed",
        "kind",
        "owners",
        "timer",
        "topic",
    )

    def __init__(self, bar_type: BarType, client: Client, kind: DataKind) -> None:
        self.bar_type = bar_type
        self.client = client
        self.kind = kind
        self.topic = topics.bars(bar_type)
        self.timer = _TIMER + bar_type  # its name, and who owns what it subscribed to
        self.owners: dict[str, None] = {}
        self.aggregator: Aggregator | None = None
        self.feed: Feed | None = None
        self.below: _Series | None = None
        self.composites: tuple[Aggregator, ...] = ()


class BarSeries:
    """All series of one kernel.

    Args:
        feeds: the feeds of ticks by kind: quotes, trades and mark prices.
        refuse: says a reason and of what, for what changed nothing.
    """

    __slots__ = (
        "_by_type",
        "_clock",
        "_config",
        "_ctx",
        "_feeds",
        "_refuse",
        "_subscriptions",
    )

    def __init__(
        self,
        ctx: Context,
        clock: ComponentClock,
        config: DataEngineConfig,
        subscriptions: Subscriptions,
        feeds: dict[DataKind, FeedsOfKind],
        refuse: Refuse,
    ) -> None:
        self._ctx = ctx
        self._clock = clock
        self._config = config
        self._subscriptions = subscriptions
        self._feeds = feeds
        self._refuse = refuse
        self._by_type: dict[str, _Series] = {}

    def bar_types(self) -> list[BarType]:
        """The bar types in use, the venue's too, sorted by text."""
        return sorted(series.bar_type for series in self._by_type.values())

    # --- owners ------------------------------------------------------------------------------

    def subscribe(self, bar_type: BarType, client: Client, owner: str, of: str) -> None:
        """One more owner. What cannot be built is refused: see `AGGREGATION_NOT_SUPPORTED` and
        `INVALID_ORIGIN_OFFSET` below. `of` names the command."""
        series = self._by_type.get(bar_type)
        if series is None:
            try:
                series = self._start(bar_type, client)
            except NotImplementedError as error:
                self._refuse("AGGREGATION_NOT_SUPPORTED", f"{of}: {error}")
                return
            except ValueError as error:  # the configured offset does not fit this step
                self._refuse("INVALID_ORIGIN_OFFSET", f"{of}: {error}")
                return
        series.owners[owner] = None

    def unsubscribe(self, bar_type: BarType, owner: str, of: str) -> None:
        series = self._by_type.get(bar_type)
        if series is None or owner not in series.owners:
            self._refuse("NOT_SUBSCRIBED", of)
            return
        del series.owners[owner]
        if not series.owners:
            self._end(series)

    def _start(self, bar_type: BarType, client: Client) -> _Series:
        """Raises NotImplementedError or ValueError before anything has changed."""
        if not bar_type.is_internal:
            series = _Series(bar_type, client, DataKind.BARS)
            self._by_type[bar_type] = series
            self._subscriptions.add(client, DataKind.BARS, bar_type, series.timer)
            return series
        aggregator = self._aggregator(bar_type)
        source = bar_type.source
        if source is not None:
            series = _Series(bar_type, client, DataKind.BARS)
            below = self._by_type.get(source) or self._start(source, client)
            below.owners[series.timer] = None
            below.composites = (*below.composites, aggregator)
            series.below = below
        else:
            series = _Series(bar_type, client, _KIND_OF[bar_type.spec.price_type])
            series.feed = self._feeds[series.kind].make(bar_type.instrument_id)
            series.feed.add(aggregator)
            self._subscriptions.add(client, series.kind, bar_type.instrument_id, series.timer)
        series.aggregator = aggregator
        self._by_type[bar_type] = series
        if isinstance(aggregator, TimeBarAggregator):
            self._clock.set_time_alert_ns(series.timer, aggregator.close_ns, self._on_timer)
        return series

    def _aggregator(self, bar_type: BarType) -> Aggregator:
        config = self._config
        spec = bar_type.spec
        if spec.is_timed:
            return TimeBarAggregator(
                bar_type,
                self._ctx.clock.now_ns,
                config.time_bars_interval_type,
                config.time_bars_timestamp_on_close,
                config.time_bars_build_with_no_updates,
                config.time_bars_skip_first_non_full_bar,
                config.time_bars_origin_offset_ns.get(spec.aggregation.name, 0),
            )
        make = THRESHOLD_AGGREGATORS.get(spec.aggregation)
        if make is None:
            raise NotImplementedError(f"no bars by {spec.aggregation.name} are built")
        if spec.aggregation in _SIZELESS:
            if bar_type.source is not None:
                raise NotImplementedError(f"bars cannot be split by {spec.aggregation.name}")
            if spec.price_type is PriceType.MARK:
                raise NotImplementedError("mark prices have no size")
        return make(bar_type, self._emit)

    def _end(self, series: _Series) -> None:
        del self._by_type[series.bar_type]
        name = series.timer
        aggregator = series.aggregator
        if aggregator is None:
            self._subscriptions.remove(series.client, DataKind.BARS, series.bar_type, name)
            return
        if aggregator.is_timed:
            self._clock.cancel_timer(name)
        below = series.below
        if below is not None:
            below.composites = tuple(other for other in below.composites if other is not aggregator)
            del below.owners[name]
            if not below.owners:
                self._end(below)
        elif series.feed is not None:
            series.feed.remove(aggregator)
            instrument_id = series.bar_type.instrument_id
            self._subscriptions.remove(series.client, series.kind, instrument_id, name)

    # --- bars --------------------------------------------------------------------------------

    def take(self, bar: Bar) -> None:
        """A bar of the venue. A repeated one and one from before the last are refused, unless it
        revises the last; an INTERNAL type is ours to build."""
        bar_type = bar.bar_type
        of = f"Bar {bar_type} ts_event={bar.ts_event}"
        if bar_type.is_internal:
            self._refuse("BAR_NOT_EXTERNAL", of)
            return
        cached = self._ctx.cache.bar(bar_type)
        if cached is not None and bar.ts_event <= cached.ts_event:
            if bar.ts_event < cached.ts_event:
                self._refuse("STALE_BAR", of)
                return
            if not bar.is_revision:
                self._refuse("DUPLICATE_BAR", of)
                return
            self._ctx.cache.revise_bar(bar)
            # told, but no composite is fed the same interval twice
            self._ctx.bus.dispatch(topics.bars(bar_type), bar)
            return
        series = self._by_type.get(bar_type)
        if series is None:  # on its way when the last owner left
            self._ctx.cache.add_bar(bar)
            self._ctx.bus.dispatch(topics.bars(bar_type), bar)
        else:
            self._publish(series, bar)

    def _on_timer(self, event: TimeEvent) -> None:
        series = self._by_type.get(event.name[len(_TIMER) :])
        if series is not None:
            self._close(series)

    def _close(self, series: _Series) -> None:
        aggregator = series.aggregator
        if not isinstance(aggregator, TimeBarAggregator):
            return
        below = series.below
        if below is not None:
            # a source bar that closes at this instant belongs to this interval, whichever of the
            # two timers was armed first
            source = below.aggregator
            if isinstance(source, TimeBarAggregator) and source.close_ns <= aggregator.close_ns:
                self._close(below)
        bar = aggregator.close()
        # armed before anything can go wrong and whether or not there is a bar
        self._clock.set_time_alert_ns(
            series.timer, aggregator.close_ns, self._on_timer, override=True
        )
        if bar is not None:
            self._publish(series, bar)

    def _emit(self, bar: Bar) -> None:
        self._publish(self._by_type[bar.bar_type], bar)

    def _publish(self, series: _Series, bar: Bar) -> None:
        self._ctx.cache.add_bar(bar)
        self._ctx.bus.dispatch(series.topic, bar)
        for composite in series.composites:
            composite.handle_bar(bar)


_KIND_OF: Final = {
    PriceType.BID: DataKind.QUOTES,
    PriceType.ASK: DataKind.QUOTES,
    PriceType.MID: DataKind.QUOTES,
    PriceType.LAST: DataKind.TRADES,
    PriceType.MARK: DataKind.MARK_PRICES,
}
