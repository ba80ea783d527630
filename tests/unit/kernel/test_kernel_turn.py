"""The turn: one input, all it causes, and what may leave when. And the kernel's own life."""

from collections.abc import Callable, Sequence

import pytest

from engine import topics
from engine.actor import Actor, ActorConfig
from engine.bus import TurnNotQuiet
from engine.clients import Client
from engine.clock import TimeWentBack
from engine.journal.memory import MemoryJournal
from engine.journal.port import JournalFailed, StaleEpoch
from engine.kernel import (
    Kernel,
    KernelClosed,
    KernelConfig,
    KernelFault,
    TimerOverdue,
    TurnNested,
)
from engine.model.commands import (
    Command,
    Connect,
    Disconnect,
    FireTimer,
    SetTradingState,
    StartKernel,
    StopKernel,
    Subscribe,
)
from engine.model.data import QuoteTick
from engine.model.enums import ComponentState, DataKind, KernelState, TradingState
from engine.model.events import Refused, TimeEvent, TradingStateChanged
from engine.model.identifiers import ClientId, InstrumentId, TraderId, Venue
from engine.model.reports import ClientConnected, ClientDisconnected
from engine.record import TurnRecord

SECOND = 1_000_000_000
T0 = 1_700_000_000 * SECOND
BTCUSDT = InstrumentId("BTC/USDT.SIM")
SIM = ClientId("SIM")


class DataClient:
    """A client that takes commands and says nothing."""

    def __init__(self, client_id: ClientId = SIM) -> None:
        self.client_id = client_id
        self.venue = Venue(client_id)
        self.sent: list[Command] = []

    def send(self, command: Command) -> None:
        self.sent.append(command)

    def kinds(self) -> list[str]:
        return [type(command).__name__ for command in self.sent]


class Listener(Actor):
    """Subscribes to quotes at its start and does `act` at each; notes what it saw."""

    def __init__(
        self, name: str = "LISTENER", act: Callable[["Listener"], None] | None = None
    ) -> None:
        super().__init__(ActorConfig(actor_id=name))
        self.act = act
        self.seen: list[str] = []

    def on_start(self) -> None:
        self.seen.append("start")
        self.subscribe_quote_ticks(BTCUSDT)

    def on_stop(self) -> None:
        self.seen.append("stop")

    def on_quote_tick(self, tick: QuoteTick) -> None:
        self.seen.append(f"quote {tick.bid_mantissa}")
        if self.act is not None:
            self.act(self)

    def on_event(self, event: object) -> None:
        if isinstance(event, TimeEvent):
            self.seen.append(f"timer {event.name}")


def quote(ts_init: int, bid: int = 100) -> QuoteTick:
    return QuoteTick(BTCUSDT, bid, bid + 1, 5, 5, 2, 3, ts_init, ts_init)


def start(ts_init: int = T0) -> StartKernel:
    return StartKernel("start", None, ts_init)


def stop(ts_init: int) -> StopKernel:
    return StopKernel("stop", None, ts_init)


def make_kernel(
    clients: Sequence[Client],
    *actors: Actor,
    journal: MemoryJournal | None = None,
    observer: Callable[[TurnRecord], None] | None = None,
    stop_grace_ns: int = 0,
) -> Kernel:
    config = KernelConfig(trader_id=TraderId("T-001"), stop_grace_ns=stop_grace_ns)
    kernel = Kernel(config, clients, journal, observer)
    for actor in actors:
        kernel.add_actor(actor)
    return kernel


def running_kernel(
    client: DataClient,
    *actors: Actor,
    journal: MemoryJournal | None = None,
    observer: Callable[[TurnRecord], None] | None = None,
    stop_grace_ns: int = 0,
) -> Kernel:
    kernel = make_kernel(
        [client], *actors, journal=journal, observer=observer, stop_grace_ns=stop_grace_ns
    )
    kernel.turn(start())
    kernel.turn(ClientConnected(client.client_id, T0))
    if kernel.view.state is not KernelState.RUNNING:
        raise AssertionError(kernel.view.state)
    return kernel


