"""Runs a catalogue beside one kernel: feeds every check, keeps the first violation.

Checks get only the calls they override, so a turn of market data that moved no order costs a
handful of them. The monitor never raises for a violation and never stops a run: the run looks
at `violation` and decides.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache

from engine.actor import Actor
from engine.bus import MessageBus
from engine.record import TurnRecord
from invariants.evidence import Evidence
from invariants.property import Check, Finding, Property, Violation
from invariants.venue_watch import VenueWatcher

_BEHIND_ALL = 0  # the priority of users; subscribed last, so heard last


class Found(Violation, frozen=True):
    """A violation with the property that it breaks and the turn that showed it."""

    property_id: str
    turn: int


_OnTurn = tuple[str, Callable[[Evidence], Finding]]
_TurnShape = tuple[type, bool, tuple[type, ...]]  # its input, whether it sent, kinds of its facts
_Interest = tuple[tuple[type, ...], tuple[type, ...], bool]  # a check's facts, inputs and sends


class Monitor:
    """The checks of one run.

    Attributes:
        violation: the first one found, or None.
    """

    def __init__(self, properties: Sequence[Property], evidence: Evidence) -> None:
        self._evidence = evidence
        self._turn: list[_OnTurn] = []
        self._interests: tuple[_Interest, ...] = ()  # of each entry of `_turn`
        self._every_turn: list[_OnTurn] = []
        self._end: list[_OnTurn] = []
        self._dispatched: list[tuple[str, Callable[[str, object, Evidence], Finding]]] = []
        self._dispatches = evidence.dispatches
        self._view = evidence.view
        self._checks: list[tuple[str, Check]] = []
        self._due: dict[_TurnShape, tuple[_OnTurn, ...]] = {}
        self.violation: Found | None = None
        for entry in properties:
            check = entry.make()
            kind = type(check)
            self._checks.append((entry.id, check))
            if kind.turn is not Check.turn:
                self._turn.append((entry.id, check.turn))
                self._interests += ((check.facts, check.inputs, check.sends),)
            if kind.every_turn is not Check.every_turn:
                self._every_turn.append((entry.id, check.every_turn))
            if kind.end is not Check.end:
                self._end.append((entry.id, check.end))
            if kind.dispatched is not Check.dispatched:
                self._dispatched.append((entry.id, check.dispatched))

    def actors(self) -> list[Actor]:
        """The actors that checks bring aboard, to be added behind the user's own."""
        return [actor for _, check in self._checks if (actor := check.actor()) is not None]

    def watchers(self, venue: str) -> list[VenueWatcher]:
        """Those that checks want at this venue; each venue is to be asked for once."""
        return [heard for _, check in self._checks if (heard := check.watcher(venue)) is not None]

    def attach(self, bus: MessageBus) -> None:
        """Listen to the bus; called once, when every other subscriber has subscribed."""
        bus.observer = self._on_dispatch
        for property_id, check in self._checks:
            for pattern in check.patterns:
                handler = check.listener(pattern)
                if handler is None:
                    handler = self._listener(property_id, pattern, check.delivered)
                bus.subscribe(pattern, handler, _BEHIND_ALL)

    def turn_done(self, record: TurnRecord) -> None:
        """The kernel's observer: called once after every turn."""
        evidence = self._evidence
        evidence.turn_ended(record)
        for property_id, check in self._every_turn:
            found = check(evidence)
            if found is not None:
                self._note(property_id, found)
        facts = record.facts
        kinds = tuple(dict.fromkeys(map(type, facts))) if facts else ()
        shape = (type(record.input), bool(record.commands), kinds)
        due = self._due.get(shape)
        if due is None:
            indexes = _due_after(shape, self._interests)
            due = self._due[shape] = tuple(self._turn[index] for index in indexes)
        for property_id, check in due:
            found = check(evidence)
            if found is not None:
                self._note(property_id, found)
        self._dispatches.clear()

    def run_ended(self) -> None:
        """Judge the healed, quiet end of the run."""
        self._evidence.run_ended()
        for property_id, check in self._end:
            if self.violation is not None:
                return
            found = check(self._evidence)
            if found is not None:
                self._note(property_id, found)

    def _on_dispatch(self, topic: str, message: object) -> None:
        self._dispatches.append((topic, message, self._view.now_ns))
        evidence = self._evidence
        for property_id, check in self._dispatched:
            found = check(topic, message, evidence)
            if found is not None:
                self._note(property_id, found)

    def _listener(
        self,
        property_id: str,
        pattern: str,
        delivered: Callable[[str, object, Evidence], Finding],
    ) -> Callable[[object], None]:
        evidence = self._evidence

        def hear(message: object) -> None:
            found = delivered(pattern, message, evidence)
            if found is not None:
                self._note(property_id, found)

        return hear

    def _note(self, property_id: str, found: Finding) -> None:
        if self.violation is not None or found is None:
            return
        for violation in found:
            self.violation = Found(
                violation.subject, violation.detail, property_id, self._evidence.record.turn
            )
            return


@lru_cache(maxsize=4096)  # the same few dozen shapes in every run of a process
def _due_after(shape: _TurnShape, interests: tuple[_Interest, ...]) -> tuple[int, ...]:
    """Which checks a turn of this shape owes their `turn`: indexes, in order."""
    input_type, sent, kinds = shape
    due: list[int] = []
    for index, (facts, inputs, sends) in enumerate(interests):
        if facts or inputs:
            if (
                (sends and sent)
                or issubclass(input_type, inputs)
                or any(issubclass(kind, facts) for kind in kinds)
            ):
                due.append(index)
        elif kinds or sent:
            due.append(index)
    return tuple(due)
