"""The turn itself: nothing raises, everything ends, nothing leaves before it is remembered."""

from collections.abc import Iterator
from typing import ClassVar

from engine.model.enums import KernelState
from invariants.check import Check
from invariants.evidence import Evidence
from invariants.violation import Violation


class NothingRaises(Check):
    """The run itself turns an escaped exception into this violation, with its traceback; what is
    left to see here is a kernel that faulted and hid it."""

    def end(self, evidence: Evidence) -> list[Violation] | None:
        state = evidence.view.state
        if state is KernelState.FAULTED or state is KernelState.FAILED_START:
            return [Violation("kernel", f"ended as {state.name}")]
        return None


class OutboxWaitsForTheJournal(Check):
    sends: ClassVar[bool] = True

    def __init__(self) -> None:
        self._made: dict[str, int] = {}  # command id -> turn that put it in its outbox

    def log(self, evidence: Evidence) -> list[tuple[str, int]]:
        return evidence.unjudged_releases

    def turn(self, evidence: Evidence) -> None:
        record = evidence.record
        for command in record.commands:
            self._made[command.command_id] = record.turn

    def logged(self, evidence: Evidence) -> Iterator[Violation] | None:
        made, released = self._made, evidence.released
        for command_id, durable_turn in evidence.unjudged_releases:
            turn = made.get(command_id)
            if turn is None or turn > durable_turn or released[command_id] > 1:
                return self._judge(evidence)
        return None

    def _judge(self, evidence: Evidence) -> Iterator[Violation]:
        for command_id, durable_turn in evidence.unjudged_releases:
            turn = self._made.get(command_id)
            if turn is None:
                yield Violation(command_id, "left the kernel without standing in any outbox")
            elif turn > durable_turn:
                yield Violation(
                    command_id, f"left turn {turn} while the journal held up to {durable_turn}"
                )
            if evidence.released[command_id] > 1:
                yield Violation(command_id, f"released {evidence.released[command_id]} times")

    def end(self, evidence: Evidence) -> list[Violation] | None:
        released, durable_turn = evidence.released, evidence.durable_turn
        wrong: list[Violation] = []
        for command_id, turn in self._made.items():
            if command_id not in released and turn <= durable_turn:
                told = f"of durable turn {turn} was never released"
                wrong.append(Violation(command_id, told))
        return wrong or None

    def stopped(self, evidence: Evidence) -> list[Violation] | None:
        return self.end(evidence)


class SameSeedSameTrace(Check):
    """Judged over two runs of a seed (`--twice`, `replay`), never inside one: the verdict is
    NONDETERMINISM, with the first record that differs."""
