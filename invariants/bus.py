"""The bus, judged by subscribers of its own: exactly once, in order, cause before effect."""

from collections.abc import Callable, Iterator
from operator import is_not

from invariants.evidence import Dispatch, Evidence
from invariants.property import Check, Violation, always

_PATTERNS = ("*", "events.*", "data.*")
_TWICE = ("events.", "data.")  # topics that two of the patterns match
_BY_ONE, _BY_TWO = (1,), (1, 2)


@always(
    "BUS-1",
    "Each publication reaches each matching live subscription exactly once, in publication order, "
    "independent of when or how often others subscribed.",
)
class DeliveredOnceInOrder(Check):
    patterns = _PATTERNS

    def __init__(self) -> None:
        self._all: list[object] = []
        self._events: list[object] = []
        self._data: list[object] = []
        self._heard = {"*": self._all, "events.*": self._events, "data.*": self._data}

    def listener(self, pattern: str) -> Callable[[object], None]:
        return self._heard[pattern].append

    def every_turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        dispatches = evidence.dispatches
        if len(dispatches) < 2 and self._heard_one(dispatches):
            return None
        published = [message for _, message, _ in dispatches]
        events = [message for topic, message, _ in dispatches if topic.startswith("events.")]
        data = [message for topic, message, _ in dispatches if topic.startswith("data.")]
        wrong: list[Violation] = []
        for pattern, due, heard in (
            ("*", published, self._all),
            ("events.*", events, self._events),
            ("data.*", data, self._data),
        ):
            if not due and not heard:
                continue
            # the same objects: equal ones may still be two deliveries of one publication
            if len(due) != len(heard) or any(map(is_not, due, heard)):
                wrong.append(
                    Violation(pattern, f"published {_names(due)}, delivered {_names(heard)}")
                )
            heard.clear()
        return iter(wrong) if wrong else None

    def _heard_one(self, dispatches: list[Dispatch]) -> bool:
        """Whether at most one publication came, and was heard as it should; forgets it then."""
        if not dispatches:
            return not (self._all or self._events or self._data)
        topic, message, _ = dispatches[0]
        by_all = self._all
        if topic.startswith("data."):
            by_kind, others = self._data, self._events
        elif topic.startswith("events."):
            by_kind, others = self._events, self._data
        else:
            return False
        if others or not len(by_all) == len(by_kind) == 1:
            return False
        if by_all[0] is not message or by_kind[0] is not message:
            return False
        by_all.clear()
        by_kind.clear()
        return True


@always(
    "BUS-2",
    "Re-entrancy is causal: an event reaches every subscriber before anything its handlers "
    "caused, so that all subscribers see one order.",
)
class CauseBeforeEffect(Check):
    patterns = _PATTERNS

    def __init__(self) -> None:
        self._heard: list[object] = []  # by all subscribers of ours together

    def listener(self, pattern: str) -> Callable[[object], None]:
        return self._heard.append

    def every_turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        heard = self._heard
        if not heard:
            return None
        dispatches = evidence.dispatches
        if len(dispatches) == 1 and len(heard) == 2:
            topic, message, _ = dispatches[0]
            if heard[0] is message and heard[1] is message and topic.startswith(_TWICE):
                heard.clear()
                return None
        due = [
            message
            for topic, message, _ in dispatches
            for _ in (_BY_TWO if topic.startswith(_TWICE) else _BY_ONE)
        ]
        wrong = None
        # more or fewer than told is no matter of order: BUS-1 says which subscriber it was
        if len(due) == len(heard) and any(map(is_not, due, heard)):
            told = f"told in the order {_names(due)}, heard in the order {_names(heard)}"
            wrong = iter([Violation("bus", told)])
        heard.clear()
        return wrong


def _names(messages: list[object]) -> str:
    return "[" + ", ".join(type(message).__name__ for message in messages) + "]"
