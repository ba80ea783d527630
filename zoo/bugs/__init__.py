"""Every planted bug, by id. Data alone: nothing here may import what a bug is laid over."""

from collections.abc import Mapping
from typing import Final

from zoo.bug import Bug
from zoo.bugs import (
    accounts,
    bars,
    books,
    bus,
    cache,
    clock,
    determinism,
    fills,
    hedging,
    instruments,
    kernel,
    lifecycle,
    matching,
    network,
    orders,
    outcomes,
    parsers,
    positions,
    reconnects,
    recovery,
    risk,
    values,
    witnesses,
)

_ALL: Final = (
    *fills.BUGS,
    *positions.BUGS,
    *accounts.BUGS,
    *orders.BUGS,
    *cache.BUGS,
    *bus.BUGS,
    *clock.BUGS,
    *network.BUGS,
    *recovery.BUGS,
    *reconnects.BUGS,
    *outcomes.BUGS,
    *kernel.BUGS,
    *determinism.BUGS,
    *books.BUGS,
    *bars.BUGS,
    *hedging.BUGS,
    *instruments.BUGS,
    *lifecycle.BUGS,
    *values.BUGS,
    *matching.BUGS,
    *risk.BUGS,
    *parsers.BUGS,
    *witnesses.BUGS,
)

BUGS: Final[Mapping[str, Bug]] = {bug.id: bug for bug in _ALL}

if len(BUGS) != len(_ALL):
    raise ValueError("two bugs of the zoo share an id")
