"""What a check may look at: the kernel's view, the last turn, and the venue's truth.

Everything here is read-only. Truth is asked for, never pushed: a whole `Truth` is dear and is
built only when a check wants one.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from engine.record import TurnRecord
from engine.view import KernelView
from invariants.truth import TrueOrder, Truth


class TruthSource(Protocol):
    """A venue's own word, at this instant."""

    def truth(self) -> Truth: ...

    def true_order(self, client_order_id: str) -> TrueOrder | None: ...

    def has_trade(self, trade_id: str) -> bool: ...


class Evidence:
    """One run's evidence; the same object for all its checks.

    Attributes:
        view: the kernel, as plain reads.
        record: the last turn: input, facts (events applied, in order), commands sent.
        venues: by venue name, who to ask for the truth.
        wanted: per client id, the subscriptions the kernel wants (kind name, instrument id).
        released: command id -> how many times a client was given it.
        releases: the same in order, each with the last durable turn at that moment.
        durable_turn: the last turn the journal has promised to keep.
        healed: whether faults have stopped.
    """

    __slots__ = (
        "_probes",
        "durable_turn",
        "healed",
        "record",
        "released",
        "releases",
        "venues",
        "view",
        "wanted",
    )

    def __init__(
        self,
        view: KernelView,
        venues: Mapping[str, TruthSource],
        wanted: Callable[[], Mapping[str, list[tuple[str, str]]]],
        probes: dict[str, int],
    ) -> None:
        self.view = view
        self.venues = venues
        self.wanted = wanted
        self.released: dict[str, int] = {}
        self.releases: list[tuple[str, int]] = []
        self.durable_turn = 0
        self.healed = False
        self.record: TurnRecord = TurnRecord(0, 0, None, (), ())
        self._probes = probes

    def note_release(self, command_id: str) -> None:
        """A client was given this command."""
        self.released[command_id] = self.released.get(command_id, 0) + 1
        self.releases.append((command_id, self.durable_turn))

    def saw(self, probe: str) -> None:
        """Count a situation that a campaign must see."""
        self._probes[probe] = self._probes.get(probe, 0) + 1

    def true_order(self, client_order_id: str) -> TrueOrder | None:
        """The venue's picture of one of our orders, or None where no venue has it."""
        for venue in self.venues.values():
            order = venue.true_order(client_order_id)
            if order is not None:
                return order
        return None

    def has_trade(self, trade_id: str) -> bool:
        return any(venue.has_trade(trade_id) for venue in self.venues.values())

    def truths(self) -> list[Truth]:
        return [venue.truth() for venue in self.venues.values()]
