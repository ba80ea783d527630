"""The life of components and kernels: every pair of state and trigger has one answer."""

import itertools

import pytest

from engine.lifecycle import (
    COMPONENT_TRANSITIONS,
    KERNEL_TRANSITIONS,
    Component,
    ComponentTrigger,
    IllegalComponentTransition,
    IllegalKernelTransition,
    KernelTrigger,
    next_component_state,
    next_kernel_state,
)
from engine.model.enums import ComponentState, KernelState
from engine.model.events import ComponentStateChanged
from engine.model.identifiers import ComponentId

S = ComponentState
TRANSITIONAL = [
    S.STARTING,
    S.STOPPING,
    S.RESUMING,
    S.RESETTING,
    S.DISPOSING,
    S.DEGRADING,
    S.FAULTING,
]


class Ship(Component):
    """Notes its hooks and announcements in one list; `broken` names the hook that raises."""

    def __init__(self, broken: str = "") -> None:
        super().__init__(ComponentId("SHIP-001"))
        self.log: list[str] = []
        self.broken = broken

    def launch(self) -> "Ship":
        self.initialize(self.note, lambda: 7)
        return self

    def note(self, change: ComponentStateChanged) -> None:
        self.log.append(change.state.name)

    def _hook(self, name: str) -> None:
        self.log.append(name)
        if name == self.broken:
            raise ZeroDivisionError(name)

    def on_start(self) -> None:
        self._hook("on_start")

    def on_stop(self) -> None:
        self._hook("on_stop")

    def on_resume(self) -> None:
        self._hook("on_resume")

    def on_reset(self) -> None:
        self._hook("on_reset")

    def on_dispose(self) -> None:
        self._hook("on_dispose")

    def on_degrade(self) -> None:
        self._hook("on_degrade")

    def on_fault(self) -> None:
        self._hook("on_fault")


ACTIONS = ["start", "stop", "resume", "reset", "dispose", "degrade", "fault"]
ROADS = {  # how a ship gets there
    S.READY: [],
    S.RUNNING: ["start"],
    S.STOPPED: ["start", "stop"],
    S.DEGRADED: ["start", "degrade"],
    S.FAULTED: ["start", "fault"],
    S.DISPOSED: ["dispose"],
}
ALLOWED = {
    S.READY: ["start", "reset", "dispose"],
    S.RUNNING: ["stop", "degrade", "fault"],
    S.STOPPED: ["resume", "reset", "dispose", "fault"],
    S.DEGRADED: ["resume", "stop", "fault"],
    S.FAULTED: ["dispose"],
    S.DISPOSED: ["dispose"],  # disposing twice is no error
}


def ship_in(state: ComponentState, broken: str = "") -> Ship:
    ship = Ship(broken).launch()
    for action in ROADS[state]:
        getattr(ship, action)()
    ship.log.clear()
    return ship


def test_component_table_has_a_row_for_every_state() -> None:
    assert list(COMPONENT_TRANSITIONS) == list(ComponentState)


def test_kernel_table_has_a_row_for_every_state() -> None:
    assert list(KERNEL_TRANSITIONS) == list(KernelState)


@pytest.mark.parametrize(
    ("state", "trigger"), list(itertools.product(ComponentState, ComponentTrigger))
)
def test_component_trigger_not_in_the_table_raises_with_both_names(
    state: ComponentState, trigger: ComponentTrigger
) -> None:
    if trigger in COMPONENT_TRANSITIONS[state]:
        assert next_component_state(state, trigger) is COMPONENT_TRANSITIONS[state][trigger]
        return
    with pytest.raises(IllegalComponentTransition) as caught:
        next_component_state(state, trigger)
    assert (caught.value.state, caught.value.trigger) == (state, trigger)


@pytest.mark.parametrize("state", [s for s in TRANSITIONAL if s is not S.FAULTING])
def test_every_transitional_state_has_the_fault_as_a_way_out(state: ComponentState) -> None:
    assert COMPONENT_TRANSITIONS[state][ComponentTrigger.FAULT] is S.FAULTING


