"""Runs a catalogue beside one kernel: feeds every check, keeps the first violation.

Checks get only the calls they override, so a turn of market data that moved no order costs a
handful of them. The monitor never raises for a violation and never stops a run: the run looks
at `violation` and decides.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from operator import itemgetter
from typing import Any

from engine.actor import Actor
from engine.bus import MessageBus
from engine.record import TurnRecord
from invariants.check import Check
from invariants.evidence import Evidence
from invariants.property import Property
from invariants.venue_watch import VenueWatcher
from invariants.violation import Finding
from invariants.violation import Found as Found

_BEHIND_ALL = 0  # the priority of users; subscribed last, so heard last


_OnTurn = tuple[str, Callable[[Evidence], Finding]]
_TurnShape = tuple[type, bool, tuple[type, ...]]  # its input, whether it sent, kinds of its facts
_Picker = Callable[[Sequence[_OnTurn]], tuple[_OnTurn, ...]]
_Interest = tuple[tuple[type, ...], tuple[type, ...], bool]  # a check's facts, inputs and sends


class Monitor:
    """The checks of one run.

    Attributes:
        violation: the first one found, or None.
    """

    def __init__(self, properties: Sequence[Property], evidence: Evidence) -> None:
        self._evidence = evidence
        made = [(entry.id, entry.make()) for entry in properties]
        if not evidence.sampled:
            made = [(property_id, check) for property_id, check in made if not check.samples]
        ids = self._ids = [property_id for property_id, _ in made]
        checks = self._checks = [check for _, check in made]
        plan = self._plan = _plan_of(tuple(map(type, checks)))
        self._turn: list[_OnTurn] = [(ids[at], checks[at].turn) for at in plan.turn]
        self._every_turn: list[_OnTurn] = [(ids[at], checks[at].every_turn) for at in plan.every]
        self._tapped: list[_OnTurn] = [(ids[at], checks[at].tapped) for at in plan.tapped]
        self._end: list[_OnTurn] = [(ids[at], checks[at].end) for at in plan.end]
        self._dispatched: list[tuple[str, Callable[[str, object, Evidence], Finding]]] = [
            (ids[at], checks[at].dispatched) for at in plan.dispatched
        ]
        self._logged: list[_OnTurn] = []
        self._logs: list[list[Any]] = []  # of each of those
        for at in plan.log:
            log = checks[at].log(evidence)
            if log is not None:
                self._logs.append(log)
                self._logged.append((ids[at], checks[at].logged))
        self._dispatches = evidence.dispatches
        self._tap = evidence.tap
        self._due: dict[_TurnShape, tuple[_OnTurn, ...]] = {}
        self._due_when_quiet: dict[type, tuple[_OnTurn, ...]] = {}  # after neither fact nor command
        self.violation: Found | None = None

    @property
    def has_found(self) -> bool:
        """Whether there is a violation: for who asked already, which a type checker remembers."""
        return self.violation is not None

    def actors(self) -> list[Actor]:
        """The actors that checks bring aboard, to be added behind the user's own."""
        brought = [self._checks[at].actor() for at in self._plan.actor]
        return [actor for actor in brought if actor is not None]

    def watchers(self, venue: str) -> list[VenueWatcher]:
        """Those that checks want at this venue; each venue is to be asked for once."""
        wanted = [self._checks[at].watcher(venue) for at in self._plan.watcher]
        return [watcher for watcher in wanted if watcher is not None]

    def attach(self, bus: MessageBus) -> None:
        """Listen to the bus; called once, when every other subscriber has subscribed."""
        bus.observer = self._observer()
        if self._tapped:
            self._tap.attach(bus)
        for at in self._plan.patterns:
            check = self._checks[at]
            for pattern in check.patterns:
                note = partial(self._note, self._ids[at])
                handler = check.listener(pattern, self._evidence, note)
                if handler is None:
                    handler = self._listener(pattern, check.delivered, note)
                bus.subscribe(pattern, handler, _BEHIND_ALL)

    def turn_done(self, record: TurnRecord) -> None:
        """The kernel's observer: called once after every turn."""
        evidence = self._evidence
        evidence.turn_ended(record)
        for property_id, check in self._every_turn:
            found = check(evidence)
            if found is not None:
                self._note(property_id, found)
        dispatches = self._dispatches
        if self._tapped:
            tap = self._tap
            said = dispatches or tap.all or tap.events or tap.data
            if said and not tap.is_as_told(dispatches):
                for property_id, check in self._tapped:
                    self._note(property_id, check(evidence))
                tap.clear()
        facts = record.facts
        if facts or record.commands:
            kinds = tuple(dict.fromkeys(map(type, facts)))
            shape = (type(record.input), bool(record.commands), kinds)
            due = self._due.get(shape)
            if due is None:
                due = self._due[shape] = self._first_of(shape)
        else:  # most turns: of the market, or an answer that changes nothing
            kind = type(record.input)
            due = self._due_when_quiet.get(kind)
            if due is None:
                due = self._due_when_quiet[kind] = self._first_of((kind, False, ()))
        for property_id, check in due:
            found = check(evidence)
            if found is not None:
                self._note(property_id, found)
        if any(self._logs):
            for log, (property_id, check) in zip(self._logs, self._logged, strict=True):
                if log:
                    self._note(property_id, check(evidence))
                    log.clear()
        dispatches.clear()

    def _first_of(self, shape: _TurnShape) -> tuple[_OnTurn, ...]:
        plan = self._plan
        pick = plan.owed.get(shape)
        if pick is None:
            pick = plan.owed[shape] = _picker(_due_after(shape, plan.interests))
        return pick(self._turn)

    def run_ended(self) -> None:
        """Judge the healed, quiet end of the run."""
        self._evidence.run_ended()
        for property_id, check in self._end:
            if self.violation is not None:
                return
            found = check(self._evidence)
            if found is not None:
                self._note(property_id, found)

    def kernel_ended(self) -> None:
        """Judge a kernel that was asked to stop, or could not start, and has had its time."""
        for at in self._plan.stopped:
            self._note(self._ids[at], self._checks[at].stopped(self._evidence))

    def _observer(self) -> Callable[[str, object], None]:
        dispatches = self._dispatches
        clock = self._evidence.view.clock
        begin = self._tap.begin
        is_tapped = bool(self._tapped)
        if self._dispatched:
            return self._on_dispatch

        def write_down(topic: str, message: object) -> None:
            if dispatches and is_tapped:
                begin()
            dispatches.append((topic, message, clock.now_ns))

        return write_down

    def _on_dispatch(self, topic: str, message: object) -> None:
        evidence = self._evidence
        if self._dispatches and self._tapped:
            self._tap.begin()
        self._dispatches.append((topic, message, evidence.view.clock.now_ns))
        for property_id, check in self._dispatched:
            found = check(topic, message, evidence)
            if found is not None:
                self._note(property_id, found)

    def _listener(
        self,
        pattern: str,
        delivered: Callable[[str, object, Evidence], Finding],
        note: Callable[[Finding], None],
    ) -> Callable[[object], None]:
        evidence = self._evidence

        def hear(message: object) -> None:
            found = delivered(pattern, message, evidence)
            if found is not None:
                note(found)

        return hear

    def _note(self, property_id: str, found: Finding) -> None:
        if self.violation is not None or found is None:
            return
        for violation in found:
            self.violation = Found(
                violation.subject, violation.detail, property_id, self._evidence.record.turn
            )
            return


