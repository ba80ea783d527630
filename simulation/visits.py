"""Which cells of the state machines' tables were ever looked up: what a green has walked through.

Nothing here costs anything until a process asks for it: then the rows of the tables are exchanged
for rows that count, on the sources (what is compiled reads a list without asking it).
"""

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from enum import IntEnum
from typing import Any, Final, cast

from engine.lifecycle import COMPONENT_TRANSITIONS, KERNEL_TRANSITIONS
from engine.model.order_table import COMPILED, TRANSITIONS
from engine.model.order_table import Trigger as OrderTrigger
from simulation.client_session import MOVES
from simulation.faults import FaultKind

K = FaultKind
# Where each kind of fault can strike; a host's own channels are named without the host.
FAULT_CHANNELS: Final[Mapping[FaultKind, tuple[str, ...]]] = {
    K.REQUEST_LOST: ("request",),
    K.ANSWER_LOST: ("answer",),
    K.SLOW_ANSWER: ("answer",),
    K.ERROR_STATUS: ("venue.request",),
    K.DELAY: ("request", "answer", "stream.to_us", "stream.to_venue"),
    K.MALFORMED_FRAME: ("answer", "frame"),
    K.CUT_FRAME: ("frame",),
    K.STALL: ("stream",),
    K.HALF_OPEN: ("stream",),
    K.RESET: ("stream",),
    K.REFUSED: ("stream", "connect", "request"),
    K.DUPLICATE_AFTER_RECONNECT: ("venue.user",),
    K.EVENT_BEFORE_ANSWER: ("venue.request",),
    K.GAP: (
        "venue.quotes",
        "venue.trades",
        "venue.book",
        "venue.depth",
        "venue.instrument",
        "venue.user",
    ),
    K.STALE_SNAPSHOT: ("venue.request",),
    K.RATE_LIMIT_BAN: ("venue.request",),
}

_Machines = Mapping[str, Mapping[IntEnum, Mapping[Any, Any]]]
MACHINES: Final[_Machines] = {
    "order": cast("Mapping[IntEnum, Mapping[Any, Any]]", TRANSITIONS),
    "component": cast("Mapping[IntEnum, Mapping[Any, Any]]", COMPONENT_TRANSITIONS),
    "kernel": cast("Mapping[IntEnum, Mapping[Any, Any]]", KERNEL_TRANSITIONS),
    "session": cast("Mapping[IntEnum, Mapping[Any, Any]]", MOVES),
}


def legal_pairs() -> list[str]:
    """Every legal "machine STATE EVENT", in the order of the tables."""
    return [
        _name(machine, state, event)
        for machine, table in MACHINES.items()
        for state, row in table.items()
        for event in row
    ]


def strikes() -> list[str]:
    """Every "FAULT channel" that can be."""
    return [f"{kind.name} {where}" for kind, places in FAULT_CHANNELS.items() for where in places]


def channel(fired_at: str) -> str:
    """An outcome's "FAULT channel", without the host."""
    kind, _, where = fired_at.partition(" ")
    known = FAULT_CHANNELS[FaultKind[kind]]
    return fired_at if where in known else f"{kind} {where.partition('.')[2]}"


@contextmanager
def counted_visits() -> Iterator[Callable[[], dict[str, int]]]:
    """While it lasts, legal look-ups are counted; what it gives says how often each was made."""
    counts: dict[str, int] = {}
    orders = list(COMPILED)
    tables = [(name, table) for name, table in MACHINES.items() if name != "order"]
    rows = {name: dict(table) for name, table in tables}
    for state, row in TRANSITIONS.items():
        names = [
            _name("order", state, trigger) if trigger in row else "" for trigger in OrderTrigger
        ]
        COMPILED[state] = _Row(COMPILED[state], names, counts)
    for name, table in tables:
        changed = cast("MutableMapping[IntEnum, Mapping[Any, Any]]", table)
        for begun in rows[name]:
            changed[begun] = _Cells(name, begun, rows[name][begun], counts)
    try:
        yield lambda: dict(sorted(counts.items()))
    finally:
        COMPILED[:] = orders
        for name, table in tables:
            cast("MutableMapping[IntEnum, Mapping[Any, Any]]", table).update(rows[name])


def _name(machine: str, state: IntEnum, event: IntEnum) -> str:
    return f"{machine} {state.name} {event.name}"


class _Row(list[Any]):
    """A row of the compiled order table that counts its legal cells."""

    def __init__(self, cells: list[Any], names: list[str], counts: dict[str, int]) -> None:
        super().__init__(cells)
        self._names = names
        self._counts = counts

    def __getitem__(self, index: Any) -> Any:
        name = self._names[index]
        if name:
            self._counts[name] = self._counts.get(name, 0) + 1
        return super().__getitem__(index)


class _Cells(dict[Any, Any]):
    """A row of a table that counts the events which it has."""

    def __init__(
        self, machine: str, state: IntEnum, row: Mapping[Any, Any], counts: dict[str, int]
    ) -> None:
        super().__init__(row)
        self._names = {event: _name(machine, state, event) for event in row}
        self._counts = counts

    def __getitem__(self, event: Any) -> Any:
        return self._counted(event, super().__getitem__(event))

    def get(self, event: Any, default: Any = None) -> Any:
        return self._counted(event, super().get(event)) if event in self else default

    def _counted(self, event: Any, cell: Any) -> Any:
        name = self._names[event]
        self._counts[name] = self._counts.get(name, 0) + 1
        return cell
