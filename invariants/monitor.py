"""Runs a catalogue beside one kernel: feeds every check, keeps the first violation.

Checks get only the calls they override, so a turn of market data that moved no order costs a
handful of them. The monitor never raises for a violation and never stops a run: the run looks
at `violation` and decides.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
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
_Interest = tuple[tuple[type, ...], tuple[type, ...], bool]  # a check's facts, inputs and sends
_Owed = dict[_TurnShape, tuple[int, ...]]  # the checks that a turn owes their `turn`: indexes


class Monitor:
    """The checks of one run.

    Attributes:
        violation: the first one found, or None.
    """

    def __init__(self, properties: Sequence[Property], evidence: Evidence) -> None:
        self._evidence = evidence
        self._turn: list[_OnTurn] = []
        self._interests: list[_Interest] = []  # of each entry of `_turn`
        self._every_turn: list[_OnTurn] = []
        self._tapped: list[_OnTurn] = []
        self._logged: list[tuple[list[Any], str, Callable[[Evidence], Finding]]] = []
        self._end: list[_OnTurn] = []
        self._dispatched: list[tuple[str, Callable[[str, object, Evidence], Finding]]] = []
        self._dispatches = evidence.dispatches
        self._tap = evidence.tap
        self._tap_heard = evidence.tap.heard
        self._checks: list[tuple[str, Check]] = []
        self._due: dict[_TurnShape, tuple[_OnTurn, ...]] = {}
        self.violation: Found | None = None
        for entry in properties:
            check = entry.make()
            if check.samples and not evidence.sampled:
                continue
            property_id = entry.id
            self._checks.append((property_id, check))
            kind = type(check)
            if kind.turn is not Check.turn:
                self._turn.append((property_id, check.turn))
                self._interests.append((check.facts, check.inputs, check.sends))
            if kind.every_turn is not Check.every_turn:
                self._every_turn.append((property_id, check.every_turn))
            if check.taps:
                self._tapped.append((property_id, check.tapped))
            if kind.end is not Check.end:
                self._end.append((property_id, check.end))
            if kind.dispatched is not Check.dispatched:
                self._dispatched.append((property_id, check.dispatched))
            log = check.log(evidence)
            if log is not None:
                self._logged.append((log, property_id, check.logged))
        self._owed = _owed_by(tuple(self._interests))

    def actors(self) -> list[Actor]:
        """The actors that checks bring aboard, to be added behind the user's own."""
        return [actor for _, check in self._checks if (actor := check.actor()) is not None]

    def watchers(self, venue: str) -> list[VenueWatcher]:
        """Those that checks want at this venue; each venue is to be asked for once."""
        return [heard for _, check in self._checks if (heard := check.watcher(venue)) is not None]

    def attach(self, bus: MessageBus) -> None:
        """Listen to the bus; called once, when every other subscriber has subscribed."""
        bus.observer = self._observer()
        if self._tapped:
            self._tap.attach(bus)
        for property_id, check in self._checks:
            for pattern in check.patterns:
                note = partial(self._note, property_id)
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
        if (
            (dispatches or self._tap_heard)
            and self._tapped
            and not self._tap.is_as_told(dispatches)
        ):
            for property_id, check in self._tapped:
                self._note(property_id, check(evidence))
            self._tap.clear()
        facts = record.facts
        kinds = tuple(dict.fromkeys(map(type, facts))) if facts else ()
        shape = (type(record.input), bool(record.commands), kinds)
        due = self._due.get(shape)
        if due is None:
            due = self._first_of(shape)
        for property_id, check in due:
            found = check(evidence)
            if found is not None:
                self._note(property_id, found)
        for log, property_id, check in self._logged:
            if log:
                self._note(property_id, check(evidence))
                log.clear()
        dispatches.clear()

    def _first_of(self, shape: _TurnShape) -> tuple[_OnTurn, ...]:
        indexes = self._owed.get(shape)
        if indexes is None:
            indexes = self._owed[shape] = _due_after(shape, self._interests)
        due = self._due[shape] = tuple([self._turn[index] for index in indexes])
        return due

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
        for property_id, check in self._checks:
            if type(check).stopped is not Check.stopped:
                self._note(property_id, check.stopped(self._evidence))

    def _observer(self) -> Callable[[str, object], None]:
        dispatches = self._dispatches
        clock = self._evidence.view.clock
        if self._dispatched:
            return self._on_dispatch

        def write_down(topic: str, message: object) -> None:
            dispatches.append((topic, message, clock.now_ns))

        return write_down

    def _on_dispatch(self, topic: str, message: object) -> None:
        evidence = self._evidence
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


@lru_cache(maxsize=64)
def _owed_by(interests: tuple[_Interest, ...]) -> _Owed:
    """What is known so far: the same few dozen shapes come in every run of a process."""
    return {}


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
