import copy
import decimal
import pickle
from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest

from engine.model.currencies import (
    BTC,
    CURRENCIES,
    EUR,
    JPY,
    USD,
    Currency,
    CurrencyType,
    with_currencies,
)
from engine.model.identifiers import InstrumentId
from engine.model.values import (
    FIXED_PRECISION,
    FIXED_SCALE,
    MONEY_RAW_MAX,
    PRICE_MAX,
    PRICE_RAW_MAX,
    QUANTITY_MAX,
    QUANTITY_RAW_MAX,
    AccountBalance,
    MarginBalance,
    Money,
    Price,
    Quantity,
    ValueOutOfRange,
    check_positive,
    correct_raw,
    divide_half_even,
    round_raw_half_even,
)


def usd(text: str) -> Money:
    return Money(text, USD)


# -- limits and construction -----------------------------------------------------------------


def test_limits_are_those_of_the_128_bit_fixed_point() -> None:
    assert FIXED_PRECISION == 16
    assert PRICE_RAW_MAX == MONEY_RAW_MAX == 170_141_183_460_460_000_000_000_000_000
    assert QUANTITY_RAW_MAX == 340_282_366_920_930_000_000_000_000_000


def test_raw_uses_the_global_scale_whatever_the_precision() -> None:
    assert Price.from_str("1.5").raw == Price.from_str("1.500").raw == 15_000_000_000_000_000
    assert Price.from_str("1.500").mantissa == 1500


@pytest.mark.parametrize("precision", [0, 9, 16])
def test_limits_are_inclusive_and_the_same_at_every_precision(precision: int) -> None:
    assert Price(PRICE_MAX, precision).raw == PRICE_RAW_MAX
    assert Price(-PRICE_MAX, precision).raw == -PRICE_RAW_MAX
    assert Quantity(QUANTITY_MAX, precision).raw == QUANTITY_RAW_MAX
    for beyond in (PRICE_MAX + 1, -PRICE_MAX - 1):
        with pytest.raises(ValueOutOfRange):
            Price(beyond, precision)
    with pytest.raises(ValueOutOfRange):
        Quantity(QUANTITY_MAX + 1, precision)


def test_out_of_range_is_an_overflow_and_a_value_error() -> None:
    assert issubclass(ValueOutOfRange, OverflowError)
    assert issubclass(ValueOutOfRange, ValueError)


@pytest.mark.parametrize(
    ("value", "precision", "text"),
    [
        (2.5, 0, "2"),
        (3.5, 0, "4"),
        (-2.5, 0, "-2"),
        (0.125, 2, "0.12"),
        (1.005, 2, "1.00"),
        (1.015, 2, "1.02"),
        (1e-7, 7, "0.0000001"),
        (1e-17, 16, "0.0000000000000000"),
        (-0.0, 2, "0.00"),
        (0.1 + 0.2, 16, "0.3000000000000000"),
        (0.1 + 0.2, 15, "0.300000000000000"),
        (12345.678901234567, 12, "12345.678901234567"),
        (123456789012.5, 0, "123456789012"),
        (5e-324, 16, "0.0000000000000000"),
    ],
)
def test_a_float_counts_as_its_shortest_text_and_rounds_half_even(
    value: float, precision: int, text: str
) -> None:
    assert str(Price(value, precision)) == text


def test_money_maths_of_the_reference_rounds_half_even() -> None:
    assert usd("104.985") == Money.from_str("104.98 USD")


@pytest.mark.parametrize("kind", [Price, Quantity])
def test_a_float_without_precision_is_a_type_error(kind: type[Price] | type[Quantity]) -> None:
    with pytest.raises(TypeError, match="precision"):
        kind(1.5)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), 1e300])
@pytest.mark.parametrize("kind", [Price, Quantity])
def test_a_float_that_is_no_amount_is_refused(
    kind: type[Price] | type[Quantity], value: float
) -> None:
    with pytest.raises(ValueError):
        kind(value, 2)


