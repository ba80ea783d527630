"""The lives of components: at rest nothing reaches them, and nobody stays between two states."""

from collections.abc import Iterator
from typing import ClassVar, Final

from engine.actor import Actor, ActorConfig
from engine.kernel import KernelConfig
from engine.model.commands import FireTimer, StartKernel, StopKernel, TradingCommand
from engine.model.data import QuoteTick
from engine.model.enums import ComponentState, KernelState
from engine.model.events import Alert, ComponentStateChanged, TimeEvent
from engine.model.identifiers import ActorId, ComponentId, TraderId
from engine.model.reports import ClientConnected, ClientDisconnected
from invariants.check import Check, Kinds
from invariants.evidence import Evidence
from invariants.violation import Violation

_S = 1_000_000_000
_C, _K = ComponentState, KernelState
_TRANSITIONAL: Final = (
    _C.STARTING,
    _C.STOPPING,
    _C.RESUMING,
    _C.RESETTING,
    _C.DISPOSING,
    _C.DEGRADING,
    _C.FAULTING,
)
_CONFIG: Final = KernelConfig(trader_id=TraderId("BOUNDS-000"))
_BOUNDS_NS: Final = {
    _K.CONNECTING: _CONFIG.connection_timeout_ns,
    _K.RECONCILING: _CONFIG.reconciliation_timeout_ns,
    _K.STOPPING: _CONFIG.stop_grace_ns,
}
_AT_WORK: Final = (_C.RUNNING, _C.DEGRADED)
_AT_REST: Final = (_C.STOPPED, _C.DISPOSED, _C.FAULTED)


class Sleeper(Actor):
    """Arms timers, stops itself after five seconds, and notes what still reaches it.

    It asks no venue for anything: it listens to quotes only where they flow for somebody else.
    """

    def __init__(self) -> None:
        super().__init__(ActorConfig(actor_id=ActorId("Sleeper")))
        self.disturbed: list[str] = []

    def on_start(self) -> None:
        start = self.clock.timestamp_ns()
        self.clock.set_time_alert_ns("nap", start + 5 * _S, self._sleep)
        self.clock.set_time_alert_ns("late", start + 8 * _S, self._hear)
        self.clock.set_timer_ns("beat", 6 * _S, start, 0, self._hear)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        self._note("a quote")

    def _hear(self, event: TimeEvent) -> None:
        self._note(f"timer {event.name}")

    def _sleep(self, _: TimeEvent) -> None:
        for instrument_id in self.cache.instrument_ids():
            if self.cache.has_quote_ticks(instrument_id):
                self.subscribe_quote_ticks(instrument_id)
                break
        self.stop()

    def _note(self, what: str) -> None:
        if not self.is_running:
            self.disturbed.append(what)


class NothingDisturbsRest(Check):
    facts: ClassVar[Kinds] = (ComponentStateChanged,)
    sends: ClassVar[bool] = True

    def __init__(self) -> None:
        self._sleeper = Sleeper()
        self._disturbed = self._sleeper.disturbed
        self._resting: dict[ComponentId, str] = {}
        self._strategies_rest = False  # one of them ever came to rest: else nobody need be asked

    def actor(self) -> Actor:
        return self._sleeper

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        found: tuple[Violation, ...] = ()
        changed = False
        for fact in evidence.record.facts:
            if type(fact) is ComponentStateChanged:
                changed = True
                self._resting.pop(fact.component_id, None)
                if fact.state in _AT_REST:
                    self._resting[fact.component_id] = fact.state.name
                    # a record read back says of a strategy only that it is a component
                    self._strategies_rest |= not isinstance(fact.component_id, ActorId)
        if self._strategies_rest and evidence.record.commands:
            found += tuple(self._senders(evidence))
        if changed and self._resting and evidence.view.clock.times_any(self._resting):
            found += tuple(self._timers(evidence))
        return iter(found) if found else None

    def log(self, evidence: Evidence) -> list[str]:
        return self._disturbed

    def logged(self, evidence: Evidence) -> Iterator[Violation]:
        return iter([Violation("Sleeper", f"heard {self._disturbed[0]} while at rest")])

    def _timers(self, evidence: Evidence) -> Iterator[Violation]:
        for owner, name, due_ns in evidence.view.timers():
            if owner in self._resting:
                yield Violation(owner, f"is {self._resting[owner]}, timer {name} is due {due_ns}")

    def _senders(self, evidence: Evidence) -> Iterator[Violation]:
        entered = [
            fact.component_id
            for fact in evidence.record.facts
            if isinstance(fact, ComponentStateChanged)
        ]  # what came to rest in this turn may have sent before
        for command in evidence.record.commands:
            if isinstance(command, TradingCommand) and command.strategy_id not in entered:
                state = self._resting.get(command.strategy_id)
                if state is not None:
                    kind = type(command).__name__
                    yield Violation(command.strategy_id, f"is {state} and sent {kind}")


