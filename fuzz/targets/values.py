"""Text to prices, quantities, money and instants, and their arithmetic.

An input is a letter (p price, q quantity, m money, t instant, a arithmetic), a letter that says to
how many decimals, and the text. For `a` the text holds two numbers with a `|` between them.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import partial
from operator import floordiv, mod, truediv
from typing import Final

from engine.model.currencies import CURRENCIES
from engine.model.times import UNIX_NS_MAX, iso8601, parse_ns
from engine.model.values import (
    MONEY_MAX,
    MONEY_MIN,
    PRICE_MAX,
    PRICE_MIN,
    QUANTITY_MAX,
    QUANTITY_MIN,
    Money,
    Price,
    Quantity,
    ValueOutOfRange,
)
from fuzz.mutate import change_a_number
from fuzz.oracle import Wrong, accepted, agree, refused
from fuzz.witness import DECIMALS_MAX, SCALE, civil_text, instant, number, rounded, text_of

_KINDS: Final = b"pqmta"
Scaled = Price | Quantity


def check(data: bytes) -> None:
    if len(data) < 2:
        return
    kind = _KINDS.find(data[0])
    places = (data[1] - ord("A")) % (DECIMALS_MAX + 1)
    text = data[2:].decode("utf-8", "surrogateescape")
    _CHECKS[kind if kind >= 0 else data[0] % len(_KINDS)](text, places)


def _price(text: str, places: int) -> None:
    _scaled(Price.from_str, Price, text, places, PRICE_MIN, PRICE_MAX)


def _quantity(text: str, places: int) -> None:
    _scaled(Quantity.from_str, Quantity, text, places, QUANTITY_MIN, QUANTITY_MAX)


def _scaled(
    read: Callable[[str], Scaled],
    make: Callable[[str, int], Scaled],
    text: str,
    places: int,
    low: int,
    high: int,
) -> None:
    what = f"{make.__name__} of {text!r}"
    written = number(text)
    if written is None:
        refused(what, lambda: read(text), ValueError)
        refused(what, lambda: make(text, places), ValueError)
        return
    decimals = written.decimals
    if decimals > DECIMALS_MAX:
        refused(what, lambda: read(text), ValueError)
    elif written.is_huge:
        refused(what, lambda: read(text), ValueOutOfRange)
    else:
        _same_scaled(what, lambda: read(text), written.value(), decimals, low, high)
    if written.is_huge:
        refused(what, lambda: make(text, places), ValueOutOfRange)
        return
    value = Fraction(0) if written.is_dust else rounded(written.value(), places)
    _same_scaled(f"{what} at {places}", lambda: make(text, places), value, places, low, high)


def _same_scaled(
    what: str, ask: Callable[[], Scaled], value: Fraction, decimals: int, low: int, high: int
) -> None:
    if not low <= value <= high:
        refused(what, ask, ValueOutOfRange)
        return
    ours = accepted(what, ask, ValueError)
    agree(what, (ours.raw, ours.precision), (value * SCALE, decimals))
    agree(f"text of {what}", str(ours), text_of(value, decimals))
    agree(f"decimal of {what}", Fraction(ours.as_decimal()), value)
    agree(f"groups of {what}", ours.to_formatted_str().replace("_", ""), str(ours))
    again = type(ours).from_str(str(ours))
    agree(f"{what} there and back", (again, again.precision), (ours, ours.precision))
    agree(f"hash of {what}", hash(again), hash(value))


def _money(text: str, _: int) -> None:
    what = f"money of {text!r}"
    words = text.split()
    unit = CURRENCIES.get(words[1]) if len(words) == 2 else None
    written = number(words[0]) if unit is not None else None
    # one character between the two words, and none around them
    if unit is None or written is None or len(text) != len(words[0]) + 1 + len(words[1]):
        refused(what, lambda: Money.from_str(text), ValueError)
        return
    if written.is_huge:
        refused(what, lambda: Money.from_str(text), ValueOutOfRange)
        return
    value = Fraction(0) if written.is_dust else rounded(written.value(), unit.precision)
    if not MONEY_MIN <= value <= MONEY_MAX:
        refused(what, lambda: Money.from_str(text), ValueOutOfRange)
        return
    ours = accepted(what, lambda: Money.from_str(text), ValueError)
    agree(what, (ours.raw, ours.currency), (value * SCALE, unit))
    agree(f"text of {what}", str(ours), f"{text_of(value, unit.precision)} {unit.code}")
    agree(f"{what} there and back", Money.from_str(str(ours)), ours)


def _instant(text: str, _: int) -> None:
    what = f"instant of {text!r}"
    ns = instant(text)
    if ns is None or not 0 <= ns // 1 <= UNIX_NS_MAX:
        refused(what, lambda: parse_ns(text), ValueError)
        return
    ours = accepted(what, lambda: parse_ns(text), ValueError)
    agree(what, ours, ns // 1)
    agree(f"text of {what}", iso8601(ours), civil_text(ours))
    agree(f"{what} there and back", parse_ns(iso8601(ours)), ours)


def _arithmetic(text: str, places: int) -> None:
    left_text, _, right_text = text.partition("|")
    try:
        left, right = Price.from_str(left_text), Price.from_str(right_text)
    except ValueError:
        return  # the other inputs judge what may be refused
    a, b = Fraction(left.as_decimal()), Fraction(right.as_decimal())
    what = f"{left} and {right}"
    for name, ask, exact in (
        ("sum", lambda: left + right, a + b),
        ("difference", lambda: left - right, a - b),
    ):
        finer = max(left.precision, right.precision)
        _same_scaled(f"{name} of {what}", ask, exact, finer, PRICE_MIN, PRICE_MAX)
    agree(f"product of {what}", Fraction(left * right), a * b)
    agree(f"order of {what}", (left < right, left == right), (a < b, a == b))
    agree(f"{left} rounded to {places}", Fraction(round(left, places)), rounded(a, places))
    if b == 0:
        for divide in (truediv, floordiv, mod):
            quotient = partial(divide, left, right)
            refused(f"quotient of {what}", quotient, ZeroDivisionError, InvalidOperation)
        return
    whole = int(a / b)
    agree(f"quotient of {what}", Fraction(left / right), rounded(a / b, DECIMALS_MAX))
    agree(f"whole quotient of {what}", Fraction(left // right), whole)
    agree(f"remainder of {what}", Fraction(left % right), a - b * whole)
    if not isinstance(left * right, Decimal):
        raise Wrong(f"product of {what} is no Decimal")


_CHECKS: Final = (_price, _quantity, _money, _instant, _arithmetic)


mutate: Final = change_a_number


def seeds() -> Mapping[str, bytes]:
    texts = {
        "price": "pC1.50",
        "price-negative": "pB-0.125",
        "price-underscores": "pC1_000.50",
        "price-exponent": "pD1e-3",
        "price-no-whole": "pB.5",
        "price-no-decimals": "pA5.",
        "price-plus": "pC+1.0",
        "price-minus-zero": "pC-0.00",
        "price-largest": "pA17014118346046",
        "price-too-large": "pA17014118346047",
        "price-seventeen-decimals": "pC0.00000000000000001",
        "price-comma": "pA1,000",
        "price-nan": "pAnan",
        "quantity": "qD25.000",
        "quantity-negative": "qA-1",
        "quantity-zero": "qA0",
        "money": "mA1000.12 USD",
        "money-no-decimals": "mA1000 JPY",
        "money-crypto": "mA0.00000001 BTC",
        "money-three-words": "mA1 USD x",
        "money-two-spaces": "mA1  USD",
        "instant-digits": "tA1700000000000000000",
        "instant-seconds": "tA1700000000.5",
        "instant-text": "tA2024-02-29T12:34:56.000000001Z",
        "instant-offset": "tA2024-02-29T12:34:56+05:30",
        "instant-date": "tA2024-02-29",
        "instant-no-such-day": "tA2023-02-29",
        "instant-too-late": "tA2554-07-21T23:34:33.709551616Z",
        "sum": "aC1.50|2.25",
        "sum-of-signs": "aA-7.5|2",
        "sum-too-large": "aA17014118346046|1",
    }
    return {name: text.encode() for name, text in texts.items()}