@pytest.mark.parametrize("value", [None, True, b"1", [1], 1 + 0j])
def test_a_wrong_type_is_a_type_error(value: object) -> None:
    for make in (
        lambda: Price(value, 1),  # type: ignore[arg-type]
        lambda: Quantity(value, 1),  # type: ignore[arg-type]
        lambda: Money(value, USD),  # type: ignore[arg-type]
        lambda: Price.from_str(value),  # type: ignore[arg-type]
        lambda: Quantity.from_str(value),  # type: ignore[arg-type]
        lambda: Money.from_str(value),  # type: ignore[arg-type]
        lambda: Price.from_int(value),  # type: ignore[arg-type]
        lambda: Price.from_raw(value, 1),  # type: ignore[arg-type]
        lambda: Price.from_mantissa(value, 1),  # type: ignore[arg-type]
        lambda: Money.from_raw(value, USD),  # type: ignore[arg-type]
        lambda: Money.from_mantissa(value, USD),  # type: ignore[arg-type]
        lambda: Price.from_decimal(value),  # type: ignore[arg-type]
        lambda: Price.from_decimal_dp(value, 1),  # type: ignore[arg-type]
        lambda: Price.from_mantissa_exponent(value, 0, 1),  # type: ignore[arg-type]
        lambda: Money(1, value),  # type: ignore[arg-type]
    ):
        with pytest.raises(TypeError):
            make()


@pytest.mark.parametrize("precision", [-1, 17, 100])
def test_a_precision_outside_0_to_16_is_refused(precision: int) -> None:
    for make in (Price.from_raw, Price.from_mantissa, Quantity.from_raw, Price):
        with pytest.raises(ValueError, match="precision"):
            make(0, precision)
    with pytest.raises(ValueError, match="precision"):
        Price.zero(precision)


@pytest.mark.parametrize("precision", [True, 1.0, "1"])
def test_a_precision_that_is_not_int_is_a_type_error(precision: object) -> None:
    for make in (Price.from_raw, Price.from_mantissa, Quantity.from_raw, Price):
        with pytest.raises(TypeError):
            make(0, precision)  # type: ignore[operator]


def test_from_raw_refuses_digits_beyond_the_precision() -> None:
    with pytest.raises(ValueError, match="beyond precision 1"):
        Price.from_raw(15_000_000_000_000_001, 1)
    with pytest.raises(ValueError, match="beyond precision 0"):
        Quantity.from_raw(1, 0)
    with pytest.raises(ValueError, match="precision of USD"):
        Money.from_raw(1, USD)


def test_correct_raw_repairs_old_data_half_away_and_cuts_at_the_limit() -> None:
    assert correct_raw(15_500_000_000_000_000, 0) == 2 * FIXED_SCALE
    assert correct_raw(-15_500_000_000_000_000, 0) == -2 * FIXED_SCALE
    assert correct_raw(14_999_999_999_999_999, 0) == FIXED_SCALE
    assert correct_raw(3_500, 16, raw_max=3_500) == 3_500
    assert correct_raw(2 * FIXED_SCALE - 1, 0, raw_max=2 * FIXED_SCALE - 1) == FIXED_SCALE


@pytest.mark.parametrize(
    ("text", "precision", "rounded"),
    [("1.245", 2, "1.24"), ("1.235", 2, "1.24"), ("-1.245", 2, "-1.24"), ("7", 3, "7.000")],
)
def test_from_decimal_dp_rounds_half_even(text: str, precision: int, rounded: str) -> None:
    assert str(Price.from_decimal_dp(Decimal(text), precision)) == rounded


def test_from_decimal_keeps_the_scale() -> None:
    assert Price.from_decimal(Decimal("1.2300")).precision == 4
    assert str(Quantity.from_decimal(Decimal("1E+3"))) == "1000"


@pytest.mark.parametrize(
    ("mantissa", "exponent", "precision", "text"),
    [(125, -2, 2, "1.25"), (125, -2, 1, "1.2"), (135, -2, 1, "1.4"), (5, 3, 2, "5000.00")],
)
def test_from_mantissa_exponent_rounds_half_even_when_digits_go(
    mantissa: int, exponent: int, precision: int, text: str
) -> None:
    assert str(Price.from_mantissa_exponent(mantissa, exponent, precision)) == text


def test_an_absurd_exponent_is_refused_without_computing_it() -> None:
    with pytest.raises(ValueOutOfRange):
        Price.from_mantissa_exponent(1, 10**12, 0)
    assert Price.from_mantissa_exponent(1, -(10**12), 4).raw == 0
    assert Price.from_mantissa_exponent(0, 10**12, 4).raw == 0


