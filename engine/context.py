"""What the engines of one kernel share during a turn. Plain state, owned by the kernel."""

from typing import TYPE_CHECKING, Final

import msgspec

from engine.model.commands import Command
from engine.model.enums import KernelState
from engine.model.identifiers import TraderId

if TYPE_CHECKING:  # the parts hold the context and the context holds the parts
    from engine.bus import MessageBus
    from engine.cache import Cache
    from engine.clients import Client
    from engine.clock import KernelClock
    from engine.log import Log

_NUMBERS: Final = tuple([str(number) for number in range(64)])  # most turns name fewer


class Context:
    """One kernel's shared parts, its turn counters and what the running turn has produced.

    Attributes:
        epoch: the life of this kernel, from the journal; part of every id.
        turn: number of the running turn (first is 1).
        kernel_state: where the kernel stands; only RUNNING may trade. The kernel alone writes it.
        facts: events of the running turn, in the order they were applied.
        outbox: commands of the running turn, with the client that will carry each.
    """

    __slots__ = (
        "_index",
        "_named",
        "_prefix",
        "bus",
        "cache",
        "clock",
        "epoch",
        "facts",
        "kernel_state",
        "log",
        "outbox",
        "trader_id",
        "turn",
    )

    def __init__(
        self,
        trader_id: TraderId,
        epoch: int,
        clock: "KernelClock",
        bus: "MessageBus",
        cache: "Cache",
        log: "Log",
    ) -> None:
        self.trader_id = trader_id
        self.epoch = epoch
        self.turn = 0
        self.kernel_state = KernelState.READY
        self.clock = clock
        self.bus = bus
        self.cache = cache
        self.log = log
        self.facts: list[msgspec.Struct] = []
        self.outbox: list[tuple[Client, Command]] = []
        self._index = 0
        self._named = -1  # the turn that the prefix is of
        self._prefix = ""

    def begin_turn(self) -> None:
        self.turn += 1
        # a new list only where the last turn filled one, since that one may be kept by then
        if self.facts:
            self.facts = []
        if self.outbox:
            self.outbox = []

    def new_id(self) -> str:
        """A name for the next event or command: a function of (epoch, turn, index)."""
        turn = self.turn
        if self._named != turn:  # most turns name nothing
            self._named = turn
            self._index = 0
            self._prefix = f"{self.epoch}-{turn}-"
        index = self._index + 1
        self._index = index
        return self._prefix + (_NUMBERS[index] if index < 64 else str(index))
