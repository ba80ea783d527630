"""The bus, judged by subscribers of its own: exactly once, in order, cause before effect."""

from collections.abc import Iterator
from operator import is_not

from invariants.evidence import Evidence
from invariants.property import Check, Violation, always

_PATTERNS = ("*", "events.*", "data.*")


@always(
    "BUS-1",
    "Each publication reaches each matching live subscription exactly once, in publication order, "
    "independent of when or how often others subscribed.",
)
class DeliveredOnceInOrder(Check):
    patterns = _PATTERNS

    def __init__(self) -> None:
        self._published: list[object] = []
        self._events: list[object] = []
        self._data: list[object] = []
        self._heard: dict[str, list[object]] = {pattern: [] for pattern in _PATTERNS}
        self._due = (
            ("*", self._published, self._heard["*"]),
            ("events.*", self._events, self._heard["events.*"]),
            ("data.*", self._data, self._heard["data.*"]),
        )

    def dispatched(self, topic: str, message: object, evidence: Evidence) -> None:
        self._published.append(message)
        if topic.startswith("events."):
            self._events.append(message)
        elif topic.startswith("data."):
            self._data.append(message)

    def delivered(self, pattern: str, message: object, evidence: Evidence) -> None:
        self._heard[pattern].append(message)

    def every_turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        if not self._published and not self._heard["*"]:
            return None
        wrong: list[Violation] = []
        for pattern, due, heard in self._due:
            # the same objects: equal ones may still be two deliveries of one publication
            if len(due) != len(heard) or any(map(is_not, due, heard)):
                wrong.append(
                    Violation(pattern, f"published {_names(due)}, delivered {_names(heard)}")
                )
            due.clear()
            heard.clear()
        return iter(wrong) if wrong else None


@always(
    "BUS-2",
    "Re-entrancy is causal: an event reaches every subscriber before anything its handlers "
    "caused, so that all subscribers see one order.",
)
class CauseBeforeEffect(Check):
    patterns = _PATTERNS

    def __init__(self) -> None:
        self._missing = 0  # subscribers of ours that have yet to hear the last publication
        self._topic = ""

    def dispatched(
        self, topic: str, message: object, evidence: Evidence
    ) -> Iterator[Violation] | None:
        missing, before = self._missing, self._topic
        self._missing = 2 if topic.startswith(("events.", "data.")) else 1
        self._topic = topic
        if not missing:
            return None
        return iter([Violation(before, f"{topic} began before {missing} of 3 had heard it")])

    def delivered(self, pattern: str, message: object, evidence: Evidence) -> None:
        self._missing -= 1


def _names(messages: list[object]) -> str:
    return "[" + ", ".join(type(message).__name__ for message in messages) + "]"
