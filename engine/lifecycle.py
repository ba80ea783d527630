"""The life of a component, and of the kernel, as total tables.

A component's action is: a trigger to the transitional state, that state announced, the hook, a
trigger to the final state, that announced. Announcing first lets everybody see STARTING before
what `on_start` does. When a hook raises, the component leaves the transitional state for FAULTED
and the error goes on: no transitional state outlives the call that entered it.
"""

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Final

from engine.lifecycle_faults import IllegalComponentTransition as IllegalComponentTransition
from engine.lifecycle_faults import IllegalKernelTransition as IllegalKernelTransition
from engine.model.enums import ComponentState, KernelState
from engine.model.events import ComponentStateChanged
from engine.model.identifiers import ComponentId
from engine.model.native import mypyc_attr


class ComponentTrigger(IntEnum):
    INITIALIZE = 0
    START = 1
    START_COMPLETED = 2
    STOP = 3
    STOP_COMPLETED = 4
    RESUME = 5
    RESUME_COMPLETED = 6
    RESET = 7
    RESET_COMPLETED = 8
    DISPOSE = 9
    DISPOSE_COMPLETED = 10
    DEGRADE = 11
    DEGRADE_COMPLETED = 12
    FAULT = 13
    FAULT_COMPLETED = 14


_S = ComponentState
_T = ComponentTrigger

COMPONENT_TRANSITIONS: Final[Mapping[ComponentState, Mapping[ComponentTrigger, ComponentState]]] = {
    _S.PRE_INITIALIZED: {_T.INITIALIZE: _S.READY},
    _S.READY: {
        _T.START: _S.STARTING,
        _T.RESET: _S.RESETTING,
        _T.DISPOSE: _S.DISPOSING,
    },
    _S.STARTING: {
        _T.START_COMPLETED: _S.RUNNING,
        _T.STOP: _S.STOPPING,
        _T.FAULT: _S.FAULTING,
    },
    _S.RUNNING: {
        _T.STOP: _S.STOPPING,
        _T.DEGRADE: _S.DEGRADING,
        _T.FAULT: _S.FAULTING,
    },
    _S.STOPPING: {_T.STOP_COMPLETED: _S.STOPPED, _T.FAULT: _S.FAULTING},
    # A stopped component is resumed, or reset and started; never started as if it were new.
    _S.STOPPED: {
        _T.RESET: _S.RESETTING,
        _T.RESUME: _S.RESUMING,
        _T.DISPOSE: _S.DISPOSING,
        _T.FAULT: _S.FAULTING,
    },
    _S.RESUMING: {
        _T.RESUME_COMPLETED: _S.RUNNING,
        _T.STOP: _S.STOPPING,
        _T.FAULT: _S.FAULTING,
    },
    # FAULT is the way out when the hook of a reset, a disposal or a degradation raises.
    _S.RESETTING: {_T.RESET_COMPLETED: _S.READY, _T.FAULT: _S.FAULTING},
    _S.DISPOSING: {_T.DISPOSE_COMPLETED: _S.DISPOSED, _T.FAULT: _S.FAULTING},
    _S.DISPOSED: {},
    _S.DEGRADING: {_T.DEGRADE_COMPLETED: _S.DEGRADED, _T.FAULT: _S.FAULTING},
    _S.DEGRADED: {
        _T.RESUME: _S.RESUMING,
        _T.STOP: _S.STOPPING,
        _T.FAULT: _S.FAULTING,
    },
    _S.FAULTING: {_T.FAULT_COMPLETED: _S.FAULTED},
    # A faulted component runs no more, but what it holds can still be let go.
    _S.FAULTED: {_T.DISPOSE: _S.DISPOSING},
}


class KernelTrigger(IntEnum):
    START = 0
    ALL_CONNECTED = 1
    ALL_RECONCILED = 2
    GIVE_UP = 3
    STOP = 4
    STOP_COMPLETED = 5
    FAULT = 6


_K = KernelState
_G = KernelTrigger

KERNEL_TRANSITIONS: Final[Mapping[KernelState, Mapping[KernelTrigger, KernelState]]] = {
    _K.READY: {
        _G.START: _K.CONNECTING,
        _G.STOP: _K.STOPPING,
        _G.FAULT: _K.FAULTED,
    },
    _K.CONNECTING: {
        _G.ALL_CONNECTED: _K.RECONCILING,
        _G.GIVE_UP: _K.FAILED_START,
        _G.STOP: _K.STOPPING,
        _G.FAULT: _K.FAULTED,
    },
    # A client lost here comes back and is reconciled again; the bound on the pass still runs.
    _K.RECONCILING: {
        _G.ALL_RECONCILED: _K.RUNNING,
        _G.GIVE_UP: _K.FAILED_START,
        _G.STOP: _K.STOPPING,
        _G.FAULT: _K.FAULTED,
    },
    # Losing a client does not leave RUNNING: what depends on it is denied, the rest trades on.
    _K.RUNNING: {_G.STOP: _K.STOPPING, _G.FAULT: _K.FAULTED},
    _K.STOPPING: {_G.STOP_COMPLETED: _K.STOPPED, _G.FAULT: _K.FAULTED},
    # The last three are ends: recovery is a new kernel on the same journal. FAULT is there for the
    # turn that came to the end and then could not finish.
    _K.STOPPED: {_G.FAULT: _K.FAULTED},
    _K.FAULTED: {},
    _K.FAILED_START: {_G.FAULT: _K.FAULTED},
}


