"""Time and timers, judged against arithmetic that owes nothing to the kernel's clock."""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from engine.actor import Actor, ActorConfig
from engine.model.events import PositionClosed, PositionOpened, TimeEvent
from engine.model.identifiers import ActorId, ComponentId, PositionId
from invariants.check import Check, Kinds
from invariants.evidence import Evidence
from invariants.violation import Violation

_S = 1_000_000_000


class TimeGoesOneWay(Check):
    def __init__(self) -> None:
        self._last_ns = 0

    def every_turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        record = evidence.record
        stamped: Any = record.input  # every input and fact has `ts_init`
        ts: int = stamped.ts_init
        last, tap = self._last_ns, evidence.tap
        self._last_ns = ts
        now_ns, record_ns = evidence.view.clock.now_ns, record.ts
        if (
            ts == now_ns
            and ts == record_ns
            and ts >= last
            and (ts == tap.begun_ns or len(tap.topics) == tap.before)
            and not tap.later_ns
        ):
            facts = record.facts
            if facts:
                for stamped in facts:
                    stamp: int = stamped.ts_init
                    if stamp != ts:
                        return iter([self._stamp(stamped, ts)])
            return None
        seen = [heard_ns for _, _, heard_ns in evidence.dispatches]
        return iter(
            [
                Violation(
                    f"turn {record.turn}",
                    f"input at {ts} after {last}; the clock says {evidence.view.now_ns}, "
                    f"handlers saw {seen}",
                )
            ]
        )

    @staticmethod
    def _stamp(fact: object, ts: int) -> Violation:
        stamped = getattr(fact, "ts_init", None)
        return Violation(type(fact).__name__, f"stamped {stamped} in a turn at {ts}")


class TimerWitness(Actor):
    """Arms timers whose instants are known beforehand and writes down when they fire."""

    def __init__(self) -> None:
        super().__init__(ActorConfig(actor_id=ActorId("TimerWitness")))
        self.started_ns = -1
        self.fired: list[tuple[int, str]] = []
        self._has_canceled = False

    def on_start(self) -> None:
        start = self.started_ns = self.clock.timestamp_ns()
        clock = self.clock
        clock.set_timer_ns("beat", 7 * _S, start, start + 14 * _S, self._beat)
        clock.set_time_alert_ns("tie", start + 14 * _S, self._note)
        clock.set_time_alert_ns("doomed", start + 13 * _S, self._note)
        try:
            clock.set_time_alert_ns("tie", start + 1 * _S, self._note)
        except (KeyError, ValueError):
            return  # a failed arming must leave the first tie alone
        self.fired.append((start, "duplicate name accepted"))

    def _note(self, event: TimeEvent) -> None:
        at_ns = self.clock.timestamp_ns()
        self.fired.append((at_ns, event.name))
        if event.ts_event != at_ns:
            self.fired.append((at_ns, f"{event.name} says {event.ts_event}"))

    def _beat(self, event: TimeEvent) -> None:
        self._note(event)
        if not self._has_canceled:
            self._has_canceled = True
            self.clock.cancel_timer("doomed")

    def expected(self, until_ns: int) -> list[tuple[int, str]]:
        """Every firing due before `until_ns`, in order: by time, then by when it was armed. The
        second beat was armed by the first, so the tie comes before it, whatever their names."""
        start = self.started_ns
        due = [(start + 7 * _S, "beat"), (start + 14 * _S, "tie"), (start + 14 * _S, "beat")]
        return [(at, name) for at, name in due if at < until_ns]


class TimersFireOnSchedule(Check):
    def __init__(self) -> None:
        self._witness = TimerWitness()

    def actor(self) -> Actor:
        return self._witness

    def end(self, evidence: Evidence) -> Iterator[Violation]:
        if self._witness.started_ns < 0:
            return
        expected = self._witness.expected(evidence.view.now_ns)
        fired = [entry for entry in self._witness.fired if entry[0] < evidence.view.now_ns]
        for want, got in zip(expected, fired, strict=False):
            if want != got:
                yield Violation(want[1], f"due at {want[0]}; at that place fired {got}")
                return
        if len(expected) != len(fired):
            rest = (expected + fired)[min(len(expected), len(fired)) :]
            yield Violation(
                rest[0][1], f"{len(fired)} firings, {len(expected)} were due by {rest[0][0]}"
            )


class TimersHaveOwners(Check):
    """Looked at after each turn that did something. Timers that are all as they were when they were
    in order can only have become overdue, and the first of them before any other."""

    samples: ClassVar[bool] = True

    def __init__(self) -> None:
        self._in_order: list[tuple[ComponentId, str, int]] = []

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        timers, now_ns = evidence.view.timers(), evidence.view.now_ns
        if timers == self._in_order and (not timers or timers[0][2] >= now_ns):
            return None
        wrong = _out_of_order(timers, now_ns)
        if wrong:
            return iter(wrong)
        self._in_order = timers
        return None


def _out_of_order(timers: Sequence[tuple[ComponentId, str, int]], now_ns: int) -> list[Violation]:
    wrong: list[Violation] = []
    seen: dict[tuple[object, str], None] = {}
    last_ns = now_ns
    for owner, name, next_ns in timers:
        if not owner:
            wrong.append(Violation(name, f"is a timer of {owner}, who is nobody"))
        if (owner, name) in seen:
            wrong.append(Violation(name, f"is armed twice by {owner}"))
        if next_ns < last_ns:
            wrong.append(Violation(name, f"is due at {next_ns}, behind {last_ns}"))
        seen[owner, name] = None
        last_ns = next_ns
    return wrong


class DurationsAreLocal(Check):
    facts: ClassVar[Kinds] = (PositionOpened, PositionClosed)

    def __init__(self) -> None:
        self._opened_ns: dict[PositionId, int] = {}

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        opened_ns = self._opened_ns
        for fact in evidence.record.facts:
            if isinstance(fact, PositionOpened):
                opened_ns[fact.position_id] = fact.ts_init
            elif isinstance(fact, PositionClosed):
                took_ns = fact.ts_init - opened_ns.get(fact.position_id, fact.ts_init)
                if fact.duration_ns != took_ns:
                    told = f"was open for {took_ns} ns by our clock, told {fact.duration_ns} ns"
                    return iter([Violation(fact.position_id, told)])
        return None
