"""What Price and Quantity share: a raw with a precision, and how it comes to be.

How the two stay both quick and immutable: a value is filled in while it is still an instance of
the class below, whose slots are plain, and then becomes a `Price` or `Quantity`, whose
`__setattr__` refuses. That costs 40 ns; writing past a refusing `__setattr__` costs 130.
"""

from decimal import Decimal
from typing import NoReturn, cast

from engine.model.fixed import (
    UNITS,
    ValueOutOfRange,
    check_precision,
    decimal_of,
    group_thousands,
    mantissa_of,
    scale_to_precision,
)
from engine.model.number import FixedNumber
from engine.model.texts import scaled_text


class ScaledNumber(FixedNumber):
    """Base of Price and Quantity, and each of them while it is being filled in."""

    __slots__ = ("precision",)

    precision: int

    @property
    def mantissa(self) -> int:
        """The value in units of its own last decimal: 1.50 is 150."""
        return self.raw // UNITS[self.precision]

    def as_decimal(self) -> Decimal:
        precision = self.precision
        return decimal_of(self.raw // UNITS[precision], -precision)

    def to_formatted_str(self) -> str:
        """Text with the integer part in groups: `1_234_567.50`."""
        return group_thousands(str(self))

    def __str__(self) -> str:
        return self._text or scaled_text(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}('{self}')"


def refuse_raw(kind: str, raw: object, precision: object) -> NoReturn:
    """Say which rule of `from_raw` the arguments break."""
    if type(raw) is not int:
        raise TypeError(f"{kind} raw must be int, not {type(raw).__name__}")
    unit = UNITS[check_precision(cast("int", precision))]
    if raw % unit:
        raise ValueError(f"{kind} raw {raw} has digits beyond precision {precision}")
    raise ValueOutOfRange(f"{kind} raw {raw} is out of range")


def refuse_mantissa(kind: str, mantissa: object, precision: object) -> NoReturn:
    """Say which rule of `from_mantissa` the arguments break."""
    if type(mantissa) is not int:
        raise TypeError(f"{kind} mantissa must be int, not {type(mantissa).__name__}")
    check_precision(cast("int", precision))
    raise ValueOutOfRange(f"{kind} {mantissa}e-{precision} is out of range")


def own_decimal(value: Decimal) -> tuple[int, int]:
    """(mantissa, precision) of a Decimal with the decimals it shows."""
    if not isinstance(value, Decimal):
        raise TypeError(f"expected Decimal, not {type(value).__name__}")
    return mantissa_of(value, None)


def rounded_decimal(value: Decimal, precision: int) -> tuple[int, int]:
    """(mantissa, precision) of a Decimal rounded half-even to `precision`."""
    if not isinstance(value, Decimal):
        raise TypeError(f"expected Decimal, not {type(value).__name__}")
    return mantissa_of(value, check_precision(precision))


def rescaled(mantissa: int, exponent: int, precision: int) -> tuple[int, int]:
    """(mantissa, precision) of mantissa x 10^exponent rounded half-even to `precision`."""
    for name, number in (("mantissa", mantissa), ("exponent", exponent)):
        if type(number) is not int:
            raise TypeError(f"{name} must be int, not {type(number).__name__}")
    return scale_to_precision(mantissa, exponent, check_precision(precision)), precision