@pytest.mark.parametrize(
    "make",
    [
        lambda: Quantity(-1),
        lambda: Quantity(-1.0, 0),
        lambda: Quantity.from_str("-1"),
        lambda: Quantity.from_int(-1),
        lambda: Quantity.from_mantissa(-1, 2),
        lambda: Quantity.from_raw(-FIXED_SCALE, 0),
        lambda: Quantity.from_decimal(Decimal(-1)),
    ],
)
def test_a_negative_quantity_is_refused(make: Callable[[], Quantity]) -> None:
    with pytest.raises(ValueError):
        make()


def test_non_zero_refuses_what_rounds_to_zero() -> None:
    assert Quantity.non_zero("0.06", 1) == Quantity("0.1")
    with pytest.raises(ValueError, match="zero at precision 1"):
        Quantity.non_zero("0.04", 1)


def test_check_positive_says_which_argument() -> None:
    check_positive(Price("0.1"), "price")
    for value in (Price("0"), Price("-1"), Quantity(0), usd("0")):
        with pytest.raises(ValueError, match="limit not positive"):
            check_positive(value, "limit")


# -- parsing ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "canonical", "precision"),
    [
        ("1_000.50", "1000.50", 2),
        ("1e-3", "0.001", 3),
        ("1E3", "1000", 0),
        ("1.50e1", "15.0", 1),
        (".5", "0.5", 1),
        ("5.", "5", 0),
        ("+1.0", "1.0", 1),
        ("-0.00", "0.00", 2),
        ("007.10", "7.10", 2),
        ("0", "0", 0),
        ("00", "0", 0),
        ("0.0000000000000001", "0.0000000000000001", 16),
        ("17014118346046.0", "17014118346046.0", 1),
    ],
)
def test_from_str_keeps_the_decimals_written(text: str, canonical: str, precision: int) -> None:
    price = Price.from_str(text)
    assert (str(price), price.precision) == (canonical, precision)
    assert str(Price(text)) == canonical


@pytest.mark.parametrize(
    "text",
    [
        "", "1,000", "nan", "inf", "-inf", " 1.0", "1.0 ", "1.0\n", "abc", "1..0", "--1", ".", "e5",
        "_1", "1__0", "1_", "0x10", "١٢", "1.٢", "²", "1e", "1e99999999999", "9" * 500,
    ],
)  # fmt: skip
def test_from_str_refuses_what_is_no_number_with_a_value_error_that_quotes_it(text: str) -> None:
    for make in (Price.from_str, Quantity.from_str, Price, Quantity):
        with pytest.raises(ValueError):
            make(text)
    with pytest.raises(ValueError):
        Money.from_str(f"{text} USD")


def test_more_than_16_decimals_are_refused() -> None:
    with pytest.raises(ValueError, match="precision 17 exceeds 16"):
        Price.from_str("0." + "1" * 17)
    with pytest.raises(ValueError):
        Price.from_str("1e-17")


def test_a_str_with_precision_rounds_half_even() -> None:
    assert str(Price("1.25", 1)) == "1.2"
    assert str(Quantity("1.35", 1)) == "1.4"


def test_money_text_is_amount_and_known_code_rounded_to_the_currency() -> None:
    assert Money.from_str("1_000.125 USD") == usd("1000.12")
    assert str(Money.from_str("5 JPY")) == "5 JPY"
    assert Money.from_str("-0.00000001 BTC").raw == -(10**8)


@pytest.mark.parametrize("text", ["1", "1 USD x", "1 usd", "1 NOPE", "USD 1", " 1 USD", "1  USD"])
def test_money_text_of_another_shape_or_unknown_code_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Money.from_str(text)


def test_money_text_may_name_a_currency_that_the_scenario_brings() -> None:
    gold = Currency("GLD", 3, 0, "Game gold", CurrencyType.CRYPTO)
    assert str(Money.from_str("1.5 GLD", with_currencies(gold))) == "1.500 GLD"
    assert "GLD" not in CURRENCIES


# -- text ------------------------------------------------------------------------------------


def test_text_shows_exactly_the_precision() -> None:
    assert str(Price.from_raw(0, 3)) == "0.000"
    assert str(Price.from_mantissa(-5, 2)) == "-0.05"
    assert str(Price.from_mantissa(-12345, 2)) == "-123.45"
    assert f"{Quantity('1.50')}" == "1.50"
    assert repr(Price("1.50")) == "Price('1.50')"