def stop_kernel(kernel: Kernel, ts_init: int) -> None:
    """Stop a kernel whose grace is 0: the end of the grace is a turn at the same instant."""
    kernel.turn(stop(ts_init))
    kernel.turn(FireTimer(ts_init))
    if kernel.view.state is not KernelState.STOPPED:
        raise AssertionError(kernel.view.state)


# -- steps 1 to 4 -----------------------------------------------------------------------------------


def test_inside_a_handler_now_is_the_input_time_and_the_cache_holds_the_quote() -> None:
    checked: list[bool] = []

    def look(listener: Listener) -> None:
        tick = listener.cache.quote_tick(BTCUSDT)
        checked.append(tick is quotes[-1] and listener.clock.now_ns == tick.ts_init)

    quotes = [quote(T0 + 5), quote(T0 + 9)]
    kernel = running_kernel(DataClient(), Listener(act=look))
    for tick in list(quotes):
        quotes.append(tick)
        kernel.turn(tick)

    assert checked == [True, True]


def test_second_listener_sees_the_quote_before_what_the_first_one_said_about_it() -> None:
    seen: list[str] = []

    class Talker(Listener):
        def on_quote_tick(self, tick: QuoteTick) -> None:
            seen.append(f"{self.id} quote")
            self._ctx.bus.publish("data.talk", self.id)

    kernel = running_kernel(DataClient(), Talker("A"), Talker("B"))
    kernel.bus.subscribe("data.talk", lambda who: seen.append(f"{who} talk"))
    kernel.turn(quote(T0 + 1))

    assert seen == ["A quote", "B quote", "A talk", "B talk"]


def test_handlers_that_never_fall_silent_fault_the_kernel() -> None:
    kernel = running_kernel(
        DataClient(), Listener(act=lambda listener: listener._ctx.bus.publish("loop", 1))
    )
    kernel.bus.subscribe("loop", lambda message: kernel.bus.publish("loop", message))
    with pytest.raises(KernelFault) as caught:
        kernel.turn(quote(T0 + 1))
    assert isinstance(caught.value.cause, TurnNotQuiet)
    assert caught.value.cause.topics == ("loop",)
    assert caught.value.component_id is None


# -- a caller that is wrong -------------------------------------------------------------------------


def test_input_from_the_past_is_refused_and_the_next_one_taken() -> None:
    listener = Listener()
    kernel = running_kernel(DataClient(), listener)
    kernel.turn(quote(T0 + 10, 100))
    turn = kernel.view.turn
    with pytest.raises(TimeWentBack):
        kernel.turn(quote(T0 + 9, 200))
    assert kernel.view.turn == turn
    kernel.turn(quote(T0 + 10, 300))
    assert listener.seen == ["start", "quote 100", "quote 300"]


def test_input_past_a_due_timer_is_refused_until_the_timer_has_fired() -> None:
    listener = Listener()
    kernel = running_kernel(DataClient(), listener)
    listener.clock.set_time_alert_ns("tea", T0 + 5)

    kernel.turn(quote(T0 + 5, 100))  # at the same instant the input comes first
    with pytest.raises(TimerOverdue) as caught:
        kernel.turn(quote(T0 + 6, 200))
    assert (caught.value.due_ns, caught.value.ts_init) == (T0 + 5, T0 + 6)
    assert kernel.next_timer_ns() == T0 + 5
    kernel.turn(FireTimer(T0 + 5))
    kernel.turn(quote(T0 + 6, 300))

    assert listener.seen == ["start", "quote 100", "timer tea", "quote 300"]
    assert kernel.next_timer_ns() is None


def test_timer_fired_without_one_due_is_refused_on_the_bus() -> None:
    kernel = running_kernel(DataClient())
    refused: list[Refused] = []
    kernel.bus.subscribe(topics.REFUSED, refused.append)
    kernel.turn(FireTimer(T0 + 1))
    assert refused == [Refused("NO_TIMER_DUE", "FireTimer", T0 + 1)]


