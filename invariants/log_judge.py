"""The properties over a recorded session: no simulation, no venue, only what was written down.

Each epoch is judged from its own beginning, since no kernel reads another epoch's records back. Of
a broken property each subject is told once, where it was first seen.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec

from engine.journal.log_file import LoggedTurn
from engine.model.data import MboDeltas, OrderBookDeltas
from engine.model.events import Refused
from engine.record import FaultRecord, TurnRecord
from engine.risk.config import RiskEngineConfig
from invariants.check import Check
from invariants.evidence import Evidence
from invariants.heard import HEARD, VenueHeard
from invariants.log_fold import LogFold
from invariants.log_table import Hook, OnLog, on_log
from invariants.property import Kind, Property
from invariants.violation import Finding

_Call = tuple[str, Callable[[Evidence], Finding]]
_Shape = tuple[type, bool, tuple[type, ...]]


class LogFinding(msgspec.Struct, frozen=True):
    """One broken property in a log.

    Attributes:
        record, offset: where it was seen: number of the record, from 1, and its first byte.
        epoch, turn: of the kernel, there.
    """

    record: int
    offset: int
    epoch: int
    turn: int
    property_id: str
    subject: str
    detail: str


class LogJudge:
    """Judges a log, record by record.

    Args:
        properties: what to judge; `standings` says what became of each. Probes are left out.
        risk: the limits that the kernel was configured with, if that is known.

    Attributes:
        standings: by property id, in the order of the catalogue.
        turns, epochs: how many were judged.
        missing: turns that the log does not hold, by their numbers.
    """

    def __init__(self, properties: Sequence[Property], risk: RiskEngineConfig | None) -> None:
        self._properties = [entry for entry in properties if entry.kind is not Kind.SOMETIMES]
        self._risk = risk
        self.standings: Mapping[str, OnLog] = {
            entry.id: on_log(entry.id, risk is not None) for entry in self._properties
        }
        self.turns = 0
        self.epochs = 0
        self.missing = 0
        self._epoch: _Epoch | None = None
        self._last = (0, 0, 0)  # epoch, turn, time
        self._at = (0, 0)  # record, offset
        self._told: dict[tuple[str, str], None] = {}

    def judge(self, log: Iterable[LoggedTurn]) -> Iterator[LogFinding]:
        """What is broken, in the order in which it is seen.

        Raises:
            LogOutOfOrder: a turn or an epoch that does not come after the one before it.
            Whatever reading the log raises.
        """
        for entry in log:
            record = entry.record
            if record is None:
                continue
            last_epoch, last_turn, last_ns = self._last
            if record.epoch != last_epoch or self._epoch is None:
                if record.epoch < last_epoch:
                    raise LogOutOfOrder(entry, f"epoch {record.epoch} after {last_epoch}")
                yield from self._end_epoch()
                self._epoch = _Epoch(self._properties, self.standings, self._risk, record.epoch)
                self.epochs += 1
                last_turn = 0
            elif record.turn <= last_turn:
                raise LogOutOfOrder(entry, f"turn {record.turn} after {last_turn}")
            self.missing += record.turn - last_turn - 1
            self._last = record.epoch, record.turn, record.ts
            self._at = entry.number, entry.offset
            self.turns += 1
            if record.ts < last_ns and record.epoch != last_epoch:
                told = f"epoch {record.epoch} begins at {record.ts}, before {last_ns}"
                yield from self._tell([("CLK-1", f"turn {record.turn}", told)])
            if isinstance(record, FaultRecord):
                raised = f"{record.error} while handling {type(record.input).__name__}"
                yield from self._tell([("KRN-1", str(record.component_id or "kernel"), raised)])
                continue
            found = self._epoch.take(record)
            if found:
                yield from self._tell(found)
        yield from self._end_epoch()

    def _end_epoch(self) -> Iterator[LogFinding]:
        if self._epoch is not None:
            yield from self._tell(self._epoch.end())

    def _tell(self, found: Iterable[tuple[str, str, str]]) -> Iterator[LogFinding]:
        epoch, turn, _ = self._last
        for property_id, subject, detail in found:
            if property_id in self.standings and (property_id, subject) not in self._told:
                self._told[property_id, subject] = None
                yield LogFinding(*self._at, epoch, turn, property_id, subject, detail)


class LogOutOfOrder(ValueError):
    """Records that are in no order a kernel writes them in; nothing after it can be judged.

    Attributes:
        record, offset: of the first that is out of order, as in `LoggedTurn`.
        what: is wrong with it.
    """

    def __init__(self, entry: LoggedTurn, what: str) -> None:
        super().__init__(f"record {entry.number} at byte {entry.offset}: {what}")
        self.record = entry.number
        self.offset = entry.offset
        self.what = what


class _Epoch:
    """The checks of one epoch, and what they look at."""

    def __init__(
        self,
        properties: Sequence[Property],
        standings: Mapping[str, OnLog],
        risk: RiskEngineConfig | None,
        epoch: int,
    ) -> None:
        self._fold = LogFold(epoch)
        self._heard = VenueHeard()
        self._evidence = Evidence(self._fold.view, {HEARD: self._heard}, dict, {}, risk)
        self._turn: list[tuple[str, Check]] = []
        self._every_turn: list[_Call] = []
        self._delivered: list[tuple[str, Check]] = []
        self._end: list[_Call] = []
        self._due: dict[_Shape, tuple[_Call, ...]] = {}
        for entry in properties:
            hooks = standings[entry.id].hooks
            if not hooks:
                continue
            check = entry.make()
            if Hook.TURN in hooks:
                self._turn.append((entry.id, check))
            if Hook.EVERY_TURN in hooks:
                self._every_turn.append((entry.id, check.every_turn))
            if Hook.DELIVERED in hooks:
                self._delivered.append((entry.id, check))
            if Hook.END in hooks:
                self._end.append((entry.id, check.end))

    def take(self, record: TurnRecord) -> list[tuple[str, str, str]]:
        fold, evidence = self._fold, self._evidence
        self._heard.hear(record)
        fold.take(record)
        evidence.turn_ended(record)
        found: list[tuple[str, str, str]] = list(fold.broken)
        for property_id, check in self._every_turn:
            broken = check(evidence)
            if broken is not None:
                _note(found, property_id, broken)
        facts = record.facts
        kinds = tuple(dict.fromkeys(map(type, facts))) if facts else ()
        kind = type(record.input)
        if (kind is OrderBookDeltas or kind is MboDeltas) and Refused not in kinds:
            for property_id, judged in self._delivered:
                broken = judged.delivered("", record.input, evidence)
                if broken is not None:
                    _note(found, property_id, broken)
        shape = kind, bool(record.commands), kinds
        due = self._due.get(shape)
        if due is None:
            due = self._due[shape] = tuple(
                (property_id, judged.turn)
                for property_id, judged in self._turn
                if _is_owed(judged, shape)
            )
        for property_id, check in due:
            broken = check(evidence)
            if broken is not None:
                _note(found, property_id, broken)
        return found

    def end(self) -> list[tuple[str, str, str]]:
        self._evidence.run_ended()
        found: list[tuple[str, str, str]] = []
        for property_id, check in self._end:
            broken = check(self._evidence)
            if broken is not None:
                _note(found, property_id, broken)
        return found


def _note(found: list[tuple[str, str, str]], property_id: str, broken: Finding) -> None:
    for violation in broken or ():
        found.append((property_id, str(violation.subject), violation.detail))


def _is_owed(check: Check, shape: _Shape) -> bool:
    """Whether a turn of this shape owes the check its `turn`, as the monitor of a run has it."""
    kind, sent, kinds = shape
    wants = check.wants()
    if wants.facts or wants.inputs or wants.sends:
        return (
            (wants.sends and sent)
            or issubclass(kind, wants.inputs)
            or any(issubclass(fact, wants.facts) for fact in kinds)
        )
    return bool(kinds) or sent
