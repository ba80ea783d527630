"""Fixed point: exact integers at 16 decimals, and the few places where something is rounded.

A `raw` counts units of 1e-16 whatever the precision of the value. A `mantissa` counts units of
the value's own last decimal. Rounding is half to even, always. Nothing here reads the ambient
decimal context: a strategy that changes it changes no result.
"""

import re
from decimal import (
    ROUND_HALF_EVEN,
    Clamped,
    Context,
    Decimal,
    DivisionByZero,
    FloatOperation,
    Inexact,
    InvalidOperation,
    Overflow,
    Subnormal,
    Underflow,
)
from typing import Final

from engine.model.out_of_range import ValueOutOfRange as ValueOutOfRange

FIXED_PRECISION: Final = 16
FIXED_SCALE: Final = 10**FIXED_PRECISION

PRICE_MAX: Final = 17_014_118_346_046
PRICE_MIN: Final = -PRICE_MAX
MONEY_MAX: Final = PRICE_MAX
MONEY_MIN: Final = PRICE_MIN
QUANTITY_MAX: Final = 34_028_236_692_093
QUANTITY_MIN: Final = 0

PRICE_RAW_MAX: Final = PRICE_MAX * FIXED_SCALE
PRICE_RAW_MIN: Final = -PRICE_RAW_MAX
MONEY_RAW_MAX: Final = PRICE_RAW_MAX
MONEY_RAW_MIN: Final = PRICE_RAW_MIN
QUANTITY_RAW_MAX: Final = QUANTITY_MAX * FIXED_SCALE

# raw units in one unit of the last decimal, by precision 0..16
UNITS: Final[tuple[int, ...]] = tuple(10 ** (FIXED_PRECISION - p) for p in range(17))
POWERS: Final[tuple[int, ...]] = tuple(10**p for p in range(17))
FLOAT_POWERS: Final[tuple[float, ...]] = tuple(float(10**p) for p in range(17))

_NOUGHTS: Final = tuple(["0." + "0" * zeros for zeros in range(FIXED_PRECISION)])

# A decimal of at most 15 significant digits is the shortest text of the double nearest to it.
FLOAT_EXACT_MAX: Final = 1e15

_DIGITS_MAX: Final = 40  # more integer digits than any value has: out of range without computing
_TEXT_LENGTH_MAX: Final = 200

_NUMBER: Final = re.compile(
    r"([+-]?)(?=\.?[0-9])([0-9]+(?:_[0-9]+)*)?(?:\.([0-9]+(?:_[0-9]+)*)?)?(?:[eE]([+-]?[0-9]{1,9}))?"
)

DECIMAL_CONTEXT_PRECISION: Final = 100

_OF_RAW: Final[dict[int, Decimal]] = {}
_OF_RAW_MAX: Final = 4096


def decimal_context() -> Context:
    """A fresh context for exact decimals: 100 digits, an inexact result raises."""
    return Context(
        prec=DECIMAL_CONTEXT_PRECISION,
        rounding=ROUND_HALF_EVEN,
        Emin=-999_999,
        Emax=999_999,
        capitals=1,
        clamp=0,
        flags=[],
        traps=[
            Clamped,
            DivisionByZero,
            FloatOperation,
            Inexact,
            InvalidOperation,
            Overflow,
            Subnormal,
            Underflow,
        ],
    )


# Shared and never entered: only its flags change, and no result depends on them.
CONTEXT: Final = decimal_context()


def check_precision(precision: object) -> int:  # an `int` here would let a compiled True in
    if type(precision) is not int:
        raise TypeError(f"precision must be int, not {type(precision).__name__}")
    if not 0 <= precision <= FIXED_PRECISION:
        raise ValueError(f"precision must be 0..{FIXED_PRECISION}, was {precision}")
    return precision


def divide_half_even(numerator: int, denominator: int) -> int:
    """The integer nearest to numerator / denominator, ties to even.

    Raises:
        ZeroDivisionError: `denominator` is zero.
    """
    if denominator < 0:
        numerator = -numerator
        denominator = -denominator
    quotient, remainder = divmod(numerator, denominator)
    twice = remainder + remainder
    if twice > denominator or (twice == denominator and quotient & 1):
        quotient += 1
    return quotient


