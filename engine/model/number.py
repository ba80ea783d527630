"""What Price, Quantity and Money share: everything that is not on the hot path.

A value equals a number (int, Decimal, float) exactly when it is that number, and its hash is
the hash of that number, so values and numbers may share a dict. Ordering and arithmetic take
int and Decimal and give Decimal; float raises TypeError, because it hides a rounding.
"""

import sys
from decimal import Decimal
from typing import Final

from engine.model.fixed import (
    CONTEXT,
    FIXED_PRECISION,
    FIXED_SCALE,
    decimal_of,
    divide_decimal,
    divide_half_even,
)

# Python hashes the rational n/d as n x d^-1 modulo this prime, whatever type holds it.
_HASH_PRIME: Final = sys.hash_info.modulus
_HASH_SCALE: Final = pow(FIXED_SCALE, -1, _HASH_PRIME)

_ROUNDED_AWAY: Final = 20  # more places left of the point than any value has


class FixedNumber:
    """Base of the value types. `raw` counts units of 1e-16; `_text` and `_hash` are caches.

    The types themselves refuse `__setattr__` and `__delattr__`. This base and the drafts must not
    define either, or filling a draft in costs three times as much.
    """

    __slots__ = ("_hash", "_text", "raw")

    raw: int
    _text: str | None
    _hash: int | None

    def as_decimal(self) -> Decimal:
        """The exact value, with the value's own number of decimals."""
        raise NotImplementedError

    def _operand(self, other: object) -> Decimal | None:
        """`other` as a Decimal if this value computes with it, else None. bool is no number."""
        if isinstance(other, FixedNumber):
            return other.as_decimal()
        return number_operand(other)

    def __hash__(self) -> int:
        number = self._hash
        if number is None:
            raw = self.raw
            if raw >= 0:
                number = raw * _HASH_SCALE % _HASH_PRIME
            else:
                number = -(-raw * _HASH_SCALE % _HASH_PRIME)
            _set_hash(self, number)
        return number

    def __mul__(self, other: object) -> Decimal:
        operand = self._operand(other)
        return NotImplemented if operand is None else CONTEXT.multiply(self.as_decimal(), operand)

    __rmul__ = __mul__

    def __truediv__(self, other: object) -> Decimal:
        operand = self._operand(other)
        return NotImplemented if operand is None else divide_decimal(self.as_decimal(), operand)

    def __rtruediv__(self, other: object) -> Decimal:
        operand = self._operand(other)
        return NotImplemented if operand is None else divide_decimal(operand, self.as_decimal())

    def __floordiv__(self, other: object) -> Decimal:
        """Truncated toward zero, as Decimal does."""
        operand = self._operand(other)
        return NotImplemented if operand is None else CONTEXT.divide_int(self.as_decimal(), operand)

    def __rfloordiv__(self, other: object) -> Decimal:
        operand = self._operand(other)
        return NotImplemented if operand is None else CONTEXT.divide_int(operand, self.as_decimal())

    def __mod__(self, other: object) -> Decimal:
        """The remainder has the sign of the dividend, as Decimal's does."""
        operand = self._operand(other)
        return NotImplemented if operand is None else CONTEXT.remainder(self.as_decimal(), operand)

    def __rmod__(self, other: object) -> Decimal:
        operand = self._operand(other)
        return NotImplemented if operand is None else CONTEXT.remainder(operand, self.as_decimal())

    def __int__(self) -> int:
        """Truncated toward zero."""
        return self.raw // FIXED_SCALE if self.raw >= 0 else -(-self.raw // FIXED_SCALE)

    def __float__(self) -> float:
        """The nearest double. For reports and plots: no state of ours holds one."""
        return self.raw / FIXED_SCALE

    def __round__(self, places: int = 0) -> Decimal:
        """Half-even at `places` decimals (negative: tens, hundreds, ...)."""
        if places >= FIXED_PRECISION:
            return self.as_decimal()
        if places < -_ROUNDED_AWAY:
            return Decimal(0)
        rounded = divide_half_even(self.raw, 10 ** (FIXED_PRECISION - places))
        if places >= 0:
            return decimal_of(rounded, -places)
        return Decimal(rounded * 10**-places)

    def __copy__(self) -> "FixedNumber":
        return self

    def __deepcopy__(self, memo: object) -> "FixedNumber":
        return self


# the slots' own setters: the way past a `__setattr__` that refuses, for the two caches
_set_hash: Final = FixedNumber.__dict__["_hash"].__set__
keep_text: Final = FixedNumber.__dict__["_text"].__set__


def number_operand(other: object) -> Decimal | None:
    """An int or a Decimal as a Decimal, else None."""
    if type(other) is bool:
        return None
    if isinstance(other, int):
        return Decimal(other)
    return other if isinstance(other, Decimal) else None


def equals_number(raw: int, other: object) -> bool:
    """True if `other` is an int, Decimal or float of exactly that value. Never raises."""
    if isinstance(other, int):
        return raw == other * FIXED_SCALE
    if isinstance(other, Decimal):
        return not other.is_nan() and not CONTEXT.compare(decimal_of(raw, -FIXED_PRECISION), other)
    if isinstance(other, float):
        try:
            numerator, denominator = other.as_integer_ratio()
        except (ValueError, OverflowError):  # nan, inf
            return False
        return raw * denominator == numerator * FIXED_SCALE
    return False


def compare_number(raw: int, other: object) -> int | None:
    """-1, 0 or 1 as the value is below, at or above an int or Decimal; None for other types.

    Raises:
        ValueError: `other` is NaN.
    """
    operand = number_operand(other)
    if operand is None:
        return None
    if operand.is_nan():
        raise ValueError("cannot order a value and NaN")
    return int(CONTEXT.compare(decimal_of(raw, -FIXED_PRECISION), operand))
