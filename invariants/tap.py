"""Subscribers of our own on the bus, behind all others: what three patterns hear in a turn.

Two properties judge the bus by them. A turn in which each publication was heard by whom it should,
once and in its place, is seen to be so once for both.
"""

from operator import is_not
from typing import Final

from engine.bus import MessageBus

Dispatch = tuple[str, object, int]  # topic, message, what the kernel's clock said

PATTERNS: Final = ("*", "events.*", "data.*")
_OTHER, _EVENT, _DATA = 0, 1, 2  # whether the second or the third of them means a topic
_BEHIND_ALL: Final = 0  # the priority of users; subscribed last, so heard last


class BusTap:
    """What was heard in the running turn.

    Attributes:
        heard: by one more subscriber of each pattern, which write into one list.
        by_pattern: by the subscriber of each pattern, into a list of its own.
    """

    __slots__ = ("_all", "_data", "_events", "_kinds", "by_pattern", "heard")

    def __init__(self) -> None:
        self.heard: list[object] = []
        self._all: list[object] = []
        self._events: list[object] = []
        self._data: list[object] = []
        self._kinds: dict[str, int] = {}  # of the topics met so far
        self.by_pattern = dict(zip(PATTERNS, (self._all, self._events, self._data), strict=True))

    def attach(self, bus: MessageBus) -> None:
        for pattern, heard in self.by_pattern.items():
            bus.subscribe(pattern, heard.append, _BEHIND_ALL)
        for pattern in PATTERNS:
            bus.subscribe(pattern, self.heard.append, _BEHIND_ALL)

    def is_as_told(self, dispatches: list[Dispatch]) -> bool:
        """Whether all was heard as it was told; forgets it then."""
        heard, by_all, by_events, by_data = self.heard, self._all, self._events, self._data
        kinds = self._kinds
        if len(dispatches) == 1:
            topic, message, _ = dispatches[0]
            kind = kinds.get(topic)
            if kind == _DATA:
                by_kind, others = by_data, by_events
            elif kind == _EVENT:
                by_kind, others = by_events, by_data
            else:
                return self._is_as_told(dispatches)  # a topic not met before, or of neither kind
            if (
                not others
                and len(heard) == 2
                and heard[0] is message
                and heard[1] is message
                and len(by_all) == 1
                and by_all[0] is message
                and len(by_kind) == 1
                and by_kind[0] is message
            ):
                heard.clear()
                by_all.clear()
                by_kind.clear()
                return True
            return False
        return self._is_as_told(dispatches)

    def _is_as_told(self, dispatches: list[Dispatch]) -> bool:
        kinds = self._kinds
        told: list[object] = []
        told_events: list[object] = []
        told_data: list[object] = []
        told_together: list[object] = []
        for topic, message, _ in dispatches:
            kind = kinds.get(topic)
            if kind is None:
                kind = kinds[topic] = _kind_of(topic)
            told.append(message)
            told_together.append(message)
            if kind == _EVENT:
                told_events.append(message)
                told_together.append(message)
            elif kind == _DATA:
                told_data.append(message)
                told_together.append(message)
        if (
            are_same(told_together, self.heard)
            and are_same(told, self._all)
            and (are_same(told_events, self._events) if told_events else not self._events)
            and (are_same(told_data, self._data) if told_data else not self._data)
        ):
            self.clear()
            return True
        return False

    def clear(self) -> None:
        self.heard.clear()
        self._all.clear()
        self._events.clear()
        self._data.clear()


def _kind_of(topic: str) -> int:
    if topic.startswith("events."):
        return _EVENT
    return _DATA if topic.startswith("data.") else _OTHER


def are_same(told: list[object], heard: list[object]) -> bool:
    """Whether they are the same objects in the same order: equal ones may still be two deliveries
    of one publication."""
    return len(told) == len(heard) and not any(map(is_not, told, heard))
