"""Balance and margin: what an order needs must be free, and nothing is spent twice."""

from typing import TYPE_CHECKING

import pytest

from engine.model.enums import (
    BUY,
    SELL,
    DenialCode,
    OrderSide,
)
from engine.model.identifiers import (
    InstrumentId,
)

if TYPE_CHECKING:
    from conftest import Floor

PERP = InstrumentId("BTCUSDT-PERP.SIM")
INVERSE = InstrumentId("BTCUSD-PERP.SIM")
D = DenialCode


# --- balance: cash ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quantity", "code"), [("10", None), ("10.000001", D.NOTIONAL_EXCEEDS_FREE_BALANCE)]
)
def test_cash_buy_may_use_exactly_what_is_free(
    floor: "Floor", quantity: str, code: DenialCode | None
) -> None:
    floor.cash(USDT="1000")

    assert floor.submit(floor.order(quantity=quantity)) is code


def test_cash_buy_without_any_balance_of_the_currency_is_denied(floor: "Floor") -> None:
    floor.cash(BTC="5")

    assert floor.submit(floor.order()) is D.NOTIONAL_EXCEEDS_FREE_BALANCE
    assert floor.detail == "required=100, available=0, currency=USDT"


@pytest.mark.parametrize(
    ("quantity", "code"), [("5", None), ("5.000001", D.NOTIONAL_EXCEEDS_FREE_BALANCE)]
)
def test_cash_sell_may_use_exactly_what_is_free_of_the_base(
    floor: "Floor", quantity: str, code: DenialCode | None
) -> None:
    floor.cash(BTC="5")

    assert floor.submit(floor.order(SELL, quantity)) is code


def test_two_buys_of_one_handler_share_one_balance(floor: "Floor") -> None:
    floor.cash(USDT="1000")
    first, second = floor.order(quantity="6"), floor.order(quantity="6")
    for order in (first, second):
        floor.cache.add_order(order)

    floor.in_one_turn(lambda: floor.submit_command(first), lambda: floor.submit_command(second))

    assert [command.order for command in floor.passed] == [first.init]
    assert floor.denials[0].code is D.NOTIONAL_EXCEEDS_FREE_BALANCE
    assert floor.detail == "required=600, available=400, currency=USDT"


def test_order_on_the_wire_counts_before_its_account_locks_for_it(floor: "Floor") -> None:
    account = floor.cash(USDT="1000")
    first = floor.order(quantity="6")
    floor.submit(first)
    assert account.free_raw("USDT") == 1000 * 10**16  # submitted: nothing is locked yet

    assert floor.submit(floor.order(quantity="6")) is D.NOTIONAL_EXCEEDS_FREE_BALANCE
    assert floor.submit(floor.order(quantity="4")) is None


def test_accepted_order_is_counted_once_not_twice(floor: "Floor") -> None:
    floor.cash(USDT="1000")
    first = floor.order(quantity="6")
    floor.submit(first)
    floor.accept(first)

    assert floor.submit(floor.order(quantity="4")) is None


def test_working_market_order_counts_though_no_account_locks_for_it(floor: "Floor") -> None:
    floor.cash(USDT="1000")
    floor.quote("100.00", "100.00")
    first = floor.order(price=None, quantity="6")
    floor.submit(first)
    floor.accept(first)

    assert floor.submit(floor.order(quantity="6")) is D.NOTIONAL_EXCEEDS_FREE_BALANCE


def test_balance_of_a_canceled_order_is_free_again(floor: "Floor") -> None:
    floor.cash(USDT="1000")
    first = floor.order(quantity="6")
    floor.submit(first)
    floor.accept(first)
    floor.cancel(first)

    assert floor.submit(floor.order(quantity="10")) is None


@pytest.mark.parametrize(
    ("quantity", "code"), [("2", None), ("3", D.NOTIONAL_EXCEEDS_FREE_BALANCE)]
)
def test_sell_beside_a_working_sell_may_use_the_rest_of_the_position(
    floor: "Floor", quantity: str, code: DenialCode | None
) -> None:
    floor.cash(USDT="1000")
    floor.hold(BUY, "5")
    floor.working(SELL, "3")

    assert floor.submit(floor.order(SELL, quantity)) is code


def test_sell_beyond_the_position_is_checked_against_what_is_free(floor: "Floor") -> None:
    floor.cash(USDT="1000", BTC="1")
    floor.hold(BUY, "5")
    floor.working(SELL, "3")

    assert floor.submit(floor.order(SELL, "3")) is None


def test_sell_that_reduces_is_exempt_even_when_the_coins_are_gone(floor: "Floor") -> None:
    account = floor.cash(USDT="1000")
    floor.hold(BUY, "5")
    account.set_total(floor.spot().base_currency, 0)  # withdrawn at the venue
    account.settle()

    assert floor.submit(floor.order(SELL, "5")) is None
    assert floor.submit(floor.order(SELL, "1")) is D.NOTIONAL_EXCEEDS_FREE_BALANCE


# --- balance: margin -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quantity", "code"), [("100", None), ("100.001", D.MARGIN_EXCEEDS_FREE_BALANCE)]
)
@pytest.mark.parametrize("side", [BUY, SELL])
def test_margin_order_may_use_exactly_what_is_free(
    floor: "Floor", side: OrderSide, quantity: str, code: DenialCode | None
) -> None:
    floor.margin(leverage=10, USDT="100")  # 100 x 100.00 at 10 % and leverage 10

    assert floor.submit(floor.order(side, quantity, instrument_id=PERP)) is code


def test_margin_of_an_inverse_contract_is_asked_in_base(floor: "Floor") -> None:
    floor.margin(leverage=1, BTC="1")
    order = {"price": "100.0", "instrument_id": INVERSE}

    assert floor.submit(floor.order(quantity="1000", **order)) is None
    assert floor.submit(floor.order(quantity="1", **order)) is D.MARGIN_EXCEEDS_FREE_BALANCE
    assert floor.detail == "required=0.001, available=0, currency=BTC"


@pytest.mark.parametrize(
    ("quantity", "code"), [("50", None), ("50.001", D.MARGIN_EXCEEDS_FREE_BALANCE)]
)
def test_margin_order_that_only_reduces_needs_nothing(
    floor: "Floor", quantity: str, code: DenialCode | None
) -> None:
    floor.margin(leverage=1, USDT="250")
    floor.hold(BUY, "50", instrument_id=PERP)  # maintenance takes 250: nothing is free

    assert floor.submit(floor.order(SELL, quantity, instrument_id=PERP)) is code


def test_margin_order_that_flips_needs_margin_for_the_excess_only(floor: "Floor") -> None:
    floor.margin(leverage=1, USDT="260")
    floor.hold(BUY, "50", instrument_id=PERP)  # 10 free

    assert floor.submit(floor.order(SELL, "51.001", instrument_id=PERP)) is not None
    assert floor.submit(floor.order(SELL, "51", instrument_id=PERP)) is None
