"""The state table, entered a second time in another shape and compared cell by cell."""

import pytest

from engine.model.enums import OrderStatus
from engine.model.order_table import (
    ACTIVE_LOCAL,
    CLOSED,
    COMPILED,
    INFLIGHT,
    OPEN,
    PENDING,
    TRANSITIONS,
    IllegalTransition,
    Move,
    OrderEventRefused,
    Trigger,
)

# Columns are the triggers in their order, PENDING_UPDATE the tenth.
# in Initialized, de Denied, em Emulated, re Released, su Submitted, ac Accepted, rj Rejected,
# ca Canceled, ex Expired, tr Triggered, pu PendingUpdate, pc PendingCancel, pf PartiallyFilled,
# fi Filled; <- restore the status beneath; vv the status beneath moves; .. illegal
GRID = """
INITIALIZED       de em re su ac rj ca ex tr .. .. .. .. in .. .. ..
DENIED            .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. ..
EMULATED          de .. re .. .. rj ca ex .. .. .. em .. em .. .. ..
RELEASED          de .. .. su .. .. ca .. .. .. .. re .. re .. .. ..
SUBMITTED         .. .. .. .. ac rj ca ex tr pu pc su su su pf fi ..
ACCEPTED          .. .. .. .. .. rj ca ex tr pu pc ac ac ac pf fi ..
REJECTED          .. .. .. .. .. .. .. .. .. .. .. .. .. .. rj fi ..
CANCELED          .. .. .. .. .. .. .. .. .. .. .. .. .. .. ca fi ..
EXPIRED           .. .. .. .. .. .. .. .. .. .. .. .. .. .. ex fi ..
TRIGGERED         .. .. .. .. .. rj ca ex .. pu pc tr tr tr pf fi ..
PENDING_UPDATE    .. .. .. .. vv rj ca ex vv pu pc <- <- <- vv fi fi
PENDING_CANCEL    .. .. .. .. vv rj ca ex vv .. pc <- <- <- vv fi fi
PARTIALLY_FILLED  .. .. .. .. .. .. ca ex .. pu pc pf pf pf pf fi fi
FILLED            .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. fi ..
"""

CODES: dict[str, OrderStatus | Move] = {
    "in": OrderStatus.INITIALIZED,
    "de": OrderStatus.DENIED,
    "em": OrderStatus.EMULATED,
    "re": OrderStatus.RELEASED,
    "su": OrderStatus.SUBMITTED,
    "ac": OrderStatus.ACCEPTED,
    "rj": OrderStatus.REJECTED,
    "ca": OrderStatus.CANCELED,
    "ex": OrderStatus.EXPIRED,
    "tr": OrderStatus.TRIGGERED,
    "pu": OrderStatus.PENDING_UPDATE,
    "pc": OrderStatus.PENDING_CANCEL,
    "pf": OrderStatus.PARTIALLY_FILLED,
    "fi": OrderStatus.FILLED,
    "<-": Move.RESTORE,
    "vv": Move.BENEATH,
    "..": Move.ILLEGAL,
}


def grid() -> dict[tuple[OrderStatus, Trigger], OrderStatus | Move]:
    rows = [line.split() for line in GRID.strip().splitlines()]
    return {
        (OrderStatus[row[0]], trigger): CODES[code]
        for row in rows
        for trigger, code in zip(Trigger, row[1:], strict=True)
    }


@pytest.mark.parametrize("status", OrderStatus, ids=lambda status: status.name)
def test_every_cell_of_a_row_is_what_the_grid_says(status: OrderStatus) -> None:
    expected = grid()
    for trigger in Trigger:
        assert COMPILED[status][trigger] is expected[status, trigger], trigger.name


def test_the_table_has_a_row_for_every_status_and_nothing_else() -> None:
    assert set(TRANSITIONS) == set(OrderStatus)
    assert len(OrderStatus) == 14


def test_moves_are_not_mistaken_for_statuses() -> None:
    assert not {int(move) for move in Move} & {int(status) for status in OrderStatus}


@pytest.mark.parametrize("status", [s for s in OrderStatus if CLOSED[s]], ids=lambda s: s.name)
def test_a_closed_status_leads_only_to_closed_ones_and_only_by_fills(status: OrderStatus) -> None:
    for trigger, cell in TRANSITIONS[status].items():
        assert trigger in (Trigger.FILL_LEAVING_REST, Trigger.FILL_OF_REST)
        assert CLOSED[cell]


@pytest.mark.parametrize("status", OrderStatus, ids=lambda status: status.name)
def test_pending_cells_stand_only_in_rows_that_have_a_status_beneath(status: OrderStatus) -> None:
    moves = {cell for cell in TRANSITIONS[status].values() if isinstance(cell, Move)}
    assert moves == ({Move.RESTORE, Move.BENEATH} if PENDING[status] else set())


def test_status_predicates_are_those_of_the_cache_sets() -> None:
    def names(flags: tuple[bool, ...]) -> set[str]:
        return {status.name for status in OrderStatus if flags[status]}

    assert names(ACTIVE_LOCAL) == {"INITIALIZED", "EMULATED", "RELEASED"}
    assert names(INFLIGHT) == {"SUBMITTED", "PENDING_UPDATE", "PENDING_CANCEL"}
    assert names(OPEN) == {
        "ACCEPTED",
        "TRIGGERED",
        "PENDING_UPDATE",
        "PENDING_CANCEL",
        "PARTIALLY_FILLED",
    }
    assert names(CLOSED) == {"DENIED", "REJECTED", "CANCELED", "EXPIRED", "FILLED"}


def test_an_illegal_transition_carries_both_of_its_operands() -> None:
    error = IllegalTransition(OrderStatus.FILLED, Trigger.CANCELED)
    assert isinstance(error, OrderEventRefused)
    assert error.status is OrderStatus.FILLED
    assert error.trigger is Trigger.CANCELED
    assert error.reason == str(error) == "CANCELED in FILLED"
