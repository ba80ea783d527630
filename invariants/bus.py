"""The bus, judged by subscribers of its own: exactly once, in order, cause before effect."""

from collections.abc import Iterator
from typing import ClassVar

from invariants.check import Check
from invariants.evidence import Evidence
from invariants.tap import PATTERNS, are_same
from invariants.violation import Violation

_TWICE = ("events.", "data.")  # topics that two of the patterns match


class DeliveredOnceInOrder(Check):
    taps: ClassVar[bool] = True

    def tapped(self, evidence: Evidence) -> Iterator[Violation]:
        for pattern in PATTERNS:
            told, heard = _told(pattern, evidence), evidence.tap.heard(pattern)
            if not are_same(told, heard):
                yield Violation(pattern, f"published {_names(told)}, delivered {_names(heard)}")


class CauseBeforeEffect(Check):
    taps: ClassVar[bool] = True

    def tapped(self, evidence: Evidence) -> Iterator[Violation]:
        tap = evidence.tap
        for pattern in PATTERNS:
            if len(_told(pattern, evidence)) != len(tap.heard(pattern)):
                return  # no matter of order: BUS-1 says which subscriber heard more or less
        for pattern in PATTERNS:
            told, heard = _told(pattern, evidence), tap.heard(pattern)
            if not are_same(told, heard):
                shown = f"told in the order {_names(told)}, heard in the order {_names(heard)}"
                yield Violation("bus", shown)
        due = 0
        for number, (topic, message, _) in enumerate(evidence.dispatches):
            heard_of = tap.early.get(number, due)
            if heard_of != due:
                name = type(message).__name__
                shown = f"{name} was told when what came before had been heard {heard_of}"
                yield Violation("bus", f"{shown} times of {due}")
            due += 2 if topic.startswith(_TWICE) else 1


def _told(pattern: str, evidence: Evidence) -> list[object]:
    prefix = pattern.rstrip("*")
    return [message for topic, message, _ in evidence.dispatches if topic.startswith(prefix)]


def _names(messages: list[object]) -> str:
    return "[" + ", ".join(type(message).__name__ for message in messages) + "]"
