"""Subscribers of our own on the bus, behind all others: what three patterns hear in a turn.

Two properties judge the bus by them. A turn in which each publication was heard by whom it should,
once and in its place, is seen to be so once for both.
"""

from operator import is_not
from typing import Final

from engine.bus import MessageBus

Dispatch = tuple[str, object, int]  # topic, message, what the kernel's clock said

PATTERNS: Final = ("*", "events.*", "data.*")
_BEHIND_ALL: Final = 0  # the priority of users; subscribed last, so heard last


class BusTap:
    """What was heard in the running turn.

    Attributes:
        heard: by one more subscriber of each pattern, which write into one list.
        by_pattern: by the subscriber of each pattern, into a list of its own.
    """

    __slots__ = ("_all", "_data", "_events", "by_pattern", "heard")

    def __init__(self) -> None:
        self.heard: list[object] = []
        self._all: list[object] = []
        self._events: list[object] = []
        self._data: list[object] = []
        self.by_pattern = dict(zip(PATTERNS, (self._all, self._events, self._data), strict=True))

    def attach(self, bus: MessageBus) -> None:
        for pattern, heard in self.by_pattern.items():
            bus.subscribe(pattern, heard.append, _BEHIND_ALL)
        for pattern in PATTERNS:
            bus.subscribe(pattern, self.heard.append, _BEHIND_ALL)

    def is_as_told(self, dispatches: list[Dispatch]) -> bool:
        """Whether all was heard as it was told; forgets it then."""
        heard, by_all, by_events, by_data = self.heard, self._all, self._events, self._data
        if len(dispatches) == 1:
            topic, message, _ = dispatches[0]
            if topic.startswith("data."):
                by_kind, others = by_data, by_events
            elif topic.startswith("events."):
                by_kind, others = by_events, by_data
            else:
                return self._is_as_told(dispatches)
            if (
                len(heard) == 2
                and len(by_all) == len(by_kind) == 1
                and not others
                and heard[0] is message
                and heard[1] is message
                and by_all[0] is message
                and by_kind[0] is message
            ):
                heard.clear()
                by_all.clear()
                by_kind.clear()
                return True
            return False
        return self._is_as_told(dispatches)

    def _is_as_told(self, dispatches: list[Dispatch]) -> bool:
        told: list[object] = []
        told_events: list[object] = []
        told_data: list[object] = []
        told_together: list[object] = []
        for topic, message, _ in dispatches:
            told.append(message)
            told_together.append(message)
            if topic.startswith("events."):
                told_events.append(message)
                told_together.append(message)
            elif topic.startswith("data."):
                told_data.append(message)
                told_together.append(message)
        if (
            are_same(told_together, self.heard)
            and are_same(told, self._all)
            and are_same(told_events, self._events)
            and are_same(told_data, self._data)
        ):
            self.clear()
            return True
        return False

    def clear(self) -> None:
        self.heard.clear()
        self._all.clear()
        self._events.clear()
        self._data.clear()


def are_same(told: list[object], heard: list[object]) -> bool:
    """Whether they are the same objects in the same order: equal ones may still be two deliveries
    of one publication."""
    return len(told) == len(heard) and not any(map(is_not, told, heard))