def test_formatted_text_groups_the_integer_part() -> None:
    assert Price("1234567.50").to_formatted_str() == "1_234_567.50"
    assert Price("-1234.5").to_formatted_str() == "-1_234.5"
    assert Price("-0.5").to_formatted_str() == "-0.5"
    assert Quantity("999").to_formatted_str() == "999"
    assert usd("1234567.5").to_formatted_str() == "1_234_567.50 USD"


def test_money_text_carries_the_code() -> None:
    assert str(usd("1234567.5")) == "1234567.50 USD"
    assert repr(usd("1234567.5")) == "Money(1234567.50, USD)"
    assert usd("-1").amount_str() == "-1.00"


def test_records_hold_values_as_text() -> None:
    record = [Price("1.50"), Quantity("2"), usd("3")]
    assert msgspec.json.encode(record, enc_hook=str) == b'["1.50","2","3.00 USD"]'


# -- equality, order, hash -------------------------------------------------------------------


def test_equality_and_hash_ignore_precision() -> None:
    assert Price("1.5") == Price("1.50")
    assert hash(Price("1.5")) == hash(Price("1.50"))
    assert Quantity("1.5") == Quantity("1.50")
    assert Price("1.5") != Price("1.51")


def test_a_price_never_equals_a_quantity_or_money() -> None:
    assert Price("1") != Quantity("1")
    assert Quantity("1") != Price("1")
    assert Price("1") != usd("1")
    assert usd("1") != Quantity("1")


@pytest.mark.parametrize("other", [None, "1.5", object(), float("nan"), Decimal("NaN"), [1.5]])
def test_equality_with_anything_else_is_false_and_never_raises(other: object) -> None:
    for value in (Price("1.5"), Quantity("1.5"), usd("1.5")):
        assert (value == other) is False
        assert value != other
        assert (value == float("inf")) is False
        assert (value == Decimal("-Infinity")) is False


@pytest.mark.parametrize("value", [Price("1.50"), Quantity("1.50"), Money("1.50", USD)])
def test_a_value_equals_the_number_it_is_and_hashes_like_it(
    value: Price | Quantity | Money,
) -> None:
    for number in (1.5, Decimal("1.5")):
        assert value == number
        assert number == value
        assert hash(value) == hash(number)
    assert value != 1
    assert hash(Price("-3")) == hash(-3)
    assert hash(Price("-0.1")) == hash(Decimal("-0.1"))


def test_order_looks_at_the_amount() -> None:
    for low, high in (
        (Price("1.5"), Price("1.51")),
        (Quantity("1"), Quantity("1.1")),
        (usd("1"), usd("2")),
    ):
        assert low < high and low <= high and high > low and high >= low
        assert not low > high and not low >= high
        assert low <= low and low >= low
    assert Price("1.5") > 1 and Price("1.5") < Decimal("1.6") and Price("1.5") < 2
    assert usd("0") <= 0 and usd("0.01") > 0 and Quantity(1) >= 1
    assert Price("1.5") < Decimal("Infinity")


def test_ordering_with_another_kind_or_a_float_is_a_type_error() -> None:
    price, quantity, money = Price("1"), Quantity("1"), usd("1")
    for left, right in ((price, quantity), (quantity, price), (price, money), (money, quantity)):
        with pytest.raises(TypeError):
            assert left < right  # type: ignore[operator]
    for value in (price, quantity, money):
        for other in (1.0, "1", None, True):
            with pytest.raises(TypeError):
                assert value < other  # type: ignore[operator]
            with pytest.raises(TypeError):
                assert other >= value  # type: ignore[operator]
        with pytest.raises(ValueError):
            assert value < Decimal("NaN")


def test_moneys_of_two_currencies_differ_and_cannot_be_ordered() -> None:
    assert usd("1") != Money("1", EUR)
    with pytest.raises(ValueError, match="two currencies"):
        assert usd("1") < Money("2", EUR)


# -- arithmetic ------------------------------------------------------------------------------


def test_sum_and_difference_keep_the_type_at_the_finer_precision() -> None:
    for kind in (Price, Quantity):
        total = kind("1.5") + kind("0.25")
        rest = kind("1.50") - kind("0.5")
        assert (type(total), str(total)) == (kind, "1.75")
        assert (type(rest), str(rest)) == (kind, "1.00")
    assert usd("1.5") + usd("0.25") == usd("1.75")
    assert str(usd("1") - usd("2.5")) == "-1.50 USD"
    assert str(Price("1") - Price("2.5")) == "-1.5"


