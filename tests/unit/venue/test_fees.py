import pytest

from simulation.venue.enums import Liquidity
from simulation.venue.fees import FeeRates
from simulation.venue.money import decimal_text, half_even, mantissa_of, rate_text


def test_fee_follows_the_liquidity_side_and_rounds_half_even_once() -> None:
    rates = FeeRates.from_text("0.0001", "0.0005")
    assert rates.fee(10_000, Liquidity.MAKER) == 1
    assert rates.fee(10_000, Liquidity.TAKER) == 5
    assert rates.fee(5_000, Liquidity.MAKER) == 0  # a tie goes to the even neighbour
    assert rates.fee(15_000, Liquidity.MAKER) == 2


def test_negative_rate_is_a_rebate_and_reserves_nothing() -> None:
    rates = FeeRates.from_text("-0.0002", "-0.0001")
    assert rates.fee(100_000, Liquidity.MAKER) == -20
    assert rates.reserve == 0


def test_rate_of_one_or_more_is_refused() -> None:
    with pytest.raises(ValueError):
        FeeRates.from_text("0", "1")


def test_exchange_wide_rates_override_the_instruments(cash) -> None:
    desk = cash(fees=FeeRates.from_text("0", "0.01"))
    desk.ask(10_000, 100)
    desk.market("BUY", 100)
    assert desk.exchange.floor.trades[0].fee == 10_000_000  # 10 USDT x 0.01


@pytest.mark.parametrize(
    ("numerator", "denominator", "result"),
    [(5, 2, 2), (7, 2, 4), (-5, 2, -2), (-7, 2, -4), (6, 4, 2), (1, 3, 0), (2, 3, 1), (-1, 3, 0)],
)
def test_half_even_rounds_ties_to_even_on_both_sides_of_zero(
    numerator, denominator, result
) -> None:
    assert half_even(numerator, denominator) == result


def test_decimal_text_round_trips() -> None:
    for text in ("0.00", "1.50", "-1.50", "1234567.89"):
        assert decimal_text(mantissa_of(text, 2), 2) == text
    assert mantissa_of("1.500", 2) == 150
    assert mantissa_of("7", 0) == 7
    assert rate_text(mantissa_of("0.0004", 16)) == "0.0004"
    assert rate_text(10**16) == "1"


@pytest.mark.parametrize("text", ["", ".", "1.234", "1e3", "1,000", " 1", "--1", "٣"])
def test_text_that_is_no_plain_decimal_is_refused(text) -> None:
    with pytest.raises(ValueError):
        mantissa_of(text, 2)
