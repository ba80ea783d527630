"""Quantity: how much, unsigned. Imported from `engine.model.values`."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final, cast, final, overload

from engine.model.fixed import (
    CONTEXT,
    FLOAT_EXACT_MAX,
    FLOAT_POWERS,
    QUANTITY_RAW_MAX,
    UNITS,
    ValueOutOfRange,
    mantissa_of,
    own_precision,
    parse_number,
)
from engine.model.number import FixedNumber, compare_number, equals_number, number_operand
from engine.model.scaled import (
    ScaledNumber,
    own_decimal,
    refuse_mantissa,
    refuse_raw,
    rescaled,
    rounded_decimal,
)


@final
class Quantity(ScaledNumber):
    """An unsigned amount, 0 to 34_028_236_692_093 inclusive at every precision.

    Constructed like `Price`. A negative input or result raises `ValueOutOfRange`, which is a
    ValueError; `saturating_sub` is the only operation that stops at zero.
    """

    __slots__ = ()

    def __new__(
        cls, value: "str | int | Decimal | float", precision: int | None = None
    ) -> "Quantity":
        if type(value) is float and type(precision) is int and 0 <= precision <= 16:
            # Exact and 4 x quicker than repr: a decimal of up to 15 digits that divides back to
            # the same double is the shortest text of that double.
            scale = FLOAT_POWERS[precision]
            scaled = value * scale
            if -FLOAT_EXACT_MAX < scaled < FLOAT_EXACT_MAX:
                mantissa = round(scaled)
                if mantissa / scale == value:
                    raw = mantissa * UNITS[precision]
                    if 0 <= raw <= QUANTITY_RAW_MAX:
                        self = _blank_quantity()
                        self.raw = raw
                        self.precision = precision
                        self._text = None
                        self._hash = None
                        self.__class__ = Quantity
                        return self
        if precision is None and type(value) is str:
            return Quantity.from_str(value)
        return _quantity(*mantissa_of(value, precision))

    def __init_subclass__(cls) -> None:
        raise TypeError("Quantity cannot be subclassed")

    @staticmethod
    def from_raw(raw: int, precision: int) -> "Quantity":
        """From units of 1e-16, which must be a multiple of one unit of the last decimal."""
        if (
            type(raw) is int
            and type(precision) is int
            and 0 <= precision <= 16
            and 0 <= raw <= QUANTITY_RAW_MAX
            and not raw % UNITS[precision]
        ):
            self = _blank_quantity()
            self.raw = raw
            self.precision = precision
            self._text = None
            self._hash = None
            self.__class__ = Quantity
            return self
        refuse_raw("Quantity", raw, precision)

    @staticmethod
    def from_mantissa(mantissa: int, precision: int) -> "Quantity":
        """mantissa x 10^-precision."""
        if type(mantissa) is int and type(precision) is int and 0 <= precision <= 16:
            raw = mantissa * UNITS[precision]
            if 0 <= raw <= QUANTITY_RAW_MAX:
                self = _blank_quantity()
                self.raw = raw
                self.precision = precision
                self._text = None
                self._hash = None
                self.__class__ = Quantity
                return self
        refuse_mantissa("Quantity", mantissa, precision)

    @staticmethod
    def from_str(text: str) -> "Quantity":
        """The decimals written are the precision: `"1.50"` has 2."""
        if type(text) is str:
            whole, point, decimals = text.partition(".")
            precision = len(decimals)
            digits = whole + decimals
            if precision <= 16 and whole and digits.isdigit() and digits.isascii():
                raw = int(digits) * UNITS[precision]
                if raw <= QUANTITY_RAW_MAX:
                    self = _blank_quantity()
                    self.raw = raw
                    self.precision = precision
                    # the text is its own cache unless it has leading zeros or a bare point
                    canonical = (decimals or not point) and (whole[0] != "0" or whole == "0")
                    self._text = text if canonical else None
                    self._hash = None
                    self.__class__ = Quantity
                    return self
        return _quantity(*own_precision(text, *parse_number(text)))

    @staticmethod
    def from_int(value: int) -> "Quantity":
        return _quantity(value, 0)

    @staticmethod
    def from_decimal(value: Decimal) -> "Quantity":
        """The precision is the Decimal's own: `Decimal("1.2300")` has 4."""
        return _quantity(*own_decimal(value))

    @staticmethod
    def from_decimal_dp(value: Decimal, precision: int) -> "Quantity":
        """Rounded half-even to `precision` decimals."""
        return _quantity(*rounded_decimal(value, precision))

    @staticmethod
    def from_mantissa_exponent(mantissa: int, exponent: int, precision: int) -> "Quantity":
        """mantissa x 10^exponent, rounded half-even where digits must go."""
        return _quantity(*rescaled(mantissa, exponent, precision))

    @staticmethod
    def zero(precision: int = 0) -> "Quantity":
        return _quantity(0, precision)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"Quantity is immutable: cannot set {name}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"Quantity is immutable: cannot delete {name}")

    def __reduce__(self) -> tuple[Callable[[int, int], "Quantity"], tuple[int, int]]:
        return Quantity.from_raw, (self.raw, self.precision)

    __hash__ = FixedNumber.__hash__

    def __eq__(self, other: object) -> bool:
        if type(other) is Quantity:
            return self.raw == other.raw
        return equals_number(self.raw, other)

    def __lt__(self, other: object) -> bool:
        if type(other) is Quantity:
            return self.raw < other.raw
        sign = compare_number(self.raw, other)
        return NotImplemented if sign is None else sign < 0

    def __le__(self, other: object) -> bool:
        if type(other) is Quantity:
            return self.raw <= other.raw
        sign = compare_number(self.raw, other)
        return NotImplemented if sign is None else sign <= 0

    def __gt__(self, other: object) -> bool:
        if type(other) is Quantity:
            return self.raw > other.raw
        sign = compare_number(self.raw, other)
        return NotImplemented if sign is None else sign > 0

    def __ge__(self, other: object) -> bool:
        if type(other) is Quantity:
            return self.raw >= other.raw
        sign = compare_number(self.raw, other)
        return NotImplemented if sign is None else sign >= 0

    @overload
    def __add__(self, other: "Quantity") -> "Quantity": ...
    @overload
    def __add__(self, other: int | Decimal) -> Decimal: ...
    def __add__(self, other: object) -> "Quantity | Decimal":
        if type(other) is Quantity:
            raw = self.raw + other.raw
            if raw <= QUANTITY_RAW_MAX:
                precision = self.precision
                total = _blank_quantity()
                total.raw = raw
                total.precision = precision if precision >= other.precision else other.precision
                total._text = None
                total._hash = None
                total.__class__ = Quantity
                return total
            raise ValueOutOfRange(f"{self} + {other} is out of range")
        operand = number_operand(other)
        return NotImplemented if operand is None else CONTEXT.add(self.as_decimal(), operand)

    def __radd__(self, other: int | Decimal) -> Decimal:
        operand = number_operand(other)
        return NotImplemented if operand is None else CONTEXT.add(operand, self.as_decimal())

    @overload
    def __sub__(self, other: "Quantity") -> "Quantity": ...
    @overload
    def __sub__(self, other: int | Decimal) -> Decimal: ...
    def __sub__(self, other: object) -> "Quantity | Decimal":
        if type(other) is Quantity:
            raw = self.raw - other.raw
            if raw >= 0:
                precision = self.precision
                rest = _blank_quantity()
                rest.raw = raw
                rest.precision = precision if precision >= other.precision else other.precision
                rest._text = None
                rest._hash = None
                rest.__class__ = Quantity
                return rest
            raise ValueOutOfRange(f"{self} - {other} would be negative")
        operand = number_operand(other)
        return NotImplemented if operand is None else CONTEXT.subtract(self.as_decimal(), operand)

    def __rsub__(self, other: int | Decimal) -> Decimal:
        operand = number_operand(other)
        return NotImplemented if operand is None else CONTEXT.subtract(operand, self.as_decimal())

    def checked_add(self, other: "Quantity") -> "Quantity | None":
        """The sum, or None where `+` would be out of range."""
        try:
            return self + other
        except ValueOutOfRange:
            return None

    def checked_sub(self, other: "Quantity") -> "Quantity | None":
        """The difference, or None where `-` would be out of range."""
        try:
            return self - other
        except ValueOutOfRange:
            return None

    def __pos__(self) -> "Quantity":
        return self

    def __neg__(self) -> Decimal:
        """A Decimal: quantities have no sign."""
        return CONTEXT.minus(self.as_decimal())

    def __abs__(self) -> "Quantity":
        return self

    def saturating_sub(self, other: "Quantity") -> "Quantity":
        """self - other, or zero (at the finer precision) where that would be negative."""
        if type(other) is not Quantity:
            raise TypeError(f"expected Quantity, not {type(other).__name__}")
        if self.raw >= other.raw:
            return self - other
        return _quantity(0, max(self.precision, other.precision))

    @staticmethod
    def non_zero(value: "str | int | Decimal | float", precision: int | None = None) -> "Quantity":
        """Like `Quantity(value, precision)`, but refuses what rounds to zero (ValueError)."""
        quantity = Quantity(value, precision)
        if not quantity.raw:
            raise ValueError(f"{value!r} is zero at precision {quantity.precision}")
        return quantity


# a draft that its maker has promised to finish: fill the slots, then set the class
_blank_quantity: Final = cast("Callable[[], Quantity]", ScaledNumber)
_quantity: Final = Quantity.from_mantissa
