"""Reduce-only and the trading states: what may grow exposure, and what may still leave."""

from typing import TYPE_CHECKING, Any

import pytest

from engine import topics
from engine.model.commands import SetTradingState
from engine.model.enums import (
    BUY,
    SELL,
    DenialCode,
    OrderSide,
    TradingState,
)
from engine.model.events import TradingStateChanged
from engine.model.identifiers import (
    InstrumentId,
)

if TYPE_CHECKING:
    from conftest import Floor

PERP = InstrumentId("BTCUSDT-PERP.SIM")
D = DenialCode


# --- reduce-only -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("side", "quantity", "code"),
    [
        (SELL, "5", None),
        (SELL, "6", D.REDUCE_ONLY_WOULD_INCREASE_POSITION),
        (BUY, "1", D.REDUCE_ONLY_WOULD_INCREASE_POSITION),
    ],
)
def test_reduce_only_must_fit_into_the_position_it_faces(
    floor: "Floor", side: OrderSide, quantity: str, code: DenialCode | None
) -> None:
    floor.margin(USDT="1000")
    floor.hold(BUY, "5", instrument_id=PERP)
    order = floor.order(side, quantity, instrument_id=PERP, reduce_only=True)

    assert floor.submit(order) is code


@pytest.mark.parametrize("holder", [None, "OTHER-009"])
def test_reduce_only_without_a_position_of_its_strategy_is_denied(
    floor: "Floor", holder: str | None
) -> None:
    floor.margin(USDT="1000")
    if holder is not None:
        floor.hold(BUY, "5", instrument_id=PERP, strategy=holder)
    order = floor.order(SELL, "1", instrument_id=PERP, reduce_only=True)

    assert floor.submit(order) is D.POSITION_NOT_FOUND
    assert floor.detail == "instrument_id=BTCUSDT-PERP.SIM, strategy_id=MAKER-001"


def test_reduce_only_on_a_closed_position_is_denied(floor: "Floor") -> None:
    floor.margin(USDT="1000")
    floor.hold(BUY, "5", instrument_id=PERP)
    floor.hold(SELL, "5", instrument_id=PERP)
    order = floor.order(SELL, "1", instrument_id=PERP, reduce_only=True)

    assert floor.submit(order) is D.POSITION_NOT_FOUND


# --- trading state ---------------------------------------------------------------------------------


def test_trading_state_change_is_a_fact_and_published(floor: "Floor") -> None:
    floor.bus.send(topics.RISK_EXECUTE, SetTradingState("c", None, 0, TradingState.HALTED))

    expected = TradingStateChanged(TradingState.HALTED, floor.clock.now_ns)
    assert floor.states == [expected] and floor.ctx.facts == [expected]
    assert floor.risk.trading_state is TradingState.HALTED


def test_trading_state_set_to_what_it_is_only_warns(floor: "Floor") -> None:
    floor.risk.set_trading_state(TradingState.ACTIVE)

    assert floor.states == [] and floor.ctx.facts == []
    assert [record.level.name for record in floor.logged] == ["WARNING"]


def test_halted_lets_neither_submit_nor_modify_through(floor: "Floor") -> None:
    floor.margin(USDT="1000")
    floor.hold(BUY, "5", instrument_id=PERP)
    standing = floor.working(SELL, "2", instrument_id=PERP)
    floor.risk.set_trading_state(TradingState.HALTED)

    assert floor.submit(floor.order(instrument_id=PERP)) is D.TRADING_HALTED
    reducing = floor.order(SELL, "1", instrument_id=PERP, reduce_only=True)
    assert floor.submit(reducing) is D.TRADING_HALTED
    for change in ({"quantity": "1"}, {"quantity": "3"}, {"price": "99.00"}):
        assert floor.modify(standing, **change) is D.TRADING_HALTED


# the state that lets reducing through, by either road, and the code of its denials
LIMITED = [
    (TradingState.REDUCING, {}, D.TRADING_STATE_REDUCING),
    (TradingState.HALTED, {"halted_allows_reduce_only": True}, D.TRADING_HALTED),
]


@pytest.mark.parametrize(("state", "config", "code"), LIMITED)
@pytest.mark.parametrize(
    ("held", "works", "side", "quantity", "passes"),
    [
        (None, None, BUY, "1", False),  # from flat nothing opens
        (None, None, SELL, "1", False),
        ((BUY, "5"), None, BUY, "1", False),
        ((BUY, "5"), None, SELL, "5", True),
        ((BUY, "5"), None, SELL, "5.001", False),  # would flip
        ((SELL, "5"), None, SELL, "1", False),
        ((SELL, "5"), None, BUY, "5", True),
        ((SELL, "5"), None, BUY, "5.001", False),
        ((BUY, "5"), (SELL, "3"), SELL, "2", True),
        ((BUY, "5"), (SELL, "3"), SELL, "2.001", False),  # beside what already works
        ((BUY, "5"), (BUY, "3"), SELL, "5", True),
        ((BUY, "5"), (BUY, "3"), SELL, "5.001", False),  # a working BUY may never fill
        (None, (BUY, "3"), SELL, "1", False),
    ],
)
def test_reducing_lets_through_only_what_cannot_grow_exposure(
    floor: "Floor",
    state: TradingState,
    config: dict[str, Any],
    code: DenialCode,
    held: tuple[OrderSide, str] | None,
    works: tuple[OrderSide, str] | None,
    side: OrderSide,
    quantity: str,
    passes: bool,
) -> None:
    floor.engine(**config)
    floor.margin(USDT="1000")
    if held is not None:
        floor.hold(*held, instrument_id=PERP)
    if works is not None:
        floor.working(*works, instrument_id=PERP)
    floor.risk.set_trading_state(state)

    outcome = floor.submit(floor.order(side, quantity, instrument_id=PERP))

    assert outcome is (None if passes else code)


