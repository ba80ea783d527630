"""Runs a catalogue beside one kernel: feeds every check, keeps the first violation.

Checks get only the calls they override, so a turn of market data that moved no order costs a
handful of them. The monitor never raises for a violation and never stops a run: the run looks
at `violation` and decides.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from engine.actor import Actor
from engine.bus import MessageBus
from engine.model.native import i64
from engine.record import TurnRecord
from invariants.check import Check
from invariants.evidence import Evidence
from invariants.property import Property
from invariants.venue_watch import VenueWatcher
from invariants.violation import Finding
from invariants.violation import Found as Found

_BEHIND_ALL = 0  # the priority of users; subscribed last, so heard last

_Interest = tuple[tuple[type, ...], tuple[type, ...], bool]  # a check's facts, inputs and sends


class Monitor:
    """The checks of one run.

    Attributes:
        violation: the first one found, or None.
    """

    def __init__(self, properties: Sequence[Property], evidence: Evidence) -> None:
        self._evidence = evidence
        entries = list(properties)
        makes = tuple([entry.make for entry in entries])
        plan = self._plan = _plan_of(makes, evidence.sampled)
        judges: list[_Judge] = []
        for at in plan.judged:
            judges.append(_Judge(entries[at].id, makes[at]()))
        self._judges = judges
        self._logs: list[list[Any]] = []  # of those checks that have one
        self._logged: list[i64] = []  # which these are
        for at in plan.log:
            log = judges[at].check.log(evidence)
            if log is not None:
                self._logs.append(log)
                self._logged.append(at)
        self._tap = evidence.tap
        self.violation: Found | None = None

    @property
    def has_found(self) -> bool:
        """Whether there is a violation: for who asked already, which a type checker remembers."""
        return self.violation is not None

    def actors(self) -> list[Actor]:
        """The actors that checks bring aboard, to be added behind the user's own."""
        brought = [self._judges[at].check.actor() for at in self._plan.actor]
        return [actor for actor in brought if actor is not None]

    def watchers(self, venue: str) -> list[VenueWatcher]:
        """Those that checks want at this venue; each venue is to be asked for once."""
        wanted = [self._judges[at].check.watcher(venue) for at in self._plan.watcher]
        return [watcher for watcher in wanted if watcher is not None]

    def attach(self, bus: MessageBus) -> None:
        """Listen to the bus; called once, when every other subscriber has subscribed."""
        bus.observer = self._on_dispatch if self._plan.dispatched else self._tap.told
        if self._plan.tapped:
            self._tap.attach(bus)
        for at, pattern in self._plan.patterns:
            judge = self._judges[at]
            listener = _Listener(self, judge, pattern)
            handler = judge.check.listener(pattern, self._evidence, listener.note)
            if handler is None:
                handler = listener.hear
            bus.subscribe(pattern, handler, _BEHIND_ALL)

    def turn_done(self, record: TurnRecord) -> None:
        """The kernel's observer: called once after every turn."""
        evidence, judges, plan = self._evidence, self._judges, self._plan
        evidence.turn_ended(record)
        at: i64
        for at in plan.every:
            judge = judges[at]
            found = judge.check.every_turn(evidence)
            if found is not None:
                self._note(judge, found)
        tap = self._tap
        if plan.tapped and not tap.is_as_told():
            for at in plan.tapped:
                judge = judges[at]
                self._note(judge, judge.check.tapped(evidence))
        kind = type(record.input)
        owed = plan.begun.get(kind)
        if owed is None:
            owed = plan.begin(kind)
        if record.commands:
            owed = plan.with_commands(owed)
        for fact in record.facts:
            kind = type(fact)
            more = owed.after.get(kind)
            owed = plan.with_fact(owed, kind) if more is None else more
        for at in owed.due:
            judge = judges[at]
            found = judge.check.turn(evidence)
            if found is not None:
                self._note(judge, found)
        for number, log in enumerate(self._logs):
            if log:
                judge = judges[self._logged[number]]
                self._note(judge, judge.check.logged(evidence))
                log.clear()
        tap.turn_over()

    def run_ended(self) -> None:
        """Judge the healed, quiet end of the run."""
        self._evidence.run_ended()
        for at in self._plan.end:
            if self.violation is not None:
                return
            judge = self._judges[at]
            found = judge.check.end(self._evidence)
            if found is not None:
                self._note(judge, found)

    def kernel_ended(self) -> None:
        """Judge a kernel that was asked to stop, or could not start, and has had its time."""
        for at in self._plan.stopped:
            judge = self._judges[at]
            self._note(judge, judge.check.stopped(self._evidence))

    def _on_dispatch(self, topic: str, message: object) -> None:
        self._tap.told(topic, message)
        for at in self._plan.dispatched:
            judge = self._judges[at]
            found = judge.check.dispatched(topic, message, self._evidence)
            if found is not None:
                self._note(judge, found)

    def _note(self, judge: "_Judge", found: Finding) -> None:
        if self.violation is not None or found is None:
            return
        for violation in found:
            self.violation = Found(
                violation.subject, violation.detail, judge.property_id, self._evidence.record.turn
            )
            return


