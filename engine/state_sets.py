"""Which set of the cache holds an order of which status, and how it moves between them.

One table, total over OrderStatus. It is compiled once into a list of lists over integers, so
that filing an order after an event is one look-up and no comparison of statuses by name.
"""

from collections.abc import Mapping
from typing import Final

from engine.model.enums import OrderStatus

ACTIVE_LOCAL: Final = 0  # has not left the kernel
INFLIGHT: Final = 1  # a submit, modify or cancel is under way
OPEN: Final = 2  # stands at the venue, as far as is known
CLOSED: Final = 3  # terminal; a late fill may still come
NAMES: Final = ("active_local", "inflight", "open", "closed")

_S = OrderStatus
STATE_SETS_OF: Final[Mapping[OrderStatus, tuple[int, ...]]] = {
    _S.INITIALIZED: (ACTIVE_LOCAL,),
    _S.EMULATED: (ACTIVE_LOCAL,),
    _S.RELEASED: (ACTIVE_LOCAL,),
    _S.SUBMITTED: (INFLIGHT,),
    # a request is under way, and the order still stands at the venue
    _S.PENDING_UPDATE: (INFLIGHT, OPEN),
    _S.PENDING_CANCEL: (INFLIGHT, OPEN),
    _S.ACCEPTED: (OPEN,),
    _S.TRIGGERED: (OPEN,),
    _S.PARTIALLY_FILLED: (OPEN,),
    _S.DENIED: (CLOSED,),
    _S.REJECTED: (CLOSED,),
    _S.CANCELED: (CLOSED,),
    _S.EXPIRED: (CLOSED,),
    _S.FILLED: (CLOSED,),
}

NOT_FILED: Final = 0  # no OrderStatus has this value

Move = tuple[tuple[int, ...], tuple[int, ...], int]


def is_working(sets: tuple[int, ...]) -> bool:
    """In flight or open: it may trade."""
    return INFLIGHT in sets or OPEN in sets


def _compile() -> list[list[Move]]:
    sets_of: list[tuple[int, ...]] = [()] * (max(OrderStatus) + 1)
    for status, sets in STATE_SETS_OF.items():
        sets_of[status] = sets
    return [
        [
            (
                tuple(s for s in old if s not in new),
                tuple(s for s in new if s not in old),
                int(is_working(new)) - int(is_working(old)),
            )
            for new in sets_of
        ]
        for old in sets_of
    ]


# [status filed under][status now] -> (sets to leave, sets to join, +1 / 0 / -1 working)
MOVES: Final = _compile()
