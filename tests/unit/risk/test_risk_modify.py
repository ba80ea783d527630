"""Modifies: judged like submits, for what the order would become."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from engine.model.currencies import USDT
from engine.model.enums import (
    BUY,
    SELL,
    DenialCode,
    LiquiditySide,
    OrderStatus,
)
from engine.model.events import OrderFilled, OrderPendingCancel
from engine.model.identifiers import (
    AccountId,
    InstrumentId,
    PositionId,
    TradeId,
    VenueOrderId,
)
from engine.model.orders import Order
from engine.model.values import Money, Quantity

if TYPE_CHECKING:
    from conftest import Floor

PERP = InstrumentId("BTCUSDT-PERP.SIM")
D = DenialCode


def test_sound_modify_goes_on_to_the_execution_engine(floor: "Floor") -> None:
    floor.cash(USDT="1000")
    standing = floor.working(BUY, "1")

    assert floor.modify(standing, "2", "101.00") is None
    assert floor.passed[0].client_order_id == standing.client_order_id


def test_modify_of_a_closed_order_is_denied(floor: "Floor") -> None:
    floor.cash(USDT="1000")
    standing = floor.working(BUY, "1")
    floor.cancel(standing)

    assert floor.modify(standing, "2") is D.ORDER_CLOSED
    assert floor.detail == "status=CANCELED"


def test_modify_of_an_order_being_canceled_is_denied(floor: "Floor") -> None:
    floor.cash(USDT="1000")
    standing = floor.working(BUY, "1")
    pending = OrderPendingCancel(*floor.head(standing), AccountId("SIM-001"), "r-1")
    floor.apply(standing, pending)

    assert floor.modify(standing, "2") is D.ORDER_PENDING_CANCEL


def test_modify_of_an_order_that_was_denied_in_the_same_handler_is_denied(floor: "Floor") -> None:
    floor.cash(USDT="1000")
    order = floor.order(price="0")
    floor.cache.add_order(order)

    floor.in_one_turn(lambda: floor.submit_command(order), lambda: floor.modify_command(order, "2"))

    assert [d.code for d in floor.denials] == [D.PRICE_NOT_POSITIVE, D.INVALID_MODIFICATION]
    assert floor.detail == "status=INITIALIZED"


def test_submit_then_modify_in_one_handler_both_pass(floor: "Floor") -> None:
    floor.cash(USDT="1000")
    order = floor.order()
    floor.cache.add_order(order)

    floor.in_one_turn(lambda: floor.submit_command(order), lambda: floor.modify_command(order, "2"))

    assert len(floor.passed) == 2 and floor.denials == []
    assert order.status is OrderStatus.PENDING_UPDATE


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, D.NOTHING_TO_MODIFY),
        ({"quantity": "2", "price": "100.00"}, D.NOTHING_TO_MODIFY),
        ({"quantity": "0"}, D.INVALID_MODIFICATION),
        ({"trigger_price": "99.00"}, D.INVALID_MODIFICATION),
        ({"price": "100.123"}, D.PRICE_PRECISION),
        ({"price": "0"}, D.PRICE_NOT_POSITIVE),
        ({"quantity": "2.0000001"}, D.QUANTITY_PRECISION),
        ({"price": "100.01"}, None),
        ({"quantity": "2.5"}, None),
    ],
)
def test_terms_of_a_modify_are_judged(
    floor: "Floor", change: dict[str, str], code: DenialCode | None
) -> None:
    floor.cash(USDT="1000")
    standing = floor.working(BUY, "2")

    assert floor.modify(standing, **change) is code


@pytest.mark.parametrize(
    ("kind", "change", "code"),
    [
        ({"price": None, "trigger_price": "101.00"}, {"price": "1.00"}, D.INVALID_MODIFICATION),
        ({"price": None, "trigger_price": "101.00"}, {"trigger_price": "102.00"}, None),
        ({"trigger_price": "101.00"}, {"trigger_price": "0"}, D.TRIGGER_PRICE_NOT_POSITIVE),
        ({"trigger_price": "101.00"}, {"trigger_price": "9.001"}, D.TRIGGER_PRICE_PRECISION),
    ],
)
def test_stop_orders_are_modified_in_the_fields_they_have(
    floor: "Floor", kind: dict[str, Any], change: dict[str, str], code: DenialCode | None
) -> None:
    floor.cash(USDT="1000")
    standing = floor.working(BUY, "1", **kind)

    assert floor.modify(standing, **change) is code


def test_modify_below_what_is_filled_is_denied(floor: "Floor") -> None:
    floor.cash(USDT="1000")
    standing = floor.working(BUY, "4")
    _fill_part(floor, standing, "3")

    assert floor.modify(standing, "2.999999") is D.INVALID_MODIFICATION
    assert floor.detail == "quantity=2.999999, filled=3"
    assert floor.modify(standing, "3.5") is None


def _fill_part(floor: "Floor", order: Order, quantity: str) -> None:
    fill = OrderFilled(
        *floor.head(order),
        AccountId("SIM-001"),
        VenueOrderId(f"V-{order.client_order_id}"),
        TradeId("T-part"),
        PositionId("P-1"),
        order.side,
        order.order_type,
        Quantity(quantity),
        order.price,
        Money.zero(USDT),
        LiquiditySide.MAKER,
    )
    floor.apply(order, fill)


def test_asking_for_the_present_values_takes_back_a_modify_on_the_wire(floor: "Floor") -> None:
    floor.cash(USDT="1000")
    standing = floor.working(BUY, "2")
    floor.modify(standing, "3")

    assert floor.modify(standing, "2") is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"quantity": "10"}, None),  # its own lock counts as free for it
        ({"quantity": "10.000001"}, D.NOTIONAL_EXCEEDS_FREE_BALANCE),
        ({"quantity": "1000000"}, D.NOTIONAL_EXCEEDS_FREE_BALANCE),
        ({"price": "166.66"}, None),
        ({"price": "166.67"}, D.NOTIONAL_EXCEEDS_FREE_BALANCE),
    ],
)
def test_modify_needs_the_balance_for_what_it_grows_to(
    floor: "Floor", change: dict[str, str], code: DenialCode | None
) -> None:
    floor.cash(USDT="1000")
    standing = floor.working(BUY, "6")

    assert floor.modify(standing, **change) is code


def test_modify_on_the_wire_counts_against_the_balance_of_others(floor: "Floor") -> None:
    floor.cash(USDT="1000")
    first = floor.working(BUY, "2")
    assert floor.modify(first, "6") is None

    assert floor.submit(floor.order(quantity="5")) is D.NOTIONAL_EXCEEDS_FREE_BALANCE
    assert floor.detail == "required=500, available=400, currency=USDT"

    floor.update(first, "6", floor.passed[-1].command_id)
    assert floor.submit(floor.order(quantity="4")) is None


def test_modify_is_held_to_the_notional_limits(floor: "Floor") -> None:
    floor.cash(USDT="100000")
    floor.engine(max_notional_per_order={"BTC/USDT.SIM": Decimal(500)})
    standing = floor.working(BUY, "1")

    assert floor.modify(standing, "5.000001") is D.NOTIONAL_EXCEEDS_MAX_PER_ORDER
    assert floor.modify(standing, price="500.01") is D.NOTIONAL_EXCEEDS_MAX_PER_ORDER
    assert floor.modify(standing, "5") is None


def test_reduce_only_modify_must_still_fit_into_the_position(floor: "Floor") -> None:
    floor.margin(USDT="1000")
    floor.hold(BUY, "5", instrument_id=PERP)
    standing = floor.working(SELL, "2", instrument_id=PERP, reduce_only=True)

    assert floor.modify(standing, "6") is D.REDUCE_ONLY_WOULD_INCREASE_POSITION
    assert floor.modify(standing, "5") is None
