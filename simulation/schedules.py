"""Other orders for what happens at one instant: by chance, or by priorities.

The plain scheduler runs what is due at one nanosecond in the order it was asked for, and of some
six hundred actions in a run hardly two ever meet. A run that explores makes its instants coarser
first: whatever is due within five milliseconds is due at their end, and then which of them comes first
is a choice.

    fifo        the order they were asked for; no choice is drawn and no instant is made coarser
    random      each tie is a fresh choice
    pct         each party has a priority, and at a few ties the one that would run falls behind all
                (Burckhardt et al., 2010: bugs that need few orderings are met with known odds)
    portfolio   each seed draws one of the three

Choices are between *parties*: the objects whose actions these are. What one party does keeps its
order, so a wire never swaps its frames. The choices come from streams of their own, `schedule`
and `ties`; zero is first come, first served.
"""

from abc import ABC, abstractmethod
from collections.abc import Sized
from functools import partial
from typing import Final

from simulation.entropy import Entropy, Stream
from simulation.scheduler import Action, Handle, Scheduler, is_to_run

FIFO: Final = "fifo"
RANDOM: Final = "random"
PCT: Final = "pct"
PORTFOLIO: Final = "portfolio"
SCHEDULES: Final = (FIFO, RANDOM, PCT, PORTFOLIO)

GRAIN_NS: Final = 5_000_000
_SHIFT: Final = 40  # how many actions a run asks for is less than 2**40
_CHANGES: Final = 3  # orderings that a bug may need, beside the first priorities
_LAST_CHANGE: Final = 64  # the changes fall among these ties: a default seed has some forty
_PRIORITIES: Final = 1 << 16


class Ties(ABC):
    """Who of several parties goes first.

    Attributes:
        met: how many ties there were.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self.met = 0

    @property
    @abstractmethod
    def schedule(self) -> str:
        """Its name."""

    @abstractmethod
    def choose(self, parties: list[object]) -> int:
        """The index of the one that goes first among at least two, each there once."""


class RandomTies(Ties):
    """A fresh choice each time."""

    @property
    def schedule(self) -> str:
        return RANDOM

    def choose(self, parties: list[object]) -> int:
        self.met += 1
        return self._stream.below(len(parties), "tie")


class PriorityTies(Ties):
    """The lowest number goes first; at a change point it falls behind all others and stays there."""

    def __init__(self, stream: Stream) -> None:
        super().__init__(stream)
        self._parties: list[object] = []
        self._priorities: list[int] = []  # of each of `_parties`
        self._changes = [stream.below(_LAST_CHANGE + 1, "change") for _ in range(_CHANGES)]

    @property
    def schedule(self) -> str:
        return PCT

    def choose(self, parties: list[object]) -> int:
        self.met += 1
        known = [self._number_of(party) for party in parties]
        first = self._first(known)
        if self.met in self._changes:
            self._priorities[known[first]] = _PRIORITIES + self.met
            first = self._first(known)
        return first

    def _first(self, known: list[int]) -> int:
        priorities = [self._priorities[number] for number in known]
        return priorities.index(min(priorities))

    def _number_of(self, party: object) -> int:
        for number, other in enumerate(self._parties):
            if other is party:
                return number
        self._parties.append(party)
        self._priorities.append(self._stream.below(_PRIORITIES, "priority"))
        return len(self._parties) - 1


class ExploringScheduler(Scheduler):
    """A scheduler with instants of `grain_ns` (>= 1) whose ties are choices."""

    __slots__ = ("_grain_ns", "_orders", "_sequence", "ties")

    def __init__(self, start_ns: int, ties: Ties, grain_ns: int = GRAIN_NS) -> None:
        super().__init__(start_ns)
        self.ties = ties
        self._grain_ns = grain_ns
        self._sequence = 0
        self._orders: list[int] = []  # of what waits, beside `waiting`

    def post(self, time_ns: int, action: Action) -> None:
        if time_ns < self.now_ns:
            raise ValueError(f"{time_ns} has passed, now is {self.now_ns}")
        self._sequence += 1
        # before the end of its instant; what is to happen now happens now
        early_ns = -time_ns % self._grain_ns if time_ns > self.now_ns else 0
        # the true time goes before the sequence, so that a party's own actions keep their order
        order = (self._grain_ns - early_ns << _SHIFT) + self._sequence
        instant = time_ns + early_ns
        waiting = self.waiting
        orders = self._orders
        place = 0
        end = len(waiting)
        while place < end:
            middle = (place + end) >> 1
            other = waiting[middle]
            if other > instant or (other == instant and orders[middle] > order):
                place = middle + 1
            else:
                end = middle
        waiting.insert(place, instant)
        self._actions.insert(place, action)
        orders.insert(place, order)

    def step(self) -> bool:
        time_ns = self.next_ns()
        if time_ns is None:
            return False
        action = self._take(self._chosen(time_ns))
        self.now_ns = time_ns
        self.steps += 1
        action()
        return True

    def run_to_input(self, inbox: Sized, until_ns: int) -> None:
        while not inbox:
            due_ns = self.next_ns()
            if due_ns is None or due_ns > until_ns:
                # what was called off is gone from the end, and what is left is not due
                return
            self.step()

    def _take(self, place: int) -> Action:
        self._orders.pop(place)
        return super()._take(place)

    def _chosen(self, due_ns: int) -> int:
        """Where the action stands that is chosen among those of the parties due first."""
        waiting = self.waiting
        firsts: list[int] = []
        parties: list[object] = []
        place = len(waiting) - 1
        while place >= 0 and waiting[place] == due_ns:
            action = self._actions[place]
            if is_to_run(action):
                party = party_of(action)
                if not any(other is party for other in parties):
                    parties.append(party)
                    firsts.append(place)
            place -= 1
        return firsts[self.ties.choose(parties) if len(parties) > 1 else 0]


def party_of(action: Action) -> object:
    """Whose action it is: the object whose method it calls, or the function itself."""
    doing: object = action
    if isinstance(doing, Handle):
        doing = doing.action
    while isinstance(doing, partial):
        doing = doing.func
    return getattr(doing, "__self__", doing)


def make_scheduler(schedule: str, start_ns: int, entropy: Entropy) -> Scheduler:
    """The scheduler of that name; `portfolio` draws which from the stream `schedule`.

    Raises:
        ValueError: no schedule has that name.
    """
    if schedule == PORTFOLIO:
        schedule = SCHEDULES[entropy.stream("schedule").below(3, "schedule")]
    if schedule == FIFO:
        return Scheduler(start_ns)
    if schedule == RANDOM:
        return ExploringScheduler(start_ns, RandomTies(entropy.stream("ties")))
    if schedule == PCT:
        return ExploringScheduler(start_ns, PriorityTies(entropy.stream("ties")))
    raise ValueError(f"no schedule {schedule!r}: one of {', '.join(SCHEDULES)}")


def told(scheduler: Scheduler) -> dict[str, int]:
    """What a run counts of its schedule: which one it was, and its ties."""
    if not isinstance(scheduler, ExploringScheduler):
        return {f"schedule_{FIFO}": 1}
    ties = scheduler.ties
    return {f"schedule_{ties.schedule}": 1, "ties": ties.met}