class _Slipped(Exception):
    """What the Stumbler's hook raises."""


class Stumbler(Actor):
    """Stops itself while it starts; the hook of that raises in the middle of the transition, and
    it catches that itself."""

    def __init__(self) -> None:
        super().__init__(ActorConfig(actor_id=ActorId("Stumbler")))

    def on_start(self) -> None:
        try:
            self.stop()
        except _Slipped:
            return  # it is for the lifecycle to say where that leaves us

    def on_stop(self) -> None:
        raise _Slipped


class NobodyStaysBetween(Check):
    """A scenario's kernel has the default bounds."""

    facts: ClassVar[Kinds] = (ComponentStateChanged,)
    inputs: ClassVar[Kinds] = (
        StartKernel,
        StopKernel,
        ClientConnected,
        ClientDisconnected,
        FireTimer,
    )

    def __init__(self) -> None:
        self._stumbler = Stumbler()
        self._state: KernelState = _K.READY
        self._leave_by_ns: int | None = None
        self._components: dict[ComponentId, ComponentState] = {}
        self._given_up_on = ""

    def actor(self) -> Actor:
        return self._stumbler

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        if evidence.view.state is not self._state or self._leave_by_ns is not None:
            late = self._late(evidence)
            if late is not None:
                return iter([late])
        last: dict[ComponentId, ComponentState] | None = None
        for fact in evidence.record.facts:
            if type(fact) is ComponentStateChanged:
                if last is None:
                    last = {}
                last[fact.component_id] = self._components[fact.component_id] = fact.state
            elif type(fact) is Alert and fact.code == "FAILED_START":
                self._given_up_on = fact.detail
        if last is None:
            return None
        stuck = [
            Violation(component_id, f"is {state.name} at the end of the turn")
            for component_id, state in last.items()
            if state in _TRANSITIONAL
        ]
        return iter(stuck) if stuck else None

    def end(self, evidence: Evidence) -> list[Violation] | None:
        late = self._late(evidence)
        return None if late is None else [late]

    def stopped(self, evidence: Evidence) -> Iterator[Violation]:
        state = evidence.view.state
        if state is _K.FAILED_START:
            if not self._given_up_on:
                yield Violation("kernel", "failed to start and told nobody why")
        elif state is not _K.STOPPED:
            yield Violation("kernel", f"was asked to stop and is {state.name}")
        for component_id, last in self._components.items():
            if last in _AT_WORK:
                yield Violation(component_id, f"is {last.name} in a kernel that is {state.name}")
        for owner, name, due_ns in evidence.view.timers():
            yield Violation(owner, f"timer {name} is due {due_ns} in a kernel that is {state.name}")
        for venue, source in evidence.venues.items():
            for stream in source.streams(0):
                if not stream.ended_ns:
                    yield Violation(venue, f"stream {stream.number} is open, {state.name}")

    def _late(self, evidence: Evidence) -> Violation | None:
        """Inputs and timers move a kernel, so it is looked at after those."""
        state, now_ns = evidence.view.state, evidence.view.now_ns
        if state is not self._state:
            owed_ns = self._leave_by_ns
            self._state = state
            bound_ns = _BOUNDS_NS.get(state)
            self._leave_by_ns = None if bound_ns is None else now_ns + bound_ns
            if state is _K.FAILED_START and owed_ns is not None and now_ns < owed_ns:
                return Violation("kernel", f"gave up its start, which had until {owed_ns}")
        elif self._leave_by_ns is not None and now_ns > self._leave_by_ns:
            return Violation("kernel", f"is {state.name}, bound to leave by {self._leave_by_ns}")
        return None