def test_reducing_denial_says_what_it_compared(floor: "Floor") -> None:
    floor.margin(USDT="1000")
    floor.hold(BUY, "5", instrument_id=PERP)
    floor.working(SELL, "3", instrument_id=PERP)
    floor.risk.set_trading_state(TradingState.REDUCING)
    floor.submit(floor.order(SELL, "2.5", instrument_id=PERP))

    assert floor.detail == "state=REDUCING, side=SELL, leaves=2.5, net=5, working=3"


def test_reducing_nets_the_account_over_its_strategies(floor: "Floor") -> None:
    floor.margin(USDT="1000")
    floor.hold(BUY, "5", instrument_id=PERP)
    floor.hold(SELL, "4", instrument_id=PERP, strategy="OTHER-009")
    floor.risk.set_trading_state(TradingState.REDUCING)

    assert floor.submit(floor.order(SELL, "2", instrument_id=PERP)) is D.TRADING_STATE_REDUCING
    assert floor.submit(floor.order(SELL, "1", instrument_id=PERP)) is None


def test_two_reducing_orders_of_one_handler_share_one_position(floor: "Floor") -> None:
    floor.margin(USDT="1000")
    floor.hold(BUY, "5", instrument_id=PERP)
    floor.risk.set_trading_state(TradingState.REDUCING)
    first = floor.order(SELL, "3", instrument_id=PERP)
    second = floor.order(SELL, "3", instrument_id=PERP)
    for order in (first, second):
        floor.cache.add_order(order)

    floor.in_one_turn(lambda: floor.submit_command(first), lambda: floor.submit_command(second))

    assert [command.order for command in floor.passed] == [first.init]
    assert floor.denials[0].code is D.TRADING_STATE_REDUCING


def test_reduce_only_exit_is_possible_while_another_exit_still_stands(floor: "Floor") -> None:
    floor.margin(USDT="1000")
    floor.hold(BUY, "5", instrument_id=PERP)
    floor.working(SELL, "5", instrument_id=PERP, reduce_only=True)
    floor.risk.set_trading_state(TradingState.REDUCING)
    floor.quote("99.00", "101.00", instrument_id=PERP)

    exit_now = floor.order(SELL, "5", None, instrument_id=PERP, reduce_only=True)
    assert floor.submit(exit_now) is None
    assert floor.submit(floor.order(SELL, "5", instrument_id=PERP)) is D.TRADING_STATE_REDUCING


@pytest.mark.parametrize(("state", "config", "code"), LIMITED)
@pytest.mark.parametrize(
    ("side", "change", "passes"),
    [
        (BUY, {"quantity": "1"}, True),
        (BUY, {"quantity": "3"}, False),
        (BUY, {"price": "99.00"}, True),
        (SELL, {"quantity": "1"}, True),
        (SELL, {"quantity": "5"}, True),
        (SELL, {"quantity": "5.001"}, False),
    ],
)
def test_reducing_lets_modifies_shrink_and_grow_only_within_the_position(
    floor: "Floor",
    state: TradingState,
    config: dict[str, Any],
    code: DenialCode,
    side: OrderSide,
    change: dict[str, str],
    passes: bool,
) -> None:
    floor.engine(**config)
    floor.margin(USDT="1000")
    floor.hold(BUY, "5", instrument_id=PERP)
    standing = floor.working(side, "2", instrument_id=PERP)
    floor.risk.set_trading_state(state)

    assert floor.modify(standing, **change) is (None if passes else code)


def test_modify_on_the_wire_counts_at_its_new_size(floor: "Floor") -> None:
    floor.margin(USDT="1000")
    floor.hold(BUY, "5", instrument_id=PERP)
    standing = floor.working(SELL, "1", instrument_id=PERP)
    floor.risk.set_trading_state(TradingState.REDUCING)
    assert floor.modify(standing, "4") is None

    assert floor.submit(floor.order(SELL, "2", instrument_id=PERP)) is D.TRADING_STATE_REDUCING

    floor.reject_modify(standing, floor.passed[-1].command_id)
    assert floor.submit(floor.order(SELL, "4", instrument_id=PERP)) is None
