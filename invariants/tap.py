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
        heard, by_all, by_events, by_data = self.heard, self._all, self._events, self._data
        if len(by_all) != len(dispatches):
            return False
        kinds = self._kinds
        at = events = data = 0  # how far the other lists are read
        try:
            for (topic, message, _), heard_by_all in zip(dispatches, by_all, strict=True):
                if heard_by_all is not message or heard[at] is not message:
                    return False
                at += 1
                kind = kinds.get(topic)
                if kind is None:
                    kind = kinds[topic] = _kind_of(topic)
                if kind == _EVENT:
                    if by_events[events] is not message or heard[at] is not message:
                        return False
                    events += 1
                    at += 1
                elif kind == _DATA:
                    if by_data[data] is not message or heard[at] is not message:
                        return False
                    data += 1
                    at += 1
        except IndexError:
            return False  # told more often than heard
        if at == len(heard) and events == len(by_events) and data == len(by_data):
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
