"""Values at the edge of their ranges, with every mix of precisions, against exact rationals.

`test_values_properties.py` has the arithmetic over whole ranges; here the numbers crowd where
mistakes live: at the limits, next to zero, on ties.
"""

from decimal import Decimal, DivisionByZero, InvalidOperation
from fractions import Fraction
from math import floor, trunc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.balances import AccountBalance, MarginBalance
from engine.model.currencies import BTC, ETH, JPY, USD, USDT, Currency
from engine.model.fixed import correct_raw, round_raw_half_even
from engine.model.identifiers import InstrumentId
from engine.model.instruments import CryptoPerpetual, CurrencyPair
from engine.model.values import (
    FIXED_SCALE,
    MONEY_RAW_MAX,
    PRICE_RAW_MAX,
    QUANTITY_RAW_MAX,
    Money,
    Price,
    Quantity,
    ValueOutOfRange,
)

Scaled = Price | Quantity
precisions = st.integers(0, 16)
currencies = st.sampled_from([USD, USDT, BTC, JPY, ETH])


def near(limit: int) -> st.SearchStrategy[int]:
    """Whole numbers at the limit, next to zero, and anywhere up to just beyond it."""
    return (
        st.integers(limit - 3, limit + 3)
        | st.integers(0, 3)
        | st.integers(0, limit)
        | st.integers(limit // 2 - 2, limit // 2 + 2)
    )


@st.composite
def price_drafts(draw: st.DrawFn) -> tuple[int, int]:
    """(mantissa, precision), in range or not."""
    precision = draw(precisions)
    magnitude = draw(near(PRICE_RAW_MAX // 10 ** (16 - precision)))
    return (magnitude if draw(st.booleans()) else -magnitude, precision)


@st.composite
def quantity_drafts(draw: st.DrawFn) -> tuple[int, int]:
    precision = draw(precisions)
    sign = draw(st.sampled_from([1, 1, 1, -1]))
    return sign * draw(near(QUANTITY_RAW_MAX // 10 ** (16 - precision))), precision


def is_price(draft: tuple[int, int]) -> bool:
    return abs(draft[0] * 10 ** (16 - draft[1])) <= PRICE_RAW_MAX


def is_quantity(draft: tuple[int, int]) -> bool:
    return 0 <= draft[0] * 10 ** (16 - draft[1]) <= QUANTITY_RAW_MAX


prices = price_drafts().filter(is_price).map(lambda draft: Price.from_mantissa(*draft))
quantities = quantity_drafts().filter(is_quantity).map(lambda d: Quantity.from_mantissa(*d))


@st.composite
def moneys(draw: st.DrawFn, currency: Currency) -> Money:
    limit = MONEY_RAW_MAX // currency.unit
    magnitude = min(draw(near(limit)), limit)
    return Money.from_mantissa(magnitude if draw(st.booleans()) else -magnitude, currency)


def exact(value: Scaled | Money) -> Fraction:
    return Fraction(value.raw, FIXED_SCALE)


@given(price_drafts(), quantity_drafts())
def test_limits_are_inclusive_at_every_precision_and_nothing_beyond_is_built(
    price: tuple[int, int], quantity: tuple[int, int]
) -> None:
    for kind, (mantissa, precision), fits in (
        (Price, price, is_price(price)),
        (Quantity, quantity, is_quantity(quantity)),
    ):
        makers = (
            lambda kind=kind, m=mantissa, p=precision: kind.from_mantissa(m, p),
            lambda kind=kind, m=mantissa, p=precision: kind.from_raw(m * 10 ** (16 - p), p),
            lambda kind=kind, m=mantissa, p=precision: kind.from_mantissa_exponent(m, -p, p),
            lambda kind=kind, m=mantissa, p=precision: kind.from_decimal_dp(
                Decimal(f"{m}e-{p}"), p
            ),
        )
        for make in makers:
            if fits:
                assert exact(make()) == Fraction(mantissa, 10**precision)
            else:
                with pytest.raises(ValueOutOfRange):
                    make()


@given(prices, precisions)
def test_a_raw_with_digits_beyond_its_precision_is_refused(price: Price, precision: int) -> None:
    unit = 10 ** (16 - precision)
    if price.raw % unit:
        with pytest.raises(ValueError, match="digits beyond"):
            Price.from_raw(price.raw, precision)
    else:
        assert exact(Price.from_raw(price.raw, precision)) == exact(price)


@given(prices, prices)
def test_price_sums_at_the_limits_are_exact_or_refused(a: Price, b: Price) -> None:
    for operation, expected in (
        (lambda: a + b, exact(a) + exact(b)),
        (lambda: a - b, exact(a) - exact(b)),
    ):
        if abs(expected * FIXED_SCALE) <= PRICE_RAW_MAX:
            result = operation()
            assert exact(result) == expected
            assert result.precision == max(a.precision, b.precision)
        else:
            with pytest.raises(ValueOutOfRange):
                operation()


@given(quantities, quantities)
def test_quantities_never_go_below_zero_and_saturate_only_by_name(a: Quantity, b: Quantity) -> None:
    total, difference = exact(a) + exact(b), exact(a) - exact(b)
    sum_fits = total * FIXED_SCALE <= QUANTITY_RAW_MAX
    checked = a.checked_add(b)
    assert (checked is not None) == sum_fits
    if checked is not None:
        assert exact(checked) == exact(a + b) == total
    rest = a.checked_sub(b)
    assert (rest is not None) == (difference >= 0)
    if rest is None:
        with pytest.raises(ValueOutOfRange):
            a - b
    else:
        assert exact(rest) == exact(a - b) == difference
    assert exact(a.saturating_sub(b)) == max(difference, 0)
    assert a.saturating_sub(b).precision == max(a.precision, b.precision)


@given(prices | quantities | currencies.flatmap(moneys))
def test_sign_and_whole_part_are_those_of_the_rational(value: Scaled | Money) -> None:
    number = exact(value)
    assert int(value) == trunc(number)
    assert exact(abs(value)) == abs(number)
    assert +value == value
    negative = -value
    assert (Fraction(negative) if isinstance(negative, Decimal) else exact(negative)) == -number
    assert isinstance(negative, Decimal) == (type(value) is Quantity)


@given(prices | quantities | currencies.flatmap(moneys), st.integers(0, 16))
def test_rounding_a_value_is_half_even(value: Scaled | Money, digits: int) -> None:
    expected = Fraction(round(exact(value) * 10**digits), 10**digits)
    assert Fraction(round(value, digits)) == expected


@given(prices, prices)
def test_quotient_and_remainder_cut_toward_zero(a: Price, b: Price) -> None:
    if not b.raw:
        with pytest.raises((DivisionByZero, InvalidOperation, ZeroDivisionError)):
            a / b
        return
    x, y = exact(a), exact(b)
    assert Fraction(a // b) == trunc(x / y)
    assert Fraction(a % b) == x - trunc(x / y) * y
    assert Fraction(a / b) == Fraction(round(x / y * FIXED_SCALE), FIXED_SCALE)


@given(st.integers(-(10**18), 10**18), st.integers(1, 18), precisions)
def test_a_tie_goes_to_the_even_neighbour(whole: int, more: int, precision: int) -> None:
    """Half a unit of the last decimal, more digits or fewer behind it."""
    tie = Decimal(f"{whole * 10**more + 5 * 10 ** (more - 1)}e-{precision + more}")
    expected = round(Fraction(tie) * 10**precision)
    assert expected % 2 == 0
    if abs(expected * 10 ** (16 - precision)) <= PRICE_RAW_MAX:
        assert Price.from_decimal_dp(tie, precision).mantissa == expected
        exponent = -precision - more
        mantissa = whole * 10**more + 5 * 10 ** (more - 1)
        assert Price.from_mantissa_exponent(mantissa, exponent, precision).mantissa == expected


@given(st.integers(-(10**40), 10**40), st.integers(1, 10**30), precisions)
def test_raws_are_rounded_to_a_grid_half_even(
    numerator: int, denominator: int, precision: int
) -> None:
    unit = 10 ** (16 - precision)
    expected = round(Fraction(numerator, denominator * unit)) * unit
    assert round_raw_half_even(numerator, denominator, precision) == expected


@given(st.integers(-PRICE_RAW_MAX, PRICE_RAW_MAX), precisions)
def test_an_old_raw_is_repaired_half_away_from_zero_within_the_range(
    raw: int, precision: int
) -> None:
    unit = 10 ** (16 - precision)
    away = floor(Fraction(abs(raw), unit) + Fraction(1, 2)) * unit
    expected = away if away <= PRICE_RAW_MAX else abs(raw) // unit * unit
    assert correct_raw(raw, precision) == (expected if raw >= 0 else -expected)


@given(st.data(), currencies)
def test_money_stays_on_its_currencys_grid_and_in_range(data: st.DataObject, currency) -> None:
    a, b = data.draw(moneys(currency)), data.draw(moneys(currency))
    for operation, expected in (
        (lambda: a + b, exact(a) + exact(b)),
        (lambda: a - b, exact(a) - exact(b)),
    ):
        if abs(expected * FIXED_SCALE) <= MONEY_RAW_MAX:
            assert exact(operation()) == expected
            assert operation().raw % currency.unit == 0
        else:
            with pytest.raises(ValueOutOfRange):
                operation()
    assert Fraction(a * b) == exact(a) * exact(b)


@given(st.decimals(-(10**13), 10**13, allow_nan=False, places=20), currencies)
def test_an_amount_is_rounded_half_even_to_its_currency(amount: Decimal, currency) -> None:
    expected = Fraction(round(Fraction(amount) * 10**currency.precision), 10**currency.precision)
    assert exact(Money(amount, currency)) == expected


@given(currencies, currencies, st.data())
def test_two_currencies_never_mix(one: Currency, other: Currency, data: st.DataObject) -> None:
    a, b = data.draw(moneys(one)), data.draw(moneys(other))
    if one == other:
        assert (a == b) == (a.raw == b.raw)
        return
    assert a != b
    for operation in (lambda: a + b, lambda: a - b, lambda: a * b, lambda: a < b, lambda: a >= b):
        with pytest.raises(ValueError, match="currenc"):
            operation()


@given(currencies, st.data())
def test_a_balance_adds_up_or_does_not_exist(currency: Currency, data: st.DataObject) -> None:
    total, locked, free = (data.draw(moneys(currency)) for _ in range(3))
    if exact(total) == exact(locked) + exact(free):
        assert AccountBalance(total, locked, free).total == total
    else:
        with pytest.raises(ValueError, match="is not locked"):
            AccountBalance(total, locked, free)
    for build, given_part, named, other in (
        (AccountBalance.from_total_and_locked, locked, "locked", "free"),
        (AccountBalance.from_total_and_free, free, "free", "locked"),
    ):
        part = exact(given_part)
        if total.raw >= 0:
            part = min(max(part, Fraction(0)), exact(total))
        if abs((exact(total) - part) * FIXED_SCALE) > MONEY_RAW_MAX:
            with pytest.raises(ValueOutOfRange):
                build(total, given_part)
            continue
        balance = build(total, given_part)
        assert exact(getattr(balance, named)) == part
        assert exact(getattr(balance, other)) == exact(total) - part
        assert exact(balance.total) == exact(balance.locked) + exact(balance.free)


@given(currencies, currencies, st.data())
def test_balances_and_margins_are_of_one_currency_and_no_margin_is_negative(
    one: Currency, other: Currency, data: st.DataObject
) -> None:
    a, b = data.draw(moneys(one)), data.draw(moneys(other))
    if one != other:
        with pytest.raises(ValueError, match="one currency"):
            MarginBalance(a, b)
        with pytest.raises(ValueError, match="one currency"):
            AccountBalance(a, a, b)
    elif a.raw < 0 or b.raw < 0:
        with pytest.raises(ValueError, match="negative"):
            MarginBalance(a, b)
    else:
        assert (MarginBalance(a, b).initial, MarginBalance(a, b).maintenance) == (a, b)


@given(quantities, prices, st.sampled_from([USD, JPY, BTC]), st.booleans())
def test_a_notional_at_the_limits_is_exact_and_money_of_it_is_refused_out_of_range(
    quantity: Quantity, price: Price, cost: Currency, is_inverse: bool
) -> None:
    steps = {"price_increment": Price("0.01"), "size_increment": Quantity("0.01")}
    if is_inverse:
        instrument = CryptoPerpetual(
            id=InstrumentId("A.B"),
            base_currency=cost,
            quote_currency=USDT,
            settlement_currency=cost,
            is_inverse=True,
            **steps,  # type: ignore[arg-type]
        )
        if not price.raw:
            with pytest.raises(ZeroDivisionError):
                instrument.notional_raw(quantity.raw, price.raw)
            return
        worth = exact(quantity) / exact(price)
    else:
        instrument = CurrencyPair(
            id=InstrumentId("A.B"),
            base_currency=ETH,
            quote_currency=cost,
            **steps,  # type: ignore[arg-type]
        )
        worth = exact(quantity) * exact(price)
    expected = Fraction(round(worth * 10**cost.precision), 10**cost.precision)
    raw = instrument.notional_raw(quantity.raw, price.raw)
    assert Fraction(raw, FIXED_SCALE) == expected
    if abs(raw) <= MONEY_RAW_MAX:
        assert Money.from_raw(raw, cost).raw == raw
    else:
        with pytest.raises(ValueOutOfRange):
            Money.from_raw(raw, cost)