def next_component_state(state: ComponentState, trigger: ComponentTrigger) -> ComponentState:
    try:
        return COMPONENT_TRANSITIONS[state][trigger]
    except KeyError:
        raise IllegalComponentTransition(state, trigger) from None


def next_kernel_state(state: KernelState, trigger: KernelTrigger) -> KernelState:
    try:
        return KERNEL_TRANSITIONS[state][trigger]
    except KeyError:
        raise IllegalKernelTransition(state, trigger) from None


Announce = Callable[[ComponentStateChanged], None]


@mypyc_attr(allow_interpreted_subclasses=True)
class Component:
    """Something with a life: made, started, stopped, disposed of.

    Whoever owns a component calls `initialize` once and then the actions; a component overrides
    the hooks. An action that its state does not allow raises `IllegalComponentTransition` and
    changes nothing.
    """

    __slots__ = ("_announce", "_now", "_state", "component_id")

    def __init__(self, component_id: ComponentId) -> None:
        self.component_id = component_id
        self._state = ComponentState.PRE_INITIALIZED
        self._announce: Announce | None = None
        self._now: Callable[[], int] | None = None

    @property
    def state(self) -> ComponentState:
        return self._state

    @property
    def is_running(self) -> bool:
        return self._state is ComponentState.RUNNING

    def initialize(self, announce: Announce, now: Callable[[], int]) -> None:
        """Become READY, silently: nothing is announced before a component can be started.

        Args:
            announce: takes each state change from now on.
            now: the time for those changes, nanoseconds.
        """
        self._state = next_component_state(self._state, ComponentTrigger.INITIALIZE)
        self._announce = announce
        self._now = now

    def start(self) -> None:
        self._act(ComponentTrigger.START, self.on_start, ComponentTrigger.START_COMPLETED)

    def stop(self) -> None:
        self._act(ComponentTrigger.STOP, self.on_stop, ComponentTrigger.STOP_COMPLETED)

    def resume(self) -> None:
        self._act(ComponentTrigger.RESUME, self.on_resume, ComponentTrigger.RESUME_COMPLETED)

    def reset(self) -> None:
        self._act(ComponentTrigger.RESET, self.on_reset, ComponentTrigger.RESET_COMPLETED)

    def dispose(self) -> None:
        """Let go of everything; disposing twice is no error."""
        if self._state is not ComponentState.DISPOSED:
            self._act(ComponentTrigger.DISPOSE, self.on_dispose, ComponentTrigger.DISPOSE_COMPLETED)

    def degrade(self) -> None:
        self._act(ComponentTrigger.DEGRADE, self.on_degrade, ComponentTrigger.DEGRADE_COMPLETED)

    def fault(self) -> None:
        self._act(ComponentTrigger.FAULT, self.on_fault, ComponentTrigger.FAULT_COMPLETED)
        self._let_go()

    def on_start(self) -> None: ...

    def on_stop(self) -> None: ...

    def on_resume(self) -> None: ...

    def on_reset(self) -> None: ...

    def on_dispose(self) -> None: ...

    def on_degrade(self) -> None: ...

    def on_fault(self) -> None: ...

    def _act(
        self, begin: ComponentTrigger, hook: Callable[[], None], complete: ComponentTrigger
    ) -> None:
        self._change(begin)
        entered = self._state
        try:
            hook()
        except Exception:
            # A hook may itself have moved on (`stop` inside `on_start`): judge by where it stands.
            self._fault_if_possible()
            raise
        if self._state is entered:
            self._change(complete)

    def _fault_if_possible(self) -> None:
        if ComponentTrigger.FAULT in COMPONENT_TRANSITIONS[self._state]:
            self._change(ComponentTrigger.FAULT)
        if self._state is ComponentState.FAULTING:
            self._change(ComponentTrigger.FAULT_COMPLETED)
            self._let_go()

    def _let_go(self) -> None:
        """Hold nothing any more: it has faulted, on its own or because a hook of it raised."""

    def _change(self, trigger: ComponentTrigger) -> None:
        self._state = next_component_state(self._state, trigger)
        if self._announce is not None and self._now is not None:
            self._announce(ComponentStateChanged(self.component_id, self._state, self._now()))