def test_message_that_is_no_input_is_a_type_error_and_no_turn() -> None:
    kernel = running_kernel(DataClient())
    turn = kernel.view.turn
    with pytest.raises(TypeError, match="Connect is not an input"):
        kernel.turn(Connect("c", SIM, T0 + 1))  # type: ignore[arg-type]
    assert kernel.view.turn == turn


def test_turn_inside_a_turn_faults() -> None:
    client = DataClient()
    kernel = make_kernel([client])
    client.send = lambda command: kernel.turn(quote(T0))  # type: ignore[method-assign]
    with pytest.raises(KernelFault) as caught:
        kernel.turn(start())
    assert isinstance(caught.value.cause, TurnNested)


# -- faults -----------------------------------------------------------------------------------------


def boom(listener: Listener) -> None:
    listener.unsubscribe_quote_ticks(BTCUSDT)  # a command that must not leave
    raise ZeroDivisionError("boom")


def test_strategy_that_raises_is_charged_and_nothing_of_its_turn_leaves() -> None:
    client = DataClient()
    journal = MemoryJournal()
    records: list[TurnRecord] = []
    kernel = running_kernel(client, Listener(act=boom), journal=journal, observer=records.append)
    client.sent.clear()
    before = len(journal.records)

    with pytest.raises(KernelFault) as caught:
        kernel.turn(quote(T0 + 1))

    fault = caught.value
    assert fault.component_id == "LISTENER"
    assert fault.input_type == "QuoteTick"
    assert isinstance(fault.cause, ZeroDivisionError)
    assert fault.__cause__ is not None
    assert client.sent == []
    assert len(journal.records) == len(records) == before
    assert kernel.view.state is KernelState.FAULTED
    assert journal.faults == [fault.audit]
    assert (fault.audit.error, fault.audit.component_id) == ("ZeroDivisionError", "LISTENER")
    assert fault.audit.input == quote(T0 + 1)


def test_faulted_kernel_takes_no_more_turns_and_asks_for_no_timers() -> None:
    listener = Listener(act=boom)
    kernel = running_kernel(DataClient(), listener)
    listener.clock.set_time_alert_ns("tea", T0 + 50)
    with pytest.raises(KernelFault):
        kernel.turn(quote(T0 + 1))
    with pytest.raises(KernelClosed) as caught:
        kernel.turn(quote(T0 + 2))
    assert caught.value.state is KernelState.FAULTED
    assert kernel.next_timer_ns() is None
    assert kernel.fault is not None


def test_timer_callback_that_raises_is_charged_to_the_timer_owner() -> None:
    listener = Listener()
    kernel = running_kernel(DataClient(), listener)

    def tick(event: TimeEvent) -> None:
        raise ZeroDivisionError

    listener.clock.set_time_alert_ns("tea", T0 + 5, tick)
    with pytest.raises(KernelFault) as caught:
        kernel.turn(FireTimer(T0 + 5))
    assert caught.value.component_id == "LISTENER"
    assert caught.value.input_type == "FireTimer"


@pytest.mark.parametrize("hook", ["on_start", "on_stop"])
def test_hook_that_raises_is_charged_to_its_component(
    hook: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Listener) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Listener, hook, broken)
    listener = Listener()
    kernel = make_kernel([DataClient()], listener)
    with pytest.raises(KernelFault) as caught:
        kernel.turn(start())
        kernel.turn(ClientConnected(SIM, T0))
        kernel.turn(stop(T0 + 1))
    assert caught.value.component_id == "LISTENER"
    assert listener.state is ComponentState.FAULTED


def test_client_that_raises_is_the_kernel_own_fault() -> None:
    client = DataClient()

    def send(command: Command) -> None:
        raise OSError

    client.send = send  # type: ignore[method-assign]
    kernel = make_kernel([client])
    with pytest.raises(KernelFault) as caught:
        kernel.turn(start())
    assert caught.value.component_id is None
    assert isinstance(caught.value.cause, OSError)


# -- steps 5 and 6 ----------------------------------------------------------------------------------


