"""Subscribers of our own on the bus, behind all others: what three patterns hear in a turn.

Two properties judge the bus by them. A turn in which each publication was heard by whom it should,
once and in its place, is seen to be so once for both: every list holds what was told, and each
dispatch began when what came before had been heard by all.
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
        all, events, data: by a subscriber of each pattern.
        by_pattern: the same by pattern.
        begun: how much they had heard together when each dispatch began, but for the first.
    """

    __slots__ = ("_kinds", "all", "begun", "by_pattern", "data", "events")

    def __init__(self) -> None:
        self.all: list[object] = []
        self.events: list[object] = []
        self.data: list[object] = []
        self.begun: list[int] = []
        self._kinds: dict[str, int] = {}  # of the topics met so far
        self.by_pattern = dict(zip(PATTERNS, (self.all, self.events, self.data), strict=True))

    def attach(self, bus: MessageBus) -> None:
        for pattern, heard in self.by_pattern.items():
            bus.subscribe(pattern, heard.append, _BEHIND_ALL)

    def begin(self) -> None:
        """A dispatch begins that is not the first of its turn."""
        self.begun.append(len(self.all) + len(self.events) + len(self.data))

    def is_as_told(self, dispatches: list[Dispatch]) -> bool:
        """Whether all was heard as it was told; forgets it then."""
        if len(dispatches) != 1:
            return self._is_as_told(dispatches)
        topic, message, _ = dispatches[0]
        kind = self._kinds.get(topic)
        if kind == _DATA:
            by_kind, others = self.data, self.events
        elif kind == _EVENT:
            by_kind, others = self.events, self.data
        else:
            return self._is_as_told(dispatches)  # a topic not met before, or of neither kind
        by_all = self.all
        if (
            not others
            and len(by_all) == 1
            and by_all[0] is message
            and len(by_kind) == 1
            and by_kind[0] is message
        ):
            by_all.clear()
            by_kind.clear()
            return True
        return False

    def _is_as_told(self, dispatches: list[Dispatch]) -> bool:
        by_all, by_events, by_data, begun = self.all, self.events, self.data, self.begun
        if len(by_all) != len(dispatches):
            return False
        kinds = self._kinds
        told = events = data = 0
        try:
            for topic, message, _ in dispatches:
                if told and begun[told - 1] != told + events + data:
                    return False
                if by_all[told] is not message:
                    return False
                told += 1
                kind = kinds.get(topic)
                if kind is None:
                    kind = kinds[topic] = _kind_of(topic)
                if kind == _EVENT:
                    if by_events[events] is not message:
                        return False
                    events += 1
                elif kind == _DATA:
                    if by_data[data] is not message:
                        return False
                    data += 1
        except IndexError:
            return False  # told more often than heard
        if events == len(by_events) and data == len(by_data):
            self.clear()
            return True
        return False

    def clear(self) -> None:
        self.all.clear()
        self.events.clear()
        self.data.clear()
        self.begun.clear()


def _kind_of(topic: str) -> int:
    if topic.startswith("events."):
        return _EVENT
    return _DATA if topic.startswith("data.") else _OTHER


def are_same(told: list[object], heard: list[object]) -> bool:
    """Whether they are the same objects in the same order: equal ones may still be two deliveries
    of one publication."""
    return len(told) == len(heard) and not any(map(is_not, told, heard))
