"""Which position a fill goes to: netted, kept apart by the venue, or kept apart by us alone."""

from typing import TYPE_CHECKING

import msgspec
import pytest

from engine.model.accounts import MarginAccount
from engine.model.commands import SubmitOrder
from engine.model.enums import BUY, SELL, AccountType, DenialCode, OmsType, OrderStatus
from engine.model.events import (
    OrderDenied,
    PositionChanged,
    PositionClosed,
    PositionOpened,
)
from engine.model.identifiers import PositionId, StrategyId
from engine.model.orders import Order
from engine.model.positions import Position
from engine.model.reports import FillReport
from engine.topics import RISK_EXECUTE

if TYPE_CHECKING:
    from tests.unit.execution.conftest import Rig

HEDGER = StrategyId("HEDGE-001")


@pytest.fixture
def hedging(rig: "Rig") -> "Rig":
    """A netting venue and a strategy that hedges: positions only this kernel knows."""
    rig.strategy_id = HEDGER
    rig.engine.position_ids.set_oms(HEDGER, OmsType.HEDGING)
    return rig


@pytest.fixture
def venue_hedges(rig: "Rig") -> "Rig":
    """A venue that keeps positions apart, and a strategy that leaves it to the venue."""
    rig.client.oms_type = OmsType.HEDGING
    return rig


def filled(rig: "Rig", trade: str, venue_id: str | None = None, **order: object) -> Order:
    made = rig.accepted(**order)
    hit(rig, made, trade, made.quantity, venue_id)
    return made


def hit(
    rig: "Rig", order: Order, trade: str, quantity: object, venue_id: str | None = None
) -> None:
    report = rig.fill(order, quantity=str(quantity), trade_id=trade)
    rig.report(named(report, venue_id))


def named(report: FillReport, venue_id: str | None) -> FillReport:
    if venue_id is None:
        return report
    return msgspec.structs.replace(report, venue_position_id=PositionId(venue_id))


def for_position(rig: "Rig", position: Position, **order: object) -> Order:
    """An order submitted for a position, as `Strategy.submit_order` would."""
    made = rig.order(**order)  # type: ignore[arg-type]
    rig.cache.assign_position(made.client_order_id, position.id)
    command = msgspec.structs.replace(rig.submit_command(made), position_id=position.id)
    rig.execute(command)
    rig.report(rig.accept(made))
    return made


def position_of(rig: "Rig", order: Order) -> Position:
    position = rig.cache.position_for_order(order.client_order_id)
    assert position is not None
    return position


# --- which one ----------------------------------------------------------------------------------


def test_each_order_of_a_hedging_strategy_opens_a_virtual_position_of_its_own(
    hedging: "Rig",
) -> None:
    bought = filled(hedging, "T-1", side=BUY)
    sold = filled(hedging, "T-2", side=SELL)

    long, short = position_of(hedging, bought), position_of(hedging, sold)
    assert (long.id, short.id) == (
        "P-20231114-221320-001-001-1-1",
        "P-20231114-221320-001-001-1-2",
    )
    assert long.id.is_virtual
    assert not long.is_netted
    assert (long.signed_qty, short.signed_qty) == (1, -1)
    assert hedging.cache.positions_open_count() == 2
    assert hedging.portfolio.net_position(hedging.instrument_id) == 0
    assert hedging.portfolio.is_flat(hedging.instrument_id)
    assert not hedging.portfolio.is_completely_flat()
    assert hedging.cache.check_integrity() == []


def test_all_fills_of_an_order_go_to_one_position(hedging: "Rig") -> None:
    order = hedging.accepted(quantity="3.000")
    for trade in ("T-1", "T-2", "T-3"):
        hit(hedging, order, trade, "1.000")

    assert position_of(hedging, order).signed_qty == 3
    assert hedging.cache.positions_total_count() == 1


def test_order_for_a_position_reduces_that_one_and_no_other(hedging: "Rig") -> None:
    first = position_of(hedging, filled(hedging, "T-1", side=BUY))
    second = position_of(hedging, filled(hedging, "T-2", side=BUY))

    closing = for_position(hedging, first, side=SELL)
    hit(hedging, closing, "T-3", "1.000")

    assert first.is_closed
    assert second.signed_qty == 1
    orders = hedging.cache.orders_for_position(first.id)
    assert [order.client_order_id for order in orders] == ["O-1", "O-3"]
    assert hedging.cache.position_id(closing.client_order_id) == first.id
    assert hedging.cache.check_integrity() == []


