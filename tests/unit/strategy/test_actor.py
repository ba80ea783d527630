from typing import Any

import msgspec
import pytest

from engine import topics
from engine.actor import Actor, ActorConfig
from engine.bus import HandlerFailed
from engine.indicators import ExponentialMovingAverage
from engine.lifecycle import IllegalComponentTransition
from engine.model.bars import Bar, BarType
from engine.model.commands import Subscribe, Unsubscribe
from engine.model.data import F_LAST, OrderBookDelta, OrderBookDeltas, QuoteTick, TradeTick
from engine.model.enums import BUY, BookAction, ComponentState, DataKind
from engine.model.events import ComponentStateChanged, TimeEvent
from engine.model.identifiers import ActorId, ClientId, InstrumentId

SECOND = 1_000_000_000
SIM = ClientId("SIM")
BTCUSDT = InstrumentId("BTC/USDT.SIM")


class Listener(Actor):
    def __init__(self, config: ActorConfig | None = None) -> None:
        super().__init__(config)
        self.seen: list[object] = []
        self.hooks: list[str] = []

    def on_start(self) -> None:
        self.hooks.append("start")

    def on_stop(self) -> None:
        self.hooks.append("stop")

    def on_quote_tick(self, tick: QuoteTick) -> None:
        self.seen.append(tick)

    def on_trade_tick(self, tick: TradeTick) -> None:
        self.seen.append(tick)

    def on_order_book_deltas(self, deltas: OrderBookDeltas) -> None:
        self.seen.append(deltas)

    def on_bar(self, bar: Bar) -> None:
        self.seen.append(bar)

    def on_event(self, event: msgspec.Struct) -> None:
        self.seen.append(event)


@pytest.fixture
def listener(desk: Any) -> Listener:
    actor: Listener = desk.add_actor(Listener())
    actor.start()
    return actor


# --- identity and life ---------------------------------------------------------------------


def test_actor_is_named_by_its_class_unless_configured(desk: Any) -> None:
    assert desk.add_actor(Listener()).id == "Listener"
    assert desk.add_actor(Listener(ActorConfig(actor_id="Ears"))).id == "Ears"


def test_registered_actor_has_its_tools(desk: Any) -> None:
    actor = desk.add_actor(Listener())
    assert actor.state is ComponentState.READY
    assert actor.cache is desk.cache
    assert actor.portfolio is desk.portfolio
    assert actor.clock.now_ns == desk.clock.now_ns
    assert actor.random.below(5, "choice") == 0
    actor.log.info("hello", what="world")
    assert desk.logged[0].component_id == "Listener"


def test_registering_twice_is_refused(desk: Any) -> None:
    actor = desk.add_actor(Listener())
    clock = actor.clock
    with pytest.raises(IllegalComponentTransition):
        actor.register(ActorId("Other"), desk.ctx, desk.portfolio, actor.random)
    assert (actor.id, actor.clock) == ("Listener", clock)


def test_states_are_announced_around_the_hook_and_recorded(desk: Any) -> None:
    actor = desk.add_actor(Listener())
    desk.heard.clear()
    actor.start()
    states = [
        message.state for _, message in desk.heard if isinstance(message, ComponentStateChanged)
    ]
    assert states == [ComponentState.STARTING, ComponentState.RUNNING]
    assert set(desk.topics_heard()) == {"events.system.Listener"}
    assert len(desk.ctx.facts) == 2


def test_unknown_configuration_is_refused() -> None:
    with pytest.raises(TypeError):
        ActorConfig(actor="Ears")  # type: ignore[call-arg]


# --- data ----------------------------------------------------------------------------------