class _Plan:
    """Which checks of a list want which calls: indexes into it, in order. It is the same in every
    run of a process.

    Attributes:
        interests: of each entry of `turn`.
        owed: what is known so far of the turns' shapes, of which the same few dozen come: what
            takes from such a list the entries that a turn owes their call.
    """

    def __init__(self, kinds: Sequence[type[Check]]) -> None:
        numbered = list(enumerate(kinds))
        self.turn = [at for at, kind in numbered if kind.turn is not Check.turn]
        self.every = [at for at, kind in numbered if kind.every_turn is not Check.every_turn]
        self.tapped = [at for at, kind in numbered if kind.taps]
        self.end = [at for at, kind in numbered if kind.end is not Check.end]
        self.stopped = [at for at, kind in numbered if kind.stopped is not Check.stopped]
        self.dispatched = [at for at, kind in numbered if kind.dispatched is not Check.dispatched]
        self.log = [at for at, kind in numbered if kind.log is not Check.log]
        self.actor = [at for at, kind in numbered if kind.actor is not Check.actor]
        self.watcher = [at for at, kind in numbered if kind.watcher is not Check.watcher]
        self.patterns = [at for at, kind in numbered if kind.patterns]
        self.interests: list[_Interest] = [
            (kinds[at].facts, kinds[at].inputs, kinds[at].sends) for at in self.turn
        ]
        self.owed: dict[_TurnShape, _Picker] = {}


@lru_cache(maxsize=64)
def _plan_of(kinds: tuple[type[Check], ...]) -> _Plan:
    return _Plan(kinds)


def _picker(indexes: tuple[int, ...]) -> _Picker:
    if len(indexes) > 1:
        return itemgetter(*indexes)

    def pick(turns: Sequence[_OnTurn]) -> tuple[_OnTurn, ...]:
        return tuple([turns[at] for at in indexes])

    return pick


def _due_after(shape: _TurnShape, interests: Sequence[_Interest]) -> tuple[int, ...]:
    """Which checks a turn of this shape owes their `turn`: indexes, in order."""
    input_type, sent, kinds = shape
    due: list[int] = []
    for index, (facts, inputs, sends) in enumerate(interests):
        if facts or inputs or sends:
            if (
                (sends and sent)
                or issubclass(input_type, inputs)
                or any(issubclass(kind, facts) for kind in kinds)
            ):
                due.append(index)
        elif kinds or sent:
            due.append(index)
    return tuple(due)