@pytest.mark.parametrize("number", [2, Decimal("2")])
def test_a_value_with_a_number_gives_a_decimal(number: int | Decimal) -> None:
    for value in (Price("7.5"), Quantity("7.5"), usd("7.5")):
        results = {
            "add": (value + number, number + value, Decimal("9.5"), Decimal("9.5")),
            "sub": (value - number, number - value, Decimal("5.5"), Decimal("-5.5")),
            "mul": (value * number, number * value, Decimal(15), Decimal(15)),
            "div": (value / number, number / value, Decimal("3.75"), Decimal("0.2666666666666667")),
            "floor": (value // number, number // value, Decimal(3), Decimal(0)),
            "mod": (value % number, number % value, Decimal("1.5"), Decimal(2)),
        }
        for name, (left, right, left_expected, right_expected) in results.items():
            assert type(left) is type(right) is Decimal, name
            assert (left, right) == (left_expected, right_expected), name


def test_product_quotient_and_remainder_of_two_values_are_decimals() -> None:
    assert Price("1.5") * Quantity("3") == Decimal("4.5")
    assert Price("1") / Price("3") == Decimal("0.3333333333333333")
    assert Price("-7.5") % Price("2") == Decimal("-1.5")
    assert Price("-7.5") // Price("2") == Decimal("-3")
    assert usd("10") / usd("4") == Decimal("2.5")


def test_division_rounds_half_even_at_the_sixteenth_decimal() -> None:
    assert Price("0.0000000000000001") / 2 == Decimal(0)
    assert Price("0.0000000000000003") / 2 == Decimal("0.0000000000000002")
    assert str(Price("10") / 4) == "2.5"
    assert str(Price("1000") / 1) == "1000"


@pytest.mark.parametrize("value", [Price("1"), Quantity("1"), Money("1", USD)])
def test_division_by_zero_raises_the_decimal_signal(value: Price | Quantity | Money) -> None:
    with pytest.raises(decimal.DivisionByZero):
        value / 0
    with pytest.raises(decimal.DivisionByZero):
        value // 0
    with pytest.raises((decimal.DivisionByZero, decimal.InvalidOperation)):
        value % 0
    with pytest.raises(ZeroDivisionError):
        value / Price("0")


@pytest.mark.parametrize("other", [1.5, "1", None, True, [1]])
@pytest.mark.parametrize("value", [Price("1"), Quantity("1"), Money("1", USD)])
def test_arithmetic_with_a_float_or_another_type_is_a_type_error(
    value: Price | Quantity | Money, other: object
) -> None:
    for operation in (
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a / b,
        lambda a, b: a // b,
        lambda a, b: a % b,
    ):
        with pytest.raises(TypeError):
            operation(value, other)
        with pytest.raises(TypeError):
            operation(other, value)
    with pytest.raises(TypeError):
        value * other


def test_adding_a_price_to_a_size_is_a_type_error() -> None:
    for left, right in (
        (Price("1"), Quantity("1")),
        (Quantity("1"), Price("1")),
        (usd("1"), Price("1")),
        (Quantity("1"), usd("1")),
    ):
        with pytest.raises(TypeError):
            left + right  # type: ignore[operator]
        with pytest.raises(TypeError):
            left - right  # type: ignore[operator]


def test_two_currencies_in_any_arithmetic_raise() -> None:
    dollars, yen = Money(2, USD), Money(3, JPY)
    for operation in (
        lambda: dollars + yen,
        lambda: dollars - yen,
        lambda: dollars * yen,
        lambda: dollars / yen,
        lambda: dollars // yen,
        lambda: dollars % yen,
    ):
        with pytest.raises(ValueError, match="two currencies"):
            operation()


def test_a_result_out_of_range_raises_instead_of_wrapping() -> None:
    top = Price(PRICE_MAX, 0)
    with pytest.raises(ValueOutOfRange):
        top + top
    with pytest.raises(ValueOutOfRange):
        -top - top
    with pytest.raises(ValueOutOfRange):
        Quantity(QUANTITY_MAX) + Quantity(1)
    with pytest.raises(ValueOutOfRange):
        usd(str(PRICE_MAX)) + usd("0.01")


def test_subtracting_below_zero_raises_instead_of_clamping() -> None:
    with pytest.raises(ValueError, match="would be negative"):
        Quantity(1) - Quantity(2)


def test_saturating_sub_is_the_named_clamp() -> None:
    floor = Quantity("1.0").saturating_sub(Quantity("2.00"))
    assert (floor.raw, floor.precision) == (0, 2)
    assert Quantity(3).saturating_sub(Quantity(1)) == Quantity(2)
    with pytest.raises(TypeError):
        Quantity(1).saturating_sub(Price("1"))  # type: ignore[arg-type]


def test_checked_sums_give_none_where_the_operator_raises() -> None:
    top = Price(PRICE_MAX)
    assert top.checked_add(Price(1)) is None
    assert top.checked_sub(Price(1)) == Price(PRICE_MAX - 1)
    assert Quantity(1).checked_sub(Quantity(2)) is None
    assert Quantity(1).checked_add(Quantity(2)) == Quantity(3)


def test_signs() -> None:
    assert -Price("1.50") == Price("-1.50")
    assert -usd("1") == usd("-1")
    assert (-Quantity("1.5"), type(-Quantity("1.5"))) == (Decimal("-1.5"), Decimal)
    assert abs(Price("-1")) == +Price("1") == Price("1")
    assert abs(usd("-1")) == +usd("1")
    assert abs(Quantity(1)) == +Quantity(1)


def test_conversions_to_plain_numbers() -> None:
    assert int(Price("-7.9")) == -7
    assert int(Quantity("7.9")) == 7
    assert float(Price("0.1")) == 0.1
    assert round(Price("1.25"), 1) == Decimal("1.2")
    assert str(round(Price("1.35"), 1)) == "1.4"
    assert round(Price("15"), -1) == Decimal(20)
    assert round(Price("25"), -1) == Decimal(20)
    assert round(Price("2.5")) == Decimal(2)
    assert round(Price("1.5"), 20) == Decimal("1.5")
    assert round(Price("1.5"), -30) == 0
    assert Price("1.50").as_decimal().as_tuple().exponent == -2
    assert str(usd("1.5").as_decimal()) == "1.50"


def test_integer_division_rounds_half_even_at_one_named_place() -> None:
    assert [divide_half_even(n, 2) for n in (-3, -1, 1, 3, 5)] == [-2, 0, 0, 2, 2]
    assert divide_half_even(7, -2) == -4
    assert divide_half_even(5, -2) == -2
    assert round_raw_half_even(5 * FIXED_SCALE, 2, 0) == 2 * FIXED_SCALE
    with pytest.raises(ZeroDivisionError):
        divide_half_even(1, 0)


def test_results_do_not_depend_on_the_ambient_decimal_context() -> None:
    def everything() -> list[str]:
        price = Price.from_str("1234567.8901234567")
        return [
            str(price * Quantity("7654321.0987654321")),
            str(price / 7),
            str(price % Decimal("0.003")),
            str(price + Decimal("1e-10")),
            str(price.as_decimal()),
            str(Price.from_decimal(Decimal("1E+3"))),
            str(Price(1.005, 2)),
            str(price < Decimal("1234567.89")),
            str(price == Decimal("1234567.8901234567")),
            str(Money.from_str("1.005 USD")),
        ]

    calm = everything()
    hostile = decimal.Context(prec=2, rounding=decimal.ROUND_UP, traps=[decimal.Rounded])
    hostile.capitals = 0
    with decimal.localcontext(hostile):
        assert everything() == calm


def test_an_inexact_result_is_trapped_outside_division() -> None:
    with pytest.raises(decimal.Inexact):
        Price("1") + Decimal("1e-200")


# -- immutability ----------------------------------------------------------------------------


@pytest.mark.parametrize("value", [Price("1.50"), Quantity("1.50"), Money("1.50", USD)])
def test_values_cannot_be_changed(value: Price | Quantity | Money) -> None:
    for name in ("raw", "precision", "currency", "_text", "other"):
        with pytest.raises(AttributeError):
            setattr(value, name, 1)
        with pytest.raises(AttributeError):
            delattr(value, name)
    assert value == Decimal("1.5")


@pytest.mark.parametrize("value", [Price("1.50"), Quantity("1.50"), Money("1.50", BTC)])
def test_values_survive_copy_and_pickle(value: Price | Quantity | Money) -> None:
    for twin in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert (twin, str(twin), type(twin)) == (value, str(value), type(value))


@pytest.mark.parametrize("kind", [Price, Quantity, Money])
def test_values_cannot_be_subclassed(kind: type) -> None:
    with pytest.raises(TypeError):
        type("Sub", (kind,), {})


# -- balances --------------------------------------------------------------------------------


def test_a_balance_adds_up_exactly_or_is_refused() -> None:
    balance = AccountBalance(usd("10"), usd("4"), usd("6"))
    assert str(balance) == "total=10.00 USD, locked=4.00 USD, free=6.00 USD"
    assert balance == AccountBalance(usd("10"), usd("4"), usd("6"))
    assert hash(balance) == hash(AccountBalance(usd("10"), usd("4"), usd("6")))
    assert balance.currency is USD
    with pytest.raises(ValueError, match="is not locked"):
        AccountBalance(usd("10"), usd("4"), usd("6.01"))


def test_a_balance_of_two_currencies_or_of_no_money_is_refused() -> None:
    with pytest.raises(ValueError, match="one currency"):
        AccountBalance(usd("10"), usd("4"), Money("6", EUR))
    with pytest.raises(TypeError):
        AccountBalance(usd("10"), usd("4"), Decimal(6))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("total", "given", "held"),
    [("10", "4", "4"), ("10", "12", "10"), ("10", "-1", "0"), ("-5", "2", "2"), ("0", "3", "0")],
)
def test_from_total_and_one_part_clamps_it_while_the_total_is_not_negative(
    total: str, given: str, held: str
) -> None:
    by_locked = AccountBalance.from_total_and_locked(usd(total), usd(given))
    by_free = AccountBalance.from_total_and_free(usd(total), usd(given))
    assert by_locked.locked == by_free.free == usd(held)
    assert by_locked.free == by_free.locked == usd(total) - usd(held)