def test_venues_position_is_taken_over_where_the_venue_hedges(venue_hedges: "Rig") -> None:
    order = filled(venue_hedges, "T-1", "SIM-1-001")
    other = filled(venue_hedges, "T-2", "SIM-1-002", side=SELL)

    assert position_of(venue_hedges, order).id == "SIM-1-001"
    assert position_of(venue_hedges, other).id == "SIM-1-002"
    assert order.trade_ids[order.events[-1].trade_id].venue_position_id == "SIM-1-001"  # type: ignore[attr-defined]
    assert venue_hedges.cache.check_integrity() == []


def test_strategy_that_nets_ignores_the_venues_positions(venue_hedges: "Rig") -> None:
    venue_hedges.engine.position_ids.set_oms(venue_hedges.strategy_id, OmsType.NETTING)

    filled(venue_hedges, "T-1", "SIM-1-001", side=BUY)
    filled(venue_hedges, "T-2", "SIM-1-002", side=SELL)

    (position,) = venue_hedges.cache.positions()
    assert position.is_netted
    assert position.is_closed


def test_account_keeps_apart_what_the_venue_keeps_apart_even_if_the_strategy_nets(
    venue_hedges: "Rig",
) -> None:
    rig = venue_hedges
    rig.engine.position_ids.set_oms(rig.strategy_id, OmsType.NETTING)
    fills = []
    for number, side in enumerate((BUY, SELL), start=1):
        order = filled(rig, f"T-{number}", f"SIM-1-00{number}", side=side)
        fills.append(next(iter(order.trade_ids.values())))
    account = MarginAccount(rig.account_id)
    for fill in fills:
        account.apply_fill(fill, rig.instrument)
    assert sorted(key[1] for key in account.nets) == ["SIM-1-001", "SIM-1-002"]
    assert account.account_type is AccountType.MARGIN


def test_venue_naming_another_position_later_is_told_and_changes_nothing(
    venue_hedges: "Rig",
) -> None:
    order = venue_hedges.accepted(quantity="2.000")
    hit(venue_hedges, order, "T-1", "1.000", "SIM-1-001")
    hit(venue_hedges, order, "T-2", "1.000", "SIM-1-009")

    assert position_of(venue_hedges, order).signed_qty == 2
    assert venue_hedges.alerts() == ["POSITION_ID_CONFLICT"]
    assert not venue_hedges.cache.position_exists(PositionId("SIM-1-009"))


# --- through flat -------------------------------------------------------------------------------


def test_fill_larger_than_a_virtual_position_closes_it_and_opens_another(hedging: "Rig") -> None:
    long = position_of(hedging, filled(hedging, "T-1", side=BUY))
    bystander = position_of(hedging, filled(hedging, "T-2", side=BUY))
    larger = for_position(hedging, long, side=SELL, quantity="3.000")
    hedging.heard.clear()

    hit(hedging, larger, "T-3", "1.500")

    assert [type(each).__name__ for each in hedging.of_type(PositionClosed)] == ["PositionClosed"]
    (opened,) = hedging.of_type(PositionOpened)
    beyond = position_of(hedging, larger)
    assert opened.position_id == beyond.id == f"{long.id}F"
    assert long.is_closed
    assert (beyond.signed_qty, bystander.signed_qty) == (-0.5, 1)
    assert hedging.cache.check_integrity() == []

    hit(hedging, larger, "T-4", "1.500")  # the order goes on beyond
    assert long.is_closed
    assert beyond.signed_qty == -2
    assert hedging.cache.orders_for_position(long.id)[-1] is larger
    assert hedging.cache.orders_for_position(beyond.id) == [larger]
    assert hedging.cache.check_integrity() == []


def test_second_fill_beyond_one_position_opens_a_third(hedging: "Rig") -> None:
    long = position_of(hedging, filled(hedging, "T-1", side=BUY))
    sells = [for_position(hedging, long, side=SELL, quantity="2.000") for _ in range(2)]
    again = for_position(hedging, long, side=BUY)

    hit(hedging, sells[0], "T-2", "2.000")
    hit(hedging, again, "T-3", "1.000")  # was sent while it was open: reopens it
    hit(hedging, sells[1], "T-4", "2.000")

    held = {position.id: position.signed_qty for position in hedging.cache.positions()}
    assert held == {long.id: 0, f"{long.id}F": -1, f"{long.id}FF": -1}
    assert hedging.cache.check_integrity() == []


def test_fill_larger_than_a_venues_position_turns_it(venue_hedges: "Rig") -> None:
    long = position_of(venue_hedges, filled(venue_hedges, "T-1", "SIM-1-001", side=BUY))
    larger = for_position(venue_hedges, long, side=SELL, quantity="3.000")
    venue_hedges.heard.clear()

    hit(venue_hedges, larger, "T-2", "3.000", "SIM-1-001")

    assert venue_hedges.cache.positions() == [long]
    assert long.signed_qty == -2
    assert len(long.cycles) == 1
    assert not venue_hedges.of_type(PositionChanged)


