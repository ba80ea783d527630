"""LIF-1, LIF-3 and CLK-2 beside a kernel without clients: rest is rest, nobody stays between, and
timers fire when they are due."""

import msgspec
import pytest

from engine.actor import Actor
from engine.clock import ComponentClock, TimerCallback
from engine.kernel import Kernel, KernelConfig
from engine.model.commands import (
    CancelOrder,
    Command,
    FireTimer,
    StartKernel,
    StopKernel,
)
from engine.model.enums import ComponentState, KernelState
from engine.model.events import ComponentStateChanged, TimeEvent
from engine.model.identifiers import ClientId, ClientOrderId, InstrumentId, StrategyId, TraderId
from engine.record import TurnRecord
from invariants.clock import TimersFireOnSchedule
from invariants.evidence import Evidence
from invariants.lifecycle import NobodyStaysBetween, NothingDisturbsRest, Sleeper, Stumbler
from invariants.monitor import Monitor
from invariants.property import Check, always

T0 = 1_700_000_000_000_000_000
SECOND = 1_000_000_000
STRATEGY = StrategyId("S-001")


class Sea:
    """A kernel with the actor of one check aboard, sailed by its timers."""

    def __init__(self, kind: type[Check]) -> None:
        entry = always("TST-1", "A sentence.")(kind)
        self.kernel = Kernel(KernelConfig(trader_id=TraderId("T-001")), [], observer=self._done)
        self.evidence = Evidence(self.kernel.view, {}, dict, {})
        self.monitor = Monitor([entry], self.evidence)
        self.actors = self.monitor.actors()
        for actor in self.actors:
            self.kernel.add_actor(actor)
        self.kernel.add_actor(Actor())  # somebody at work: for nobody a stop needs no grace
        self.monitor.attach(self.kernel.bus)
        self.kernel.turn(StartKernel("start", None, T0))

    def _done(self, record: TurnRecord) -> None:
        self.monitor.turn_done(record)

    def sail(self, seconds: int) -> None:
        while (
            due_ns := self.kernel.next_timer_ns()
        ) is not None and due_ns <= T0 + seconds * SECOND:
            self.kernel.turn(FireTimer(due_ns))

    def show(self, *facts: msgspec.Struct, commands: tuple[Command, ...] = ()) -> None:
        told = StartKernel("x", None, T0)
        self.monitor.turn_done(TurnRecord(9, T0, told, facts, commands))


def changed(state: ComponentState) -> ComponentStateChanged:
    return ComponentStateChanged(STRATEGY, state, T0)


def cancel() -> CancelOrder:
    return CancelOrder(
        "c", ClientId("SIM"), T0, STRATEGY, InstrumentId("A.SIM"), ClientOrderId("O-1"), None
    )


# --- LIF-1 --------------------------------------------------------------------------------------


def test_sleeper_that_is_left_alone_is_no_finding() -> None:
    sea = Sea(NothingDisturbsRest)
    sea.sail(60)

    (sleeper,) = sea.actors
    assert sleeper.state is ComponentState.STOPPED
    assert sea.kernel.next_timer_ns() is None
    assert sea.monitor.violation is None


def test_sleeper_that_is_called_at_rest_is_found() -> None:
    sea = Sea(NothingDisturbsRest)
    sea.sail(60)
    (sleeper,) = sea.actors
    assert isinstance(sleeper, Sleeper)
    sleeper._hear(TimeEvent("late", T0, T0))
    sea.show()

    assert sea.monitor.violation is not None
    assert sea.monitor.violation.detail == "heard timer late while at rest"


def test_timer_of_a_component_at_rest_is_found() -> None:
    sea = Sea(NothingDisturbsRest)
    sea.sail(60)
    sea.actors[0].clock.set_time_alert_ns("left", T0 + 99 * SECOND, lambda _: None)
    sea.show(ComponentStateChanged(sea.actors[0].component_id, ComponentState.STOPPED, T0))

    assert sea.monitor.violation is not None
    assert "timer left" in sea.monitor.violation.detail


@pytest.mark.parametrize("state", [ComponentState.STOPPED, ComponentState.FAULTED])
def test_command_of_a_strategy_at_rest_is_found(state: ComponentState) -> None:
    sea = Sea(NothingDisturbsRest)
    sea.show(changed(state), commands=(cancel(),))  # it may have sent that before
    assert sea.monitor.violation is None
    sea.show(commands=(cancel(),))

    assert sea.monitor.violation is not None
    assert sea.monitor.violation.subject == STRATEGY


def test_command_of_a_strategy_that_runs_again_is_no_finding() -> None:
    sea = Sea(NothingDisturbsRest)
    sea.show(changed(ComponentState.STOPPED))
    sea.show(changed(ComponentState.RESUMING), changed(ComponentState.RUNNING))
    sea.show(commands=(cancel(),))

    assert sea.monitor.violation is None


# --- LIF-3 --------------------------------------------------------------------------------------


def test_stumbler_ends_up_faulted_and_is_no_finding() -> None:
    sea = Sea(NobodyStaysBetween)
    sea.sail(60)

    (stumbler,) = sea.actors
    assert isinstance(stumbler, Stumbler)
    assert stumbler.state is ComponentState.FAULTED
    assert sea.monitor.violation is None


