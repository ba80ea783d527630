"""The order state machine: what each event does to an order in each state. All of it is here.

A trigger is an event with its guard already decided: a fill says whether it leaves a rest, an
update whether it leaves one. So the table alone tells the truth; nobody corrects a status after
the lookup. Guards that look at more than status (ids, duplicate trades, sides) live with the
order in `orders.py` and run first.

Cells:
    a status     the order's next status
    RESTORE      an answer: the request it names is settled. While another is outstanding the
                 order stays in the pending state of the latest one; after the last answer the
                 status beneath is restored, whatever it was
    BENEATH      news about an order whose modify or cancel is still on the wire: the status
                 beneath moves by its own row, the order stays pending
    no cell      illegal: `IllegalTransition`, the order unchanged

The status beneath is the one held before the first outstanding request. PENDING_CANCEL admits no
further modify, so PENDING_UPDATE always means that no cancel is outstanding.
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final

from engine.model.enums import OrderStatus


class Trigger(IntEnum):
    DENIED = 0
    EMULATED = 1
    RELEASED = 2
    SUBMITTED = 3
    ACCEPTED = 4
    REJECTED = 5
    CANCELED = 6
    EXPIRED = 7
    TRIGGERED = 8
    PENDING_UPDATE = 9
    PENDING_CANCEL = 10
    MODIFY_REJECTED = 11
    CANCEL_REJECTED = 12
    UPDATED = 13
    FILL_LEAVING_REST = 14
    FILL_OF_REST = 15
    UPDATED_TO_FILLED = 16  # the new quantity is already filled: no rest, nothing more will come


class Move(IntEnum):
    """Cells that name no status of their own. Numbered outside the statuses."""

    ILLEGAL = 0
    RESTORE = 15
    BENEATH = 16


ILLEGAL: Final = Move.ILLEGAL
RESTORE: Final = Move.RESTORE
BENEATH: Final = Move.BENEATH

S, T = OrderStatus, Trigger

FILLS: Final[Mapping[Trigger, OrderStatus | Move]] = {
    T.FILL_LEAVING_REST: S.PARTIALLY_FILLED,
    T.FILL_OF_REST: S.FILLED,
}
REQUESTS: Final[Mapping[Trigger, OrderStatus | Move]] = {
    T.PENDING_UPDATE: S.PENDING_UPDATE,
    T.PENDING_CANCEL: S.PENDING_CANCEL,
}


def _answers(cell: OrderStatus | Move) -> Mapping[Trigger, OrderStatus | Move]:
    """Outside PENDING_* an answer keeps the status: the kernel turned a modify or cancel back
    before it went out, or the venue amended the order on its own."""
    return {T.MODIFY_REJECTED: cell, T.CANCEL_REJECTED: cell, T.UPDATED: cell}


TRANSITIONS: Final[Mapping[OrderStatus, Mapping[Trigger, OrderStatus | Move]]] = {
    S.INITIALIZED: {
        T.DENIED: S.DENIED,
        T.EMULATED: S.EMULATED,
        T.RELEASED: S.RELEASED,
        T.SUBMITTED: S.SUBMITTED,
        # the next five are an order found at the venue: it was never ours to submit
        T.ACCEPTED: S.ACCEPTED,
        T.REJECTED: S.REJECTED,
        T.CANCELED: S.CANCELED,
        T.EXPIRED: S.EXPIRED,
        T.TRIGGERED: S.TRIGGERED,
        T.UPDATED: S.INITIALIZED,  # resized locally before it is sent (a bracket's children)
        # no fill: one that was never sent has none, and a found one is accepted first
    },
    S.DENIED: {},  # never left the kernel: not even a fill can be genuine
    S.EMULATED: {
        T.RELEASED: S.RELEASED,
        T.CANCELED: S.CANCELED,
        T.EXPIRED: S.EXPIRED,
        T.DENIED: S.DENIED,  # risk judges again at release
        T.REJECTED: S.REJECTED,  # the emulator cannot watch what the order asks it to
        T.UPDATED: S.EMULATED,
        T.MODIFY_REJECTED: S.EMULATED,
    },
    S.RELEASED: {
        T.SUBMITTED: S.SUBMITTED,
        T.DENIED: S.DENIED,
        T.CANCELED: S.CANCELED,
        T.UPDATED: S.RELEASED,
        T.MODIFY_REJECTED: S.RELEASED,
    },
    S.SUBMITTED: {
        T.ACCEPTED: S.ACCEPTED,
        T.REJECTED: S.REJECTED,
        T.CANCELED: S.CANCELED,
        T.EXPIRED: S.EXPIRED,  # the acknowledgement was lost or is late: the end is still true
        T.TRIGGERED: S.TRIGGERED,  # likewise
        **REQUESTS,
        **_answers(S.SUBMITTED),
        **FILLS,  # a fill may overtake the acknowledgement
    },
    S.ACCEPTED: {
        T.REJECTED: S.REJECTED,  # a stop may be refused when it triggers
        T.CANCELED: S.CANCELED,
        T.EXPIRED: S.EXPIRED,
        T.TRIGGERED: S.TRIGGERED,
        **REQUESTS,
        **_answers(S.ACCEPTED),
        **FILLS,
    },
    S.TRIGGERED: {
        T.REJECTED: S.REJECTED,
        T.CANCELED: S.CANCELED,
        T.EXPIRED: S.EXPIRED,
        **REQUESTS,
        **_answers(S.TRIGGERED),
        **FILLS,
    },
    S.PENDING_UPDATE: {
        T.ACCEPTED: BENEATH,
        T.REJECTED: S.REJECTED,
        T.CANCELED: S.CANCELED,
        T.EXPIRED: S.EXPIRED,
        T.TRIGGERED: BENEATH,
        **REQUESTS,
        **_answers(RESTORE),
        T.FILL_LEAVING_REST: BENEATH,  # not PARTIALLY_FILLED: the modify is still on the wire
        T.FILL_OF_REST: S.FILLED,
        T.UPDATED_TO_FILLED: S.FILLED,
    },
    S.PENDING_CANCEL: {
        T.ACCEPTED: BENEATH,
        T.REJECTED: S.REJECTED,
        T.CANCELED: S.CANCELED,
        T.EXPIRED: S.EXPIRED,
        T.TRIGGERED: BENEATH,
        T.PENDING_CANCEL: S.PENDING_CANCEL,  # asked again; PENDING_UPDATE is not: it is leaving
        **_answers(RESTORE),  # answers to a modify that was outstanding before the cancel, too
        T.FILL_LEAVING_REST: BENEATH,
        T.FILL_OF_REST: S.FILLED,
        T.UPDATED_TO_FILLED: S.FILLED,
    },
    S.PARTIALLY_FILLED: {
        # no ACCEPTED, no TRIGGERED: the fill overtook it, and a status never goes back
        T.CANCELED: S.CANCELED,
        T.EXPIRED: S.EXPIRED,
        **REQUESTS,
        **_answers(S.PARTIALLY_FILLED),
        T.UPDATED_TO_FILLED: S.FILLED,  # reduced to what is filled, and the fills came first
        **FILLS,
    },
    # Late fills: a genuine fill can cross the end of its order on the wire. It is money, so it
    # is applied; the order stays closed, and is FILLED once nothing is missing.
    S.REJECTED: {T.FILL_LEAVING_REST: S.REJECTED, T.FILL_OF_REST: S.FILLED},
    S.CANCELED: {T.FILL_LEAVING_REST: S.CANCELED, T.FILL_OF_REST: S.FILLED},
    S.EXPIRED: {T.FILL_LEAVING_REST: S.EXPIRED, T.FILL_OF_REST: S.FILLED},
    S.FILLED: {T.FILL_OF_REST: S.FILLED},  # an overfill; no fill can leave a rest any more
}


def _compile() -> list[list[OrderStatus | Move]]:
    """The table as `rows[status][trigger]`: integers that still say their name."""
    rows: list[list[OrderStatus | Move]] = [
        [ILLEGAL] * len(Trigger) for _ in range(max(OrderStatus) + 1)
    ]
    for status in OrderStatus:
        for trigger, cell in TRANSITIONS[status].items():  # a missing row fails at import
            rows[status][trigger] = cell
    return rows


COMPILED: Final = _compile()


class OrderEventRefused(Exception):
    """An order would not take an event, and nothing of the order changed.

    Attributes:
        reason: in words, complete without the traceback.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class IllegalTransition(OrderEventRefused):
    """The table has no cell for this trigger in this status."""

    def __init__(self, status: OrderStatus, trigger: Trigger) -> None:
        super().__init__(f"{trigger.name} in {status.name}")
        self.status = status
        self.trigger = trigger


def _only(*statuses: OrderStatus) -> tuple[bool, ...]:
    """One flag per status, to be indexed by it."""
    return tuple(number in statuses for number in range(max(OrderStatus) + 1))


CLOSED: Final = _only(S.DENIED, S.REJECTED, S.CANCELED, S.EXPIRED, S.FILLED)
OPEN: Final = _only(S.ACCEPTED, S.TRIGGERED, S.PENDING_UPDATE, S.PENDING_CANCEL, S.PARTIALLY_FILLED)
INFLIGHT: Final = _only(S.SUBMITTED, S.PENDING_UPDATE, S.PENDING_CANCEL)
ACTIVE_LOCAL: Final = _only(S.INITIALIZED, S.EMULATED, S.RELEASED)
PENDING: Final = _only(S.PENDING_UPDATE, S.PENDING_CANCEL)
