"""What the bus told in a turn, and what subscribers of our own, behind all others, heard of it.

Two properties judge the bus by them. Each dispatch is looked at when the next one begins, the last
of a turn when that is over: what was told so far must have been heard then by whom it should, once
and in its place, and nothing else. A turn of which that is so is as it was told, seen to be so
once for both; of any other the lists say what was heard.
"""

from operator import is_not
from typing import Final

from engine.bus import MessageBus
from engine.clock import KernelClock
from engine.model.native import i64

Dispatch = tuple[str, object, int]  # topic, message, what the kernel's clock said

PATTERNS: Final = ("*", "events.*", "data.*")
_BEHIND_ALL: Final = 0  # the priority of users; subscribed last, so heard last
_KEPT: Final = 64  # dispatches; a list that is emptied asks for its memory anew
_ADDRESSED: Final = ("events.order.", "events.position.")  # topics that end in a strategy's id
_TOPICS_MAX: Final = 4096


class Topic:
    """What its name says of a topic.

    Attributes:
        is_event, is_data: whether the second or the third of `PATTERNS` means it.
        addressee: the strategy whose events it carries; "": anybody's.
    """

    __slots__ = ("addressee", "is_data", "is_event", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_data = name.startswith("data.")
        self.is_event = name.startswith("events.")
        self.addressee = ""
        for prefix in _ADDRESSED:
            if name.startswith(prefix):
                self.addressee = name[len(prefix) :]


_KNOWN: Final[dict[str, Topic]] = {}  # the same topics in every run of a process


def _get_to_know(name: str) -> Topic:
    if len(_KNOWN) >= _TOPICS_MAX:
        _KNOWN.clear()
    topic = _KNOWN[name] = Topic(name)
    return topic


class BusTap:
    """What was told and heard in the running turn.

    The lists hold earlier turns too, all of them as they were told: they are emptied now and then.

    Attributes:
        topics, messages: what was told, in the order in which the bus began to.
        before: how many of those belong to earlier turns.
        begun_ns: what the kernel's clock said when the first dispatch of this turn began.
        later_ns: by the place of a dispatch in its turn, what it said then, where it had moved.
        early: by that place, how much had been heard in the turn when the dispatch began, where
            that is not what was due.
    """

    __slots__ = (
        "_all",
        "_clock",
        "_data",
        "_data_before",
        "_data_due",
        "_events",
        "_events_before",
        "_events_due",
        "_is_amiss",
        "_is_on",
        "before",
        "begun_ns",
        "early",
        "later_ns",
        "messages",
        "topics",
    )

    def __init__(self, clock: KernelClock) -> None:
        self._clock = clock
        self._is_on = False
        self.topics: list[Topic] = []
        self.messages: list[object] = []
        self._all: list[object] = []
        self._events: list[object] = []
        self._data: list[object] = []
        self.later_ns: dict[int, int] = {}
        self.early: dict[int, int] = {}
        self.begun_ns = 0
        self.before: i64 = 0
        self._events_before: i64 = 0
        self._data_before: i64 = 0
        self._events_due: i64 = 0  # since the lists were emptied
        self._data_due: i64 = 0
        self._is_amiss = False

    def attach(self, bus: MessageBus) -> None:
        """Let subscribers of ours hear; without them, only what was told is known."""
        self._is_on = True
        for pattern, heard in zip(PATTERNS, (self._all, self._events, self._data), strict=True):
            bus.subscribe(pattern, heard.append, _BEHIND_ALL)

    def told(self, topic: str, message: object) -> None:
        """The bus begins to tell the subscribers of `topic`."""
        topics = self.topics
        place: i64 = len(topics) - self.before
        now_ns = self._clock.now_ns
        if place == 0:
            self.begun_ns = now_ns
        else:
            if now_ns != self.begun_ns:
                self.later_ns[place] = now_ns
            if self._is_on and not self._is_heard():
                self._note_amiss(place)
        known = _KNOWN.get(topic)
        if known is None:
            known = _get_to_know(topic)
        topics.append(known)
        self.messages.append(message)
        if known.is_data:
            self._data_due += 1
        elif known.is_event:
            self._events_due += 1

    def is_as_told(self) -> bool:
        """At the end of a turn: whether all was heard as it was told."""
        return self._is_heard() and not self._is_amiss

    def turn_over(self) -> None:
        """The next turn begins."""
        told: i64 = len(self.topics)
        if told > _KEPT or self._is_amiss:
            self._forget()
        elif told != self.before:
            self.before = told
            self._events_before = self._events_due
            self._data_before = self._data_due
        if self.later_ns:
            self.later_ns.clear()

    def dispatches(self) -> list[Dispatch]:
        """What was told in this turn."""
        topics, messages, before = self.topics, self.messages, self.before
        return [
            (
                topics[before + place].name,
                messages[before + place],
                self.later_ns.get(place, self.begun_ns),
            )
            for place in range(len(topics) - before)
        ]

    def heard(self, pattern: str) -> list[object]:
        """What the subscriber of one of `PATTERNS` heard in this turn."""
        if pattern == "events.*":
            return self._events[self._events_before :]
        return self._data[self._data_before :] if pattern == "data.*" else self._all[self.before :]

    def _is_heard(self) -> bool:
        """Whether all that was told by now was heard, if the last of it is all that is new."""
        messages = self.messages
        told: i64 = len(messages)
        if (
            len(self._all) != told
            or len(self._events) != self._events_due
            or len(self._data) != self._data_due
        ):
            return False
        if told == 0:
            return True
        message = messages[-1]
        if self._all[-1] is not message:
            return False
        topic = self.topics[-1]
        if topic.is_data:
            return self._data[-1] is message
        return not topic.is_event or self._events[-1] is message

    def _note_amiss(self, place: int) -> None:
        self._is_amiss = True
        due = place + self._events_due - self._events_before + self._data_due - self._data_before
        heard = sum(len(self.heard(pattern)) for pattern in PATTERNS)
        if heard != due:
            self.early[place] = heard

    def _forget(self) -> None:
        for each in (self.messages, self._all, self._events, self._data):
            each.clear()
        self.topics.clear()
        self.early.clear()
        self.before = self._events_before = self._data_before = 0
        self._events_due = self._data_due = 0
        self._is_amiss = False


def are_same(told: list[object], heard: list[object]) -> bool:
    """Whether they are the same objects in the same order: equal ones may still be two deliveries
    of one publication."""
    return len(told) == len(heard) and not any(map(is_not, told, heard))
