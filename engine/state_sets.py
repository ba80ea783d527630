"""Which sets of the cache hold an order of which status, and how it moves between them.

The sets are those of the order table. They are compiled once into a list of lists over
integers, so that filing an order after an event is one look-up and no comparison of statuses.
"""

from typing import Final

from engine.model import order_table
from engine.model.enums import OrderStatus

ACTIVE_LOCAL: Final = 0  # has not left the kernel
INFLIGHT: Final = 1  # a submit, modify or cancel is under way
OPEN: Final = 2  # stands at the venue, as far as is known
CLOSED: Final = 3  # terminal; a late fill may still come
NAMES: Final = ("active_local", "inflight", "open", "closed")

NOT_FILED: Final = 0  # no OrderStatus has this value

Move = tuple[tuple[int, ...], tuple[int, ...], int]


def _compile_sets() -> list[tuple[int, ...]]:
    sets_of: list[tuple[int, ...]] = [()] * (max(OrderStatus) + 1)
    members = (order_table.ACTIVE_LOCAL, order_table.INFLIGHT, order_table.OPEN, order_table.CLOSED)
    for status in OrderStatus:
        sets_of[status] = tuple(index for index, holds in enumerate(members) if holds[status])
    return sets_of


def is_working(sets: tuple[int, ...]) -> bool:
    """In flight or open: it may trade."""
    return INFLIGHT in sets or OPEN in sets


def _compile_moves(sets_of: list[tuple[int, ...]]) -> list[list[Move]]:
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


# [status] -> the sets that hold it; every status is in one at least
STATE_SETS_OF: Final = _compile_sets()
# [status filed under][status now] -> (sets to leave, sets to join, +1 / 0 / -1 working)
MOVES: Final = _compile_moves(STATE_SETS_OF)