# --- on the way out -----------------------------------------------------------------------------


def test_position_that_only_this_kernel_knows_never_leaves(hedging: "Rig") -> None:
    long = position_of(hedging, filled(hedging, "T-1", side=BUY))

    for_position(hedging, long, side=SELL)

    assert hedging.last_sent(SubmitOrder).position_id is None


def test_position_of_the_venue_leaves_with_the_order(venue_hedges: "Rig") -> None:
    long = position_of(venue_hedges, filled(venue_hedges, "T-1", "SIM-1-001", side=BUY))

    for_position(venue_hedges, long, side=SELL)

    assert venue_hedges.last_sent(SubmitOrder).position_id == "SIM-1-001"


def judged(rig: "Rig", order: Order, position_id: str | None) -> DenialCode | None:
    """Submit through risk; the code it was denied with."""
    command = rig.submit_command(order)
    if position_id is not None:
        rig.cache.assign_position(order.client_order_id, PositionId(position_id))
        command = msgspec.structs.replace(command, position_id=PositionId(position_id))
    rig.heard.clear()
    rig.turn(lambda: rig.bus.send(RISK_EXECUTE, command))
    denied = rig.of_type(OrderDenied)
    assert bool(denied) is (order.status is OrderStatus.DENIED)
    return denied[0].code if denied else None


def test_netting_strategy_may_name_its_one_position_and_no_other(rig: "Rig") -> None:
    own = f"{rig.instrument_id}-{rig.account_id}-{rig.strategy_id}"
    assert judged(rig, rig.order(), own) is None
    assert judged(rig, rig.order(), "P-MINE") is DenialCode.INVALID_POSITION_ID


def test_position_must_be_open_known_and_the_strategys_own(hedging: "Rig") -> None:
    mine = position_of(hedging, filled(hedging, "T-1", side=BUY))
    other = StrategyId("OTHER-002")
    hedging.engine.position_ids.set_oms(other, OmsType.HEDGING)
    theirs = position_of(hedging, filled(hedging, "T-2", side=BUY, strategy_id=other))

    assert judged(hedging, hedging.order(side=SELL), mine.id) is None
    assert judged(hedging, hedging.order(side=SELL), "P-1") is DenialCode.POSITION_NOT_FOUND
    assert judged(hedging, hedging.order(side=SELL), theirs.id) is DenialCode.INVALID_POSITION_ID

    hit(hedging, for_position(hedging, mine, side=SELL), "T-3", "1.000")
    assert judged(hedging, hedging.order(side=SELL), mine.id) is DenialCode.POSITION_NOT_FOUND


def test_reduce_only_is_judged_by_the_position_that_the_order_names(hedging: "Rig") -> None:
    small = position_of(hedging, filled(hedging, "T-1", side=BUY, quantity="1.000"))
    large = position_of(hedging, filled(hedging, "T-2", side=BUY, quantity="5.000"))

    def reducing(side: object, quantity: str) -> Order:
        init = hedging.order(side=side, quantity=quantity).init  # type: ignore[arg-type]
        name = msgspec.structs.replace(
            init, client_order_id=f"{init.client_order_id}-R", reduce_only=True
        )
        order = Order(name)
        hedging.cache.add_order(order)
        return order

    too_much = DenialCode.REDUCE_ONLY_WOULD_INCREASE_POSITION
    assert judged(hedging, reducing(SELL, "2.000"), small.id) is too_much
    assert judged(hedging, reducing(BUY, "1.000"), large.id) is too_much
    assert judged(hedging, reducing(SELL, "1.000"), None) is DenialCode.POSITION_NOT_FOUND
    assert judged(hedging, reducing(SELL, "2.000"), large.id) is None


# --- integrity ----------------------------------------------------------------------------------


def test_broken_assignment_is_found_from_either_side(hedging: "Rig") -> None:
    order = filled(hedging, "T-1")
    coid = order.client_order_id
    cache = hedging.cache
    (position_id,) = cache._orders_of_position

    del cache._orders_of_position[position_id][coid]
    assert any("does not lead back" in line for line in cache.check_orders([coid]))

    cache._orders_of_position[position_id][coid] = order
    cache._position_of_order[coid] = PositionId("P-OTHER")
    assert any("leads to P-OTHER" in line for line in cache.check_integrity())
    del cache._position_of_order[coid]
    assert any("leads to none" in line for line in cache.check_integrity())