@pytest.mark.parametrize(("state", "action"), list(itertools.product(ROADS, ACTIONS)))
def test_action_the_state_does_not_allow_raises_and_announces_nothing(
    state: ComponentState, action: str
) -> None:
    ship = ship_in(state)
    if action in ALLOWED[state]:
        getattr(ship, action)()
        assert ship.state not in TRANSITIONAL
        return
    with pytest.raises(IllegalComponentTransition):
        getattr(ship, action)()
    assert ship.state is state
    assert ship.log == []


def test_transitional_state_is_announced_before_the_hook_runs() -> None:
    ship = Ship().launch()
    ship.start()
    ship.stop()
    ship.resume()
    assert ship.log == [
        *["STARTING", "on_start", "RUNNING"],
        *["STOPPING", "on_stop", "STOPPED"],
        *["RESUMING", "on_resume", "RUNNING"],
    ]


def test_initializing_is_silent_and_happens_once() -> None:
    ship = Ship().launch()
    assert ship.state is S.READY
    assert ship.log == []
    with pytest.raises(IllegalComponentTransition):
        ship.launch()


def test_component_that_was_never_initialized_cannot_start() -> None:
    ship = Ship()
    with pytest.raises(IllegalComponentTransition):
        ship.start()
    assert ship.state is S.PRE_INITIALIZED


@pytest.mark.parametrize(
    ("state", "action", "hook"),
    [
        (S.READY, "start", "on_start"),
        (S.RUNNING, "stop", "on_stop"),
        (S.STOPPED, "resume", "on_resume"),
        (S.STOPPED, "reset", "on_reset"),
        (S.STOPPED, "dispose", "on_dispose"),
        (S.RUNNING, "degrade", "on_degrade"),
        (S.RUNNING, "fault", "on_fault"),
    ],
)
def test_hook_that_raises_leaves_a_faulted_component_that_can_be_disposed(
    state: ComponentState, action: str, hook: str
) -> None:
    ship = ship_in(state, broken=hook)
    with pytest.raises(ZeroDivisionError, match=hook):
        getattr(ship, action)()
    assert ship.state is S.FAULTED
    assert ship.log[-2:] == (
        ["on_fault", "FAULTED"] if action == "fault" else ["FAULTING", "FAULTED"]
    )

    ship.broken = ""
    ship.dispose()
    assert ship.state is S.DISPOSED


def test_component_stopped_from_its_own_start_hook_ends_stopped() -> None:
    class Shy(Ship):
        def on_start(self) -> None:
            self.stop()

    shy = Shy().launch()
    shy.start()
    assert shy.state is S.STOPPED
    assert shy.log == ["STARTING", "STOPPING", "on_stop", "STOPPED"]


@pytest.mark.parametrize(
    "state", [KernelState.STOPPED, KernelState.FAULTED, KernelState.FAILED_START]
)
def test_kernel_at_its_end_answers_to_nothing_but_a_fault(state: KernelState) -> None:
    for trigger in KernelTrigger:
        if trigger is not KernelTrigger.FAULT:
            with pytest.raises(IllegalKernelTransition):
                next_kernel_state(state, trigger)


def test_kernel_start_goes_through_every_stage_in_order() -> None:
    state = KernelState.READY
    seen = []
    for trigger in [
        KernelTrigger.START,
        KernelTrigger.ALL_CONNECTED,
        KernelTrigger.ALL_RECONCILED,
        KernelTrigger.STOP,
        KernelTrigger.STOP_COMPLETED,
    ]:
        state = next_kernel_state(state, trigger)
        seen.append(state.name)
    assert seen == ["CONNECTING", "RECONCILING", "RUNNING", "STOPPING", "STOPPED"]


@pytest.mark.parametrize("state", [s for s in KernelState if s is not KernelState.FAULTED])
def test_kernel_can_fault_from_anywhere(state: KernelState) -> None:
    assert next_kernel_state(state, KernelTrigger.FAULT) is KernelState.FAULTED