@pytest.mark.parametrize("make", [AccountBalance.of_raw, MarginBalance.of_raw])
def test_raw_amounts_off_the_grid_or_out_of_range_are_no_balance(
    make: Callable[[int, int, Currency], object],
) -> None:
    cent = 10**14
    assert str(make(5 * cent, 3 * cent, USD)).startswith(("total=0.05 USD", "initial=0.05 USD"))
    for first, second in ((cent + 1, 0), (cent, 1)):
        with pytest.raises(ValueError, match="digits beyond"):
            make(first, second, USD)
    with pytest.raises(ValueOutOfRange):
        make(MONEY_RAW_MAX + cent, 0, USD)
    with pytest.raises(TypeError):
        make(True, 0, USD)
    with pytest.raises(TypeError):
        make(cent, 0, "USD")  # type: ignore[arg-type]


def test_raw_balance_builds_the_same_money_as_the_balance_of_moneys() -> None:
    balance = AccountBalance.of_raw(usd("10").raw, usd("4").raw, USD)
    assert balance == AccountBalance(usd("10"), usd("4"), usd("6"))
    assert (balance.total, balance.locked, balance.free) == (usd("10"), usd("4"), usd("6"))
    with pytest.raises(ValueOutOfRange):  # free is the rest, and beyond every Money
        AccountBalance.of_raw(usd("-17014118346046").raw, usd("1").raw, USD)
    with pytest.raises(ValueError, match="negative"):
        MarginBalance.of_raw(-usd("1").raw, 0, USD)


