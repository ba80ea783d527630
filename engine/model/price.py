"""Price: what one unit costs, signed. Imported from `engine.model.values`."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final, cast, final, overload

from engine.model.fixed import (
    CONTEXT,
    FLOAT_EXACT_MAX,
    FLOAT_POWERS,
    PRICE_RAW_MAX,
    PRICE_RAW_MIN,
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
class Price(ScaledNumber):
    """A price, -17_014_118_346_046 to 17_014_118_346_046 inclusive at every precision.

    `Price(value, precision=None)` takes str, int, Decimal or float. With a precision the value
    is rounded half-even to it; without one it keeps its own, and a float is refused.

    Raises (all constructors and arithmetic):
        TypeError: a wrong type; bool and None are never numbers.
        ValueError: not a number, more than 16 decimals, digits beyond the precision.
        ValueOutOfRange: outside the limits, in construction or as a result.
    """

    __slots__ = ()

    def __new__(cls, value: "str | int | Decimal | float", precision: int | None = None) -> "Price":
        if type(value) is float and type(precision) is int and 0 <= precision <= 16:
            # Exact and 4 x quicker than repr: a decimal of up to 15 digits that divides back to
            # the same double is the shortest text of that double.
            scale = FLOAT_POWERS[precision]
            scaled = value * scale
            if -FLOAT_EXACT_MAX < scaled < FLOAT_EXACT_MAX:
                mantissa = round(scaled)
                if mantissa / scale == value:
                    raw = mantissa * UNITS[precision]
                    if PRICE_RAW_MIN <= raw <= PRICE_RAW_MAX:
                        self = _blank_price()
                        self.raw = raw
                        self.precision = precision
                        self._text = None
                        self._hash = None
                        self.__class__ = Price
                        return self
        if precision is None and type(value) is str:
            return Price.from_str(value)
        return _price(*mantissa_of(value, precision))

    def __init_subclass__(cls) -> None:
        raise TypeError("Price cannot be subclassed")

    @staticmethod
    def from_raw(raw: int, precision: int) -> "Price":
        """From units of 1e-16, which must be a multiple of one unit of the last decimal."""
        if (
            type(raw) is int
            and type(precision) is int
            and 0 <= precision <= 16
            and PRICE_RAW_MIN <= raw <= PRICE_RAW_MAX
            and not raw % UNITS[precision]
        ):
            self = _blank_price()
            self.raw = raw
            self.precision = precision
            self._text = None
            self._hash = None
            self.__class__ = Price
            return self
        refuse_raw("Price", raw, precision)

    @staticmethod
    def from_mantissa(mantissa: int, precision: int) -> "Price":
        """mantissa x 10^-precision."""
        if type(mantissa) is int and type(precision) is int and 0 <= precision <= 16:
            raw = mantissa * UNITS[precision]
            if PRICE_RAW_MIN <= raw <= PRICE_RAW_MAX:
                self = _blank_price()
                self.raw = raw
                self.precision = precision
                self._text = None
                self._hash = None
                self.__class__ = Price
                return self
        refuse_mantissa("Price", mantissa, precision)

    @staticmethod
    def from_str(text: str) -> "Price":
        """The decimals written are the precision: `"1.50"` has 2."""
        if type(text) is str:
            whole, point, decimals = text.partition(".")
            precision = len(decimals)
            digits = whole + decimals
            if precision <= 16 and whole and digits.isdigit() and digits.isascii():
                raw = int(digits) * UNITS[precision]
                if raw <= PRICE_RAW_MAX:
                    self = _blank_price()
                    self.raw = raw
                    self.precision = precision
                    # the text is its own cache unless it has leading zeros or a bare point
                    canonical = (decimals or not point) and (whole[0] != "0" or whole == "0")
                    self._text = text if canonical else None
                    self._hash = None
                    self.__class__ = Price
                    return self
        return _price(*own_precision(text, *parse_number(text)))

    @staticmethod
    def from_int(value: int) -> "Price":
        return _price(value, 0)

    @staticmethod
    def from_decimal(value: Decimal) -> "Price":
        """The precision is the Decimal's own: `Decimal("1.2300")` has 4."""
        return _price(*own_decimal(value))

    @staticmethod
    def from_decimal_dp(value: Decimal, precision: int) -> "Price":
        """Rounded half-even to `precision` decimals."""
        return _price(*rounded_decimal(value, precision))

    @staticmethod
    def from_mantissa_exponent(mantissa: int, exponent: int, precision: int) -> "Price":
        """mantissa x 10^exponent, rounded half-even where digits must go."""
        return _price(*rescaled(mantissa, exponent, precision))

    @staticmethod
    def zero(precision: int = 0) -> "Price":
        return _price(0, precision)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"Price is immutable: cannot set {name}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"Price is immutable: cannot delete {name}")

    def __reduce__(self) -> tuple[Callable[[int, int], "Price"], tuple[int, int]]:
        return Price.from_raw, (self.raw, self.precision)

    __hash__ = FixedNumber.__hash__

    def __eq__(self, other: object) -> bool:
        if type(other) is Price:
            return self.raw == other.raw
        return equals_number(self.raw, other)

    def __lt__(self, other: object) -> bool:
        if type(other) is Price:
            return self.raw < other.raw
        sign = compare_number(self.raw, other)
        return NotImplemented if sign is None else sign < 0

    def __le__(self, other: object) -> bool:
        if type(other) is Price:
            return self.raw <= other.raw
        sign = compare_number(self.raw, other)
        return NotImplemented if sign is None else sign <= 0

    def __gt__(self, other: object) -> bool:
        if type(other) is Price:
            return self.raw > other.raw
        sign = compare_number(self.raw, other)
        return NotImplemented if sign is None else sign > 0

    def __ge__(self, other: object) -> bool:
        if type(other) is Price:
            return self.raw >= other.raw
        sign = compare_number(self.raw, other)
        return NotImplemented if sign is None else sign >= 0

    @overload
    def __add__(self, other: "Price") -> "Price": ...
    @overload
    def __add__(self, other: int | Decimal) -> Decimal: ...
    def __add__(self, other: object) -> "Price | Decimal":
        if type(other) is Price:
            raw = self.raw + other.raw
            if PRICE_RAW_MIN <= raw <= PRICE_RAW_MAX:
                precision = self.precision
                total = _blank_price()
                total.raw = raw
                total.precision = precision if precision >= other.precision else other.precision
                total._text = None
                total._hash = None
                total.__class__ = Price
                return total
            raise ValueOutOfRange(f"{self} + {other} is out of range")
        operand = number_operand(other)
        return NotImplemented if operand is None else CONTEXT.add(self.as_decimal(), operand)

    def __radd__(self, other: int | Decimal) -> Decimal:
        operand = number_operand(other)
        return NotImplemented if operand is None else CONTEXT.add(operand, self.as_decimal())

    @overload
    def __sub__(self, other: "Price") -> "Price": ...
    @overload
    def __sub__(self, other: int | Decimal) -> Decimal: ...
    def __sub__(self, other: object) -> "Price | Decimal":
        if type(other) is Price:
            raw = self.raw - other.raw
            if PRICE_RAW_MIN <= raw <= PRICE_RAW_MAX:
                precision = self.precision
                rest = _blank_price()
                rest.raw = raw
                rest.precision = precision if precision >= other.precision else other.precision
                rest._text = None
                rest._hash = None
                rest.__class__ = Price
                return rest
            raise ValueOutOfRange(f"{self} - {other} is out of range")
        operand = number_operand(other)
        return NotImplemented if operand is None else CONTEXT.subtract(self.as_decimal(), operand)

    def __rsub__(self, other: int | Decimal) -> Decimal:
        operand = number_operand(other)
        return NotImplemented if operand is None else CONTEXT.subtract(operand, self.as_decimal())

    def checked_add(self, other: "Price") -> "Price | None":
        """The sum, or None where `+` would be out of range."""
        try:
            return self + other
        except ValueOutOfRange:
            return None

    def checked_sub(self, other: "Price") -> "Price | None":
        """The difference, or None where `-` would be out of range."""
        try:
            return self - other
        except ValueOutOfRange:
            return None

    def __pos__(self) -> "Price":
        return self

    def __neg__(self) -> "Price":
        return _price(-self.mantissa, self.precision)

    def __abs__(self) -> "Price":
        return self if self.raw >= 0 else -self


# a draft that its maker has promised to finish: fill the slots, then set the class
_blank_price: Final = cast("Callable[[], Price]", ScaledNumber)
_price: Final = Price.from_mantissa
