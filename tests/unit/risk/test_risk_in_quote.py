"""Risk and amounts of quote currency: judged by what they would buy, and by what they may spend."""

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec
import pytest

from engine.model.enums import BUY, SELL, DenialCode, OrderSide, TradingState
from engine.model.identifiers import InstrumentId
from engine.model.orders import Order
from engine.model.values import Money, Price, Quantity

if TYPE_CHECKING:
    from conftest import Floor

PERP = InstrumentId("BTCUSDT-PERP.SIM")
D = DenialCode


def amount(
    floor: "Floor",
    quantity: str,
    side: OrderSide = BUY,
    price: str | None = None,
    reduce_only: bool = False,
) -> Order:
    plain = floor.order(side=side, quantity=quantity, price=price, reduce_only=reduce_only)
    return Order(msgspec.structs.replace(plain.init, quote_quantity=True))


@pytest.fixture
def rich(floor: "Floor") -> "Floor":
    floor.cash(USDT="1000", BTC="5")
    floor.quote("99.00", "100.00")
    return floor


@pytest.mark.parametrize(
    ("quantity", "code"), [("1000", None), ("1000.0002", D.NOTIONAL_EXCEEDS_FREE_BALANCE)]
)
def test_a_buy_needs_its_amount_to_be_free(
    rich: "Floor", quantity: str, code: DenialCode | None
) -> None:
    assert rich.submit(amount(rich, quantity)) is code


def test_a_sale_needs_the_coins_that_the_amount_comes_to(rich: "Floor") -> None:
    assert rich.submit(amount(rich, "495", SELL)) is None  # 5 at 99.00
    assert rich.submit(amount(rich, "0.01", SELL)) is D.NOTIONAL_EXCEEDS_FREE_BALANCE


def test_a_priced_order_is_reckoned_at_its_own_price(rich: "Floor") -> None:
    assert rich.submit(amount(rich, "300", SELL, price="50.00")) is D.NOTIONAL_EXCEEDS_FREE_BALANCE
    assert rich.submit(amount(rich, "250", SELL, price="50.00")) is None


def test_an_amount_that_is_on_its_way_is_not_free_for_the_next(rich: "Floor") -> None:
    assert rich.submit(amount(rich, "600")) is None
    assert rich.submit(amount(rich, "600")) is D.NOTIONAL_EXCEEDS_FREE_BALANCE
    assert rich.submit(rich.order(quantity="4.01", price="100.00")) is (
        D.NOTIONAL_EXCEEDS_FREE_BALANCE
    )
    assert rich.submit(rich.order(quantity="4", price="100.00")) is None


def test_two_amounts_of_one_handler_are_judged_together(rich: "Floor") -> None:
    first, second = amount(rich, "600"), amount(rich, "600")
    for order in (first, second):
        rich.cache.add_order(order)
    rich.in_one_turn(lambda: rich.submit_command(first), lambda: rich.submit_command(second))
    assert [command.order.client_order_id for command in rich.passed] == [first.client_order_id]


@pytest.mark.parametrize(
    ("quantity", "code"),
    [
        ("100.123456789", D.QUANTITY_PRECISION),  # USDT has eight decimals
        ("0.00001", D.QUANTITY_BELOW_MINIMUM),  # not one step
        ("100.12345678", None),
    ],
)
def test_an_amount_is_on_the_grid_of_its_currency(
    rich: "Floor", quantity: str, code: DenialCode | None
) -> None:
    assert rich.submit(amount(rich, quantity)) is code


def test_the_size_limits_hold_for_what_it_comes_to(rich: "Floor") -> None:
    bounds = {"min_quantity": Quantity("0.5"), "max_quantity": Quantity("2")}
    rich.cache.add_instrument(rich.spot(**bounds))
    assert rich.submit(amount(rich, "49.99")) is D.QUANTITY_BELOW_MINIMUM
    assert rich.submit(amount(rich, "200.01")) is D.QUANTITY_EXCEEDS_MAXIMUM
    assert rich.submit(amount(rich, "200")) is None


def test_the_limit_of_an_order_holds_for_the_whole_amount(rich: "Floor") -> None:
    rich.engine(max_notional_per_order={"BTC/USDT.SIM": Decimal(500)})
    assert rich.submit(amount(rich, "500.00001")) is D.NOTIONAL_EXCEEDS_MAX_PER_ORDER
    assert rich.submit(amount(rich, "500")) is None


def test_the_notional_limits_hold_for_the_amount(rich: "Floor") -> None:
    rich.cache.add_instrument(rich.spot(min_notional=Money("10", rich.spot().quote_currency)))
    assert rich.submit(amount(rich, "9.99")) is D.NOTIONAL_BELOW_MINIMUM
    assert rich.submit(amount(rich, "10")) is None


def test_without_a_price_nothing_says_what_it_comes_to(floor: "Floor") -> None:
    floor.cash(USDT="1000")
    assert floor.submit(amount(floor, "100")) is D.QUANTITY_CONVERSION_FAILED


def test_reducing_fits_an_amount_into_the_position(rich: "Floor") -> None:
    rich.hold(BUY, "2", "90.00")
    rich.risk.set_trading_state(TradingState.REDUCING)
    assert rich.submit(amount(rich, "199", SELL)) is D.TRADING_STATE_REDUCING  # 2.01 at 99
    assert rich.submit(amount(rich, "99", SELL)) is None
    assert rich.submit(amount(rich, "100", SELL)) is D.TRADING_STATE_REDUCING  # one works already
    assert rich.submit(amount(rich, "99", SELL)) is None


def test_reduce_only_fits_an_amount_into_the_position(rich: "Floor") -> None:
    rich.hold(BUY, "2", "90.00")
    refused = D.REDUCE_ONLY_WOULD_INCREASE_POSITION
    assert rich.submit(amount(rich, "199", SELL, reduce_only=True)) is refused
    assert rich.submit(amount(rich, "198", SELL, reduce_only=True)) is None


def test_an_amount_cannot_be_modified_before_it_is_a_size(rich: "Floor") -> None:
    order = amount(rich, "100", price="90.00")
    assert rich.submit(order) is None
    assert rich.modify(order, price="91.00") is D.INVALID_MODIFICATION


def test_base_of_an_amount_is_rounded_down_to_the_increment(floor: "Floor") -> None:
    instrument = floor.spot()
    price = Price("3.00").raw
    assert instrument.base_quantity_raw(Quantity("1").raw, price) == Quantity("0.333333").raw
    assert instrument.base_quantity_raw(Quantity("0.000001").raw, price) == 0