def test_each_kind_of_data_reaches_its_hook(desk: Any, listener: Listener) -> None:
    listener.subscribe_quote_ticks(BTCUSDT)
    listener.subscribe_trade_ticks(BTCUSDT)
    listener.subscribe_order_book_deltas(BTCUSDT)
    quote, trade = desk.quote(), desk.trade()
    delta = OrderBookDelta(BookAction.ADD, BUY, 100, 1, F_LAST, 1)
    deltas = OrderBookDeltas(BTCUSDT, (delta,), 2, 3, desk.clock.now_ns, desk.clock.now_ns)
    for message in (quote, trade, deltas):
        desk.data_engine.process(message)
    assert listener.seen == [quote, trade, deltas]


def test_bars_reach_their_hook_after_their_last_tick(desk: Any, listener: Listener) -> None:
    listener.subscribe_bars(BarType.from_str(f"{BTCUSDT}-1-SECOND-LAST-INTERNAL"))
    listener.subscribe_trade_ticks(BTCUSDT)
    desk.clock.advance(desk.clock.now_ns)
    desk.fire_timers(desk.clock.now_ns + 1)
    trade = desk.trade()
    desk.data_engine.process(trade)
    desk.fire_timers(desk.clock.now_ns + SECOND)
    assert [type(message) for message in listener.seen] == [TradeTick, Bar]


def test_subscribing_joins_the_bus_first_then_asks_the_data_engine(
    desk: Any, listener: Listener
) -> None:
    topic = topics.quotes(BTCUSDT)

    def subscribe() -> None:
        listener.subscribe_quote_ticks(BTCUSDT)
        assert desk.bus.has_subscribers(topic)
        assert desk.ctx.outbox == []

    desk.in_one_hook(subscribe)
    ((client, command),) = desk.ctx.outbox
    assert client is desk.client
    assert isinstance(command, Subscribe)
    assert desk.data_engine.owners(SIM, DataKind.QUOTES, BTCUSDT) == ["Listener"]
    assert desk.bus.subscriptions(topic)[0].owner == "Listener"


def test_subscribing_twice_is_refused_and_heard_once(desk: Any, listener: Listener) -> None:
    assert listener.subscribe_quote_ticks(BTCUSDT) is None
    refused = listener.subscribe_quote_ticks(BTCUSDT)
    assert refused is not None
    assert refused.reason == "ALREADY_SUBSCRIBED"
    desk.data_engine.process(desk.quote())
    assert len(listener.seen) == 1


def test_unsubscribing_silences_and_lets_go(desk: Any, listener: Listener) -> None:
    listener.subscribe_quote_ticks(BTCUSDT)
    desk.ctx.outbox.clear()
    assert listener.unsubscribe_quote_ticks(BTCUSDT) is None
    desk.data_engine.process(desk.quote())
    assert listener.seen == []
    assert [type(command) for _, command in desk.ctx.outbox] == [Unsubscribe]


def test_unsubscribing_what_was_not_subscribed_is_refused(desk: Any, listener: Listener) -> None:
    bar_type = BarType.from_str(f"{BTCUSDT}-1-SECOND-LAST-INTERNAL")
    refusals = [
        listener.unsubscribe_quote_ticks(BTCUSDT),
        listener.unsubscribe_trade_ticks(BTCUSDT),
        listener.unsubscribe_order_book_deltas(BTCUSDT),
        listener.unsubscribe_bars(bar_type),
    ]
    assert [refused.reason for refused in refusals if refused] == ["NOT_SUBSCRIBED"] * 4
    assert desk.ctx.outbox == []