def round_raw_half_even(raw_numerator: int, denominator: int, precision: int) -> int:
    """raw_numerator / denominator as a raw on the grid of `precision`, rounded once, half-even."""
    unit = UNITS[check_precision(precision)]
    return divide_half_even(raw_numerator, denominator * unit) * unit


def correct_raw(raw: int, precision: int, raw_max: int = PRICE_RAW_MAX) -> int:
    """Repair a raw written by a system that left digits beyond `precision` (half away from zero).

    Where rounding away would leave the range, the digits are cut instead. For old data only:
    constructors refuse such raws.
    """
    unit = UNITS[check_precision(precision)]
    magnitude = abs(raw)
    cut = magnitude - magnitude % unit
    rounded = (magnitude + unit // 2) // unit * unit
    fixed = rounded if rounded <= raw_max else cut
    return fixed if raw >= 0 else -fixed


def format_mantissa(mantissa: int, precision: int) -> str:
    """Decimal text of mantissa x 10^-precision, with exactly `precision` decimals."""
    if precision == 0:
        return str(mantissa)
    if mantissa < 0:
        return "-" + format_mantissa(-mantissa, precision)
    digits = str(mantissa)
    point = len(digits) - precision
    if point > 0:
        return f"{digits[:point]}.{digits[point:]}"
    return _NOUGHTS[-point] + digits


def group_thousands(text: str) -> str:
    """`1234567.50` -> `1_234_567.50`."""
    whole, point, decimals = text.partition(".")
    sign = "-" if whole.startswith("-") else ""
    return f"{sign}{int(whole.lstrip('-')):_}{point}{decimals}"


def parse_number(text: str) -> tuple[int, int]:
    """Decimal text as (digits, exponent), meaning digits x 10^exponent, exactly.

    Underscores between digits and an exponent are allowed; surrounding whitespace, commas,
    nan and inf are not. The exponent keeps trailing zeros: `1.50` is (150, -2).

    Raises:
        TypeError: not a str.
        ValueError: not a decimal number; the message quotes the text.
    """
    if not isinstance(text, str):
        raise TypeError(f"expected decimal text, not {type(text).__name__}")
    if len(text) <= _TEXT_LENGTH_MAX:  # the usual kind, without the pattern
        integers, _, fraction = text.partition(".")
        all_digits = integers + fraction
        if integers and all_digits.isdigit() and all_digits.isascii():
            return int(all_digits), -len(fraction)
    match = _NUMBER.fullmatch(text) if len(text) <= _TEXT_LENGTH_MAX else None
    if match is None:
        raise ValueError(f"not a decimal number: {text[:_TEXT_LENGTH_MAX]!r}")
    sign, whole, decimals, exponent = match.groups()
    decimals = (decimals or "").replace("_", "")
    digits = int((whole or "") + decimals)
    return -digits if sign == "-" else digits, int(exponent or 0) - len(decimals)


def scale_to_precision(digits: int, exponent: int, precision: int) -> int:
    """digits x 10^exponent as a mantissa at `precision`, rounded half-even.

    Raises:
        ValueOutOfRange: the number has more integer digits than any value can hold.
    """
    shift = exponent + precision
    if shift >= 0:
        if digits and len(str(abs(digits))) + exponent > _DIGITS_MAX:
            raise ValueOutOfRange(f"{digits}e{exponent} is beyond the range of every value")
        return digits * 10**shift if digits else 0
    if -shift > len(str(abs(digits))):
        return 0  # less than a tenth of the last decimal
    return divide_half_even(digits, 10**-shift)


def own_precision(text: object, digits: int, exponent: int) -> tuple[int, int]:
    """(mantissa, precision) of a number that keeps the decimals it was written with."""
    if exponent >= 0:
        return scale_to_precision(digits, exponent, 0), 0
    if -exponent > FIXED_PRECISION:
        raise ValueError(f"precision {-exponent} exceeds {FIXED_PRECISION}: {text!r}")
    return digits, -exponent


Number = str | int | float | Decimal

_POWER_MAX: Final = 100  # raw digits and more: beyond it a number is out of range or zero


def exact_number(value: object) -> tuple[int, int]:
    """A number as (digits, exponent), meaning digits x 10^exponent, exactly.

    A float counts as the shortest decimal text that reads back as itself (`repr`): 1.005 is a
    tie at two decimals, not 1.00499...

    Raises:
        TypeError: not str, int, Decimal or float (bool is no number).
        ValueError: not a finite number.
    """
    if isinstance(value, int) and type(value) is not bool:
        return int(value), 0
    if isinstance(value, float):
        return parse_number(float.__repr__(value))
    if isinstance(value, str | Decimal):
        return parse_number(str(value))
    raise TypeError(f"expected str, int, Decimal or float, not {type(value).__name__}")


def exact_raw(value: Number) -> int:
    """The raw of a number of at most 16 decimals (ValueError beyond)."""
    mantissa, precision = own_precision(value, *exact_number(value))
    return mantissa * UNITS[precision]


def round_to_unit(digits: int, exponent: int, unit: int, down: bool = False) -> int:
    """The raw nearest to digits x 10^exponent that is a multiple of `unit`, ties to even.

    With `down`, toward zero: a size that is cut must never grow by rounding.
    """
    power = exponent + FIXED_PRECISION
    if abs(power) > _POWER_MAX + len(str(abs(digits))):
        if digits and power > 0:
            raise ValueOutOfRange(f"{digits}e{exponent} is beyond the range of every value")
        return 0
    numerator = digits * int(10 ** max(power, 0))
    denominator = unit * int(10 ** max(-power, 0))
    if not down:
        return divide_half_even(numerator, denominator) * unit
    steps = abs(numerator) // denominator
    return (steps if numerator >= 0 else -steps) * unit


def scaled_floor(value: Number, sign: int) -> int:
    """floor(sign x value) in raw units."""
    digits, exponent = exact_number(value)
    power = exponent + FIXED_PRECISION
    if abs(power) > _POWER_MAX:
        raise ValueOutOfRange(f"{value!r} is beyond the range of every value")
    return sign * digits * int(10 ** max(power, 0)) // int(10 ** max(-power, 0))


def last_decimal_unit(raw: int) -> int:
    """Raw units in the last significant decimal of `raw` > 0: of 0.50, a tenth; of 25, one."""
    unit = 1
    while unit < FIXED_SCALE and raw % (unit * 10) == 0:
        unit *= 10
    return unit


def mantissa_of(value: object, precision: int | None) -> tuple[int, int]:
    """(mantissa, precision) of str, int, Decimal or float, half-even where digits must go.

    Without `precision` nothing is rounded: int has 0, str and Decimal keep what they show, and
    float is refused, since it does not say how many decimals it means.

    Raises:
        TypeError: another type, or a float without `precision`.
        ValueError: not a number, or more than 16 decimals.
    """
    if precision is not None:
        check_precision(precision)
    if precision is None and isinstance(value, float):
        raise TypeError("a float needs a precision")
    digits, exponent = exact_number(value)
    if precision is None:
        return own_precision(value, digits, exponent)
    return scale_to_precision(digits, exponent, precision), precision


def divide_decimal(numerator: Decimal, denominator: Decimal) -> Decimal:
    """numerator / denominator rounded half-even at 1e-16, without trailing zeros.

    The one place where a Decimal result may be inexact.

    Raises:
        decimal.DivisionByZero: `denominator` is zero (also a ZeroDivisionError).
        decimal.InvalidOperation: an operand is not finite.
    """
    if not denominator or not (numerator.is_finite() and denominator.is_finite()):
        return CONTEXT.divide(numerator, denominator)  # the context says what is wrong
    n, n_unit = numerator.as_integer_ratio()
    d, d_unit = denominator.as_integer_ratio()
    quotient = divide_half_even(n * d_unit * FIXED_SCALE, n_unit * d)
    return shortest_decimal(quotient, FIXED_PRECISION)


def shortest_decimal(mantissa: int, precision: int) -> Decimal:
    """mantissa x 10^-precision without trailing zeros behind the point."""
    while precision and mantissa % 10 == 0:
        mantissa //= 10
        precision -= 1
    return decimal_of(mantissa, -precision)


def decimal_of(digits: int, exponent: int) -> Decimal:
    """digits x 10^exponent as a Decimal with exactly that exponent."""
    if exponent != -FIXED_PRECISION:
        return Decimal(digits).scaleb(exponent, CONTEXT)
    made = _OF_RAW.get(digits)  # averages, above all: the same prices come again and again
    if made is None:
        if len(_OF_RAW) >= _OF_RAW_MAX:
            _OF_RAW.clear()
        made = _OF_RAW[digits] = Decimal(digits).scaleb(exponent, CONTEXT)
    return made
