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
            prefix = pattern.rstrip("*")
            told = [
                message for topic, message, _ in evidence.dispatches if topic.startswith(prefix)
            ]
            heard = evidence.tap.by_pattern[pattern]
            if not are_same(told, heard):
                yield Violation(pattern, f"published {_names(told)}, delivered {_names(heard)}")


class CauseBeforeEffect(Check):
    taps: ClassVar[bool] = True

    def tapped(self, evidence: Evidence) -> Iterator[Violation]:
        heard = evidence.tap.heard
        told: list[object] = []
        for topic, message, _ in evidence.dispatches:
            told += [message, message] if topic.startswith(_TWICE) else [message]
        # more or fewer than told is no matter of order: BUS-1 says which subscriber it was
        if len(told) == len(heard) and not are_same(told, heard):
            shown = f"told in the order {_names(told)}, heard in the order {_names(heard)}"
            yield Violation("bus", shown)


def _names(messages: list[object]) -> str:
    return "[" + ", ".join(type(message).__name__ for message in messages) + "]"