class FullJournal(MemoryJournal):
    """A disk that has no room from its third record on."""

    def append(self, record: TurnRecord) -> None:
        if len(self.records) == 2:
            raise JournalFailed("no space")
        super().append(record)


def test_journal_that_fails_faults_the_kernel_before_anything_leaves() -> None:
    client = DataClient()
    listener = Listener(act=lambda listener: listener.subscribe_trade_ticks(BTCUSDT) and None)
    journal = FullJournal()
    kernel = running_kernel(client, listener, journal=journal)
    client.sent.clear()
    with pytest.raises(KernelFault) as caught:
        kernel.turn(quote(T0 + 1))
    assert isinstance(caught.value.cause, JournalFailed)
    assert client.sent == []
    assert len(journal.faults) == 1


def test_kernel_whose_epoch_is_over_faults_before_its_outbox_leaves() -> None:
    journal = MemoryJournal()
    old_client, new_client = DataClient(), DataClient()
    old = make_kernel([old_client], journal=journal)
    new = make_kernel([new_client], journal=journal)
    assert (old.view.epoch, new.view.epoch) == (1, 2)

    with pytest.raises(KernelFault) as caught:
        old.turn(start())

    assert isinstance(caught.value.cause, StaleEpoch)
    assert old_client.sent == []
    new.turn(start())
    assert new_client.kinds() == ["Connect"]


def test_outbox_waits_for_its_journal_and_leaves_once_in_turn_order() -> None:
    client = DataClient()
    journal = MemoryJournal(durable_at_once=False)
    kernel = running_kernel(client, Listener(), journal=journal)
    assert client.sent == []  # connected in the test's word only: Connect itself still waits

    kernel.durable(1)
    assert client.kinds() == ["Connect"]
    kernel.turn(quote(T0 + 1))  # later turns run meanwhile
    stop_kernel(kernel, T0 + 2)
    kernel.durable(1)
    assert client.kinds() == ["Connect"]

    kernel.durable(kernel.view.turn)
    kernel.durable(kernel.view.turn)
    assert client.kinds() == ["Connect", "Subscribe", "Unsubscribe", "Disconnect"]


def test_turn_not_yet_run_cannot_be_durable() -> None:
    kernel = running_kernel(DataClient(), journal=MemoryJournal(durable_at_once=False))
    with pytest.raises(ValueError, match="has not been run"):
        kernel.durable(kernel.view.turn + 1)


def test_fault_drops_what_still_waits_for_the_journal() -> None:
    client = DataClient()
    journal = MemoryJournal(durable_at_once=False)
    kernel = running_kernel(client, Listener(act=boom), journal=journal)
    with pytest.raises(KernelFault):
        kernel.turn(quote(T0 + 1))
    kernel.durable(kernel.view.turn)
    assert client.sent == []


def test_observer_is_shown_each_turn_once_after_its_outbox_left() -> None:
    client = DataClient()
    shown: list[tuple[TurnRecord, int]] = []
    kernel = running_kernel(
        client, Listener(), observer=lambda record: shown.append((record, len(client.sent)))
    )
    kernel.turn(quote(T0 + 1))

    assert [record.turn for record, _ in shown] == [1, 2, 3]
    first, second, third = [record for record, _ in shown]
    assert first.input == start()
    assert [type(command) for command in first.commands] == [Connect]
    assert [type(command) for command in second.commands] == [Subscribe]
    assert [type(fact).__name__ for fact in second.facts] == ["ComponentStateChanged"] * 2
    assert (third.ts, third.facts, third.commands) == (T0 + 1, (), ())
    assert [sent for _, sent in shown] == [1, 2, 2]
    assert kernel.view.turn_record is third


def test_kernel_that_nobody_watches_makes_no_records() -> None:
    kernel = running_kernel(DataClient(), Listener())
    kernel.turn(quote(T0 + 1))
    assert kernel.view.turn_record is None


def test_two_kernels_fed_the_same_make_the_same_records_and_share_nothing() -> None:
    runs: list[list[TurnRecord]] = []
    for _ in range(2):
        records: list[TurnRecord] = []
        kernel = running_kernel(DataClient(), Listener(), observer=records.append)
        kernel.turn(quote(T0 + 1))
        stop_kernel(kernel, T0 + 2)
        runs.append(records)
    assert runs[0] == runs[1]