@pytest.mark.parametrize("wrong", ["BTC/USDT.SIM", None])
def test_a_plain_text_is_no_instrument(listener: Listener, wrong: object) -> None:
    with pytest.raises(TypeError):
        listener.subscribe_quote_ticks(wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        listener.subscribe_bars(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("leave", [lambda actor: None, lambda actor: (actor.start(), actor.stop())])
def test_callbacks_come_only_while_running(desk: Any, leave: Any) -> None:
    actor = desk.add_actor(Listener())
    actor.subscribe_quote_ticks(BTCUSDT)
    leave(actor)
    desk.data_engine.process(desk.quote())
    assert actor.seen == []


def test_resumed_actor_hears_what_it_was_subscribed_to(desk: Any, listener: Listener) -> None:
    listener.subscribe_quote_ticks(BTCUSDT)
    listener.stop()
    listener.resume()
    desk.data_engine.process(desk.quote())
    assert len(listener.seen) == 1


def test_error_of_a_hook_is_charged_to_its_author(desk: Any) -> None:
    class Clumsy(Actor):
        def on_quote_tick(self, tick: QuoteTick) -> None:
            raise RuntimeError("slip")

    actor = desk.add_actor(Clumsy())
    actor.start()
    actor.subscribe_quote_ticks(BTCUSDT)
    with pytest.raises(HandlerFailed) as failure:
        desk.data_engine.process(desk.quote())
    assert failure.value.component_id == "Clumsy"
    assert str(failure.value.__cause__) == "slip"


# --- indicators ----------------------------------------------------------------------------


def test_indicator_is_fed_before_the_hook_sees_the_datum(desk: Any) -> None:
    class Watcher(Actor):
        def on_start(self) -> None:
            self.average = ExponentialMovingAverage(1)
            self.counts: list[int] = []
            self.register_indicator_for_quote_ticks(BTCUSDT, self.average)
            self.subscribe_quote_ticks(BTCUSDT)

        def on_quote_tick(self, tick: QuoteTick) -> None:
            self.counts.append(self.average.count)

    actor = desk.add_actor(Watcher())
    actor.start()
    desk.data_engine.process(desk.quote())
    desk.data_engine.process(desk.quote())
    assert actor.counts == [1, 2]


def test_indicators_are_fed_in_every_state(desk: Any) -> None:
    actor = desk.add_actor(Listener())
    average = ExponentialMovingAverage(5)
    actor.register_indicator_for_quote_ticks(BTCUSDT, average)
    actor.subscribe_quote_ticks(BTCUSDT)
    desk.data_engine.process(desk.quote())
    actor.start()
    actor.stop()
    desk.data_engine.process(desk.quote())
    assert (average.count, actor.seen) == (2, [])


def test_indicator_of_another_instrument_is_left_alone(desk: Any, listener: Listener) -> None:
    average = ExponentialMovingAverage(5)
    listener.register_indicator_for_quote_ticks(InstrumentId("ETH/USDT.SIM"), average)
    listener.subscribe_quote_ticks(BTCUSDT)
    desk.data_engine.process(desk.quote())
    assert average.count == 0


def test_trades_and_bars_feed_their_indicators(desk: Any, listener: Listener) -> None:
    of_trades, of_bars = ExponentialMovingAverage(1), ExponentialMovingAverage(1)
    bar_type = BarType.from_str(f"{BTCUSDT}-1-SECOND-LAST-INTERNAL")
    listener.register_indicator_for_trade_ticks(BTCUSDT, of_trades)
    listener.register_indicator_for_bars(bar_type, of_bars)
    listener.subscribe_trade_ticks(BTCUSDT)
    listener.subscribe_bars(bar_type)
    desk.data_engine.process(desk.trade())
    desk.fire_timers(desk.clock.now_ns + SECOND)
    assert of_trades.value_raw == of_bars.value_raw == 10_001 * 10**14


def test_indicators_are_initialized_when_there_is_one_and_all_are(listener: Listener) -> None:
    assert not listener.indicators_initialized()
    quick, slow = ExponentialMovingAverage(1), ExponentialMovingAverage(2)
    listener.register_indicator_for_quote_ticks(BTCUSDT, quick)
    listener.register_indicator_for_quote_ticks(BTCUSDT, slow)
    quick.update_raw(1)
    slow.update_raw(1)
    assert not listener.indicators_initialized()
    slow.update_raw(1)
    assert listener.indicators_initialized()


def test_indicator_registered_twice_is_fed_once(desk: Any, listener: Listener) -> None:
    average = ExponentialMovingAverage(5)
    listener.register_indicator_for_quote_ticks(BTCUSDT, average)
    listener.register_indicator_for_quote_ticks(BTCUSDT, average)
    listener.subscribe_quote_ticks(BTCUSDT)
    desk.data_engine.process(desk.quote())
    assert average.count == 1


# --- timers --------------------------------------------------------------------------------


def test_timer_without_a_callback_comes_to_on_event(desk: Any, listener: Listener) -> None:
    at_ns = desk.clock.now_ns + SECOND
    listener.clock.set_time_alert_ns("wake", at_ns)
    desk.fire_timers(at_ns)
    assert listener.seen == [TimeEvent("wake", at_ns, at_ns)]


def test_no_timer_outlives_stop_even_one_set_in_on_stop(desk: Any) -> None:
    class Ticker(Actor):
        def on_start(self) -> None:
            self.clock.set_timer_ns("tick", SECOND)

        def on_stop(self) -> None:
            self.clock.set_time_alert_ns("late", self.clock.now_ns + SECOND)

    actor = desk.add_actor(Ticker())
    actor.start()
    actor.stop()
    assert actor.clock.timer_names == []
    assert desk.clock.next_timer_ns() is None


def test_refused_stop_leaves_the_timers(desk: Any) -> None:
    actor = desk.add_actor(Listener())
    actor.clock.set_time_alert_ns("wake", desk.clock.now_ns + SECOND)
    with pytest.raises(IllegalComponentTransition):
        actor.stop()
    assert actor.clock.timer_names == ["wake"]


# --- letting go ----------------------------------------------------------------------------


def holding_everything(desk: Any, actor: Listener) -> None:
    actor.subscribe_quote_ticks(BTCUSDT)
    actor.subscribe_bars(BarType.from_str(f"{BTCUSDT}-1-SECOND-LAST-INTERNAL"))
    actor.register_indicator_for_quote_ticks(BTCUSDT, ExponentialMovingAverage(1))
    actor.clock.set_timer_ns("tick", SECOND)


def test_reset_lets_go_of_what_on_start_sets_up_again(desk: Any, listener: Listener) -> None:
    holding_everything(desk, listener)
    listener.stop()
    listener.reset()
    assert listener.state is ComponentState.READY
    assert desk.data_engine.wanted(SIM) == []
    assert desk.clock.next_timer_ns() is None
    assert not listener.indicators_initialized()
    listener.start()
    assert listener.subscribe_quote_ticks(BTCUSDT) is None


@pytest.mark.parametrize("end", ["dispose", "fault"])
def test_the_end_lets_go_of_everything(desk: Any, listener: Listener, end: str) -> None:
    holding_everything(desk, listener)
    if end == "dispose":
        listener.stop()
    getattr(listener, end)()
    assert desk.data_engine.wanted(SIM) == []
    assert desk.clock.next_timer_ns() is None
    assert [s for s in desk.bus.subscriptions() if s.owner == "Listener"] == []


def test_disposing_an_actor_that_was_never_registered_is_an_error_of_its_state() -> None:
    with pytest.raises(IllegalComponentTransition):
        Listener().dispose()


@pytest.mark.parametrize("action", ["degrade", "stop", "fault"])
def test_actor_whose_hook_raises_holds_no_timer_and_no_subscription(desk, action):
    class Clumsy(Listener):
        def _stumble(self) -> None:
            raise ZeroDivisionError

        on_degrade = on_stop = on_fault = _stumble

    clumsy = desk.add_actor(Clumsy())
    clumsy.start()
    clumsy.subscribe_quote_ticks(desk.instrument_id)
    clumsy.clock.set_time_alert_ns("later", desk.clock.now_ns + SECOND, print)
    with pytest.raises(ZeroDivisionError):
        getattr(clumsy, action)()

    assert clumsy.state is ComponentState.FAULTED
    assert desk.clock.next_timer_ns() is None
    desk.quote()
    assert clumsy.seen == []