class _Judge:
    """A check and its property: in a list of these, compiled code need not ask each time whether
    what it finds is a check."""

    __slots__ = ("check", "property_id")

    def __init__(self, property_id: str, check: Check) -> None:
        self.property_id = property_id
        self.check = check


class _Listener:
    """A check's subscriber of one pattern."""

    __slots__ = ("_judge", "_monitor", "_pattern")

    def __init__(self, monitor: Monitor, judge: _Judge, pattern: str) -> None:
        self._monitor = monitor
        self._judge = judge
        self._pattern = pattern

    def hear(self, message: object) -> None:
        monitor = self._monitor
        found = self._judge.check.delivered(self._pattern, message, monitor._evidence)
        if found is not None:
            monitor._note(self._judge, found)

    def note(self, found: Finding) -> None:
        self._monitor._note(self._judge, found)


class _Owed:
    """What a turn owes its checks by what is known of it so far.

    Attributes:
        due: whose `turn` is to be called: indexes into the list of checks, in order.
        after: what is owed when a fact of that type comes to it.
        sent: what is owed when commands were sent, once that was asked.
    """

    __slots__ = ("after", "due", "sent")

    def __init__(self, due: tuple[int, ...]) -> None:
        self.due: list[i64] = list(due)
        self.after: dict[type, _Owed] = {}
        self.sent: _Owed | None = None


class _Plan:
    """Which checks of a list want which calls: indexes into it, in order. It is the same in every
    run of a process, and so is what its turns owe, of which the same few dozen come: what is made
    in the same way wants the same calls, so a first one of each is asked for all of them.

    Attributes:
        judged: which of the properties have a check in that list.
        patterns: which wants to hear which.
        interests: of each entry of `turn`.
        begun: what a turn owes that began with an input of that type, as far as that was asked.
    """

    def __init__(self, makes: tuple[Callable[[], Check], ...], sampled: bool) -> None:
        checks = [make() for make in makes]
        self.judged = [at for at, check in enumerate(checks) if sampled or not check.samples]
        kinds = [checks[at].wants() for at in self.judged]
        numbered = list(enumerate(kinds))
        self.turn = [at for at, kind in numbered if kind.turn is not Check.turn]
        self.every: list[i64] = [
            at for at, kind in numbered if kind.every_turn is not Check.every_turn
        ]
        self.tapped: list[i64] = [at for at, kind in numbered if kind.taps]
        self.end = [at for at, kind in numbered if kind.end is not Check.end]
        self.stopped = [at for at, kind in numbered if kind.stopped is not Check.stopped]
        self.dispatched = [at for at, kind in numbered if kind.dispatched is not Check.dispatched]
        self.log = [at for at, kind in numbered if kind.log is not Check.log]
        self.actor = [at for at, kind in numbered if kind.actor is not Check.actor]
        self.watcher = [at for at, kind in numbered if kind.watcher is not Check.watcher]
        self.patterns = [(at, pattern) for at, kind in numbered for pattern in kind.patterns]
        self.interests: list[_Interest] = [
            (kinds[at].facts, kinds[at].inputs, kinds[at].sends) for at in self.turn
        ]
        self.begun: dict[type, _Owed] = {}
        self._owed: dict[tuple[int, ...], _Owed] = {}

    def begin(self, kind: type) -> _Owed:
        """What is owed by a turn with an input of this type."""
        due = [issubclass(kind, inputs) for _, inputs, _ in self.interests]
        owed = self.begun[kind] = self._with((), due)
        return owed

    def with_commands(self, owed: _Owed) -> _Owed:
        """What is owed when commands were sent, too."""
        if owed.sent is None:
            due = [sends or not (facts or inputs) for facts, inputs, sends in self.interests]
            owed.sent = self._with(owed.due, due)
        return owed.sent

    def with_fact(self, owed: _Owed, kind: type) -> _Owed:
        """What is owed when a fact of this type was applied, too."""
        due = [
            issubclass(kind, facts) or not (facts or inputs or sends)
            for facts, inputs, sends in self.interests
        ]
        more = owed.after[kind] = self._with(owed.due, due)
        return more

    def _with(self, before: Sequence[int], due: list[bool]) -> _Owed:
        of_these = [at for at, is_due in zip(self.turn, due, strict=True) if is_due]
        key = tuple(sorted({*before, *of_these}))
        owed = self._owed.get(key)
        if owed is None:
            owed = self._owed[key] = _Owed(key)
        return owed


@lru_cache(maxsize=64)
def _plan_of(makes: tuple[Callable[[], Check], ...], sampled: bool) -> _Plan:
    return _Plan(makes, sampled)
