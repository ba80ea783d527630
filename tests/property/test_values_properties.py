"""Values against exact rationals, and the book against a plain dict."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.model.book import OrderBook
from engine.model.currencies import BTC, JPY, USD, Currency
from engine.model.data import F_LAST, OrderBookDelta, OrderBookDeltas
from engine.model.enums import BUY, SELL, BookAction, BookType
from engine.model.identifiers import InstrumentId
from engine.model.instruments import CryptoPerpetual, CurrencyPair
from engine.model.texts import balance_text
from engine.model.times import NS_PER_SECOND, UNIX_NS_MAX, compact_time, iso8601, parse_ns
from engine.model.values import (
    FIXED_SCALE,
    MONEY_RAW_MAX,
    PRICE_RAW_MAX,
    QUANTITY_RAW_MAX,
    AccountBalance,
    Money,
    Price,
    Quantity,
    ValueOutOfRange,
    divide_half_even,
)

Value = Price | Quantity | Money

precisions = st.integers(0, 16)


@st.composite
def prices(draw: st.DrawFn) -> Price:
    precision = draw(precisions)
    limit = PRICE_RAW_MAX // 10 ** (16 - precision)
    return Price.from_mantissa(draw(st.integers(-limit, limit)), precision)


@st.composite
def quantities(draw: st.DrawFn) -> Quantity:
    precision = draw(precisions)
    limit = QUANTITY_RAW_MAX // 10 ** (16 - precision)
    return Quantity.from_mantissa(draw(st.integers(0, limit)), precision)


@st.composite
def moneys(draw: st.DrawFn, currency: Currency = USD) -> Money:
    limit = MONEY_RAW_MAX // currency.unit
    return Money.from_mantissa(draw(st.integers(-limit, limit)), currency)


values = prices() | quantities() | moneys()
exact_decimals = st.decimals(allow_nan=False, allow_infinity=False, places=8).filter(
    lambda d: abs(d) < 10**20
)


def exact(value: Value | Decimal | int) -> Fraction:
    if isinstance(value, Price | Quantity | Money):
        return Fraction(value.raw, FIXED_SCALE)
    return Fraction(value)


@given(values)
def test_text_reads_back_as_the_same_value(value: Value) -> None:
    text = str(value)
    twin = type(value).from_str(text)
    assert twin == value
    assert str(twin) == text
    assert twin.precision == value.precision
    assert exact(value.as_decimal()) == exact(value)
    assert exact(Decimal(text.split()[0])) == exact(value)


@given(prices() | quantities())
def test_every_constructor_agrees(value: Price | Quantity) -> None:
    kind, precision = type(value), value.precision
    for twin in (
        kind.from_raw(value.raw, precision),
        kind.from_mantissa(value.mantissa, precision),
        kind.from_decimal(value.as_decimal()),
        kind.from_decimal_dp(value.as_decimal(), precision),
        kind.from_mantissa_exponent(value.mantissa, -precision, precision),
        kind(str(value)),
        kind(value.as_decimal(), precision),
    ):
        assert (twin.raw, twin.precision, str(twin)) == (value.raw, precision, str(value))


@given(st.tuples(prices(), prices()) | st.tuples(quantities(), quantities()))
def test_sums_and_differences_are_exact_or_refused(pair: tuple[Price, Price]) -> None:
    a, b = pair
    limit_low = -PRICE_RAW_MAX if type(a) is Price else 0
    limit_high = PRICE_RAW_MAX if type(a) is Price else QUANTITY_RAW_MAX
    for operation, raw in ((type(a).__add__, a.raw + b.raw), (type(a).__sub__, a.raw - b.raw)):
        if limit_low <= raw <= limit_high:
            result = operation(a, b)
            assert type(result) is type(a)
            assert (result.raw, result.precision) == (raw, max(a.precision, b.precision))
            assert str(result) == str(type(a).from_raw(raw, result.precision))
        else:
            with pytest.raises(ValueOutOfRange):
                operation(a, b)


@given(moneys(), moneys())
def test_money_sums_and_differences_are_exact_or_refused(a: Money, b: Money) -> None:
    for operation, raw in ((Money.__add__, a.raw + b.raw), (Money.__sub__, a.raw - b.raw)):
        if abs(raw) <= MONEY_RAW_MAX:
            assert operation(a, b) == Money.from_raw(raw, USD)
        else:
            with pytest.raises(ValueOutOfRange):
                operation(a, b)


@given(values, values | exact_decimals | st.integers(-(10**20), 10**20))
def test_products_quotients_and_remainders_match_exact_rationals(
    a: Value, b: Value | Decimal | int
) -> None:
    x, y = exact(a), exact(b)
    assert exact(a * b) == x * y
    if y:
        quotient = exact(a / b)
        assert quotient == round(x / y * FIXED_SCALE) / Fraction(FIXED_SCALE)
        whole = int(x / y)
        assert exact(a // b) == whole
        assert exact(a % b) == x - whole * y


@given(values, exact_decimals | st.integers(-(10**20), 10**20))
def test_a_number_on_either_side_gives_the_exact_decimal(a: Value, b: Decimal | int) -> None:
    x, y = exact(a), exact(b)
    assert exact(a + b) == exact(b + a) == x + y
    assert exact(a - b) == x - y
    assert exact(b - a) == y - x
    assert exact(b * a) == x * y
    if x:
        assert exact(b / a) == round(y / x * FIXED_SCALE) / Fraction(FIXED_SCALE)


@given(values, values)
def test_equality_implies_equal_hashes_and_order_follows_the_amount(a: Value, b: Value) -> None:
    if a == b:
        assert hash(a) == hash(b)
    assert (a == b) == (type(a) is type(b) and a.raw == b.raw)
    if type(a) is type(b):
        assert (a < b, a <= b, a > b, a >= b) == (
            a.raw < b.raw,
            a.raw <= b.raw,
            a.raw > b.raw,
            a.raw >= b.raw,
        )


@given(values, exact_decimals | st.integers(-(10**15), 10**15) | st.floats(width=64))
def test_equality_with_numbers_is_exact_and_hashes_agree(
    a: Value, number: Decimal | int | float
) -> None:
    own = Fraction(a.raw, FIXED_SCALE)
    try:
        same = Fraction(number) == own
    except (ValueError, OverflowError):
        same = False
    assert (a == number) == same
    assert hash(a) == hash(own) == hash(a.as_decimal())


@given(st.floats(-1e13, 1e13), precisions)
def test_a_float_is_its_shortest_text_rounded_half_even(value: float, precision: int) -> None:
    expected = round(Fraction(repr(value)) * 10**precision)
    assert Price(value, precision).mantissa == expected
    assert Price(value, precision) == Price(repr(value), precision)


@given(st.integers(-(10**14), 10**14), precisions)
def test_a_float_that_shows_a_decimal_becomes_that_decimal(mantissa: int, precision: int) -> None:
    assume(abs(mantissa) // 10**precision < 10**13)
    value = float(Fraction(mantissa, 10**precision))
    assert Price(value, precision).mantissa == mantissa


@given(exact_decimals, precisions)
def test_rounding_to_a_precision_is_half_even(number: Decimal, precision: int) -> None:
    assume(abs(number) < 10**13)
    assert Price(number, precision).mantissa == round(Fraction(number) * 10**precision)
    assert exact(round(Price(number), precision)) == Fraction(
        round(Fraction(number) * 10**precision), 10**precision
    )


@given(st.integers(), st.integers().filter(bool))
def test_integer_division_is_half_even(numerator: int, denominator: int) -> None:
    assert divide_half_even(numerator, denominator) == round(Fraction(numerator, denominator))


@given(
    st.text(alphabet="0123456789.eE+-_ ", max_size=12) | st.text(max_size=6),
)
def test_parsing_accepts_what_decimal_accepts_or_refuses_with_value_error(text: str) -> None:
    try:
        price = Price.from_str(text)
    except ValueError:
        return
    assert exact(price) == Fraction(Decimal(text))


@given(quantities(), prices(), quantities(), st.sampled_from([USD, JPY, BTC]))
def test_notional_is_the_exact_product_or_quotient_rounded_once(
    quantity: Quantity, price: Price, multiplier: Quantity, cost: Currency
) -> None:
    assume(multiplier.raw)
    common = {"price_increment": Price("0.01"), "size_increment": Quantity("0.01")}
    grid = 10**cost.precision
    linear = CurrencyPair(
        id=InstrumentId("A.B"),
        base_currency=BTC,
        quote_currency=cost,
        multiplier=multiplier,
        **common,  # type: ignore[arg-type]
    )
    worth = exact(quantity) * exact(multiplier) * exact(price)
    raw = linear.notional_raw(quantity.raw, price.raw)
    assert Fraction(raw, FIXED_SCALE) == Fraction(round(worth * grid), grid)
    if price.raw:
        inverse = CryptoPerpetual(
            id=InstrumentId("A.B"),
            base_currency=cost,
            quote_currency=USD,
            is_inverse=True,
            multiplier=multiplier,
            **common,  # type: ignore[arg-type]
        )
        worth = exact(quantity) * exact(multiplier) / exact(price)
        raw = inverse.notional_raw(quantity.raw, price.raw)
        assert Fraction(raw, FIXED_SCALE) == Fraction(round(worth * grid), grid)


@given(st.integers(0, UNIX_NS_MAX))
def test_an_instant_reads_back_from_its_text(ns: int) -> None:
    assert parse_ns(iso8601(ns)) == ns
    assert parse_ns(str(ns)) == ns


changes = st.lists(
    st.tuples(
        st.sampled_from([BookAction.ADD, BookAction.UPDATE, BookAction.DELETE, BookAction.CLEAR]),
        st.sampled_from([BUY, SELL]),
        st.integers(-5, 15),
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=150)
@given(changes)
def test_an_l2_book_holds_what_a_plain_dict_would(
    steps: list[tuple[BookAction, object, int, int]],
) -> None:
    book = OrderBook(InstrumentId("A.B"), BookType.L2_MBP, 2, 2)
    model: dict[object, dict[int, int]] = {BUY: {}, SELL: {}}
    for action, side, price, size in steps:
        if action is BookAction.CLEAR:
            model = {BUY: {}, SELL: {}}
        elif action is BookAction.DELETE or not size:
            model[side].pop(price, None)
        else:
            model[side][price] = size
    deltas = tuple(
        OrderBookDelta(
            action,
            None if action is BookAction.CLEAR else side,
            price,
            size,
            F_LAST,
            1,  # type: ignore[arg-type]
        )
        for action, side, price, size in steps
    )
    book.apply(OrderBookDeltas(InstrumentId("A.B"), deltas, 2, 2, 1, 1))
    assert book.bids() == sorted(model[BUY].items(), reverse=True)
    assert book.asks() == sorted(model[SELL].items())
    assert [fault.kind for fault in book.check_integrity() if fault.kind != "ORDERS_CROSSED"] == []
    twin = OrderBook(InstrumentId("A.B"), BookType.L2_MBP, 2, 2)
    twin.apply(book.to_deltas(1, 1))
    assert (twin.bids(), twin.asks()) == (book.bids(), book.asks())


@given(moneys(), moneys())
def test_the_text_of_a_balance_holds_the_texts_of_its_three_amounts(a: Money, b: Money) -> None:
    assume(abs(a.raw - b.raw) <= MONEY_RAW_MAX)
    balance = AccountBalance(a, b, a - b)
    assert balance_text(balance) == f"total={a}, locked={b}, free={a - b}"


@given(st.integers(0, UNIX_NS_MAX))
def test_compact_time_is_the_instant_cut_to_its_second_without_its_marks(ns: int) -> None:
    date, _, time = iso8601(ns - ns % NS_PER_SECOND).partition("T")
    assert compact_time(ns) == f"{date.replace('-', '')}-{time[:8].replace(':', '')}"