# -- the kernel's life ------------------------------------------------------------------------------


def test_start_asks_the_clients_to_connect_and_waits_for_them() -> None:
    one, two = DataClient(ClientId("ONE")), DataClient(ClientId("TWO"))
    listener = Listener()
    kernel = make_kernel([one, two], listener)
    kernel.turn(start())
    assert (one.kinds(), two.kinds()) == (["Connect"], ["Connect"])
    assert kernel.view.state is KernelState.CONNECTING

    kernel.turn(ClientConnected(one.client_id, T0 + 1))
    assert kernel.view.state is KernelState.CONNECTING
    assert listener.seen == []
    kernel.turn(ClientConnected(two.client_id, T0 + 2))

    assert kernel.view.state is KernelState.RUNNING
    assert listener.seen == ["start"]
    assert kernel.next_timer_ns() is None


def test_client_lost_while_connecting_has_to_come_back() -> None:
    one, two = DataClient(ClientId("ONE")), DataClient(ClientId("TWO"))
    kernel = make_kernel([one, two])
    kernel.turn(start())
    kernel.turn(ClientConnected(one.client_id, T0 + 1))
    kernel.turn(ClientDisconnected(one.client_id, "reset", T0 + 2))
    kernel.turn(ClientConnected(two.client_id, T0 + 3))
    assert kernel.view.state is KernelState.CONNECTING
    kernel.turn(ClientConnected(one.client_id, T0 + 4))
    assert kernel.view.state is KernelState.RUNNING


def test_start_that_does_not_connect_in_time_fails_and_says_who() -> None:
    client = DataClient()
    listener = Listener()
    records: list[TurnRecord] = []
    kernel = make_kernel([client], listener, observer=records.append)
    kernel.turn(start())
    due_ns = kernel.next_timer_ns()
    assert due_ns == T0 + 60 * SECOND
    kernel.turn(FireTimer(due_ns))

    assert kernel.view.state is KernelState.FAILED_START
    assert [str(fact.detail) for fact in records[-1].facts] == ["not connected: SIM"]  # type: ignore[attr-defined]
    assert kernel.failure == "not connected: SIM"
    assert client.kinds() == ["Connect", "Disconnect"]
    assert listener.seen == []
    with pytest.raises(KernelClosed):
        kernel.turn(quote(due_ns))
    assert kernel.next_timer_ns() is None


def test_second_start_is_refused_and_connects_nobody_again() -> None:
    client = DataClient()
    kernel = running_kernel(client)
    refused: list[Refused] = []
    kernel.bus.subscribe(topics.REFUSED, refused.append)
    kernel.turn(start(T0 + 1))
    assert [(r.reason, r.of) for r in refused] == [("NOT_READY", "StartKernel")]
    assert client.kinds() == ["Connect"]


def test_word_of_an_unknown_client_is_refused() -> None:
    kernel = running_kernel(DataClient())
    refused: list[Refused] = []
    kernel.bus.subscribe(topics.REFUSED, refused.append)
    kernel.turn(ClientConnected(ClientId("WHO"), T0 + 1))
    kernel.turn(ClientDisconnected(ClientId("WHO"), "?", T0 + 1))
    assert [r.reason for r in refused] == ["UNKNOWN_CLIENT"] * 2


def test_kernel_without_clients_runs_at_once() -> None:
    listener = Listener()
    kernel = make_kernel([], listener)
    kernel.turn(start())
    assert kernel.view.state is KernelState.RUNNING
    stop_kernel(kernel, T0 + 1)
    assert listener.seen == ["start", "stop"]