@pytest.mark.parametrize(
    "state", [ComponentState.STARTING, ComponentState.DEGRADING, ComponentState.FAULTING]
)
def test_component_between_two_states_at_the_end_of_its_turn_is_found(
    state: ComponentState,
) -> None:
    sea = Sea(NobodyStaysBetween)
    sea.show(changed(state), changed(ComponentState.RUNNING))
    assert sea.monitor.violation is None
    sea.show(changed(ComponentState.RUNNING), changed(state))

    assert sea.monitor.violation is not None


def test_kernel_that_stops_within_its_grace_is_no_finding() -> None:
    sea = Sea(NobodyStaysBetween)
    sea.kernel.turn(StopKernel("stop", None, T0 + 1))
    assert sea.kernel.view.state is KernelState.STOPPING
    sea.sail(60)

    assert sea.kernel.view.state is KernelState.STOPPED
    sea.monitor.run_ended()
    assert sea.monitor.violation is None


def test_kernel_beyond_the_bound_of_its_stage_is_found_at_the_end_at_the_latest() -> None:
    sea = Sea(NobodyStaysBetween)
    sea.kernel.turn(StopKernel("stop", None, T0 + 1))
    sea.kernel._clock.now_ns = T0 + 1 + sea.kernel.config.stop_grace_ns  # nobody fires its timer
    sea.monitor.run_ended()
    assert sea.monitor.violation is None
    sea.kernel._clock.now_ns += 1
    sea.monitor.run_ended()

    assert sea.monitor.violation is not None
    assert sea.monitor.violation.subject == "kernel"


# --- CLK-2 --------------------------------------------------------------------------------------


def _found_at_the_end(sea: Sea) -> str:
    sea.kernel._clock.now_ns = T0 + 60 * SECOND
    sea.monitor.run_ended()
    found = sea.monitor.violation
    return "" if found is None else f"{found.subject}: {found.detail}"


def test_timers_that_fire_when_they_are_due_are_no_finding() -> None:
    sea = Sea(TimersFireOnSchedule)
    sea.sail(60)

    assert _found_at_the_end(sea) == ""


def test_timer_that_fires_late_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    arm = ComponentClock.set_timer_ns

    def arm_late(
        clock: ComponentClock,
        name: str,
        interval_ns: int,
        start_ns: int,
        stop_ns: int,
        callback: TimerCallback | None = None,
    ) -> None:
        arm(clock, name, interval_ns, start_ns + 1, stop_ns + 1, callback)

    monkeypatch.setattr(ComponentClock, "set_timer_ns", arm_late)
    sea = Sea(TimersFireOnSchedule)
    sea.sail(60)

    assert _found_at_the_end(sea).startswith(f"beat: due at {T0 + 7 * SECOND}; at that place")


def test_timer_that_fires_although_it_was_canceled_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cancel = ComponentClock.cancel_timer

    def cancel_others(clock: ComponentClock, name: str) -> None:
        if name != "doomed":
            cancel(clock, name)

    monkeypatch.setattr(ComponentClock, "cancel_timer", cancel_others)
    sea = Sea(TimersFireOnSchedule)
    sea.sail(60)

    assert f"({T0 + 13 * SECOND}, 'doomed')" in _found_at_the_end(sea)


def test_canceling_that_takes_another_timer_along_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    cancel = ComponentClock.cancel_timer

    def cancel_two(clock: ComponentClock, name: str) -> None:
        cancel(clock, name)
        if name == "doomed":
            cancel(clock, "tie")

    monkeypatch.setattr(ComponentClock, "cancel_timer", cancel_two)
    sea = Sea(TimersFireOnSchedule)
    sea.sail(60)

    assert _found_at_the_end(sea).startswith(f"tie: due at {T0 + 14 * SECOND}; at that place")


def test_name_that_is_armed_anew_in_place_of_the_first_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arm = ComponentClock.set_time_alert_ns

    def arm_instead(
        clock: ComponentClock, name: str, at_ns: int, callback: TimerCallback | None = None
    ) -> None:
        if name in clock.timer_names:
            clock.cancel_timer(name)
        arm(clock, name, at_ns, callback)

    monkeypatch.setattr(ComponentClock, "set_time_alert_ns", arm_instead)
    sea = Sea(TimersFireOnSchedule)
    sea.sail(60)

    assert "duplicate name accepted" in _found_at_the_end(sea)


# --- the end ------------------------------------------------------------------------------------


def _ended(sea: Sea) -> str:
    sea.monitor.kernel_ended()
    return "" if sea.monitor.violation is None else sea.monitor.violation.detail


def test_a_kernel_that_was_stopped_has_ended_well() -> None:
    sea = Sea(NobodyStaysBetween)
    sea.kernel.turn(StopKernel("stop", None, T0))
    sea.sail(60)
    assert sea.kernel.view.state is KernelState.STOPPED
    assert _ended(sea) == ""


def test_a_kernel_that_goes_on_when_it_was_asked_to_stop_is_found() -> None:
    assert _ended(Sea(NobodyStaysBetween)) == "was asked to stop and is RUNNING"


def test_a_component_at_work_in_a_kernel_that_has_stopped_is_found() -> None:
    sea = Sea(NobodyStaysBetween)
    sea.kernel.turn(StopKernel("stop", None, T0))
    sea.sail(60)
    sea.show(changed(ComponentState.RUNNING))
    assert _ended(sea) == "is RUNNING in a kernel that is STOPPED"