def test_a_margin_is_never_negative_and_of_one_currency() -> None:
    margin = MarginBalance(usd("5"), usd("2"), InstrumentId("BTCUSDT.SIM"))
    assert str(margin) == "initial=5.00 USD, maintenance=2.00 USD, instrument_id=BTCUSDT.SIM"
    assert margin != MarginBalance(usd("5"), usd("2"))
    assert MarginBalance(usd("5"), usd("2")).instrument_id is None
    for initial, maintenance in ((usd("-1"), usd("2")), (usd("1"), usd("-2"))):
        with pytest.raises(ValueError, match="negative"):
            MarginBalance(initial, maintenance)
    with pytest.raises(ValueError, match="one currency"):
        MarginBalance(usd("1"), Money("1", EUR))
    with pytest.raises(TypeError):
        MarginBalance(usd("1"), usd("1"), "X.Y")  # type: ignore[arg-type]


def test_balances_cannot_be_changed_and_survive_pickle() -> None:
    for value in (
        AccountBalance(usd("10"), usd("4"), usd("6")),
        MarginBalance(usd("5"), usd("2"), InstrumentId("BTCUSDT.SIM")),
    ):
        with pytest.raises(AttributeError):
            value.extra = 1  # type: ignore[union-attr]
        assert pickle.loads(pickle.dumps(value)) == value