def test_stopping_lets_components_speak_first_then_waits_then_disconnects() -> None:
    client = DataClient()
    listener = Listener()
    kernel = running_kernel(client, listener, stop_grace_ns=10 * SECOND)
    listener.clock.set_time_alert_ns("tea", T0 + 100 * SECOND)
    kernel.turn(stop(T0 + 1))

    assert kernel.view.state is KernelState.STOPPING
    assert listener.state is ComponentState.STOPPED
    assert client.kinds() == ["Connect", "Subscribe", "Unsubscribe"]
    kernel.turn(quote(T0 + 2))  # residual inputs are still taken
    due_ns = kernel.next_timer_ns()
    assert due_ns == T0 + 1 + 10 * SECOND
    kernel.turn(FireTimer(due_ns))

    assert kernel.view.state is KernelState.STOPPED
    assert isinstance(client.sent[-1], Disconnect)
    assert listener.seen == ["start", "stop"]
    with pytest.raises(KernelClosed):
        kernel.turn(quote(due_ns))


def test_stopped_kernel_holds_no_timer_and_no_subscription_of_a_component() -> None:
    listener = Listener()
    kernel = running_kernel(DataClient(), listener)
    listener.clock.set_timer_ns("tick", SECOND)
    stop_kernel(kernel, T0 + 1)
    assert kernel.view.timers() == []
    assert [s for s in kernel.bus.subscriptions() if s.owner is not None] == []
    assert kernel.view.subscriptions() == {SIM: []}
    assert kernel.next_timer_ns() is None


def test_stop_while_connecting_disconnects_and_starts_nobody() -> None:
    client = DataClient()
    listener = Listener()
    kernel = make_kernel([client], listener, stop_grace_ns=10 * SECOND)
    kernel.turn(start())
    kernel.turn(stop(T0 + 1))
    assert kernel.view.state is KernelState.STOPPED
    assert client.kinds() == ["Connect", "Disconnect"]
    assert listener.seen == []


def test_second_stop_is_refused() -> None:
    kernel = running_kernel(DataClient(), Listener(), stop_grace_ns=SECOND)
    refused: list[Refused] = []
    kernel.bus.subscribe(topics.REFUSED, refused.append)
    kernel.turn(stop(T0 + 1))
    kernel.turn(stop(T0 + 2))
    assert [r.reason for r in refused] == ["STOPPING_ALREADY"]


def test_view_shows_what_each_client_should_be_subscribed_to() -> None:
    kernel = running_kernel(DataClient(), Listener())
    assert kernel.view.subscriptions() == {SIM: [(DataKind.QUOTES, BTCUSDT)]}


def test_trading_state_set_by_an_operator_is_published_as_a_fact() -> None:
    records: list[TurnRecord] = []
    kernel = running_kernel(DataClient(), observer=records.append)
    kernel.turn(SetTradingState("op", None, T0 + 1, TradingState.HALTED))
    assert records[-1].facts == (TradingStateChanged(TradingState.HALTED, T0 + 1),)


# -- construction -----------------------------------------------------------------------------------


def test_two_clients_with_one_id_are_refused() -> None:
    with pytest.raises(ValueError, match="client"):
        make_kernel([DataClient(), DataClient()])


def test_two_actors_with_one_id_are_refused_and_so_is_one_after_the_start() -> None:
    kernel = make_kernel([DataClient()], Listener())
    with pytest.raises(ValueError, match="taken"):
        kernel.add_actor(Listener())
    kernel.turn(start())
    with pytest.raises(ValueError, match="after the start"):
        kernel.add_actor(Listener("LATE"))


def test_actor_of_a_kernel_without_random_cannot_draw() -> None:
    listener = Listener()
    make_kernel([DataClient()], listener)
    with pytest.raises(RuntimeError, match="random_for"):
        listener.random.below(2, "coin")


@pytest.mark.parametrize(
    "wrong",
    [{"connection_timeout_ns": 0}, {"reconciliation_timeout_ns": -1}, {"stop_grace_ns": -1}],
)
def test_config_with_a_bound_that_is_none_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="ns"):
        KernelConfig(trader_id=TraderId("T-001"), **wrong)  # type: ignore[arg-type]


def test_config_with_a_leverage_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="leverage of SIM must be at least 1, was 0"):
        KernelConfig(trader_id=TraderId("T-001"), leverages={"OTHER": 1, "SIM": 0})
